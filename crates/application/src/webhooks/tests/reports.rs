//! What reports do to the recipients they are on.

use chrono::TimeDelta;
use nexus_domain::{
    CampaignCounters, ChannelEvent, ContactStatus, Decision, Delivery, DeliveryStatus, FailureCode,
    MessageDelta, StatusUpdate, WebhookState,
};

use super::world::{Inbox, report, report_by_id, report_on};
use crate::delivery::tests::provider::failure;
use crate::fixtures::now;

fn failed(code: FailureCode) -> StatusUpdate {
    StatusUpdate::Failed(failure(code))
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_delivered_and_read() {
    let (inbox, campaign) = Inbox::after_sending_to(2).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let at = |seconds| inbox.world.now() + TimeDelta::seconds(seconds);

    for (update, status, seconds) in [
        (StatusUpdate::Sent, DeliveryStatus::Accepted, 1),
        (StatusUpdate::Delivered, DeliveryStatus::Delivered, 2),
        (StatusUpdate::Read, DeliveryStatus::Read, 3),
    ] {
        inbox.take(report(&recipient, update, at(seconds))).await;
        let delivery = inbox.recipient(recipient.id).delivery;
        assert_eq!(delivery.status, status);
        inbox.world.check();
    }

    let counters = inbox.world.campaign_now(campaign).counters;
    let expected = CampaignCounters {
        total: 2,
        sent: 2,
        delivered: 1,
        opened: 1,
        ..CampaignCounters::default()
    };
    assert_eq!(counters, expected);
    let mut events = inbox.events().into_iter();
    assert!(events.all(|event| event.state == WebhookState::Applied));
}

#[tokio::test(start_paused = true)]
async fn what_was_left_unconfirmed_is_left_no_more_when_it_is_heard_of() {
    let (inbox, campaign) = Inbox::after_sending_to(2).await;
    let recipients = inbox.world.recipients(campaign);
    let at = inbox.world.now() + TimeDelta::seconds(1);
    // The user decided to leave both; of one something is heard after all.
    inbox.world.ledger.with(|tables| {
        for recipient in tables.recipients.values_mut() {
            recipient.delivery.status = DeliveryStatus::Unconfirmed;
            recipient.delivery.decision = Some(Decision::Leave);
            recipient.delivery.decided_at = Some(at);
        }
        let stored = tables.campaigns.get_mut(&campaign).expect("a campaign");
        stored.counters = CampaignCounters {
            total: 2,
            unconfirmed: 2,
            unconfirmed_left: 2,
            ..CampaignCounters::default()
        };
    });
    let heard = report(&recipients[0], StatusUpdate::Delivered, at);
    inbox.take(heard.clone()).await;
    inbox.take(heard).await;
    let expected = CampaignCounters {
        total: 2,
        sent: 1,
        delivered: 1,
        unconfirmed: 1,
        unconfirmed_left: 1,
        ..CampaignCounters::default()
    };
    assert_eq!(inbox.world.campaign_now(campaign).counters, expected);
}

/// Every order of these.
fn orders<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    (0..items.len())
        .flat_map(|first| {
            let mut rest = items.to_vec();
            let first = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, first.clone());
                order
            })
        })
        .collect()
}

/// Where a recipient is when these reports have come, in every order and each webhook twice.
async fn end_of(updates: &[StatusUpdate]) -> Delivery {
    let timed: Vec<_> = (1..)
        .zip(updates)
        .map(|(seconds, update)| (update.clone(), now() + TimeDelta::seconds(seconds)))
        .collect();
    let orders = orders(&timed);
    let (inbox, campaign) = Inbox::after_sending_to(orders.len()).await;
    // What is told of a time that is still to come is believed to be of now.
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    let recipients = inbox.world.recipients(campaign);
    for (recipient, order) in recipients.iter().zip(&orders) {
        for (update, at) in order {
            let said = report(recipient, update.clone(), *at);
            inbox.take(said.clone()).await;
            inbox.take(said).await;
        }
    }
    inbox.world.check();
    let end = |place: usize| {
        let mut delivery = inbox.recipient(recipients[place].id).delivery;
        // These are of the sending, and differ by recipient.
        delivery.dispatched_at = None;
        delivery.accepted_at = None;
        delivery.message_id = None;
        delivery
    };
    for (place, order) in orders.iter().enumerate() {
        assert_eq!(end(place), end(0), "{order:?}");
    }
    end(0)
}

