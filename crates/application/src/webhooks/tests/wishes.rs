//! What customers say about being written to, and the answers that follow from it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::{
    AutomaticReply, CampaignContact, ChannelEvent, Contact, ContactStatus, DeliveryStatus, Failure,
    FailureCode, InboundMessage, MessageBody, OptOutSource, PreferenceChange, ReplyStatus,
    SkipReason, StatusUpdate, WebhookState, Wish,
};

use super::world::{Inbox, report, report_on, written_by};

fn contact_of(inbox: &Inbox, recipient: &CampaignContact) -> Contact {
    let id = recipient.contact_id.expect("a contact");
    inbox
        .world
        .ledger
        .with(|tables| tables.contacts[&id].clone())
}

fn replies(inbox: &Inbox) -> Vec<AutomaticReply> {
    inbox
        .world
        .ledger
        .with(|tables| tables.replies.values().cloned().collect())
}

fn wa_id(recipient: &CampaignContact) -> String {
    let address = recipient.address.as_ref().expect("an address");
    address.trim_start_matches('+').to_owned()
}

fn saying(recipient: &CampaignContact, text: &str, at: DateTime<Utc>) -> ChannelEvent {
    ChannelEvent::Inbound(InboundMessage {
        body: MessageBody::Text(text.to_owned()),
        ..written_by(&wa_id(recipient), &format!("wamid.{text}.{at}"), at)
    })
}

fn preferring(recipient: &CampaignContact, wish: Wish, at: DateTime<Utc>) -> ChannelEvent {
    ChannelEvent::Preference(PreferenceChange {
        sender_external_id: Some("the business's number".to_owned()),
        from_number: Some(wa_id(recipient)),
        from_user_id: None,
        wish,
        at,
    })
}

async fn one_recipient() -> (Inbox, CampaignContact) {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    tokio::time::sleep(Duration::from_mins(5)).await;
    (inbox, recipient)
}

