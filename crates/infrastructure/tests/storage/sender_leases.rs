use std::time::Duration;

use nexus_domain::ports::Storage;
use nexus_domain::{SenderAccount, SenderLease};
use nexus_infrastructure::storage::SqlStorage;

use crate::samples::{self, instance_id};
use crate::store::{Store, until};

on_both_databases!(
    a_lease_keeps_everyone_else_out,
    a_released_lease_is_free_and_its_holder_out,
    a_lease_that_is_over_goes_to_the_next,
    a_lease_that_is_over_is_lost_even_if_nobody_took_it,
    a_renewed_lease_lasts_longer,
    one_of_many_that_take_a_lease_at_once_has_it,
    a_lease_with_anything_else_in_it_is_none,
    a_lease_that_is_held_is_not_lost_within_the_transaction,
    another_user_gets_no_lease,
);

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(300);

async fn account(store: &Store) -> SenderAccount {
    let user = store.user().await;
    store.sender(&user).await
}

async fn acquire(
    storage: &SqlStorage,
    account: &SenderAccount,
    ttl: Duration,
) -> Option<SenderLease> {
    let mut repositories = storage.read();
    let senders = repositories.senders();
    senders
        .acquire(account.user_id, account.id, instance_id(), ttl)
        .await
        .unwrap()
}

async fn acquired(store: &Store, account: &SenderAccount, ttl: Duration) -> SenderLease {
    let lease = acquire(&store.storage, account, ttl).await;
    lease.expect("a lease that is free")
}

async fn renew(store: &Store, lease: &SenderLease, ttl: Duration) -> bool {
    store.read().senders().renew(lease, ttl).await.unwrap()
}

async fn release(store: &Store, lease: &SenderLease) {
    store.read().senders().release(lease).await.unwrap();
}

async fn holds(store: &Store, lease: &SenderLease) -> bool {
    let mut unit = store.begin().await;
    let holds = unit.senders().hold(lease).await.unwrap();
    unit.commit().await.unwrap();
    holds
}

/// That nothing can be done any more with `lost`, and that `lease` is not harmed by trying.
async fn assert_lost(store: &Store, lost: &SenderLease) {
    assert!(!holds(store, lost).await, "still held");
    assert!(!renew(store, lost, LONG).await, "renewed");
    release(store, lost).await;
}

async fn a_lease_keeps_everyone_else_out(store: Store) {
    let account = account(&store).await;
    let owner = instance_id();
    let mut repositories = store.read();
    let senders = repositories.senders();
    let lease = senders
        .acquire(account.user_id, account.id, owner, LONG)
        .await
        .unwrap()
        .unwrap();
    let expected = SenderLease {
        sender_id: account.id,
        user_id: account.user_id,
        owner,
        epoch: lease.epoch,
    };
    assert_eq!(lease, expected);
    assert_eq!(acquire(&store.storage, &account, LONG).await, None);
    let again = senders.acquire(account.user_id, account.id, owner, LONG);
    assert_eq!(again.await.unwrap(), None);
    assert!(holds(&store, &lease).await);
    assert!(renew(&store, &lease, LONG).await);
    assert_eq!(acquire(&store.storage, &account, LONG).await, None);
}

async fn a_released_lease_is_free_and_its_holder_out(store: Store) {
    let account = account(&store).await;
    let first = acquired(&store, &account, LONG).await;
    release(&store, &first).await;
    assert_lost(&store, &first).await;
    let second = acquired(&store, &account, LONG).await;
    assert!(second.epoch > first.epoch);
    assert_lost(&store, &first).await;
    assert!(holds(&store, &second).await);
    assert_eq!(acquire(&store.storage, &account, LONG).await, None);
}

/// The lease is shortened by renewing it, so that it can't be over too soon for the test.
async fn a_lease_that_is_over_goes_to_the_next(store: Store) {
    let account = account(&store).await;
    let first = acquired(&store, &account, LONG).await;
    assert_eq!(acquire(&store.storage, &account, LONG).await, None);
    assert!(renew(&store, &first, SHORT).await);
    let second = until(|| acquire(&store.storage, &account, LONG)).await;
    assert!(second.epoch > first.epoch);
    assert_lost(&store, &first).await;
    assert!(holds(&store, &second).await);
    assert!(renew(&store, &second, LONG).await);
}

async fn a_lease_that_is_over_is_lost_even_if_nobody_took_it(store: Store) {
    let account = account(&store).await;
    let lease = acquired(&store, &account, SHORT).await;
    until(|| async { (!holds(&store, &lease).await).then_some(()) }).await;
    assert!(!renew(&store, &lease, LONG).await);
    let next = acquired(&store, &account, LONG).await;
    assert!(next.epoch > lease.epoch);
}

async fn a_renewed_lease_lasts_longer(store: Store) {
    let account = account(&store).await;
    let first = Duration::from_secs(1);
    let lease = acquired(&store, &account, first).await;
    assert!(renew(&store, &lease, LONG).await);
    tokio::time::sleep(first + SHORT).await;
    assert!(holds(&store, &lease).await);
    assert_eq!(acquire(&store.storage, &account, LONG).await, None);
}

async fn one_of_many_that_take_a_lease_at_once_has_it(store: Store) {
    let account = account(&store).await;
    let outcomes = store
        .race(20, |storage| {
            let account = account.clone();
            async move { acquire(&storage, &account, LONG).await }
        })
        .await;
    let leases: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_eq!(leases.len(), 1);
    assert!(holds(&store, &leases[0]).await);
}

async fn a_lease_with_anything_else_in_it_is_none(store: Store) {
    let (account, other) = (account(&store).await, account(&store).await);
    let lease = acquired(&store, &account, LONG).await;
    let strangers = [
        SenderLease {
            owner: instance_id(),
            ..lease.clone()
        },
        SenderLease {
            epoch: lease.epoch + 1,
            ..lease.clone()
        },
        SenderLease {
            user_id: other.user_id,
            ..lease.clone()
        },
        SenderLease {
            sender_id: other.id,
            ..lease.clone()
        },
    ];
    for stranger in strangers {
        assert_lost(&store, &stranger).await;
        assert!(holds(&store, &lease).await, "{stranger:?}");
    }
}

/// Its time may be over: who holds it in a transaction has it until the end of that.
async fn a_lease_that_is_held_is_not_lost_within_the_transaction(store: Store) {
    let account = account(&store).await;
    let ttl = Duration::from_secs(1);
    let lease = acquired(&store, &account, ttl).await;
    let mut first = store.begin().await;
    assert!(first.senders().hold(&lease).await.unwrap());
    let campaign = samples::campaign(account.user_id);
    first.campaigns().insert(&campaign).await.unwrap();
    tokio::time::sleep(ttl + SHORT).await;
    let seen = store
        .in_turn(first, |storage| async move {
            until(|| acquire(&storage, &account, LONG)).await;
            let mut repositories = storage.read();
            let campaigns = repositories.campaigns();
            campaigns.find(account.user_id, campaign.id).await.unwrap()
        })
        .await;
    assert!(seen.is_some(), "it was taken before the holder's end");
}

async fn another_user_gets_no_lease(store: Store) {
    let other = store.user().await;
    let account = account(&store).await;
    let as_other = SenderAccount {
        user_id: other.id,
        ..account.clone()
    };
    assert_eq!(acquire(&store.storage, &as_other, LONG).await, None);
    acquired(&store, &account, LONG).await;
}
