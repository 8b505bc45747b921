//! Templates, what campaigns put into them, and what the provider says of them.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::SenderProfile;
use nexus_domain::values::{
    CustomFields, FieldName, FieldValue, MessageText, PlaceholderValues, ShortText,
};
use nexus_domain::{
    AccountStanding, ApprovedTemplate, ButtonKind, ButtonValue, CampaignContent, HeaderValue,
    KnownFailure, StoredTemplate, TemplateMessage, TemplateParts, TemplateValue, TemplateVariable,
    UserId, WhatsAppConnection,
};
use proptest::prelude::*;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_764_000_000 + seconds, 0).expect("a time")
}

fn user() -> UserId {
    UserId::from_uuid(Uuid::from_u128(7))
}

fn text(source: &str) -> MessageText {
    MessageText::from_stored(source).expect("a text")
}

fn variable(source: &str, fallback: Option<&str>) -> TemplateVariable {
    TemplateVariable {
        key: "1".to_owned(),
        text: text(source),
        fallback: fallback.map(|fallback| ShortText::parse(fallback).expect("a text")),
    }
}

fn with(variables: Vec<TemplateVariable>, parts: TemplateParts) -> CampaignContent {
    CampaignContent::Template {
        template: TemplateMessage {
            name: ShortText::parse("cita").expect("a name"),
            language: ShortText::parse("es").expect("a language"),
            variables,
            parts,
        },
        note: None,
    }
}

fn living_in(city: &str) -> CustomFields {
    let name = FieldName::parse("Ciudad").expect("a name");
    CustomFields::from_stored([(name, FieldValue::parse(city).expect("a value"))])
}

fn is_empty_for(content: &CampaignContent, fields: &CustomFields) -> bool {
    content.empty_rule().holds_for(PlaceholderValues {
        name: "Ana",
        phone: Some("+525512345678"),
        email: None,
        custom_fields: Some(fields),
    })
}

#[test]
fn a_value_that_comes_out_empty_gives_way_to_its_fallback() {
    let values = PlaceholderValues {
        name: "Ana",
        ..PlaceholderValues::default()
    };
    for (source, fallback, expected) in [
        ("{ciudad}", Some("tu ciudad"), "tu ciudad"),
        ("{ciudad}", None, ""),
        ("{ciudad} {zona}", Some("tu zona"), "tu zona"),
        ("de {ciudad}", Some("tu ciudad"), "de "),
        ("{nombre}", Some("cliente"), "Ana"),
        ("uno\n{nombre}", None, "uno Ana"),
        ("a     b", None, "a b"),
    ] {
        assert_eq!(
            variable(source, fallback).render(values),
            expected,
            "{source}"
        );
    }
}

#[test]
fn for_whom_a_message_comes_out_empty_is_known_before() {
    let (nobody, lima) = (CustomFields::default(), living_in("Lima"));
    let body =
        |source: &str, fallback| with(vec![variable(source, fallback)], TemplateParts::default());
    for (content, without_city) in [
        (body("{ciudad}", None), true),
        (body("{CIUDAD}", Some("tu ciudad")), false),
        (body("en {ciudad}", None), false),
        (body("{nombre} {ciudad}", None), false),
        (body("{telefono}", None), false),
        (CampaignContent::Text(text("{ciudad}")), true),
        (CampaignContent::Text(text("Hola {ciudad}")), false),
    ] {
        assert_eq!(is_empty_for(&content, &nobody), without_city, "{content:?}");
        assert!(!is_empty_for(&content, &lima), "{content:?}");
    }
    assert!(is_empty_for(&body("{email}", None), &lima));
    let header = TemplateParts {
        header: Some(HeaderValue::Text(variable("{ciudad}", None))),
        buttons: Vec::new(),
    };
    let button = TemplateParts {
        header: None,
        buttons: vec![ButtonValue {
            index: 0,
            kind: ButtonKind::UrlSuffix,
            value: TemplateValue {
                text: text("{ciudad}"),
                fallback: None,
            },
        }],
    };
    for parts in [header, button] {
        let content = with(Vec::new(), parts);
        assert!(is_empty_for(&content, &nobody));
        assert!(!is_empty_for(&content, &lima));
        assert_eq!(content.custom_fields().count(), 1);
    }
}

