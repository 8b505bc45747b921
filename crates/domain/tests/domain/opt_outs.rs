use nexus_domain::values::{Language, Problem};
use nexus_domain::{
    AutomaticReply, ChannelKind, ContactStatus, Correspondent, FailureCode, Heard, OptOut,
    OptOutSettings, OptOutSource, ReplyId, ReplyStatus, StatusReport, StatusUpdate, UserId, Wish,
    WordList,
};
use proptest::prelude::*;

use crate::support::{at, contact};

fn word_of(said: &str) -> Option<(Wish, String)> {
    let settings = OptOutSettings::default();
    let (wish, word) = settings.wish_of(said)?;
    Some((wish, word.to_owned()))
}

#[test]
fn a_whole_message_is_a_word_whatever_its_case_accents_signs_and_spaces() {
    for said in [
        "BAJA",
        "baja",
        "Bája",
        " baja\n",
        "¡BAJA!",
        "\"baja\"",
        "b a j a",
        "BAJA 🙏",
        "*baja*",
        "ＢＡＪＡ",
        "ba\u{200b}ja",
        "baja.",
    ] {
        assert_eq!(
            word_of(said),
            Some((Wish::Stop, "BAJA".to_owned())),
            "{said}"
        );
    }
    for (said, word) in [
        ("no mas mensajes", "NO MÁS MENSAJES"),
        ("Stop", "STOP"),
        ("dar de baja", "DAR DE BAJA"),
        ("Unsubscribe", "UNSUBSCRIBE"),
    ] {
        assert_eq!(word_of(said), Some((Wish::Stop, word.to_owned())), "{said}");
    }
    assert_eq!(word_of("alta!"), Some((Wish::Resume, "ALTA".to_owned())));
    for said in [
        "no quiero dar de baja mi pedido",
        "baja baja",
        "bajas",
        "alta o baja",
        "",
        "👍",
        "?",
    ] {
        assert_eq!(word_of(said), None, "{said}");
    }
    assert_eq!(word_of(&format!("baja{}", "!".repeat(500))), None);
}

#[test]
fn words_are_kept_once_and_never_mean_both_wishes() {
    let words = |typed: &[&str]| WordList::parse(typed.iter().copied());
    let list = words(&["  Basta   ya ", "basta ya!", "", "FIN"]).expect("words");
    assert_eq!(list.expect("some").as_slice(), ["Basta ya", "FIN"]);
    assert_eq!(words(&["", "  "]), Ok(None));
    assert_eq!(words(&["a\u{7}"]), Err(Problem::ControlCharacter));
    assert!(matches!(words(&["¡!"]), Err(Problem::Malformed { .. })));
    // However many there are, none is compared with more than those that fit.
    let many: Vec<String> = (0..100_000).map(|number| format!("w{number}")).collect();
    let refused = WordList::parse(many.iter().map(String::as_str));
    assert_eq!(
        refused,
        Err(Problem::TooMany {
            max: WordList::MOST
        })
    );

    let settings = OptOutSettings {
        stop_words: words(&["álta"]).expect("words"),
        ..OptOutSettings::default()
    };
    assert_eq!(settings.check(), Err(Problem::MeansBothWishes));
    assert_eq!(OptOutSettings::default().check(), Ok(()));
}

#[test]
fn the_answer_names_the_word_that_brings_people_back() {
    let settings = OptOutSettings {
        resume_words: WordList::parse(["VOLVER"]).expect("words"),
        ..OptOutSettings::default()
    };
    let said = settings.reply(Wish::Stop, Language::Es);
    assert!(said.ends_with("VOLVER."), "{said}");
    assert!(settings.reply(Wish::Stop, Language::En).starts_with("Done"));
}

#[test]
fn a_contact_goes_back_to_where_its_own_wish_took_it_from() {
    use ContactStatus::{Active, Inactive, Unsubscribed};
    for (status, source, back) in [
        (Active, OptOutSource::Customer, Active),
        (Inactive, OptOutSource::Customer, Inactive),
        (Active, OptOutSource::Provider, Active),
        (Active, OptOutSource::User, Unsubscribed),
        (Active, OptOutSource::Import, Unsubscribed),
    ] {
        let mut contact = contact();
        contact.status = status;
        assert!(contact.unsubscribe(source, at(1)));
        assert_eq!(contact.return_by_own_wish(), back != Unsubscribed);
        assert_eq!(contact.status, back, "{status:?} {source:?}");
        assert_eq!(contact.opt_out.is_some(), back == Unsubscribed);
    }
    // One of whose wish nothing is known is left alone.
    let mut contact = contact();
    contact.status = Unsubscribed;
    assert!(!contact.return_by_own_wish());
}

