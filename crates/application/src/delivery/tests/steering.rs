//! What a person does to campaigns that are being sent.

use std::time::Duration;

use nexus_domain::{CampaignId, CampaignStatus, DeliveryStatus};

use super::provider::Answer;
use super::world::World;

fn sent(world: &World, campaign: CampaignId) -> usize {
    let addresses: Vec<_> = world
        .recipients(campaign)
        .into_iter()
        .filter_map(|r| r.address)
        .collect();
    let requests = world.provider.requests();
    requests
        .iter()
        .filter(|request| addresses.contains(&request.to))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_paused_campaign_stops_within_a_second_and_goes_on_when_resumed() {
    let world = World::new();
    let campaign = world.campaign(100);
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();
    tokio::time::sleep(Duration::from_secs(3)).await;

    world.pause(campaign).await;
    let when_paused = sent(&world, campaign);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let a_second_later = sent(&world, campaign);
    tokio::time::sleep(Duration::from_mins(5)).await;

    assert!(when_paused >= 25, "{when_paused}");
    // What leaves within a quarter of a second was claimed before.
    assert!(a_second_later <= when_paused + 3);
    assert_eq!(sent(&world, campaign), a_second_later);
    assert_eq!(world.status(campaign), CampaignStatus::Paused);
    assert_eq!(world.count(campaign, DeliveryStatus::Dispatching), 0);

    world.resume(campaign).await;
    world.until_completed(campaign).await;
    assert_eq!(sent(&world, campaign), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_to_the_queue_of_a_cancelled_campaign_is_cancelled() {
    let world = World::new();
    let campaign = world.campaign(30);
    let slow = Duration::from_secs(5);
    world.provider.always(Answer::accepted().after(slow));
    for place in 0..4 {
        let throttled = Answer::recipient_throttled(None).after(slow);
        world
            .provider
            .answers(&world.address(campaign, place), [throttled]);
    }
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    world.cancel(campaign).await;
    tokio::time::sleep(Duration::from_mins(2)).await;

    let left = sent(&world, campaign);
    assert!((8..=14).contains(&left), "{left}");
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), left - 4);
    let cancelled = world.count(campaign, DeliveryStatus::Cancelled);
    assert_eq!(cancelled, 30 - (left - 4));
    assert_eq!(world.status(campaign), CampaignStatus::Cancelled);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_paused_campaign_whose_last_message_lands_is_complete() {
    let world = World::new();
    let campaign = world.campaign(1);
    let slow = Answer::accepted().after(Duration::from_secs(5));
    world.provider.always(slow);
    world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    world.pause(campaign).await;
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn two_campaigns_share_the_pace() {
    let world = World::new();
    let (long, short) = (world.campaign(500), world.campaign(40));
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();

    // The time of 60 messages.
    tokio::time::sleep(Duration::from_secs(3)).await;

    let (of_long, of_short) = (sent(&world, long), sent(&world, short));
    assert!(of_long.abs_diff(of_short) <= 6, "{of_long} and {of_short}");
    world.until_completed(short).await;
    let before = sent(&world, long);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let alone = sent(&world, long) - before;
    assert!((17..=23).contains(&alone), "{alone}");
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_starts_while_another_is_sent_is_seen() {
    let world = World::new();
    let first = world.campaign(100);
    let process = world.process(1).with(|c| c.messages_per_second = 10);
    process.start();
    tokio::time::sleep(Duration::from_secs(2)).await;

    let second = world.campaign(5);
    process.wake.notify_one();
    tokio::time::sleep(Duration::from_secs(2)).await;

    assert!(sent(&world, second) >= 4);
    world.until_completed(first).await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_starts_after_everything_was_sent_is_seen_at_once() {
    let world = World::new();
    let first = world.campaign(3);
    let process = world.start();
    world.until_completed(first).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let second = world.campaign(3);
    process.wake.notify_one();
    tokio::time::sleep(Duration::from_millis(300)).await;

    assert_eq!(sent(&world, second), 3);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn accounts_are_driven_beside_one_another() {
    let world = World::new();
    let one = world.campaign(40);
    let text = world.campaign_now(one).content;
    let two = world.campaign_of(world.another_business(), text, 40);
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();

    // Each has a pace of its own.
    tokio::time::sleep(Duration::from_millis(2_500)).await;

    assert_eq!((sent(&world, one), sent(&world, two)), (40, 40));
    world.until_completed(one).await;
    world.until_completed(two).await;
    world.check();
}
