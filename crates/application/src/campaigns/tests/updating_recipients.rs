use super::*;

fn for_vips() -> Campaign {
    Campaign {
        audience: Some(vips()),
        counters: CampaignCounters {
            total: 40,
            ..CampaignCounters::default()
        },
        ..campaign()
    }
}

fn vips_wanted() -> Field<AudienceInput> {
    Field::Set(AudienceInput {
        tags: texts(&["vip"]),
        ..AudienceInput::default()
    })
}

/// What `changes` make of a campaign in `unit`, which locks it.
async fn changed(mut unit: MockUnitOfWork, changes: UpdateCampaign) -> Campaign {
    unit.campaigns.expect_save().times(1).returning(|_| Ok(()));
    reading_media(&mut unit);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let details = bench
        .campaigns
        .update(&actor(), campaign_id(), changes)
        .await
        .expect("changed");
    assert_eq!(bench.storage.commits(), 1);
    details.campaign
}

/// The store is asked whom it has chosen already.
fn having_chosen(unit: &mut MockUnitOfWork, numbers: &[u32]) {
    let chosen: Vec<_> = numbers.iter().map(|number| contact_id(*number)).collect();
    unit.campaigns
        .expect_chosen()
        .with(eq(user().id), eq(campaign_id()))
        .times(1)
        .returning(move |_, _| Ok(chosen.clone()));
}

fn counting(unit: &mut MockUnitOfWork, audience: Audience, count: u64) {
    unit.contacts
        .expect_count()
        .withf(move |asked, filter| *asked == user().id && *filter == audience.filter())
        .times(1)
        .returning(move |_, _| Ok(count));
}

#[tokio::test]
async fn other_contacts_are_chosen_and_counted() {
    let mut unit = locking(Some(campaign()));
    having(&mut unit, &[1, 2, 3]);
    choosing(&mut unit, &[1, 2, 3]);
    setting_total(&mut unit, 3);
    let changes = UpdateCampaign {
        contact_ids: Field::Set(ids(&[3, 2, 1])),
        ..UpdateCampaign::default()
    };
    assert_eq!(changed(unit, changes).await.counters.total, 3);
}

#[tokio::test]
async fn nobody_is_chosen_any_more() {
    for wish in [Field::Clear, Field::Set(Vec::new())] {
        let mut unit = locking(Some(Campaign {
            audience: None,
            ..for_vips()
        }));
        choosing(&mut unit, &[]);
        setting_total(&mut unit, 0);
        let changes = UpdateCampaign {
            contact_ids: wish,
            ..UpdateCampaign::default()
        };
        assert_eq!(changed(unit, changes).await.counters.total, 0);
    }
}

#[tokio::test]
async fn a_new_choice_is_counted_together_with_the_rule_that_stays() {
    let mut unit = locking(Some(for_vips()));
    having(&mut unit, &[1]);
    choosing(&mut unit, &[1]);
    reaching(&mut unit, Some(vips()), (1..=501).map(contact).collect(), 2);
    setting_total(&mut unit, 501);
    let changes = UpdateCampaign {
        contact_ids: Field::Set(ids(&[1])),
        ..UpdateCampaign::default()
    };
    let after = changed(unit, changes).await;
    assert_eq!(after.counters.total, 501);
    assert_eq!(after.audience, Some(vips()));
}

#[tokio::test]
async fn a_new_rule_is_counted_alone_when_nobody_is_chosen() {
    let mut unit = locking(Some(campaign()));
    having_chosen(&mut unit, &[]);
    counting(&mut unit, vips(), 12);
    setting_total(&mut unit, 12);
    let changes = UpdateCampaign {
        audience: vips_wanted(),
        ..UpdateCampaign::default()
    };
    let after = changed(unit, changes).await;
    assert_eq!(after.counters.total, 12);
    assert_eq!(after.audience, Some(vips()));
}

#[tokio::test]
async fn a_new_rule_is_counted_together_with_the_choice_that_stays() {
    let mut unit = locking(Some(campaign()));
    having_chosen(&mut unit, &[1, 2]);
    reaching(&mut unit, Some(vips()), (1..=4).map(contact).collect(), 1);
    setting_total(&mut unit, 4);
    let changes = UpdateCampaign {
        audience: vips_wanted(),
        ..UpdateCampaign::default()
    };
    assert_eq!(changed(unit, changes).await.counters.total, 4);
}

#[tokio::test]
async fn without_its_rule_a_campaign_is_for_those_chosen() {
    let mut unit = locking(Some(for_vips()));
    having_chosen(&mut unit, &[1, 2]);
    setting_total(&mut unit, 2);
    let changes = UpdateCampaign {
        audience: Field::Clear,
        ..UpdateCampaign::default()
    };
    let after = changed(unit, changes).await;
    assert_eq!(after.counters.total, 2);
    assert_eq!(after.audience, None);
}

#[tokio::test]
async fn the_same_rule_is_not_counted_again() {
    // Nothing but the lock and the saving is prepared.
    let changes = UpdateCampaign {
        audience: vips_wanted(),
        ..UpdateCampaign::default()
    };
    let after = changed(locking(Some(for_vips())), changes).await;
    assert_eq!(after.counters.total, 40);
}

#[tokio::test]
async fn ids_of_nobody_change_nothing() {
    let mut unit = locking(Some(campaign()));
    having(&mut unit, &[1]);
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let mut contact_ids = ids(&[1, 2]);
    contact_ids.push("nobody".to_owned());
    let changes = UpdateCampaign {
        contact_ids: Field::Set(contact_ids),
        ..UpdateCampaign::default()
    };

    let error = bench
        .campaigns
        .update(&actor(), campaign_id(), changes)
        .await
        .expect_err("refused");

    let UpdateCampaignError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        violations,
        Violations::of(
            "contact_ids",
            nexus_domain::values::Problem::UnknownContacts { count: 2 }
        )
    );
    assert!(bench.unchanged());
}
