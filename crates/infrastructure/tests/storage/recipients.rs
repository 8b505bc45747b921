use nexus_domain::ports::DuplicateKey;
use nexus_domain::{
    Campaign, CampaignContact, CampaignContactId, Decision, Delivery, DeliveryStatus, Failure,
    FailureCode, RecipientFilter, SenderAccount, SkipReason, User, UserId,
};

use crate::samples::{self, at, page, recipient_id};
use crate::store::{Store, assert_duplicate, assert_same, walk};

on_both_databases!(
    a_recipient_is_read_with_everything_that_happened_to_it,
    thousands_are_added_at_once,
    a_contact_is_a_recipient_of_a_campaign_once,
    an_address_is_in_a_campaign_once,
    a_batch_with_one_that_is_there_adds_none,
    everything_that_happened_is_saved_and_nothing_else,
    a_thousand_are_saved_in_one_call,
    each_number_of_recipients_is_saved,
    recipients_are_found_by_the_ids_of_their_messages,
    another_user_changes_no_recipient,
);

/// A recipient in this status, dispatched at the beginning if it ever was.
pub(crate) fn in_status(
    campaign: &Campaign,
    sender: &SenderAccount,
    status: DeliveryStatus,
) -> CampaignContact {
    let mut recipient = samples::recipient(campaign, sender);
    recipient.delivery.status = status;
    if !matches!(
        status,
        DeliveryStatus::Queued | DeliveryStatus::Skipped | DeliveryStatus::Cancelled
    ) {
        recipient.delivery.attempts = 1;
        recipient.delivery.dispatched_at = Some(at(0));
    }
    recipient
}

pub(crate) fn ids(recipients: &[CampaignContact]) -> Vec<CampaignContactId> {
    recipients.iter().map(|recipient| recipient.id).collect()
}

/// A campaign that is being sent.
pub(crate) async fn sending(store: &Store) -> (User, SenderAccount, Campaign) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    (user, sender, campaign)
}

pub(crate) async fn insert(store: &Store, recipients: &[CampaignContact]) {
    let mut repositories = store.read();
    repositories.recipients().insert(recipients).await.unwrap();
}

/// All recipients of a campaign, by id.
pub(crate) async fn all(store: &Store, user: UserId, campaign: &Campaign) -> Vec<CampaignContact> {
    let every_part = walk(page(1, 100), async |request| {
        let mut repositories = store.read();
        let recipients = repositories.recipients();
        let part = recipients
            .list(
                user,
                campaign.id,
                &RecipientFilter::default(),
                None,
                request,
            )
            .await;
        part.unwrap()
    });
    every_part.await
}

/// Each status, each failure and each reason to pass over, with everything else filled or empty.
fn deliveries() -> Vec<Delivery> {
    let full = Delivery {
        status: DeliveryStatus::Failed,
        attempts: u32::MAX,
        never_left: 7,
        put_off: 3,
        not_before: Some(at(1)),
        message_id: Some("wamid.HBgN\"Ñ'==".to_owned()),
        failure: Some(Failure {
            code: FailureCode::Unreachable,
            provider_code: Some(-131_026),
            detail: Some("Message undeliverable: «ñ»".to_owned()),
        }),
        skipped: Some(SkipReason::OptedOut),
        dispatched_at: Some(at(2)),
        accepted_at: Some(at(3)),
        delivered_at: Some(at(4)),
        read_at: Some(at(5)),
        failed_at: Some(at(6)),
        replied_at: Some(at(7)),
        failed_through: 3,
        decision: Some(Decision::Leave),
        decided_at: Some(at(8)),
    };
    let statuses = DeliveryStatus::ALL.map(|status| Delivery {
        status,
        ..full.clone()
    });
    let failures = FailureCode::ALL.map(|code| Delivery {
        failure: Some(Failure {
            code,
            provider_code: None,
            detail: None,
        }),
        ..full.clone()
    });
    let mut deliveries = vec![Delivery::queued()];
    deliveries.extend(statuses);
    deliveries.extend(failures);
    deliveries.extend(SkipReason::ALL.map(Delivery::skipped));
    deliveries
}

