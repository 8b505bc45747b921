//! A store that fails while webhooks are applied.

use std::time::Duration;

use nexus_domain::ports::StorageError;
use nexus_domain::{ChannelEvent, DeliveryStatus, StatusUpdate, WebhookState};

use super::world::{Inbox, report, written_by};
use crate::Shutdown;

fn states(inbox: &Inbox) -> Vec<WebhookState> {
    inbox.events().into_iter().map(|e| e.state).collect()
}

/// What the store can't keep, among reports on three recipients.
async fn one_unstorable_among_three() -> Inbox {
    let (inbox, campaign) = Inbox::after_sending_to(3).await;
    let at = inbox.world.now();
    inbox
        .world
        .ledger
        .with(|tables| tables.unstorable = Some("wamid.bad".to_owned()));
    for (place, recipient) in inbox.world.recipients(campaign).iter().enumerate() {
        if place == 1 {
            let bad = written_by("5215599999999", "wamid.bad", at);
            inbox.receive(vec![ChannelEvent::Inbound(bad)]).await;
        }
        let said = report(recipient, StatusUpdate::Delivered, at);
        inbox.receive(vec![said]).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    inbox
}

#[tokio::test(start_paused = true)]
async fn what_the_store_can_not_keep_is_put_off_alone() {
    let inbox = one_unstorable_among_three().await;

    inbox.work().await;

    let mut expected = [WebhookState::Applied; 4];
    expected[1] = WebhookState::Pending;
    assert_eq!(states(&inbox), expected);
    let put_off = inbox.events().swap_remove(1);
    assert_eq!(put_off.attempts, 1);
    assert!(put_off.due_at > inbox.world.now());
    let innocent = inbox.events().into_iter().filter(|e| e.id != put_off.id);
    assert_eq!(innocent.map(|e| e.attempts).max(), Some(0));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn what_was_put_off_is_applied_when_the_store_can() {
    let inbox = one_unstorable_among_three().await;
    inbox.work().await;
    inbox.world.ledger.with(|tables| tables.unstorable = None);

    tokio::time::sleep(Duration::from_secs(2)).await;
    inbox.work().await;

    assert_eq!(states(&inbox), [WebhookState::Applied; 4]);
    let messages = inbox.world.ledger.with(|tables| tables.messages.len());
    assert_eq!(messages, 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_can_never_keep_is_set_aside_in_the_end() {
    let inbox = one_unstorable_among_three().await;

    for _ in 0..200 {
        inbox.work().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    }

    let set_aside = inbox.events().swap_remove(1);
    assert_eq!(set_aside.state, WebhookState::Unreadable);
    assert_eq!(set_aside.attempts, 20);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_webhooks_stay_as_they_are() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let at = inbox.world.now();
    inbox
        .receive(vec![report(&recipient, StatusUpdate::Read, at)])
        .await;
    let before = inbox.events();
    inbox.connection.cut(true);

    let failed = inbox.worker().run_once().await;

    assert!(matches!(failed, Err(StorageError::Unavailable(_))));
    assert_eq!(inbox.events(), before);
    inbox.connection.cut(false);
    inbox.work().await;
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Read), 1);
}

#[tokio::test(start_paused = true)]
async fn the_worker_is_woken_waits_for_the_store_and_ends_with_the_process() {
    let (inbox, campaign) = Inbox::after_sending_to(2).await;
    let recipients = inbox.world.recipients(campaign);
    let shutdown = Shutdown::new();
    let worker = inbox.worker();
    let until = shutdown.clone();
    let task = tokio::spawn(async move { worker.run(until).await });
    tokio::time::sleep(Duration::from_millis(300)).await;

    let at = inbox.world.now();
    inbox
        .receive(vec![report(&recipients[0], StatusUpdate::Read, at)])
        .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(states(&inbox), [WebhookState::Applied]);

    inbox
        .receive(vec![report(&recipients[1], StatusUpdate::Read, at)])
        .await;
    inbox.connection.cut(true);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(states(&inbox)[1], WebhookState::Pending);
    inbox.connection.cut(false);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(states(&inbox)[1], WebhookState::Applied);

    shutdown.request();
    task.await.expect("it ends");
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Read), 2);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn two_workers_apply_each_webhook_once() {
    let (inbox, campaign) = Inbox::after_sending_to(200).await;
    let recipients = inbox.world.recipients(campaign);
    let at = inbox.world.now();
    for recipient in &recipients {
        inbox
            .receive(vec![report(recipient, StatusUpdate::Read, at)])
            .await;
    }

    let (one, two) = tokio::join!(inbox.work(), inbox.work());

    assert_eq!((one, two), ((), ()));
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Read), 200);
    inbox.world.check();
}
