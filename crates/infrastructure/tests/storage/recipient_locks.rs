use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::{CampaignContact, DeliveryStatus};
use nexus_infrastructure::storage::SqlStorage;

use crate::recipients::{all, ids, in_status, insert, sending};
use crate::samples::{self, at};
use crate::store::{Store, assert_same, within_patience};

on_both_databases!(
    what_is_due_is_locked_in_order_up_to_the_limit,
    who_counts_already_is_found_behind_all_others,
    the_last_who_waits_for_a_time_is_found,
    only_what_is_queued_is_locked,
    two_that_lock_what_is_due_get_different_recipients,
    every_recipient_is_claimed_once_by_many,
    what_is_queued_is_locked_whether_due_or_not,
    what_was_begun_before_is_locked_by_status,
    recipients_are_locked_by_their_ids_in_their_order,
    those_who_lock_the_same_recipients_take_turns,
    what_is_no_longer_queued_after_the_wait_is_left_alone,
    what_is_no_longer_in_the_status_after_the_wait_is_left_alone,
    overlapping_sets_never_block_each_other_for_good,
    another_user_locks_nothing,
);

async fn what_is_due_is_locked_in_order_up_to_the_limit(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = store.active_campaign(&user, &sender).await;
    let now = at(10);
    let mut recipients = samples::recipients(&campaign, &sender, 5);
    recipients[1].delivery.not_before = Some(now);
    recipients[2].delivery.not_before = Some(now + TimeDelta::microseconds(1));
    recipients[3].delivery.not_before = Some(at(-1));
    insert(&store, &recipients).await;
    insert(&store, &samples::recipients(&second, &sender, 2)).await;
    let due: Vec<_> = [0, 1, 3, 4]
        .map(|index: usize| recipients[index].clone())
        .into();
    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    for most in [1, 3, 4, 10] {
        let locked = ledger.lock_due(user.id, campaign.id, now, most).await;
        let expected: Vec<_> = due.iter().take(most as usize).cloned().collect();
        assert_same(&locked.unwrap(), &expected);
    }
    let later = now + TimeDelta::microseconds(1);
    let locked = ledger.lock_due(user.id, campaign.id, later, 10).await;
    assert_eq!(locked.unwrap(), recipients);
}

async fn who_counts_already_is_found_behind_all_others(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, 8);
    recipients[7].delivery.not_before = Some(at(11));
    insert(&store, &recipients).await;
    let counted: Vec<String> = [4, 6, 7]
        .iter()
        .filter_map(|place: &usize| recipients[*place].address.clone())
        .collect();
    let other = store.sender(&user).await;
    let others = store.user().await;
    let mut unit = store.begin().await;
    let senders = unit.senders();
    for (account, people, since) in [
        (sender.id, &counted[..], at(5)),
        // Neither who counted before, nor who counts for another account.
        (
            sender.id,
            &[recipients[2].address.clone().unwrap()][..],
            at(1),
        ),
        (
            other.id,
            &[recipients[3].address.clone().unwrap()][..],
            at(5),
        ),
    ] {
        senders
            .count_people(user.id, account, people, since)
            .await
            .unwrap();
    }
    unit.commit().await.unwrap();

    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    for (most, expected) in [
        (1, vec![recipients[4].id]),
        (9, vec![recipients[4].id, recipients[6].id]),
    ] {
        let locked = ledger
            .lock_due_counted(user.id, campaign.id, at(10), at(1), most)
            .await;
        assert_eq!(ids(&locked.unwrap()), expected);
    }
    let locked = ledger
        .lock_due_counted(others.id, campaign.id, at(10), at(1), 9)
        .await;
    assert!(locked.unwrap().is_empty());
}

async fn the_last_who_waits_for_a_time_is_found(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let mut recipients = samples::recipients(&campaign, &sender, 4);
    insert(&store, &recipients[..1]).await;
    let last = async |user, campaign| {
        let mut repositories = store.read();
        let last = repositories.recipients().last_due(user, campaign).await;
        last.unwrap()
    };
    assert_eq!(last(user.id, campaign.id).await, None);
    recipients[1].delivery.not_before = Some(at(30));
    recipients[2].delivery.not_before = Some(at(20));
    insert(&store, &recipients[1..]).await;
    assert_eq!(last(user.id, campaign.id).await, Some(at(30)));
    let other = store.user().await;
    assert_eq!(last(other.id, campaign.id).await, None);
}

async fn only_what_is_queued_is_locked(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = DeliveryStatus::ALL.map(|status| in_status(&campaign, &sender, status));
    insert(&store, &recipients).await;
    let queued = [recipients[0].id];
    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    let locked = ledger.lock_due(user.id, campaign.id, at(0), 100).await;
    assert_eq!(ids(&locked.unwrap()), queued);
    let locked = ledger.lock_queued(user.id, campaign.id, 100).await;
    assert_eq!(ids(&locked.unwrap()), queued);
}

