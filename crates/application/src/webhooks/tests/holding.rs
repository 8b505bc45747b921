//! Webhooks that can't be applied (yet).

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::{ChannelEvent, DeliveryStatus, StatusUpdate, WebhookState};

use super::world::{Inbox, report, report_by_id, sign};
use crate::delivery::tests::provider::Answer;
use crate::delivery::tests::world::World;

/// A report on a message that nobody knows.
fn unknown(inbox: &Inbox) -> ChannelEvent {
    report_by_id("wamid.unknown", StatusUpdate::Sent, inbox.world.now())
}

#[tokio::test(start_paused = true)]
async fn a_report_on_an_unknown_message_is_held_for_longer_each_time() {
    let (inbox, _) = Inbox::after_sending_to(1).await;
    let received_at = inbox.world.now();
    inbox.take(unknown(&inbox)).await;

    let mut delays = Vec::new();
    loop {
        let event = inbox.events().swap_remove(0);
        if event.state != WebhookState::Pending {
            assert_eq!(event.state, WebhookState::Unmatched);
            break;
        }
        let delay = event.due_at - inbox.world.now();
        // Applying took a moment of it.
        delays.push((delay + TimeDelta::milliseconds(10)).num_seconds());
        assert_eq!(event.attempts, u32::try_from(delays.len()).expect("few"));
        let almost = delay - TimeDelta::milliseconds(10);
        tokio::time::sleep(almost.to_std().expect("later")).await;
        inbox.work().await;
        assert_eq!(inbox.events()[0], event, "it was tried too soon");
        tokio::time::sleep(Duration::from_millis(10)).await;
        inbox.work().await;
    }

    assert_eq!(delays[..9], [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert!(delays[9..].iter().all(|delay| *delay == 300), "{delays:?}");
    let held = inbox.world.now() - received_at;
    assert!(held >= TimeDelta::hours(1) && held <= TimeDelta::minutes(66));
    tokio::time::sleep(Duration::from_hours(1)).await;
    inbox.work().await;
    assert_eq!(inbox.events()[0].state, WebhookState::Unmatched);
}

#[tokio::test(start_paused = true)]
async fn a_report_is_applied_when_its_message_becomes_known() {
    let world = World::new();
    let campaign = world.campaign(1);
    let slow = Answer::accepted().after(Duration::from_secs(20));
    world.provider.always(slow);
    world.start();
    let inbox = Inbox::of(world);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let attempt = inbox.world.recipients(campaign)[0].attempt();
    let message_id = format!("wamid.{}", attempt.expect("one"));
    let at = inbox.world.now();
    inbox
        .take(report_by_id(&message_id, StatusUpdate::Delivered, at))
        .await;
    assert_eq!(inbox.events()[0].state, WebhookState::Pending);
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Dispatching), 1);

    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        inbox.work().await;
    }

    assert_eq!(inbox.events()[0].state, WebhookState::Applied);
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Delivered), 1);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_held_webhook_is_applied_at_once_and_once() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let at = inbox.world.now();
    let read = report(&recipient, StatusUpdate::Read, at);
    inbox.receive(vec![unknown(&inbox), read]).await;

    for _ in 0..10 {
        inbox.work().await;
        let delivery = inbox.recipient(recipient.id).delivery;
        assert_eq!(delivery.status, DeliveryStatus::Read);
        inbox.world.check();
        tokio::time::sleep(Duration::from_secs(30)).await;
    }

    assert_eq!(inbox.events()[0].state, WebhookState::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_held_webhook_holds_no_other_up() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    inbox.receive(vec![unknown(&inbox)]).await;
    let at = inbox.world.now();
    inbox
        .receive(vec![report(&recipient, StatusUpdate::Read, at)])
        .await;

    inbox.work().await;

    let states: Vec<_> = inbox.events().into_iter().map(|e| e.state).collect();
    assert_eq!(states, [WebhookState::Pending, WebhookState::Applied]);
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Read), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_not_be_read_is_kept() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let user = inbox.user(inbox.world.business.user);
    let body = b"<html>".to_vec();
    let signature = sign("app secret", &body);
    inbox
        .webhooks()
        .receive(user.webhook_key.as_str(), &signature, body.clone())
        .await
        .expect("it is signed");
    let at = inbox.world.now();
    inbox
        .receive(vec![report(&recipient, StatusUpdate::Read, at)])
        .await;

    inbox.work().await;

    let events = inbox.events();
    assert_eq!(events[0].state, WebhookState::Unreadable);
    assert_eq!(events[0].body, body);
    assert_eq!(events[1].state, WebhookState::Applied);
}