async fn a_recipient_is_read_with_everything_that_happened_to_it(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let mut recipients: Vec<_> = deliveries()
        .into_iter()
        .map(|delivery| CampaignContact {
            name: "Luz \"Peña\"".to_owned(),
            delivery,
            created_at: at(8),
            updated_at: at(9),
            ..samples::recipient(&campaign, &sender)
        })
        .collect();
    recipients[0].contact_id = Some(contact.id);
    recipients[1].address = None;
    recipients[2].address = None;
    recipients.sort_by_key(|recipient| recipient.id);
    insert(&store, &recipients).await;
    assert_same(&all(&store, user.id, &campaign).await, &recipients);
}

async fn thousands_are_added_at_once(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 2_500);
    insert(&store, &recipients).await;
    assert_eq!(all(&store, user.id, &campaign).await, recipients);
    insert(&store, &[]).await;
}

async fn a_contact_is_a_recipient_of_a_campaign_once(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = store.active_campaign(&user, &sender).await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let with_contact = |campaign| CampaignContact {
        contact_id: Some(contact.id),
        ..samples::recipient(campaign, &sender)
    };
    insert(&store, &[with_contact(&campaign), with_contact(&second)]).await;
    let mut repositories = store.read();
    let recipients = repositories.recipients();
    let refused = recipients.insert(&[with_contact(&campaign)]).await;
    assert_duplicate(&refused, DuplicateKey::Other);
    // Recipients whose contact was deleted are not the same one.
    insert(&store, &samples::recipients(&campaign, &sender, 2)).await;
    assert_eq!(all(&store, user.id, &campaign).await.len(), 3);
}

async fn an_address_is_in_a_campaign_once(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = store.active_campaign(&user, &sender).await;
    let with = |campaign, address: Option<&str>| CampaignContact {
        address: address.map(str::to_owned),
        ..samples::recipient(campaign, &sender)
    };
    let address = Some("+525512345678");
    insert(&store, &[with(&campaign, address), with(&second, address)]).await;
    let mut repositories = store.read();
    let recipients = repositories.recipients();
    let refused = recipients.insert(&[with(&campaign, address)]).await;
    assert_duplicate(&refused, DuplicateKey::Other);
    // Those without an address have none in common.
    insert(&store, &[with(&campaign, None), with(&campaign, None)]).await;
    assert_eq!(all(&store, user.id, &campaign).await.len(), 3);
}

/// More recipients than one statement takes, so that some are written before the last is refused.
async fn a_batch_with_one_that_is_there_adds_none(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let stored = samples::recipients(&campaign, &sender, 1);
    insert(&store, &stored).await;
    let mut batch = samples::recipients(&campaign, &sender, 1_500);
    batch[1_499].address.clone_from(&stored[0].address);
    let mut repositories = store.read();
    let refused = repositories.recipients().insert(&batch).await;
    assert_duplicate(&refused, DuplicateKey::Other);
    assert_eq!(all(&store, user.id, &campaign).await, stored);
}

async fn everything_that_happened_is_saved_and_nothing_else(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, deliveries().len() + 1);
    insert(&store, &recipients).await;
    let mut changed = Vec::new();
    for (recipient, delivery) in recipients.iter_mut().zip(deliveries()) {
        recipient.delivery = delivery;
        recipient.updated_at = at(50);
        changed.push(CampaignContact {
            name: "Otra".to_owned(),
            address: None,
            created_at: at(99),
            ..recipient.clone()
        });
    }
    let mut repositories = store.read();
    let ledger = repositories.recipients();
    ledger.save_decided(&changed).await.unwrap();
    assert_same(&all(&store, user.id, &campaign).await, &recipients);
    // What was decided stays when the rest is saved.
    for recipient in &mut changed {
        recipient.delivery.decision = None;
        recipient.delivery.decided_at = None;
    }
    let mut repositories = store.read();
    repositories.recipients().save(&changed).await.unwrap();
    assert_same(&all(&store, user.id, &campaign).await, &recipients);
    // And back: what was filled is emptied.
    for recipient in &mut recipients {
        recipient.delivery = Delivery::queued();
    }
    let ledger = repositories.recipients();
    ledger.save_decided(&recipients).await.unwrap();
    assert_same(&all(&store, user.id, &campaign).await, &recipients);
}

