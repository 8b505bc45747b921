//! Messages of which nobody knows whether they were sent.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::{CampaignId, CampaignStatus, DeliveryStatus};

use super::process::Process;
use super::provider::Answer;
use super::world::World;

const GRACE: Duration = Duration::from_mins(10);

/// One message left behind by a process that died while it was on its way, and when the doubt was
/// noted by the process that is there now.
async fn left_behind(world: &World) -> (CampaignId, Process, DateTime<Utc>) {
    let campaign = world.campaign(1);
    let dead = world.process(1);
    let task = dead.start();
    let taken = Answer::accepted().after(Duration::from_secs(50));
    world.provider.always(taken);
    world
        .until("the request", |world| !world.provider.requests().is_empty())
        .await;
    task.abort();
    world.provider.always(Answer::accepted());
    let heir = world.process(2);
    heir.start();
    world
        .until("the doubt", |world| {
            world.count(campaign, DeliveryStatus::InDoubt) == 1
        })
        .await;
    let noted_at = world.recipients(campaign)[0].updated_at;
    (campaign, heir, noted_at)
}

/// A status was seen for a message that was dispatched then.
fn confirm(world: &World, dispatched_at: DateTime<Utc>) {
    world.ledger.with(|tables| {
        let account = tables.accounts.get_mut(&world.business.sender);
        account.expect("the account").confirmed_through = Some(dispatched_at);
    });
}

#[tokio::test(start_paused = true)]
async fn a_message_in_doubt_is_never_sent_again_blindly() {
    let world = World::new();
    let campaign = world.campaign(20);
    let address = world.address(campaign, 4);
    world.provider.answers(&address, [Answer::in_doubt(true)]);
    world.start();
    tokio::time::sleep(Duration::from_mins(1)).await;

    let doubtful = &world.recipients(campaign)[4].delivery;
    assert_eq!(doubtful.status, DeliveryStatus::InDoubt);
    assert_eq!(world.status(campaign), CampaignStatus::Active);
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Unconfirmed), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 19);
    assert_eq!(world.provider.requests_to(&address).len(), 1);
    assert_eq!(world.campaign_now(campaign).counters.unconfirmed, 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_does_not_answer_leaves_a_doubt() {
    let world = World::new();
    let campaign = world.campaign(3);
    let never = Answer::accepted().after(Duration::from_hours(24));
    world.provider.answers(&world.address(campaign, 1), [never]);
    world
        .process(1)
        .with(|c| c.send_timeout = Duration::from_secs(30))
        .start();

    tokio::time::sleep(Duration::from_secs(32)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 2);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_breaks_down_leaves_a_doubt_and_the_others_go_on() {
    let world = World::new();
    let campaign = world.campaign(30);
    world
        .provider
        .answers(&world.address(campaign, 7), [Answer::panic()]);
    world.start();

    tokio::time::sleep(Duration::from_secs(5)).await;

    let broken = &world.recipients(campaign)[7].delivery;
    assert_eq!(broken.status, DeliveryStatus::InDoubt);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 29);
    world.until_completed(campaign).await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn five_doubts_in_a_row_slow_the_account_down() {
    let world = World::new();
    world.campaign(30);
    world
        .provider
        .always(Answer::in_doubt(true).after(Duration::from_millis(1)));
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();
    tokio::time::sleep(Duration::from_mins(1)).await;

    let requests = world.provider.requests();
    let gaps: Vec<_> = requests
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    assert!(gaps[..4].iter().all(|gap| gap.as_millis() < 150));
    // 1, 2, 4, … seconds, or half of that.
    assert!(gaps[4] >= Duration::from_millis(500), "{:?}", gaps[4]);
    assert!(gaps[5] >= Duration::from_secs(1), "{:?}", gaps[5]);
    assert!(gaps[6] >= Duration::from_secs(2), "{:?}", gaps[6]);
    assert!(requests.len() < 14, "{}", requests.len());
}

#[tokio::test(start_paused = true)]
async fn doubts_that_are_not_in_a_row_slow_nothing_down() {
    let world = World::new();
    let campaign = world.campaign(40);
    for place in (0..40).filter(|place| place % 5 != 0) {
        world
            .provider
            .answers(&world.address(campaign, place), [Answer::in_doubt(true)]);
    }
    world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();

    tokio::time::sleep(Duration::from_millis(4_300)).await;

    assert_eq!(world.provider.requests().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_left_is_in_doubt_and_then_unconfirmed() {
    let world = World::new();
    let (campaign, _, noted_at) = left_behind(&world).await;

    world.until_completed(campaign).await;

    let recipient = world.recipients(campaign).swap_remove(0);
    assert_eq!(recipient.delivery.status, DeliveryStatus::Unconfirmed);
    let waited = recipient.updated_at - noted_at;
    assert!(waited.to_std().expect("after") >= GRACE, "{waited}");
    assert_eq!(world.provider.requests().len(), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_sent_again_when_a_later_message_was_confirmed() {
    let world = World::new();
    let campaign = world.campaign(1);
    let address = world.address(campaign, 0);
    world.provider.answers(&address, [Answer::in_doubt(false)]);
    world.start();
    world
        .until("the doubt", |world| {
            world.count(campaign, DeliveryStatus::InDoubt) == 1
        })
        .await;
    let noted_at = world.recipients(campaign)[0].updated_at;
    confirm(&world, noted_at + TimeDelta::milliseconds(1));

    world.until_completed(campaign).await;

    let tries = world.provider.requests_to(&address);
    assert_eq!(tries.len(), 2);
    assert!(tries[1].at - tries[0].at >= GRACE);
    assert_eq!(tries[1].attempt.number, 2);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_message_confirmed_before_the_doubt_was_noted_proves_nothing() {
    let world = World::new();
    let (campaign, _, noted_at) = left_behind(&world).await;
    // It was begun after the one in doubt, and both may have been lost with the process.
    confirm(&world, noted_at);

    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Unconfirmed), 1);
    assert_eq!(world.provider.requests().len(), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_grace_time_begins_when_the_doubt_is_noted() {
    let world = World::new();
    let campaign = world.campaign(1);
    let dead = world.process(1);
    let task = dead.start();
    world
        .provider
        .always(Answer::accepted().after(Duration::from_secs(50)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    task.abort();

    // Nobody is there to receive statuses for hours.
    tokio::time::sleep(Duration::from_hours(5)).await;
    world.process(2).start();
    tokio::time::sleep(Duration::from_secs(595)).await;
    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 1);
    tokio::time::sleep(Duration::from_secs(10)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Unconfirmed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_doubt_of_a_cancelled_campaign_is_not_sent_again() {
    let world = World::new();
    let campaign = world.campaign(2);
    world.provider.always(Answer::in_doubt(false));
    world.start();
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.cancel(campaign).await;
    confirm(&world, world.now());

    tokio::time::sleep(GRACE * 2).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Cancelled), 2);
    assert_eq!(world.provider.requests().len(), 2);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_every_try_ends_in_doubt_is_left_to_a_person() {
    let world = World::new();
    let campaign = world.campaign(1);
    world.provider.always(Answer::in_doubt(false));
    world.process(1).start();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        confirm(&world, world.now());
        tokio::time::sleep(GRACE).await;
    }

    assert_eq!(world.count(campaign, DeliveryStatus::Unconfirmed), 1);
    assert_eq!(world.provider.requests().len(), 3);
    world.check();
}
