use std::collections::BTreeMap;

use super::*;

/// What `changes` make of `before`, when its recipients are not touched.
async fn changed(before: Campaign, changes: UpdateCampaign) -> Campaign {
    let saved = Arc::new(Mutex::new(None));
    let audience = before
        .audience
        .as_ref()
        .and_then(|audience| audience.filter(None));
    let still = u64::try_from(before.counters.total).expect("a count");
    let mut unit = locking(Some(before));
    counting(&mut unit, audience, still);
    let kept = saved.clone();
    unit.campaigns
        .expect_save()
        .times(1)
        .returning(move |campaign| {
            *kept.lock().expect("a lock") = Some(campaign.clone());
            Ok(())
        });
    reading_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let details = bench
        .campaigns
        .update(&actor(), campaign_id(), changes)
        .await
        .expect("changed");
    assert_eq!(bench.storage.commits(), 1);
    assert!(!bench.woken());
    assert_eq!(details.media, [file()]);
    let saved = saved.lock().expect("a lock").take();
    assert_eq!(saved.as_ref(), Some(&details.campaign));
    details.campaign
}

/// What is wrong with `changes` of `before`.
async fn problems(before: Campaign, changes: UpdateCampaign) -> Vec<(String, String)> {
    let mut unit = locking(Some(before));
    holding_fields(&mut unit, &["Ciudad"]);
    unit.media
        .expect_of_campaigns()
        .returning(|_, _| Ok(Vec::new()));
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let error = bench
        .campaigns
        .update(&actor(), campaign_id(), changes)
        .await
        .expect_err("refused");
    let UpdateCampaignError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert!(bench.unchanged());
    refused(&violations)
}

fn bad_template() -> Field<TemplateInput> {
    Field::Set(TemplateInput {
        name: String::new(),
        language: "es_MX".to_owned(),
        variables: BTreeMap::new(),
        ..TemplateInput::default()
    })
}

#[tokio::test]
async fn what_is_absent_stays() {
    for before in [campaign(), for_gmail(), with_template()] {
        let before = Campaign {
            audience: Some(vips()),
            counters: CampaignCounters {
                total: 40,
                ..CampaignCounters::default()
            },
            ..before
        };
        let after = changed(before.clone(), UpdateCampaign::default()).await;
        let expected = Campaign {
            updated_at: now(),
            ..before
        };
        assert_eq!(after, expected);
    }
}

#[tokio::test]
async fn what_is_named_is_replaced() {
    let changes = UpdateCampaign {
        name: set(" Liquidación "),
        channel: set(" gmail "),
        subject: set(" Último día "),
        message: set(" Adiós {email} "),
        ..UpdateCampaign::default()
    };
    let after = changed(campaign(), changes).await;
    let expected = Campaign {
        name: short("Liquidación"),
        channel: ChannelKind::Gmail,
        subject: Some(short("Último día")),
        content: CampaignContent::Text(text("Adiós {email}")),
        updated_at: now(),
        ..campaign()
    };
    assert_eq!(after, expected);
}

#[tokio::test]
async fn a_subject_that_is_not_needed_is_cleared() {
    for wish in [Field::Clear, set("  ")] {
        let before = Campaign {
            subject: Some(short("Rebajas")),
            ..campaign()
        };
        let changes = UpdateCampaign {
            subject: wish,
            ..UpdateCampaign::default()
        };
        assert_eq!(changed(before, changes).await.subject, None);
    }
}

#[tokio::test]
async fn a_note_on_a_template_is_cleared() {
    for wish in [Field::Clear, set("  ")] {
        let changes = UpdateCampaign {
            message: wish,
            ..UpdateCampaign::default()
        };
        let after = changed(with_template(), changes).await;
        assert_eq!(after.content.message(), None);
        assert_eq!(after.content.template(), with_template().content.template());
    }
}

#[tokio::test]
async fn without_its_template_a_campaign_says_what_was_the_note() {
    let changes = UpdateCampaign {
        template: Field::Clear,
        ..UpdateCampaign::default()
    };
    assert_eq!(
        changed(with_template(), changes).await.content,
        CampaignContent::Text(text("Cita de {nombre}"))
    );
}

#[tokio::test]
async fn with_a_template_the_text_becomes_its_note() {
    let changes = UpdateCampaign {
        template: Field::Set(TemplateInput {
            name: "oferta".to_owned(),
            language: "es".to_owned(),
            ..TemplateInput::default()
        }),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        changed(campaign(), changes).await.content,
        CampaignContent::Template {
            template: TemplateMessage {
                name: short("oferta"),
                language: short("es"),
                variables: Vec::new(),
                parts: TemplateParts::default(),
            },
            note: Some(text("Hola {nombre}")),
        }
    );
}

#[tokio::test]
async fn the_same_message_stays() {
    let changes = UpdateCampaign {
        message: set("  Hola {nombre}\n"),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        changed(campaign(), changes).await.content,
        campaign().content
    );
}

#[tokio::test]
async fn name_channel_and_message_cant_be_cleared() {
    let cleared = |wish: Field<String>| UpdateCampaign {
        name: wish.clone(),
        channel: wish.clone(),
        message: wish,
        ..UpdateCampaign::default()
    };
    for wish in [Field::Clear, set(" ")] {
        assert_eq!(
            problems(campaign(), cleared(wish)).await,
            fields(&[
                ("name", "required"),
                ("channel", "required"),
                ("message", "required"),
            ])
        );
    }
}