async fn a_thousand_are_saved_in_one_call(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, 1_100);
    let mut of_second = samples::recipients(&second.2, &second.1, 10);
    insert(&store, &recipients).await;
    insert(&store, &of_second).await;
    for (recipient, number) in recipients[..1_000]
        .iter_mut()
        .chain(&mut of_second)
        .zip(0..)
    {
        let attempt = recipient.begin_attempt(at(number)).unwrap();
        let message_id = format!("wamid.{number}");
        recipient
            .accept(attempt, message_id, at(number + 1))
            .unwrap();
    }
    // Those of two users, out of order.
    let mut saved = recipients[..1_000].to_vec();
    saved.splice(500..500, of_second.iter().cloned());
    saved.reverse();
    let mut unit = store.begin().await;
    unit.recipients().save(&saved).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(all(&store, user.id, &campaign).await, recipients);
    let found = all(&store, second.0.id, &second.2).await;
    assert_eq!(found, of_second);
}

async fn each_number_of_recipients_is_saved(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, 12);
    insert(&store, &recipients).await;
    for count in 0..=9_u32 {
        for recipient in &mut recipients[..count as usize] {
            recipient.delivery.attempts = count;
        }
        let mut repositories = store.read();
        let saved = repositories
            .recipients()
            .save(&recipients[..count as usize]);
        saved.await.unwrap();
        assert_eq!(all(&store, user.id, &campaign).await, recipients, "{count}");
    }
}

async fn recipients_are_found_by_the_ids_of_their_messages(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let other = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, 4);
    recipients[0].delivery.message_id = Some("wamid.A".to_owned());
    recipients[1].delivery.message_id = Some("wamid.B".to_owned());
    recipients[2].delivery.message_id = Some("WAMID.A".to_owned());
    let mut of_other = samples::recipient(&other.2, &other.1);
    of_other.delivery.message_id = Some("wamid.A".to_owned());
    insert(&store, &recipients).await;
    insert(&store, &[of_other]).await;
    let mut asked: Vec<String> = (0..1_200).map(|number| format!("wamid.{number}")).collect();
    asked.extend(["wamid.A", "wamid.B", ""].map(str::to_owned));
    let mut repositories = store.read();
    let ledger = repositories.recipients();
    let mut found = ledger.find_by_message_ids(user.id, &asked).await.unwrap();
    found.sort();
    let expected = [
        ("wamid.A".to_owned(), recipients[0].id),
        ("wamid.B".to_owned(), recipients[1].id),
    ];
    assert_eq!(found, expected);
    let found = ledger.find_by_message_ids(user.id, &[]).await.unwrap();
    assert_eq!(found, []);
}

async fn another_user_changes_no_recipient(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let other = store.user().await;
    let recipients = samples::recipients(&campaign, &sender, 2);
    insert(&store, &recipients).await;
    let as_other: Vec<_> = recipients
        .iter()
        .map(|recipient| CampaignContact {
            user_id: other.id,
            delivery: Delivery::skipped(SkipReason::Inactive),
            ..recipient.clone()
        })
        .collect();
    let unknown = CampaignContact {
        id: recipient_id(),
        ..recipients[0].clone()
    };
    let mut repositories = store.read();
    let ledger = repositories.recipients();
    ledger.save(&as_other).await.unwrap();
    ledger.save(&[unknown]).await.unwrap();
    assert_eq!(all(&store, other.id, &campaign).await, []);
    assert_same(&all(&store, user.id, &campaign).await, &recipients);
}
