use nexus_domain::values::Problem;

use super::*;

pub(super) fn typed() -> CreateCampaign {
    CreateCampaign {
        name: " Rebajas ".to_owned(),
        channel: "whatsapp".to_owned(),
        message: Some(" Hola {nombre} ".to_owned()),
        ..CreateCampaign::default()
    }
}

/// What is wrong with `typed`; that it is refused before a transaction begins is checked too.
pub(super) async fn problems_of(typed: CreateCampaign) -> Violations {
    let bench = bench(ScriptedStorage::new().then_read(having_fields(&["Ciudad"])));
    let error = bench
        .campaigns
        .create(&actor(), typed)
        .await
        .expect_err("refused");
    let CreateCampaignError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert!(bench.unchanged());
    violations
}

/// What is made of `typed` when nobody is to get it.
pub(super) async fn made_of(typed: CreateCampaign) -> CampaignDetails {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    counting(&mut unit, None, 0);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let made = bench
        .campaigns
        .create(&actor(), typed)
        .await
        .expect("a campaign");
    assert_eq!(bench.storage.commits(), 1);
    assert!(!bench.woken());
    made
}

#[tokio::test]
async fn a_new_campaign_is_a_draft() {
    let made = made_of(typed()).await;
    let expected = Campaign {
        created_at: now(),
        updated_at: now(),
        ..campaign()
    };
    assert_eq!(
        made,
        CampaignDetails {
            campaign: expected,
            media: Vec::new()
        }
    );
}

#[tokio::test]
async fn what_is_stored_is_the_draft_with_empty_counters() {
    let mut unit = MockUnitOfWork::default();
    having(&mut unit, &[1]);
    counting(&mut unit, None, 1);
    unit.campaigns
        .expect_insert()
        .withf(|stored| {
            *stored
                == Campaign {
                    created_at: now(),
                    updated_at: now(),
                    ..campaign()
                }
        })
        .times(1)
        .returning(|_| Ok(()));
    choosing(&mut unit, &[1]);
    setting_total(&mut unit, 1);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let typed = CreateCampaign {
        contact_ids: ids(&[1]),
        ..typed()
    };

    let made = bench
        .campaigns
        .create(&actor(), typed)
        .await
        .expect("a campaign");

    assert_eq!(bench.storage.commits(), 1);
    assert_eq!(made.campaign.counters.total, 1);
}

#[tokio::test]
async fn a_campaign_of_emails_has_a_subject() {
    let typed = CreateCampaign {
        channel: " gmail ".to_owned(),
        subject: Some(" Rebajas ".to_owned()),
        ..typed()
    };
    let made = made_of(typed).await.campaign;
    assert_eq!(made.channel, ChannelKind::Gmail);
    assert_eq!(made.subject, Some(short("Rebajas")));
}

#[tokio::test]
async fn every_bad_field_of_a_new_campaign_is_listed() {
    let typed = CreateCampaign {
        name: "x".repeat(256),
        channel: "sms".to_owned(),
        subject: Some("a\u{7}b".to_owned()),
        message: Some("Hola {apellido}".to_owned()),
        template: None,
        contact_ids: vec![String::new(); 100_001],
        audience: Some(AudienceInput {
            segment_id: Some("fieles".to_owned()),
            tags: texts(&["a,b"]),
            status: Some("gone".to_owned()),
            search: Some("x".repeat(256)),
        }),
        send_window: Some(SendWindowInput {
            days: texts(&["lunes"]),
            timezone: Some("UTC".to_owned()),
            ..SendWindowInput::default()
        }),
        outside_window: Some("send".to_owned()),
    };
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[
            ("name", "too_long"),
            ("channel", "not_one_of"),
            ("subject", "control_character"),
            ("message", "unknown_placeholder"),
            ("contact_ids", "too_many"),
            ("audience.segment_id", "unknown_segment"),
            ("audience.tags", "tag_with_comma"),
            ("audience.status", "not_one_of"),
            ("audience.search", "too_long"),
            ("send_window.days", "not_one_of"),
            ("send_window.from", "required"),
            ("send_window.to", "required"),
            ("outside_window", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn what_a_campaign_must_have_is_required() {
    let blank = CreateCampaign {
        name: "  ".to_owned(),
        channel: "  ".to_owned(),
        message: Some("  ".to_owned()),
        ..CreateCampaign::default()
    };
    for typed in [CreateCampaign::default(), blank] {
        assert_eq!(
            refused(&problems_of(typed).await),
            fields(&[
                ("name", "required"),
                ("channel", "required"),
                ("message", "required"),
            ])
        );
    }
}

#[tokio::test]
async fn emails_need_a_subject() {
    for subject in [None, Some("   ".to_owned())] {
        let typed = CreateCampaign {
            channel: "gmail".to_owned(),
            subject,
            ..typed()
        };
        assert_eq!(
            refused(&problems_of(typed).await),
            fields(&[("subject", "required")])
        );
    }
}

#[tokio::test]
async fn a_field_that_is_wrong_is_not_missing_as_well() {
    let typed = CreateCampaign {
        channel: "gmail".to_owned(),
        subject: Some("x".repeat(256)),
        message: Some("x".repeat(4_097)),
        ..typed()
    };
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[("subject", "too_long"), ("message", "too_long")])
    );
}

#[tokio::test]
async fn an_unknown_placeholder_is_named() {
    let typed = CreateCampaign {
        message: Some("Hola {{ apellido }}".to_owned()),
        ..typed()
    };
    assert_eq!(
        problems_of(typed).await,
        Violations::of(
            "message",
            Problem::UnknownPlaceholder {
                name: "apellido".to_owned()
            }
        )
    );
}

#[tokio::test]
async fn a_store_that_fails_leaves_nothing() {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_insert()
        .times(1)
        .returning(|_| Err(broken()));
    let bench = bench(ScriptedStorage::new().then_begin(unit));

    let error = bench
        .campaigns
        .create(&actor(), typed())
        .await
        .expect_err("failed");

    assert!(matches!(error, CreateCampaignError::Storage(_)));
    assert!(bench.unchanged());
}
