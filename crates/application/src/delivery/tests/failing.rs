//! Campaigns of which too many messages are refused.

use std::time::Duration;

use nexus_domain::{CampaignId, CampaignState, CampaignStatus, DeliveryStatus, FailureCode};

use super::provider::Answer;
use super::world::World;

fn unreachable() -> Answer {
    Answer::refused(FailureCode::Unreachable)
}

fn refuse(world: &World, campaign: CampaignId, refused: impl Fn(usize) -> bool) {
    for place in 0..world.recipients(campaign).len() {
        if refused(place) {
            let address = world.address(campaign, place);
            world.provider.answers(&address, [unreachable()]);
        }
    }
}

async fn until_paused(world: &World, campaign: CampaignId) {
    world
        .until("the campaign is paused", |world| {
            world.status(campaign) == CampaignStatus::Paused
        })
        .await;
    let state = world.campaign_now(campaign).state;
    let code = Some(FailureCode::TooManyFailures);
    assert!(matches!(state, CampaignState::Paused { reason, .. } if reason == code));
}

#[tokio::test(start_paused = true)]
async fn twenty_refusals_in_a_row_pause_the_campaign_and_another_goes_on() {
    let world = World::new();
    let (refused, other) = (world.campaign(100), world.campaign(100));
    refuse(&world, refused, |_| true);
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();

    until_paused(&world, refused).await;
    world.until_completed(other).await;

    let failed = world.count(refused, DeliveryStatus::Failed);
    // Those in flight when the twentieth came back land as well; no other leaves.
    assert!((20..25).contains(&failed), "{failed}");
    assert_eq!(world.count(refused, DeliveryStatus::Queued), 100 - failed);
    assert_eq!(world.count(other, DeliveryStatus::Accepted), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_is_resumed_counts_anew() {
    let world = World::new();
    let campaign = world.campaign(60);
    refuse(&world, campaign, |place| place < 39);
    // Keeps the account driven throughout, so that what its driver learned is not forgotten.
    let other = world.campaign(1_000);
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();
    until_paused(&world, campaign).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let failed = world.count(campaign, DeliveryStatus::Failed);

    world.resume(campaign).await;
    world.until_completed(campaign).await;

    assert!(failed >= 20, "{failed}");
    assert_eq!(world.status(other), CampaignStatus::Active);
    assert_eq!(world.count(campaign, DeliveryStatus::Failed), 39);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 21);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn half_of_the_last_hundred_pause_the_campaign() {
    let world = World::new();
    let campaign = world.campaign(300);
    refuse(&world, campaign, |place| place % 2 == 0);
    world.start();

    until_paused(&world, campaign).await;

    let failed = world.count(campaign, DeliveryStatus::Failed);
    assert!((50..60).contains(&failed), "{failed}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_third_of_refusals_pauses_nothing() {
    let world = World::new();
    let campaign = world.campaign(300);
    refuse(&world, campaign, |place| place % 3 == 0);
    world.start();

    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Failed), 100);
    world.check();
}