#[tokio::test(start_paused = true)]
async fn in_whichever_order_reports_come_the_end_is_the_same() {
    use StatusUpdate::{Delivered, Read, Sent};
    let refused = failed(FailureCode::Unreachable);
    let other = failed(FailureCode::RecipientLimited);
    for (updates, end) in [
        (vec![Sent, Delivered, Read], DeliveryStatus::Read),
        (vec![Sent, refused.clone()], DeliveryStatus::Failed),
        (vec![Sent, refused.clone(), other], DeliveryStatus::Failed),
        (vec![refused.clone(), Delivered], DeliveryStatus::Delivered),
        (vec![Sent, Delivered, refused, Read], DeliveryStatus::Read),
    ] {
        let delivery = end_of(&updates).await;
        assert_eq!(delivery.status, end, "{updates:?}");
        let is_failed = end == DeliveryStatus::Failed;
        assert_eq!(delivery.failure.is_some(), is_failed);
        if is_failed {
            // Of two failures the one that was first counts.
            let code = delivery.failure.expect("a failure").code;
            assert_eq!(code, FailureCode::Unreachable);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_webhook_again_changes_nothing() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let read = report(&recipient, StatusUpdate::Read, inbox.world.now());
    inbox.take(read.clone()).await;
    let rows = || {
        inbox.world.ledger.with(|tables| {
            let campaigns: Vec<_> = tables.campaigns.values().cloned().collect();
            (tables.recipients.clone(), campaigns, tables.charts.clone())
        })
    };
    let before = rows();
    tokio::time::sleep(std::time::Duration::from_mins(20)).await;

    inbox.take(read).await;

    assert_eq!(rows(), before);
    assert_eq!(inbox.events()[1].state, WebhookState::Applied);
}

#[tokio::test(start_paused = true)]
async fn charts_have_reports_in_the_quarter_of_an_hour_they_tell_of() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    tokio::time::sleep(std::time::Duration::from_mins(70)).await;
    let user = inbox.world.business.user;
    let bucket = |minutes| {
        let key = (user, now() + TimeDelta::minutes(minutes));
        inbox
            .world
            .ledger
            .with(|tables| tables.charts.get(&key).copied())
    };

    let at = now() + TimeDelta::minutes(17);
    inbox
        .take(report(&recipient, StatusUpdate::Delivered, at))
        .await;
    // A provider's clock that is ahead does not count in the future.
    let at = now() + TimeDelta::minutes(200);
    inbox.take(report(&recipient, StatusUpdate::Read, at)).await;

    let one = |sent, delivered, read| {
        Some(MessageDelta {
            sent,
            delivered,
            read,
            ..MessageDelta::default()
        })
    };
    assert_eq!(bucket(0), one(1, 0, 0));
    assert_eq!(bucket(15), one(0, 1, 0));
    assert_eq!(bucket(60), one(0, 0, 1));
    assert_eq!(bucket(195), None);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_without_our_data_is_known_by_the_messages_id() {
    let (inbox, campaign) = Inbox::after_sending_to(3).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(1);
    let message_id = recipient.delivery.message_id.clone().expect("an id");

    let said = report_by_id(&message_id, StatusUpdate::Delivered, inbox.world.now());
    inbox.take(said).await;

    let statuses: Vec<_> = inbox
        .world
        .recipients(campaign)
        .into_iter()
        .map(|r| r.delivery.status)
        .collect();
    let mut expected = [DeliveryStatus::Accepted; 3];
    expected[1] = DeliveryStatus::Delivered;
    assert_eq!(statuses, expected);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn one_webhook_can_say_many_things() {
    let (inbox, campaign) = Inbox::after_sending_to(4).await;
    let recipients = inbox.world.recipients(campaign);
    let at = inbox.world.now();
    let mut said: Vec<_> = recipients
        .iter()
        .map(|recipient| report(recipient, StatusUpdate::Delivered, at))
        .collect();
    said.push(ChannelEvent::Other(
        "message_template_status_update".to_owned(),
    ));
    said.push(report(&recipients[0], StatusUpdate::Read, at));

    inbox.receive(said).await;
    inbox.work().await;

    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Delivered), 3);
    assert_eq!(inbox.world.count(campaign, DeliveryStatus::Read), 1);
    assert_eq!(inbox.events()[0].state, WebhookState::Applied);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn who_turns_out_not_to_want_marketing_is_unsubscribed() {
    let (inbox, campaign) = Inbox::after_sending_to(2).await;
    let recipients = inbox.world.recipients(campaign);
    let at = inbox.world.now();

    let opted_out = failed(FailureCode::OptedOut);
    inbox.take(report(&recipients[0], opted_out, at)).await;
    let unreachable = failed(FailureCode::Unreachable);
    inbox.take(report(&recipients[1], unreachable, at)).await;

    let status = |place: usize| {
        let contact = recipients[place].contact_id.expect("a contact");
        inbox
            .world
            .ledger
            .with(|tables| tables.contacts[&contact].status)
    };
    assert_eq!(status(0), ContactStatus::Unsubscribed);
    assert_eq!(status(1), ContactStatus::Active);
    assert_eq!(inbox.world.campaign_now(campaign).counters.failed, 2);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_on_a_recipient_that_is_gone_is_not_held() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    inbox.world.ledger.with(|tables| tables.recipients.clear());

    let attempt = recipient.attempt().expect("one");
    let said = report_on(attempt, StatusUpdate::Read, inbox.world.now());
    inbox.take(said).await;

    assert_eq!(inbox.events()[0].state, WebhookState::Applied);
}
