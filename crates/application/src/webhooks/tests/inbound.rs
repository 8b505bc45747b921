//! What customers write.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::{
    CampaignContact, CampaignId, ChannelEvent, ContactId, Direction, InboundMessage, Message,
    MessageBody, WebhookState,
};

use super::world::{Inbox, written_by};

/// The recipient's number as the provider writes it.
fn wa_id(recipient: &CampaignContact) -> String {
    let address = recipient.address.as_ref().expect("an address");
    address.trim_start_matches('+').to_owned()
}

fn messages(inbox: &Inbox) -> Vec<Message> {
    inbox.world.ledger.with(|tables| tables.messages.clone())
}

fn last_message_at(inbox: &Inbox, contact: ContactId) -> Option<chrono::DateTime<chrono::Utc>> {
    inbox
        .world
        .ledger
        .with(|tables| tables.contacts[&contact].last_message_at)
}

async fn take(inbox: &Inbox, letter: InboundMessage) {
    inbox.take(ChannelEvent::Inbound(letter)).await;
}

fn replied(inbox: &Inbox, campaign: CampaignId) -> i64 {
    inbox.world.campaign_now(campaign).counters.replied
}

#[tokio::test(start_paused = true)]
async fn a_customers_message_is_kept_once_and_counts_as_an_answer() {
    let (inbox, campaign) = Inbox::after_sending_to(3).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(1);
    tokio::time::sleep(Duration::from_mins(5)).await;
    let sent_at = inbox.world.now() - TimeDelta::seconds(3);
    let letter = written_by(&wa_id(&recipient), "wamid.in", sent_at);

    take(&inbox, letter.clone()).await;
    let noted_at = inbox.world.now();
    tokio::time::sleep(Duration::from_mins(5)).await;
    take(&inbox, letter).await;

    let [message] = &messages(&inbox)[..] else {
        panic!("not one message");
    };
    let contact = recipient.contact_id.expect("a contact");
    assert_eq!(message.contact_id, Some(contact));
    assert_eq!(message.answers, Some(recipient.id));
    assert_eq!(message.direction, Direction::Inbound);
    assert_eq!(Some(&message.address), recipient.address.as_ref());
    assert_eq!(message.provider_id, "wamid.in");
    assert_eq!(message.sent_at, sent_at);
    assert!(matches!(&message.body, MessageBody::Text(_)));
    let noted = last_message_at(&inbox, contact).expect("noted");
    assert!(noted <= noted_at && noted >= sent_at);
    let answered = inbox.recipient(recipient.id).delivery;
    assert_eq!(answered.replied_at, Some(sent_at));
    assert_eq!(replied(&inbox, campaign), 1);
    let mut events = inbox.events().into_iter();
    assert!(events.all(|event| event.state == WebhookState::Applied));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn several_messages_of_a_person_are_one_answer() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    tokio::time::sleep(Duration::from_mins(5)).await;
    let now = inbox.world.now();

    let later = written_by(&wa_id(&recipient), "wamid.b", now);
    let first_at = now - TimeDelta::minutes(1);
    let first = written_by(&wa_id(&recipient), "wamid.a", first_at);
    take(&inbox, later).await;
    take(&inbox, first).await;

    assert_eq!(messages(&inbox).len(), 2);
    assert_eq!(replied(&inbox, campaign), 1);
    let answered = inbox.recipient(recipient.id).delivery;
    assert_eq!(answered.replied_at, Some(first_at));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_mexican_number_is_found_with_the_one_that_the_provider_writes() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let with_one = wa_id(&recipient).replacen("52", "521", 1);
    assert!(with_one.starts_with("52155"));

    let letter = written_by(&with_one, "wamid.in", inbox.world.now());
    take(&inbox, letter).await;

    let message = messages(&inbox).swap_remove(0);
    assert_eq!(message.contact_id, recipient.contact_id);
    assert_eq!(Some(message.address), recipient.address);
    assert_eq!(replied(&inbox, campaign), 1);
}

