//! Recipients who are not to be written to any more when their turn comes.

use nexus_domain::{
    CampaignCounters, CampaignId, Contact, ContactStatus, DeliveryStatus, SkipReason,
};

use super::world::World;

/// Changes the contact behind the recipient in this place.
fn change_contact(
    world: &World,
    campaign: CampaignId,
    place: usize,
    change: impl FnOnce(&mut Contact),
) {
    let recipient = world.recipients(campaign).swap_remove(place);
    let id = recipient.contact_id.expect("a contact");
    world
        .ledger
        .with(|tables| change(tables.contacts.get_mut(&id).expect("a contact")));
}

async fn skipped_for(reason: SkipReason, change: impl FnOnce(&World, CampaignId)) {
    let world = World::new();
    let campaign = world.campaign(5);
    change(&world, campaign);
    world.start();

    world.until_completed(campaign).await;

    let skipped = world.recipients(campaign).swap_remove(2);
    assert_eq!(skipped.delivery.status, DeliveryStatus::Skipped);
    assert_eq!(skipped.delivery.skipped, Some(reason));
    assert_eq!(skipped.delivery.attempts, 0);
    let address = skipped.address.expect("an address");
    assert!(world.provider.requests_to(&address).is_empty());
    assert_eq!(world.provider.requests().len(), 4);
    let expected = CampaignCounters {
        total: 5,
        sent: 4,
        skipped: 1,
        ..CampaignCounters::default()
    };
    assert_eq!(world.campaign_now(campaign).counters, expected);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribed_meanwhile_is_not_written_to() {
    skipped_for(SkipReason::OptedOut, |world, campaign| {
        change_contact(world, campaign, 2, |contact| {
            contact.status = ContactStatus::Unsubscribed;
        });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_was_set_aside_meanwhile_is_not_written_to() {
    skipped_for(SkipReason::Inactive, |world, campaign| {
        change_contact(world, campaign, 2, |contact| {
            contact.status = ContactStatus::Inactive;
        });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_has_no_number_any_more_is_not_written_to() {
    skipped_for(SkipReason::NoAddress, |world, campaign| {
        change_contact(world, campaign, 2, |contact| contact.phone = None);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_was_deleted_meanwhile_is_not_written_to() {
    skipped_for(SkipReason::ContactDeleted, |world, campaign| {
        let recipient = world.recipients(campaign).swap_remove(2);
        world.ledger.with(|tables| {
            let contact = recipient.contact_id.expect("a contact");
            tables.contacts.remove(&contact);
            let stored = tables.recipients.get_mut(&recipient.id);
            stored.expect("a recipient").contact_id = None;
        });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_campaign_of_which_everyone_is_passed_over_completes_at_once() {
    let world = World::new();
    let campaign = world.campaign(300);
    for place in 0..300 {
        change_contact(&world, campaign, place, |contact| {
            contact.status = ContactStatus::Unsubscribed;
        });
    }
    world.start();

    tokio::time::sleep(std::time::Duration::from_secs(1)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Skipped), 300);
    world.until_completed(campaign).await;
    assert!(world.provider.requests().is_empty());
    world.check();
}

#[tokio::test(start_paused = true)]
async fn who_unsubscribes_between_two_tries_is_not_written_to_again() {
    let world = World::new();
    let campaign = world.campaign(3);
    let address = world.address(campaign, 2);
    let throttled = super::provider::Answer::recipient_throttled(None);
    world.provider.answers(&address, [throttled]);
    world.start();
    world
        .until("the first try", |world| {
            !world.provider.requests_to(&address).is_empty()
        })
        .await;
    change_contact(&world, campaign, 2, |contact| {
        contact.status = ContactStatus::Unsubscribed;
    });

    world.until_completed(campaign).await;

    assert_eq!(world.provider.requests_to(&address).len(), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Skipped), 1);
    world.check();
}