fn stored() -> StoredTemplate {
    let mut stored =
        StoredTemplate::heard_of(user(), "1".to_owned(), "cita".to_owned(), "es".to_owned());
    stored.refresh(told("APPROVED"), at(0));
    stored
}

fn told(status: &str) -> ApprovedTemplate {
    ApprovedTemplate {
        name: "cita".to_owned(),
        language: "es".to_owned(),
        status: status.to_owned(),
        quality: Some("GREEN".to_owned()),
        ..ApprovedTemplate::default()
    }
}

#[test]
fn what_was_told_is_believed_for_an_hour() {
    let stored = stored();
    assert!(stored.is_fresh(at(3_599)));
    assert!(!stored.is_fresh(at(3_600)));
    let heard_of =
        StoredTemplate::heard_of(user(), "1".to_owned(), "cita".to_owned(), "es".to_owned());
    assert!(!heard_of.is_fresh(at(0)));
}

#[test]
fn old_news_changes_nothing_and_the_same_again_neither() {
    let mut stored = stored();
    assert!(stored.hear_status("PAUSED", Some("why"), at(100)));
    assert!(!stored.hear_status("PAUSED", Some("why"), at(100)), "again");
    assert!(!stored.hear_status("APPROVED", None, at(99)), "older");
    assert_eq!(stored.template.status, "PAUSED");
    assert_eq!(stored.template.reason.as_deref(), Some("why"));
    assert!(stored.hear_status("APPROVED", None, at(101)));
    assert!(!stored.hear_status("PAUSED", None, at(100)), "late");
    assert_eq!(stored.template.status, "APPROVED");
    assert_eq!(stored.template.reason, None);
    assert!(stored.hear_quality("RED", at(50)), "of another kind");
    assert!(!stored.hear_quality("GREEN", at(50)));
}

#[test]
fn a_list_takes_the_place_of_what_was_said_before_it_was_asked_for() {
    let mut stored = stored();
    stored.hear_status("PAUSED", None, at(100));
    stored.refresh(told("APPROVED"), at(200));
    assert_eq!(stored.template.status, "APPROVED");
    // What was said before, and comes late.
    assert!(!stored.hear_status("DISABLED", None, at(120)));
    // The clocks differ.
    assert!(stored.hear_status("DISABLED", None, at(180)));
    // Said after the list was asked for, heard before it came.
    stored.hear_status("PAUSED", None, at(310));
    stored.refresh(told("APPROVED"), at(300));
    assert_eq!(stored.template.status, "PAUSED");
    assert_eq!(stored.synced_at, Some(at(300)));
    // A list asked for earlier that came later.
    stored.refresh(told("REJECTED"), at(250));
    assert_eq!(stored.template.status, "PAUSED");
    assert_eq!(stored.synced_at, Some(at(300)));
    assert!(!stored.is_gone(at(305)), "it was heard of after");
    assert!(stored.is_gone(at(311)));
}

#[test]
fn only_words_that_are_known_stop_messages() {
    for word in ["PAUSED", "DISABLED", "REJECTED", "FLAGGED", "DELETED"] {
        assert!(ApprovedTemplate::stops_messages(word), "{word}");
    }
    for word in ["APPROVED", "A_NEW_WORD", "paused", "", "LIMIT_EXCEEDED"] {
        assert!(!ApprovedTemplate::stops_messages(word), "{word}");
    }
}

