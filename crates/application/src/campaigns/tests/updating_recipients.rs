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

#[tokio::test]
async fn other_contacts_are_chosen_and_counted() {
    let mut unit = locking(Some(campaign()));
    having(&mut unit, &[1, 2, 3]);
    choosing(&mut unit, &[1, 2, 3]);
    counting(&mut unit, None, 3);
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
        counting(&mut unit, None, 0);
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
    counting(&mut unit, vips().filter(None), 501);
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
async fn a_new_rule_is_counted() {
    let mut unit = locking(Some(campaign()));
    counting(&mut unit, vips().filter(None), 12);
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
async fn without_its_rule_a_campaign_is_for_those_chosen() {
    let mut unit = locking(Some(for_vips()));
    counting(&mut unit, None, 2);
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
async fn the_same_rule_is_counted_again_for_those_who_came_and_went() {
    for (now, noted) in [(40, false), (41, true)] {
        let mut unit = locking(Some(for_vips()));
        counting(&mut unit, vips().filter(None), now);
        if noted {
            setting_total(&mut unit, 41);
        }
        let after = changed(unit, UpdateCampaign::default()).await;
        assert_eq!(after.counters.total, i64::try_from(now).expect("a few"));
    }
}

#[tokio::test]
async fn a_new_rule_with_a_segment_that_is_not_the_users_changes_nothing() {
    let mut unit = locking(Some(campaign()));
    reading_media(&mut unit);
    unit.segments
        .expect_lock()
        .with(eq(user().id), eq(regulars().id))
        .times(1)
        .return_once(|_, _| Ok(None));
    let bench = bench(ScriptedStorage::new().then_begin(unit));
    let changes = UpdateCampaign {
        audience: Field::Set(AudienceInput {
            segment_id: Some(regulars().id.to_string()),
            ..AudienceInput::default()
        }),
        ..UpdateCampaign::default()
    };
    let error = bench
        .campaigns
        .update(&actor(), campaign_id(), changes)
        .await;
    let Err(UpdateCampaignError::Invalid(violations)) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[("audience.segment_id", "unknown_segment")])
    );
    assert!(bench.unchanged());
}

#[tokio::test]
async fn ids_of_nobody_change_nothing() {
    let mut unit = locking(Some(campaign()));
    reading_media(&mut unit);
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