#[tokio::test]
async fn every_bad_field_of_an_update_is_listed() {
    let changes = UpdateCampaign {
        name: set(&"x".repeat(256)),
        channel: set("sms"),
        subject: set("a\u{7}b"),
        message: set("Hola {apellido}"),
        template: bad_template(),
        contact_ids: Field::Set(vec![String::new(); 100_001]),
        audience: Field::Set(AudienceInput {
            segment_id: Some("fieles".to_owned()),
            tags: texts(&["a,b"]),
            status: Some("gone".to_owned()),
            search: Some("x".repeat(256)),
        }),
        send_window: Field::Set(SendWindowInput {
            days: Vec::new(),
            from: "9".to_owned(),
            to: String::new(),
            timezone: Some("Marte".to_owned()),
        }),
        outside_window: set("send"),
    };
    assert_eq!(
        problems(campaign(), changes).await,
        fields(&[
            ("name", "too_long"),
            ("channel", "not_one_of"),
            ("subject", "control_character"),
            ("message", "unknown_placeholder"),
            ("template.name", "required"),
            ("contact_ids", "too_many"),
            ("audience.segment_id", "unknown_segment"),
            ("audience.tags", "tag_with_comma"),
            ("audience.status", "not_one_of"),
            ("audience.search", "too_long"),
            ("send_window.days", "never_opens"),
            ("send_window.from", "malformed"),
            ("send_window.to", "required"),
            ("send_window.timezone", "unknown_time_zone"),
            ("outside_window", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn emails_keep_their_subject() {
    let cleared = UpdateCampaign {
        subject: Field::Clear,
        ..UpdateCampaign::default()
    };
    let moved = UpdateCampaign {
        channel: set("gmail"),
        ..UpdateCampaign::default()
    };
    for (before, changes) in [(for_gmail(), cleared), (campaign(), moved)] {
        assert_eq!(
            problems(before, changes).await,
            fields(&[("subject", "required")])
        );
    }
}

#[tokio::test]
async fn a_campaign_with_a_template_stays_with_whatsapp() {
    let changes = UpdateCampaign {
        channel: set("gmail"),
        subject: set("Cita"),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        problems(with_template(), changes).await,
        fields(&[("channel", "not_one_of")])
    );
}

#[tokio::test]
async fn beside_a_template_with_problems_no_message_is_missing() {
    let changes = UpdateCampaign {
        message: Field::Clear,
        template: bad_template(),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        problems(campaign(), changes).await,
        fields(&[("template.name", "required")])
    );
}

#[tokio::test]
async fn a_template_with_problems_is_no_less_one_that_emails_cant_have() {
    let with = |subject: Field<String>| UpdateCampaign {
        subject,
        message: Field::Clear,
        template: bad_template(),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        problems(for_gmail(), with(Field::Keep)).await,
        fields(&[("template.name", "required"), ("channel", "not_one_of")])
    );
    assert_eq!(
        problems(for_gmail(), with(Field::Clear)).await,
        fields(&[
            ("template.name", "required"),
            ("subject", "required"),
            ("channel", "not_one_of"),
        ])
    );
    let moved = UpdateCampaign {
        channel: set("gmail"),
        ..with(Field::Keep)
    };
    assert_eq!(
        problems(campaign(), moved).await,
        fields(&[
            ("template.name", "required"),
            ("subject", "required"),
            ("channel", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn a_template_without_note_cant_be_cleared_without_a_message() {
    let mut before = with_template();
    if let CampaignContent::Template { note, .. } = &mut before.content {
        *note = None;
    }
    let changes = UpdateCampaign {
        template: Field::Clear,
        ..UpdateCampaign::default()
    };
    assert_eq!(
        problems(before, changes).await,
        fields(&[("message", "required")])
    );
}

#[tokio::test]
async fn a_campaign_can_be_changed_until_it_starts() {
    let editable = [
        CampaignStatus::Draft,
        CampaignStatus::Scheduled,
        CampaignStatus::Missed,
    ];
    for status in editable {
        let changes = UpdateCampaign {
            name: set("Liquidación"),
            ..UpdateCampaign::default()
        };
        let after = changed(in_status(status), changes).await;
        assert_eq!(after.name, short("Liquidación"));
        assert_eq!(after.state, in_status(status).state);
    }
    for status in all_but(&editable) {
        let unit = locking(Some(in_status(status)));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        let error = bench
            .campaigns
            .update(&actor(), campaign_id(), UpdateCampaign::default())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, UpdateCampaignError::NotEditable { status: is } if is == status),
            "{error}"
        );
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn a_campaign_whose_files_cant_be_read_is_not_changed() {
    let mut unit = locking(Some(campaign()));
    failing_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let error = bench
        .campaigns
        .update(&actor(), campaign_id(), UpdateCampaign::default())
        .await
        .expect_err("failed");
    assert!(matches!(error, UpdateCampaignError::Storage(_)), "{error}");
    assert!(bench.unchanged());
}

#[tokio::test]
async fn an_unknown_campaign_is_not_changed() {
    let bench = bench(ScriptedStorage::new().then_begin(locking(None)));
    let error = bench
        .campaigns
        .update(&actor(), campaign_id(), UpdateCampaign::default())
        .await
        .expect_err("refused");
    assert!(matches!(error, UpdateCampaignError::NotFound));
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_text_can_be_cleared_where_a_file_says_it_all() {
    let clearing = || UpdateCampaign {
        message: Field::Clear,
        ..UpdateCampaign::default()
    };
    let after = changed(campaign(), clearing()).await;
    assert_eq!(after.content, CampaignContent::FileOnly);
    // Whatever became of the file, it can be changed still.
    let renamed = UpdateCampaign {
        name: Field::Set("Otro nombre".to_owned()),
        ..UpdateCampaign::default()
    };
    assert_eq!(
        changed(after, renamed).await.content,
        CampaignContent::FileOnly
    );
    assert_eq!(
        problems(campaign(), clearing()).await,
        fields(&[("message", "required")])
    );
}