#[tokio::test(start_paused = true)]
async fn the_newest_word_holds_in_whatever_order_webhooks_come() {
    for order in [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [0, 2, 1],
    ] {
        let (inbox, recipient) = one_recipient().await;
        let start = inbox.world.now() - TimeDelta::minutes(3);
        let said = [
            saying(&recipient, "BAJA", start),
            saying(&recipient, "alta", start + TimeDelta::minutes(1)),
            saying(&recipient, "stop", start + TimeDelta::minutes(2)),
        ];
        for place in order {
            inbox.take(said[place].clone()).await;
        }
        // And all of it once more: repeated webhooks say nothing new.
        for event in said {
            inbox.take(event).await;
        }
        let contact = contact_of(&inbox, &recipient);
        assert_eq!(contact.status, ContactStatus::Unsubscribed, "{order:?}");
        let wish = contact.opt_out.expect("a wish");
        assert_eq!(wish.source, OptOutSource::Customer);
        let messages = inbox.world.ledger.with(|tables| tables.messages.len());
        assert_eq!(messages, 3);
        assert!(replies(&inbox).len() <= 3, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wish_is_confirmed_once_a_day_and_not_without_end() {
    let (inbox, recipient) = one_recipient().await;
    let confirmed = || -> Vec<Wish> { replies(&inbox).iter().map(|r| r.confirms).collect() };
    for _ in 0..3 {
        inbox
            .take(saying(&recipient, "BAJA", inbox.world.now()))
            .await;
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    assert_eq!(confirmed(), [Wish::Stop]);
    let reply = replies(&inbox).swap_remove(0);
    assert_eq!(Some(&reply.address), recipient.address.as_ref());
    assert_eq!(reply.sender_external_id, "the business's number");
    assert_eq!(reply.status, ReplyStatus::Queued);
    assert!(reply.window_ends_at <= inbox.world.now() + TimeDelta::hours(24));

    // Machines that answer each other stop doing so.
    for _ in 0..10 {
        for word in ["ALTA", "BAJA"] {
            inbox
                .take(saying(&recipient, word, inbox.world.now()))
                .await;
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
    }
    assert_eq!(confirmed().len(), 4);

    tokio::time::sleep(Duration::from_hours(25)).await;
    inbox
        .take(saying(&recipient, "BAJA", inbox.world.now()))
        .await;
    assert_eq!(confirmed().len(), 5, "whoever asks again is not sure");
    tokio::time::sleep(Duration::from_hours(25)).await;
    inbox
        .take(saying(&recipient, "ALTA", inbox.world.now()))
        .await;
    inbox
        .take(saying(&recipient, "ALTA", inbox.world.now()))
        .await;
    assert_eq!(confirmed().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_heard_of_late_is_not_answered_after_the_window() {
    let (inbox, recipient) = one_recipient().await;
    let long_ago = inbox.world.now() - TimeDelta::hours(25);
    inbox.take(saying(&recipient, "BAJA", long_ago)).await;
    let contact = contact_of(&inbox, &recipient);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    assert_eq!(replies(&inbox), []);
}

#[tokio::test(start_paused = true)]
async fn what_people_tell_the_provider_is_a_wish_that_a_word_takes_back() {
    let (inbox, recipient) = one_recipient().await;
    let now = inbox.world.now();
    inbox
        .take(preferring(
            &recipient,
            Wish::Stop,
            now - TimeDelta::minutes(2),
        ))
        .await;
    let contact = contact_of(&inbox, &recipient);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    let source = contact.opt_out.map(|wish| wish.source);
    assert_eq!(source, Some(OptOutSource::Provider));
    assert_eq!(replies(&inbox), [], "they have not written");

    inbox
        .take(saying(&recipient, "Alta", now - TimeDelta::minutes(1)))
        .await;
    assert_eq!(contact_of(&inbox, &recipient).status, ContactStatus::Active);
    inbox.take(preferring(&recipient, Wish::Stop, now)).await;
    // Once more, and one that is older than the word.
    inbox.take(preferring(&recipient, Wish::Stop, now)).await;
    let stale = now - TimeDelta::minutes(10);
    inbox
        .take(preferring(&recipient, Wish::Resume, stale))
        .await;
    let contact = contact_of(&inbox, &recipient);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    let confirms: Vec<Wish> = replies(&inbox).iter().map(|r| r.confirms).collect();
    assert_eq!(
        confirms,
        [Wish::Resume, Wish::Stop],
        "within the window by now"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_because_the_person_stopped_is_a_wish_too() {
    let (inbox, recipient) = one_recipient().await;
    let stopped = StatusUpdate::Failed(Failure {
        code: FailureCode::OptedOut,
        provider_code: Some(131_050),
        detail: None,
    });
    let at = inbox.world.now();
    inbox.take(report(&recipient, stopped, at)).await;
    let contact = contact_of(&inbox, &recipient);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    assert_eq!(replies(&inbox), []);
    let by_address = inbox
        .world
        .ledger
        .with(|tables| tables.correspondents.values().next().cloned());
    let wish = by_address.and_then(|person| person.opt_out);
    assert_eq!(wish.map(|wish| wish.at), Some(at));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn who_became_a_contact_while_they_asked_for_silence_is_passed_over_and_learns_of_it() {
    let (inbox, recipient) = one_recipient().await;
    inbox
        .take(saying(&recipient, "BAJA", inbox.world.now()))
        .await;
    // As if the contact had been added at the same moment, by somebody who could not see it.
    let id = recipient.contact_id.expect("a contact");
    inbox.world.ledger.with(|tables| {
        let contact = tables.contacts.get_mut(&id).expect("a contact");
        contact.resubscribe();
    });
    let campaign = inbox.world.campaign(0);
    let again = inbox.world.write_again(campaign, &recipient);
    inbox.world.send_all(campaign).await;

    let passed_over = inbox.recipient(again).delivery;
    assert_eq!(passed_over.status, DeliveryStatus::Skipped);
    assert_eq!(passed_over.skipped, Some(SkipReason::OptedOut));
    let contact = contact_of(&inbox, &recipient);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_report_says_that_a_reply_of_which_nobody_knew_was_sent() {
    let (inbox, recipient) = one_recipient().await;
    inbox
        .take(saying(&recipient, "BAJA", inbox.world.now()))
        .await;
    let mut reply = replies(&inbox).swap_remove(0);
    let attempt = reply.begin(inbox.world.now()).expect("it is queued");
    reply
        .give_up_confirming(inbox.world.now())
        .expect("it was begun");
    inbox
        .world
        .ledger
        .with(|tables| tables.replies.insert(reply.id, reply.clone()));

    let delivered = report_on(attempt, StatusUpdate::Delivered, inbox.world.now());
    inbox.take(delivered.clone()).await;
    inbox.take(delivered).await;

    assert_eq!(replies(&inbox)[0].status, ReplyStatus::Accepted);
    let said: Vec<_> = inbox.world.ledger.with(|tables| {
        let sent = tables.messages.iter();
        sent.map(|message| message.direction.as_str()).collect()
    });
    assert_eq!(said, ["inbound", "outbound"]);
    let mut events = inbox.events().into_iter();
    assert!(events.all(|event| event.state == WebhookState::Applied));
}