/// Begins an attempt on each.
fn begun(recipients: &[CampaignContact]) -> Vec<CampaignContact> {
    let mut begun = recipients.to_vec();
    for recipient in &mut begun {
        recipient.begin_attempt(at(1)).unwrap();
    }
    begun
}

/// On PostgreSQL the second passes over what the first holds. On SQLite it waits, and finds what
/// the first left.
async fn two_that_lock_what_is_due_get_different_recipients(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 10);
    insert(&store, &recipients).await;
    let (user, campaign) = (user.id, campaign.id);
    let mut first = store.begin().await;
    let locked = first
        .recipients()
        .lock_due(user, campaign, at(0), 4)
        .await
        .unwrap();
    assert_eq!(locked, recipients[..4]);
    first.recipients().save(&begun(&locked)).await.unwrap();
    let second = move |storage: SqlStorage| async move {
        let mut unit = storage.begin().await.unwrap();
        let ledger = unit.recipients();
        let locked = ledger.lock_due(user, campaign, at(0), 4).await.unwrap();
        unit.commit().await.unwrap();
        locked
    };
    let locked = if store.is_postgres() {
        let locked = within_patience(second(store.other_process().await)).await;
        first.commit().await.unwrap();
        locked
    } else {
        store.in_turn(first, second).await
    };
    assert_eq!(locked, recipients[4..8]);
}

async fn every_recipient_is_claimed_once_by_many(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 120);
    insert(&store, &recipients).await;
    let (user, id) = (user.id, campaign.id);
    let claimed = store
        .race(6, move |storage| async move {
            let mut claimed = Vec::new();
            loop {
                let mut unit = storage.begin().await.unwrap();
                let ledger = unit.recipients();
                let locked = ledger.lock_due(user, id, at(0), 7).await.unwrap();
                if locked.is_empty() {
                    return claimed;
                }
                let locked = begun(&locked);
                ledger.save(&locked).await.unwrap();
                unit.commit().await.unwrap();
                claimed.extend(locked);
            }
        })
        .await;
    let mut claimed = claimed.concat();
    claimed.sort_by_key(|recipient| recipient.id);
    assert_eq!(ids(&claimed), ids(&recipients));
    assert_eq!(all(&store, user, &campaign).await, claimed);
}

async fn what_is_queued_is_locked_whether_due_or_not(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let second = store.active_campaign(&user, &sender).await;
    let mut recipients = samples::recipients(&campaign, &sender, 4);
    recipients[1].delivery.not_before = Some(at(1_000_000));
    insert(&store, &recipients).await;
    insert(&store, &samples::recipients(&second, &sender, 1)).await;
    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    for most in [2, 4, 10] {
        let locked = ledger.lock_queued(user.id, campaign.id, most).await;
        let expected: Vec<_> = recipients.iter().take(most as usize).cloned().collect();
        assert_same(&locked.unwrap(), &expected);
    }
}

async fn what_was_begun_before_is_locked_by_status(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let another = store.sender(&user).await;
    let second = store.active_campaign(&user, &sender).await;
    let of_another = store.active_campaign(&user, &another).await;
    for status in [
        DeliveryStatus::Dispatching,
        DeliveryStatus::InDoubt,
        DeliveryStatus::Accepted,
    ] {
        let with = |campaign, sender, seconds| {
            let mut recipient = in_status(campaign, sender, status);
            recipient.delivery.dispatched_at = Some(at(seconds));
            recipient
        };
        // Of all campaigns of the account.
        let mut expected = vec![
            with(&campaign, &sender, 1),
            with(&second, &sender, 9),
            with(&campaign, &sender, 5),
        ];
        insert(&store, &expected).await;
        let too_late = [with(&campaign, &sender, 10), with(&second, &sender, 11)];
        insert(&store, &too_late).await;
        insert(&store, &[with(&of_another, &another, 1)]).await;
        expected.sort_by_key(|recipient| recipient.id);
        let mut unit = store.begin().await;
        let ledger = unit.recipients();
        for most in [2, 3, 10] {
            let locked = ledger.lock_in(user.id, sender.id, status, at(10), most);
            let expected: Vec<_> = expected.iter().take(most as usize).cloned().collect();
            assert_same(&locked.await.unwrap(), &expected);
        }
    }
}

async fn recipients_are_locked_by_their_ids_in_their_order(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 1_300);
    insert(&store, &recipients).await;
    let mut asked = ids(&recipients[..1_200]);
    asked.reverse();
    asked.rotate_left(300);
    // Some twice, one of nobody.
    asked.extend_from_within(..7);
    asked.push(samples::recipient_id());
    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    let locked = ledger.lock_many(user.id, &asked).await.unwrap();
    assert_eq!(locked, recipients[..1_200]);
    assert_eq!(ledger.lock_many(user.id, &[]).await.unwrap(), []);
}