#[tokio::test(start_paused = true)]
async fn a_quoted_message_is_answered_rather_than_the_last_one() {
    let (inbox, quoted) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(quoted).swap_remove(0);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let last = inbox.world.campaign(0);
    let again = inbox.world.write_again(last, &recipient);
    inbox.world.send_all(last).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let mut letter = written_by(&wa_id(&recipient), "wamid.a", inbox.world.now());
    letter.answers.clone_from(&recipient.delivery.message_id);
    take(&inbox, letter).await;
    assert_eq!((replied(&inbox, quoted), replied(&inbox, last)), (1, 0));
    assert_eq!(messages(&inbox)[0].answers, Some(recipient.id));

    let letter = written_by(&wa_id(&recipient), "wamid.b", inbox.world.now());
    take(&inbox, letter).await;
    assert_eq!((replied(&inbox, quoted), replied(&inbox, last)), (1, 1));
    assert_eq!(messages(&inbox)[1].answers, Some(again));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_quote_of_something_unknown_counts_for_the_last_one() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);

    let mut letter = written_by(&wa_id(&recipient), "wamid.a", inbox.world.now());
    letter.answers = Some("wamid.unknown".to_owned());
    take(&inbox, letter).await;

    assert_eq!(replied(&inbox, campaign), 1);
    assert_eq!(inbox.events()[0].state, WebhookState::Applied);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_before_the_send_is_no_answer() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let before = recipient.delivery.dispatched_at.expect("sent") - TimeDelta::minutes(2);

    let letter = written_by(&wa_id(&recipient), "wamid.in", before);
    take(&inbox, letter).await;

    let message = messages(&inbox).swap_remove(0);
    assert_eq!(message.contact_id, recipient.contact_id);
    assert_eq!(message.answers, None);
    assert_eq!(replied(&inbox, campaign), 0);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn what_is_written_a_week_later_is_no_answer_unless_it_says_so() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    tokio::time::sleep(Duration::from_hours(8 * 24)).await;

    let letter = written_by(&wa_id(&recipient), "wamid.a", inbox.world.now());
    take(&inbox, letter.clone()).await;
    assert_eq!(replied(&inbox, campaign), 0);

    let quoting = InboundMessage {
        provider_id: "wamid.b".to_owned(),
        answers: recipient.delivery.message_id.clone(),
        ..letter
    };
    take(&inbox, quoting).await;
    assert_eq!(replied(&inbox, campaign), 1);
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_kept_without_a_contact() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let now = inbox.world.now();
    let nobodys = InboundMessage {
        from_number: None,
        from_user_id: Some("MX.1234".to_owned()),
        ..written_by("", "wamid.b", now)
    };
    let of_nobody = InboundMessage {
        from_number: None,
        ..written_by("", "wamid.c", now)
    };

    take(&inbox, written_by("5215599999999", "wamid.a", now)).await;
    take(&inbox, nobodys).await;
    take(&inbox, of_nobody).await;
    // A number of no numbering plan, with a contact of the business beside it.
    take(&inbox, written_by("999", "wamid.d", now)).await;

    let kept: Vec<_> = messages(&inbox)
        .into_iter()
        .map(|m| (m.address, m.contact_id, m.answers))
        .collect();
    let stranger = |address: &str| (address.to_owned(), None, None);
    let expected = ["+525599999999", "MX.1234", "+999"].map(stranger);
    assert_eq!(kept, expected);
    assert_eq!(replied(&inbox, campaign), 0);
    let mut events = inbox.events().into_iter();
    assert!(events.all(|event| event.state == WebhookState::Applied));
}

#[tokio::test(start_paused = true)]
async fn a_message_dated_in_the_future_is_kept_as_of_now() {
    let (inbox, campaign) = Inbox::after_sending_to(1).await;
    let recipient = inbox.world.recipients(campaign).swap_remove(0);
    let future = inbox.world.now() + TimeDelta::days(400);

    take(&inbox, written_by(&wa_id(&recipient), "wamid.in", future)).await;

    let message = messages(&inbox).swap_remove(0);
    assert!(message.sent_at <= inbox.world.now());
    assert_eq!(replied(&inbox, campaign), 1);
    inbox.world.check();
}
