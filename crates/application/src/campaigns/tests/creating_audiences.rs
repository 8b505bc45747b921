use nexus_domain::values::Problem;

use super::content::Chosen;
use super::creating::typed;
use super::*;

fn inserting() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.campaigns
        .expect_insert()
        .times(1)
        .returning(|_| Ok(()));
    unit
}

async fn made_in(unit: MockUnitOfWork, typed: CreateCampaign) -> Campaign {
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let made = bench
        .campaigns
        .create(&actor(), typed)
        .await
        .expect("a campaign");
    assert_eq!(bench.storage.commits(), 1);
    made.campaign
}

async fn unknown_in(unit: MockUnitOfWork, contact_ids: Vec<String>) -> Violations {
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let typed = CreateCampaign {
        contact_ids,
        ..typed()
    };
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

#[tokio::test]
async fn contacts_are_chosen_once_each() {
    let mut unit = inserting();
    having(&mut unit, &[1, 2]);
    choosing(&mut unit, &[1, 2]);
    counting(&mut unit, None, 2);
    setting_total(&mut unit, 2);
    let mut contact_ids = ids(&[2, 1, 2]);
    contact_ids.push(format!(" {} ", contact_id(1)));
    let typed = CreateCampaign {
        contact_ids,
        ..typed()
    };

    let made = made_in(unit, typed).await;

    assert_eq!(made.counters.total, 2);
    assert_eq!(made.audience, None);
}

#[tokio::test]
async fn many_contacts_are_looked_up_in_parts() {
    let numbers: Vec<u32> = (1..=501).collect();
    let mut unit = inserting();
    having(&mut unit, &numbers);
    choosing(&mut unit, &numbers);
    counting(&mut unit, None, 501);
    setting_total(&mut unit, 501);
    let typed = CreateCampaign {
        contact_ids: ids(&numbers),
        ..typed()
    };
    assert_eq!(made_in(unit, typed).await.counters.total, 501);
}

#[tokio::test]
async fn a_rule_is_counted_by_the_store() {
    let mut unit = inserting();
    let rule = ContactFilter {
        tags: vec![tag("vip"), tag("nuevo")],
        status: Some(ContactStatus::Active),
        search: Some(short("pérez")),
        ..ContactFilter::default()
    };
    counting(&mut unit, Some(rule), 40);
    setting_total(&mut unit, 40);
    let typed = CreateCampaign {
        audience: Some(AudienceInput {
            tags: texts(&["VIP", "", "vip", "nuevo"]),
            status: Some(" active ".to_owned()),
            search: Some(" pérez ".to_owned()),
            ..AudienceInput::default()
        }),
        ..typed()
    };

    let made = made_in(unit, typed).await;

    assert_eq!(made.counters.total, 40);
    let audience = made.audience.expect("a rule");
    assert_eq!(audience.tags, [tag("VIP"), tag("nuevo")]);
    assert_eq!(audience.status, Some(ContactStatus::Active));
    assert_eq!(audience.search, Some(short("pérez")));
}

#[tokio::test]
async fn a_rule_without_conditions_is_everyone() {
    let mut unit = inserting();
    counting(&mut unit, Some(ContactFilter::default()), 7);
    setting_total(&mut unit, 7);
    let typed = CreateCampaign {
        audience: Some(AudienceInput {
            status: Some("  ".to_owned()),
            ..AudienceInput::default()
        }),
        ..typed()
    };
    let made = made_in(unit, typed).await;
    assert_eq!(made.audience, Some(Audience::default()));
    assert_eq!(made.counters.total, 7);
}

#[tokio::test]
async fn those_chosen_and_those_of_the_rule_are_counted_together() {
    let mut unit = inserting();
    having(&mut unit, &[1, 2]);
    choosing(&mut unit, &[1, 2]);
    counting(&mut unit, vips().filter(None), 502);
    setting_total(&mut unit, 502);
    let typed = CreateCampaign {
        contact_ids: ids(&[1, 2]),
        audience: Some(AudienceInput {
            tags: texts(&["VIP"]),
            ..AudienceInput::default()
        }),
        ..typed()
    };
    assert_eq!(made_in(unit, typed).await.counters.total, 502);
}

#[tokio::test]
async fn a_segment_and_the_other_conditions_must_all_hold() {
    let segment = regulars();
    let mut unit = inserting();
    unit.segments
        .expect_lock()
        .with(eq(user().id), eq(segment.id))
        .times(1)
        .return_once(|_, _| Ok(Some(regulars())));
    unit.segments
        .expect_find()
        .with(eq(user().id), eq(segment.id))
        .times(1)
        .return_once(|_, _| Ok(Some(regulars())));
    let both = ContactFilter {
        tags: vec![tag("vip"), tag("fiel")],
        search: Some(short("ana")),
        also: vec![ContactFilter {
            search: Some(short("centro")),
            ..ContactFilter::default()
        }],
        ..ContactFilter::default()
    };
    counting(&mut unit, Some(both), 3);
    setting_total(&mut unit, 3);
    let typed = CreateCampaign {
        audience: Some(AudienceInput {
            segment_id: Some(format!(" {} ", segment.id)),
            tags: texts(&["vip"]),
            search: Some("ana".to_owned()),
            ..AudienceInput::default()
        }),
        ..typed()
    };
    let made = made_in(unit, typed).await;
    assert_eq!(made.awaited_segment(), Some(segment.id));
    assert_eq!(made.counters.total, 3);
}

#[tokio::test]
async fn a_segment_that_is_not_the_users_is_refused() {
    let unknown = Violations::of("audience.segment_id", Problem::UnknownSegment);
    let mut unit = MockUnitOfWork::default();
    unit.segments
        .expect_lock()
        .times(1)
        .return_once(|_, _| Ok(None));
    for (storage, id) in [
        (
            ScriptedStorage::new().then_begin(unit),
            regulars().id.to_string(),
        ),
        (ScriptedStorage::new(), "fieles".to_owned()),
    ] {
        let bench = bench(storage);
        let typed = CreateCampaign {
            audience: Some(AudienceInput {
                segment_id: Some(id),
                ..AudienceInput::default()
            }),
            ..typed()
        };
        let error = bench.campaigns.create(&actor(), typed).await;
        let Err(CreateCampaignError::Invalid(violations)) = error else {
            panic!("unexpected: {error:?}");
        };
        assert_eq!(violations, unknown);
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn texts_that_are_no_ids_and_ids_of_nobody_are_counted_together() {
    let mut unit = MockUnitOfWork::default();
    having(&mut unit, &[1]);
    let mut contact_ids = ids(&[1, 2, 3]);
    contact_ids.extend(texts(&["", "12"]));
    assert_eq!(
        unknown_in(unit, contact_ids).await,
        Violations::of("contact_ids", Problem::UnknownContacts { count: 4 })
    );
}

#[tokio::test]
async fn nobody_is_looked_up_when_no_text_is_an_id() {
    assert_eq!(
        unknown_in(MockUnitOfWork::default(), texts(&["luis"])).await,
        Violations::of("contact_ids", Problem::UnknownContacts { count: 1 })
    );
}

#[test]
fn a_hundred_thousand_contacts_can_be_chosen_one_by_one() {
    let mut violations = Violations::new();

    let most = Chosen::parse(&vec![String::new(); 50_000], &mut violations);
    assert_eq!(most.expect("as many as may be").unreadable, 50_000);
    assert!(violations.is_empty());

    let more = Chosen::parse(&vec![String::new(); 100_001], &mut violations);
    assert!(more.is_none());
    assert_eq!(
        violations,
        Violations::of("contact_ids", Problem::TooMany { max: 50_000 })
    );
}