fn person() -> Correspondent {
    let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
    Correspondent::new(user, ChannelKind::Whatsapp, "+525512340001".to_owned())
}

fn stop(second: i64) -> OptOut {
    OptOut::new(OptOutSource::Customer, at(second))
}

#[test]
fn the_first_wish_that_holds_is_kept_as_proof() {
    let mut person = person();
    assert_eq!(person.stop(stop(1)), Heard::New);
    assert_eq!(person.stop(stop(2)), Heard::Known);
    assert_eq!(person.opt_out, Some(stop(1)));
    assert_eq!(person.resume(at(2)), Heard::Stale);
    assert_eq!(person.resume(at(3)), Heard::New);
    assert_eq!(person.resume(at(4)), Heard::Known);
    assert_eq!(person.stop(stop(3)), Heard::Stale);
    assert_eq!(person.opt_out, None);
}

#[test]
fn the_window_is_of_the_sender_that_was_written_to() {
    let mut person = person();
    assert!(!person.is_within_window("1022", at(0)));
    person.wrote(at(0), "1022");
    let day = 24 * 3_600;
    assert!(person.is_within_window("1022", at(day - 1)));
    assert!(!person.is_within_window("1022", at(day)));
    assert!(!person.is_within_window("1033", at(1)));
    person.wrote(at(-5), "1033");
    assert!(
        !person.is_within_window("1033", at(1)),
        "an older message is heard of late"
    );
    // Of messages of old it is not known to whom.
    person.last_inbound_to = None;
    assert!(person.is_within_window("1033", at(1)));
}

proptest! {
    /// Whatever order they come in, and however often, the newest holds; of two of the same time the
    /// one for silence.
    #[test]
    fn wishes_in_any_order_end_the_same(
        wishes in prop::collection::vec((any::<bool>(), 0_i64..5), 1..8),
        order in any::<prop::sample::Index>(),
    ) {
        let hear = |wishes: &[(bool, i64)]| {
            let mut person = person();
            for (silence, second) in wishes {
                if *silence {
                    person.stop(stop(*second));
                } else {
                    person.resume(at(*second));
                }
            }
            person.opt_out.is_some()
        };
        let newest = wishes.iter().map(|(silence, second)| (*second, *silence)).max();
        let expected = newest.is_some_and(|(_, silence)| silence);
        prop_assert_eq!(hear(&wishes), expected);
        let mut shuffled = wishes.clone();
        shuffled.rotate_left(order.index(wishes.len()));
        shuffled.extend(wishes);
        prop_assert_eq!(hear(&shuffled), expected);
    }
}

fn reply() -> AutomaticReply {
    AutomaticReply {
        id: ReplyId::from_uuid(uuid::Uuid::from_u128(7)),
        user_id: UserId::from_uuid(uuid::Uuid::from_u128(1)),
        channel: ChannelKind::Whatsapp,
        sender_external_id: "1022".to_owned(),
        address: "+525512340001".to_owned(),
        contact_id: None,
        confirms: Wish::Stop,
        text: "Listo".to_owned(),
        status: ReplyStatus::Queued,
        attempts: 0,
        not_before: at(0),
        window_ends_at: at(100),
        message_id: None,
        failure: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

#[test]
fn a_reply_that_was_begun_is_begun_again_only_when_it_certainly_was_not_sent() {
    let mut sent = reply();
    let first = sent.begin(at(1)).expect("it is queued");
    assert!(sent.begin(at(2)).is_err());
    sent.postpone(first, at(9), at(2)).expect("it was not sent");
    let second = sent.begin(at(9)).expect("it is queued again");
    assert!(sent.accept(first, "wamid.1".to_owned(), at(9)).is_err());
    sent.give_up_confirming(at(10)).expect("nothing was heard");
    assert!(sent.begin(at(11)).is_err());
    assert!(sent.refuse(second, FailureCode::Other, at(11)).is_err());

    let report = |update| StatusReport {
        attempt: Some(second),
        message_id: "wamid.2".to_owned(),
        update,
        at: at(12),
    };
    let delivered = report(StatusUpdate::Delivered);
    assert!(sent.apply(&delivered, at(13)));
    assert_eq!(sent.status, ReplyStatus::Accepted);
    assert_eq!(sent.message_id.as_deref(), Some("wamid.2"));
    assert!(!sent.apply(&delivered, at(14)));
}

#[test]
fn a_reply_expires_with_the_window() {
    let mut late = reply();
    assert!(late.begin(at(100)).is_err());
    assert_eq!(late.status, ReplyStatus::Expired);
}
