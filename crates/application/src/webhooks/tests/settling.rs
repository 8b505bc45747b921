//! Reports on messages whose sending is not settled.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::{AttemptId, CampaignStatus, DeliveryStatus, FailureCode, StatusUpdate};

use super::world::{Inbox, report, report_on};
use crate::delivery::tests::provider::{Answer, failure};
use crate::delivery::tests::world::World;

fn confirmed_through(world: &World) -> Option<DateTime<Utc>> {
    world
        .ledger
        .with(|tables| tables.accounts[&world.business.sender].confirmed_through)
}

#[tokio::test(start_paused = true)]
async fn a_report_that_comes_before_the_answer_to_the_send_stays() {
    let world = World::new();
    let campaign = world.campaign(1);
    let slow = Answer::accepted().after(Duration::from_secs(5));
    world.provider.always(slow);
    world.start();
    let inbox = Inbox::of(world);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let dispatching = inbox.world.recipients(campaign).swap_remove(0);
    assert_eq!(dispatching.delivery.status, DeliveryStatus::Dispatching);

    let at = inbox.world.now();
    inbox
        .take(report(&dispatching, StatusUpdate::Delivered, at))
        .await;
    assert_eq!(inbox.world.status(campaign), CampaignStatus::Completed);
    tokio::time::sleep(Duration::from_secs(10)).await;

    let delivered = inbox.recipient(dispatching.id).delivery;
    assert_eq!(delivered.status, DeliveryStatus::Delivered);
    assert!(delivered.message_id.is_some());
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_ends_a_doubt_and_the_message_is_not_sent_again() {
    let world = World::new();
    let campaign = world.campaign(1);
    world.provider.always(Answer::in_doubt(true));
    world.start();
    let inbox = Inbox::of(world);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let doubtful = inbox.world.recipients(campaign).swap_remove(0);
    assert_eq!(doubtful.delivery.status, DeliveryStatus::InDoubt);

    let at = inbox.world.now();
    inbox.take(report(&doubtful, StatusUpdate::Sent, at)).await;
    assert_eq!(inbox.world.status(campaign), CampaignStatus::Completed);
    tokio::time::sleep(Duration::from_mins(15)).await;

    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Accepted), 1);
    assert_eq!(inbox.world.provider.requests().len(), 1);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_after_all_settles_what_was_left_to_the_user() {
    let world = World::new();
    let campaign = world.campaign(1);
    world.provider.always(Answer::in_doubt(true));
    world.start();
    world.until_completed(campaign).await;
    let inbox = Inbox::of(world);
    let unconfirmed = inbox.world.recipients(campaign).swap_remove(0);
    assert_eq!(unconfirmed.delivery.status, DeliveryStatus::Unconfirmed);

    let at = inbox.world.now();
    inbox
        .take(report(&unconfirmed, StatusUpdate::Read, at))
        .await;

    let counters = inbox.world.campaign_now(campaign).counters;
    assert_eq!((counters.unconfirmed, counters.opened), (0, 1));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_on_a_later_message_lets_an_older_doubt_be_sent_again() {
    let world = World::new();
    let campaign = world.campaign(1);
    world
        .provider
        .answers(&world.address(campaign, 0), [Answer::in_doubt(false)]);
    world.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let later = world.campaign(1);
    world.until_completed(later).await;
    let inbox = Inbox::of(world);
    let recipient = inbox.world.recipients(later).swap_remove(0);
    let at = inbox.world.now();
    inbox.take(report(&recipient, StatusUpdate::Sent, at)).await;
    let dispatched_at = recipient.delivery.dispatched_at;
    assert_eq!(confirmed_through(&inbox.world), dispatched_at);

    inbox.world.until_completed(campaign).await;

    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Accepted), 1);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_on_an_older_attempt_does_not_confirm_the_current_one() {
    let world = World::new();
    let campaign = world.campaign(1);
    let throttled = Answer::recipient_throttled(None);
    world
        .provider
        .answers(&world.address(campaign, 0), [throttled]);
    world.send_all(campaign).await;
    let inbox = Inbox::of(world);
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    assert_eq!(recipient.delivery.attempts, 2);
    let older = AttemptId {
        recipient: recipient.id,
        number: 1,
    };

    let at = inbox.world.now();
    inbox.take(report_on(older, StatusUpdate::Sent, at)).await;
    assert_eq!(confirmed_through(&inbox.world), None);

    inbox.take(report(&recipient, StatusUpdate::Sent, at)).await;
    let dispatched_at = recipient.delivery.dispatched_at;
    assert_eq!(confirmed_through(&inbox.world), dispatched_at);
}

#[tokio::test(start_paused = true)]
async fn that_an_older_attempt_failed_says_nothing_of_the_current_one() {
    let world = World::new();
    let campaign = world.campaign(1);
    let throttled = Answer::recipient_throttled(None);
    world
        .provider
        .answers(&world.address(campaign, 0), [throttled]);
    world.send_all(campaign).await;
    let inbox = Inbox::of(world);
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let older = AttemptId {
        recipient: recipient.id,
        number: 1,
    };

    let failed = StatusUpdate::Failed(failure(FailureCode::Unreachable));
    let at = inbox.world.now();
    inbox.take(report_on(older, failed, at)).await;

    assert_eq!(inbox.recipient(recipient.id), recipient);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn reports_out_of_order_do_not_take_a_confirmation_back() {
    let world = World::new();
    let campaign = world.campaign(2);
    let process = world.process(1).with(|c| c.messages_per_second = 1);
    process.start();
    world.until_completed(campaign).await;
    let inbox = Inbox::of(world);
    let recipients = inbox.world.recipients(campaign);
    let at = inbox.world.now() + TimeDelta::seconds(1);

    inbox
        .take(report(&recipients[1], StatusUpdate::Sent, at))
        .await;
    inbox
        .take(report(&recipients[0], StatusUpdate::Sent, at))
        .await;

    let latest = recipients[1].delivery.dispatched_at;
    assert!(latest > recipients[0].delivery.dispatched_at);
    assert_eq!(confirmed_through(&inbox.world), latest);
}
