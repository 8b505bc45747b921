//! Webhooks of several users.

use nexus_domain::{CampaignId, DeliveryStatus, StatusUpdate, WebhookState};

use super::world::{Inbox, report, report_by_id, written_by};
use crate::delivery::tests::world::{Business, World};
use nexus_domain::ChannelEvent;

/// An inbox of two users, who have each sent a campaign to so many people.
async fn two(people: usize) -> (Inbox, CampaignId, Business, CampaignId) {
    let world = World::new();
    let mine = world.campaign(people);
    let other = world.another_business();
    let text = world.campaign_now(mine).content;
    let theirs = world.campaign_of(other, text, people);
    world.send_all(mine).await;
    world.send_all(theirs).await;
    (Inbox::of(world), mine, other, theirs)
}

#[tokio::test(start_paused = true)]
async fn webhooks_of_several_users_do_not_mix() {
    let (inbox, mine, other, theirs) = two(5).await;
    let at = inbox.world.now();
    let recipients = inbox.world.recipients(mine).into_iter();
    for (of_mine, of_theirs) in recipients.zip(inbox.world.recipients(theirs)) {
        inbox
            .receive(vec![report(&of_mine, StatusUpdate::Read, at)])
            .await;
        let said = report(&of_theirs, StatusUpdate::Delivered, at);
        inbox.receive_for(other.user, vec![said]).await;
    }

    inbox.work().await;

    assert_eq!(inbox.world.count(mine, DeliveryStatus::Read), 5);
    assert_eq!(inbox.world.count(theirs, DeliveryStatus::Delivered), 5);
    let mut events = inbox.events().into_iter();
    assert!(events.all(|event| event.state == WebhookState::Applied));
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn another_users_attempts_and_messages_can_not_be_reported_on() {
    let (inbox, _, other, theirs) = two(1).await;
    let victim = inbox.world.recipients(theirs).swap_remove(0);
    let message_id = victim.delivery.message_id.clone().expect("an id");
    let at = inbox.world.now();

    inbox.take(report(&victim, StatusUpdate::Read, at)).await;
    inbox
        .take(report_by_id(&message_id, StatusUpdate::Read, at))
        .await;

    assert_eq!(inbox.recipient(victim.id), victim);
    inbox.world.ledger.with(|tables| {
        let account = &tables.accounts[&other.sender];
        assert_eq!(account.confirmed_through, None);
    });
    inbox.world.check();
}

#[tokio::test(start_paused = true)]
async fn another_users_message_is_not_answered() {
    let (inbox, _, _, theirs) = two(1).await;
    let victim = inbox.world.recipients(theirs).swap_remove(0);
    let address = victim.address.clone().expect("an address");
    let mut letter = written_by(&address[1..], "wamid.in", inbox.world.now());
    letter.answers.clone_from(&victim.delivery.message_id);

    inbox.take(ChannelEvent::Inbound(letter)).await;

    assert_eq!(inbox.recipient(victim.id), victim);
    inbox.world.ledger.with(|tables| {
        let [message] = &tables.messages[..] else {
            panic!("not one message");
        };
        assert_eq!(message.user_id, inbox.world.business.user);
        assert_eq!((message.contact_id, message.answers), (None, None));
    });
    inbox.world.check();
}