proptest! {
    /// Webhooks come again and in any order: the end is that of the latest, and of two at the same
    /// time that of the graver.
    #[test]
    fn in_whatever_order_news_comes_the_end_is_the_same(
        news in prop::collection::vec(
            (prop::sample::select(vec!["APPROVED", "PAUSED"]), 0_i64..6), 1..12,
        ),
        order in prop::collection::vec(any::<prop::sample::Index>(), 30),
    ) {
        let mut in_time = news.clone();
        in_time.sort_by_key(|(status, seconds)| (*seconds, *status == "PAUSED"));
        let mut expected = stored();
        for (status, seconds) in &in_time {
            expected.hear_status(status, None, at(*seconds));
        }
        let mut shuffled = stored();
        let again = order.iter().map(|index| *index.get(&news));
        for (status, seconds) in again.chain(news.iter().copied()) {
            shuffled.hear_status(status, None, at(seconds));
        }
        prop_assert_eq!(&shuffled.template.status, &expected.template.status);
        prop_assert_eq!(shuffled.status_heard_at, expected.status_heard_at);
    }
}

#[test]
fn lists_are_asked_for_once_a_minute_for_each_account() {
    let mut connection = WhatsAppConnection::new(user());
    assert!(connection.begin_sync("1", at(0)).is_ok());
    let wait = connection
        .begin_sync("1", at(20))
        .expect_err("too soon")
        .wait;
    assert_eq!(wait, TimeDelta::seconds(40));
    assert!(
        connection.begin_sync("2", at(20)).is_ok(),
        "another account"
    );
    connection.note_synced("2", at(20));
    assert!(connection.begin_sync("2", at(79)).is_err());
    assert!(connection.begin_sync("2", at(80)).is_ok());
    let failure = KnownFailure::unavailable;
    connection.note_sync_failure("2", failure(), None, at(81));
    assert!(connection.begin_sync("2", at(90)).is_err());
    assert!(
        connection.begin_sync("2", at(91)).is_ok(),
        "what failed is tried again sooner"
    );
    connection.note_sync_failure("2", failure(), Some(TimeDelta::minutes(5)), at(92));
    assert!(
        connection.begin_sync("2", at(200)).is_err(),
        "as the provider says"
    );
    // A clock that was years ahead.
    connection.state.next_sync = Some(at(400_000_000));
    assert!(connection.begin_sync("2", at(200)).is_ok());
}

#[test]
fn what_is_said_of_a_number_is_said_of_the_one_that_people_see() {
    let mut connection = WhatsAppConnection::new(user());
    assert!(connection.may_be("77", "5255 1234"), "nothing is known yet");
    let profile = SenderProfile {
        display_address: "+52 55-1234".to_owned(),
        ..SenderProfile::default()
    };
    connection.note_check("77", Ok(&profile), at(0));
    assert!(connection.may_be("77", "52551234"));
    assert!(!connection.may_be("77", "52551235"));
    assert!(connection.hear_of_number("52551234", Some(true), None, at(5)));
    assert!(!connection.hear_of_number("52551234", Some(true), None, at(5)));
    assert!(!connection.hear_of_number("52551234", Some(false), None, at(4)));
    // Another matter leaves the flag.
    assert!(connection.hear_of_number("52551234", None, Some("TIER_2K"), at(6)));
    let notice = connection.number_notice("77").expect("a notice");
    assert!(notice.flagged);
    assert_eq!(notice.limit.as_deref(), Some("TIER_2K"));
    assert!(connection.hear_of_number("52551234", Some(false), None, at(7)));
    let notice = connection.number_notice("77").expect("a notice");
    assert_eq!(
        (notice.flagged, notice.limit.as_deref()),
        (false, Some("TIER_2K"))
    );
}

#[test]
fn a_restriction_ends_when_its_time_is_over() {
    let mut connection = WhatsAppConnection::new(user());
    let until = Some(at(100));
    assert!(connection.hear_of_account("1", AccountStanding::Restricted, "w", until, at(0)));
    assert!(!connection.hear_of_account("1", AccountStanding::Restricted, "w", until, at(0)));
    assert!(!connection.hear_of_account("1", AccountStanding::Good, "w", None, at(0)));
    let notice = connection.account_notice(Some("1")).expect("a notice");
    assert_eq!(notice.standing(at(99)), AccountStanding::Restricted);
    assert_eq!(notice.standing(at(100)), AccountStanding::Good);
    assert_eq!(connection.account_notice(Some("2")), None);
    assert!(connection.hear_of_account("1", AccountStanding::Good, "w", None, at(1)));
}