async fn those_who_lock_the_same_recipients_take_turns(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 3);
    insert(&store, &recipients).await;
    let wanted = ids(&recipients);
    let mut first = store.begin().await;
    let locked = first.recipients().lock_many(user.id, &wanted[1..2]).await;
    let changed = begun(&locked.unwrap());
    first.recipients().save(&changed).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let ledger = unit.recipients();
            ledger.lock_many(user.id, &wanted).await.unwrap()
        })
        .await;
    let expected = [
        recipients[0].clone(),
        changed[0].clone(),
        recipients[2].clone(),
    ];
    assert_same(&seen, &expected.to_vec());
}

async fn what_is_no_longer_queued_after_the_wait_is_left_alone(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 3);
    insert(&store, &recipients).await;
    let mut first = store.begin().await;
    let ledger = first.recipients();
    let locked = ledger.lock_queued(user.id, campaign.id, 2).await.unwrap();
    assert_eq!(locked, recipients[..2]);
    ledger.save(&begun(&locked[..1])).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let ledger = unit.recipients();
            ledger.lock_queued(user.id, campaign.id, 10).await.unwrap()
        })
        .await;
    assert_eq!(seen, recipients[1..]);
}

async fn what_is_no_longer_in_the_status_after_the_wait_is_left_alone(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let status = DeliveryStatus::Dispatching;
    let mut recipients = [(); 3].map(|()| in_status(&campaign, &sender, status));
    recipients.sort_by_key(|recipient| recipient.id);
    insert(&store, &recipients).await;
    let mut first = store.begin().await;
    let ledger = first.recipients();
    let mut locked = ledger
        .lock_in(user.id, sender.id, status, at(5), 2)
        .await
        .unwrap();
    assert_eq!(locked, recipients[..2]);
    let attempt = locked[0].attempt().unwrap();
    locked[0].doubt(attempt, at(6)).unwrap();
    ledger.save(&locked).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let ledger = unit.recipients();
            let locked = ledger.lock_in(user.id, sender.id, status, at(5), 10);
            locked.await.unwrap()
        })
        .await;
    assert_eq!(seen, recipients[1..]);
}

/// Each takes two thirds of them, in an order of its own, again and again.
async fn overlapping_sets_never_block_each_other_for_good(store: Store) {
    let (user, sender, campaign) = sending(&store).await;
    let recipients = samples::recipients(&campaign, &sender, 30);
    insert(&store, &recipients).await;
    let wanted = ids(&recipients);
    let turns = AtomicUsize::new(0);
    let outcomes = store
        .race(6, |storage| {
            let mut wanted = wanted.clone();
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            wanted.rotate_left(turn * 5);
            wanted.truncate(20);
            if turn.is_multiple_of(2) {
                wanted.reverse();
            }
            async move {
                for _ in 0..5 {
                    let mut unit = storage.begin().await?;
                    let ledger = unit.recipients();
                    let mut locked = ledger.lock_many(user.id, &wanted).await?;
                    for recipient in &mut locked {
                        recipient.delivery.attempts += 1;
                    }
                    ledger.save(&locked).await?;
                    unit.commit().await?;
                }
                Ok::<_, StorageError>(())
            }
        })
        .await;
    for outcome in outcomes {
        outcome.unwrap();
    }
    let attempts = all(&store, user.id, &campaign).await;
    let attempts: u32 = attempts
        .iter()
        .map(|recipient| recipient.delivery.attempts)
        .sum();
    assert_eq!(attempts, 6 * 5 * 20);
}

async fn another_user_locks_nothing(store: Store) {
    let (_, sender, campaign) = sending(&store).await;
    let other = store.user().await;
    let queued = samples::recipient(&campaign, &sender);
    let dispatching = in_status(&campaign, &sender, DeliveryStatus::Dispatching);
    let wanted = [queued.id, dispatching.id];
    insert(&store, &[queued, dispatching]).await;
    let mut unit = store.begin().await;
    let ledger = unit.recipients();
    let locked = ledger.lock_due(other.id, campaign.id, at(9), 10).await;
    assert_eq!(locked.unwrap(), []);
    let locked = ledger.lock_queued(other.id, campaign.id, 10).await;
    assert_eq!(locked.unwrap(), []);
    let status = DeliveryStatus::Dispatching;
    let locked = ledger.lock_in(other.id, sender.id, status, at(9), 10).await;
    assert_eq!(locked.unwrap(), []);
    let locked = ledger.lock_many(other.id, &wanted).await;
    assert_eq!(locked.unwrap(), []);
}
