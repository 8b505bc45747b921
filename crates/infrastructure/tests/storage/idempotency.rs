use chrono::{DateTime, Utc};
use nexus_domain::ports::{Effect, IdempotencyState, Storage, StoredAnswer, TakenKey};
use nexus_domain::{CampaignId, UserId};

use crate::samples::at;
use crate::store::Store;

on_both_databases!(
    a_key_is_new_then_in_progress_then_answered,
    an_answer_is_given_again_byte_by_byte,
    the_key_of_another_request_is_a_mismatch,
    a_freed_key_is_new_again,
    a_key_whose_request_was_rolled_back_is_new_again,
    a_key_that_was_never_answered_becomes_stale,
    an_answered_key_never_becomes_stale,
    old_keys_are_swept,
    each_user_has_keys_of_their_own,
    of_many_that_take_one_key_at_once_one_has_it,
    of_many_that_take_one_stale_key_at_once_one_has_it,
    an_effect_is_known_until_the_answer_is,
    an_effect_that_was_rolled_back_is_not_known,
    a_request_that_lost_its_key_notes_and_frees_nothing,
);

/// Before every key of these tests: none is stale.
fn never() -> DateTime<Utc> {
    at(-1_000_000)
}

fn answer() -> StoredAnswer {
    StoredAnswer {
        status: 201,
        body: b"{\"id\":1}".to_vec(),
    }
}

async fn take(
    store: &Store,
    user: UserId,
    print: &str,
    taken_at: DateTime<Utc>,
    stale_before: DateTime<Utc>,
) -> IdempotencyState {
    let mut repositories = store.read();
    let keys = repositories.idempotency();
    keys.take(user, "clave ñ", print, taken_at, stale_before)
        .await
        .unwrap()
}

fn key(taken_at: DateTime<Utc>) -> TakenKey {
    TakenKey {
        key: "clave ñ".to_owned(),
        taken_at,
    }
}

async fn free(store: &Store, user: UserId, taken_at: DateTime<Utc>) {
    let mut repositories = store.read();
    let freed = repositories.idempotency().free(user, &key(taken_at)).await;
    freed.unwrap();
}

/// Deletes the keys of these tests, answered or not.
async fn forget(store: &Store) {
    let mut repositories = store.read();
    let deleted = repositories.idempotency().delete_before(at(1_000_000));
    deleted.await.unwrap();
}

/// Whether the effect could be noted.
async fn note(store: &Store, user: UserId, taken_at: DateTime<Utc>, effect: Effect) -> bool {
    let mut unit = store.begin().await;
    let keys = unit.idempotency();
    let noted = keys
        .note_effect(user, &key(taken_at), effect)
        .await
        .unwrap();
    unit.commit().await.unwrap();
    noted
}

async fn give(store: &Store, user: UserId, answer: &StoredAnswer) {
    let mut repositories = store.read();
    let keys = repositories.idempotency();
    keys.answer(user, "clave ñ", answer).await.unwrap();
}

async fn a_key_is_new_then_in_progress_then_answered(store: Store) {
    let user = store.user().await.id;
    let taken = take(&store, user, "print", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::New);
    let taken = take(&store, user, "print", at(1), never()).await;
    assert_eq!(taken, IdempotencyState::InProgress);
    give(&store, user, &answer()).await;
    for _ in 0..2 {
        let taken = take(&store, user, "print", at(2), never()).await;
        assert_eq!(taken, IdempotencyState::Answered(answer()));
    }
    let mut repositories = store.read();
    let other_key = repositories
        .idempotency()
        .take(user, "clave n", "print", at(0), never());
    assert_eq!(other_key.await.unwrap(), IdempotencyState::New);
}

async fn an_answer_is_given_again_byte_by_byte(store: Store) {
    let user = store.user().await.id;
    let bodies = [Vec::new(), (0..=u8::MAX).collect(), vec![0; 100_000]];
    for (status, body) in [204, 200, u16::MAX].into_iter().zip(bodies) {
        take(&store, user, "print", at(0), never()).await;
        let answer = StoredAnswer { status, body };
        give(&store, user, &answer).await;
        let taken = take(&store, user, "print", at(0), never()).await;
        assert!(taken == IdempotencyState::Answered(answer), "{status}");
        forget(&store).await;
    }
}

async fn the_key_of_another_request_is_a_mismatch(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    let taken = take(&store, user, "another", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::Mismatch);
    give(&store, user, &answer()).await;
    let taken = take(&store, user, "another", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::Mismatch);
    let taken = take(&store, user, "print", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::Answered(answer()));
}

async fn a_freed_key_is_new_again(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    free(&store, user, at(0)).await;
    let taken = take(&store, user, "another", at(1), never()).await;
    assert_eq!(taken, IdempotencyState::New);
    let taken = take(&store, user, "another", at(1), never()).await;
    assert_eq!(taken, IdempotencyState::InProgress);
}

async fn a_key_whose_request_was_rolled_back_is_new_again(store: Store) {
    let user = store.user().await.id;
    let mut unit = store.begin().await;
    let keys = unit.idempotency();
    let taken = keys.take(user, "clave ñ", "print", at(0), never()).await;
    assert_eq!(taken.unwrap(), IdempotencyState::New);
    drop(unit);
    let taken = take(&store, user, "print", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::New);
}

async fn a_key_that_was_never_answered_becomes_stale(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(10), never()).await;
    let taken = take(&store, user, "print", at(20), at(10)).await;
    assert_eq!(taken, IdempotencyState::InProgress);
    let taken = take(&store, user, "another", at(30), at(11)).await;
    assert_eq!(taken, IdempotencyState::New);
    // It is the second request's from now on, and as young as that.
    let taken = take(&store, user, "another", at(31), at(30)).await;
    assert_eq!(taken, IdempotencyState::InProgress);
    let taken = take(&store, user, "print", at(31), at(30)).await;
    assert_eq!(taken, IdempotencyState::Mismatch);
}

async fn an_answered_key_never_becomes_stale(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    give(&store, user, &answer()).await;
    let taken = take(&store, user, "print", at(100), at(99)).await;
    assert_eq!(taken, IdempotencyState::Answered(answer()));
    let taken = take(&store, user, "another", at(100), at(99)).await;
    assert_eq!(taken, IdempotencyState::Mismatch);
}

async fn old_keys_are_swept(store: Store) {
    let user = store.user().await.id;
    let mut repositories = store.read();
    let keys = repositories.idempotency();
    for (key, taken_at) in [("a", at(1)), ("b", at(9)), ("c", at(10)), ("d", at(11))] {
        keys.take(user, key, "print", taken_at, never())
            .await
            .unwrap();
        if key != "b" {
            keys.answer(user, key, &answer()).await.unwrap();
        }
    }
    assert_eq!(keys.delete_before(at(10)).await.unwrap(), 2);
    assert_eq!(keys.delete_before(at(10)).await.unwrap(), 0);
    for (key, stays) in [("a", false), ("b", false), ("c", true), ("d", true)] {
        let taken = keys.take(user, key, "print", at(12), never()).await;
        assert_eq!(taken.unwrap() != IdempotencyState::New, stays, "{key}");
    }
}

async fn each_user_has_keys_of_their_own(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    take(&store, user, "print", at(0), never()).await;
    give(&store, other, &answer()).await;
    free(&store, other, at(0)).await;
    let taken = take(&store, user, "print", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::InProgress);
    let taken = take(&store, other, "another", at(0), never()).await;
    assert_eq!(taken, IdempotencyState::New);
}

/// How many of 40 that take the key at once are told that it is new; the others are told to wait.
async fn new_to(store: &Store, user: UserId, taken_at: i64, stale_before: i64) -> usize {
    let outcomes = store
        .race(40, |storage| async move {
            let mut repositories = storage.read();
            let keys = repositories.idempotency();
            let (taken_at, stale_before) = (at(taken_at), at(stale_before));
            keys.take(user, "clave ñ", "print", taken_at, stale_before)
                .await
                .unwrap()
        })
        .await;
    let count = |state| outcomes.iter().filter(|found| **found == state).count();
    let new = count(IdempotencyState::New);
    assert_eq!(new + count(IdempotencyState::InProgress), 40);
    new
}

async fn of_many_that_take_one_key_at_once_one_has_it(store: Store) {
    let user = store.user().await.id;
    assert_eq!(new_to(&store, user, 0, -60).await, 1);
}

async fn of_many_that_take_one_stale_key_at_once_one_has_it(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    assert_eq!(new_to(&store, user, 120, 60).await, 1);
}

fn effects() -> [Effect; 2] {
    let id = CampaignId::from_uuid(uuid::Uuid::from_u128(7));
    [Effect::CampaignCreated(id), Effect::CampaignStarted(id)]
}

async fn an_effect_is_known_until_the_answer_is(store: Store) {
    let user = store.user().await.id;
    for effect in effects() {
        take(&store, user, "print", at(0), never()).await;
        assert!(note(&store, user, at(0), effect).await);
        assert!(!note(&store, user, at(0), effect).await);
        // A request that failed after its effect does not free its key, and no time makes it stale.
        free(&store, user, at(0)).await;
        let taken = take(&store, user, "print", at(100), at(99)).await;
        assert_eq!(taken, IdempotencyState::Done(effect));
        let taken = take(&store, user, "another", at(100), at(99)).await;
        assert_eq!(taken, IdempotencyState::Mismatch);
        give(&store, user, &answer()).await;
        let taken = take(&store, user, "print", at(100), at(99)).await;
        assert_eq!(taken, IdempotencyState::Answered(answer()));
        forget(&store).await;
    }
}

async fn an_effect_that_was_rolled_back_is_not_known(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    let mut unit = store.begin().await;
    let keys = unit.idempotency();
    let noted = keys.note_effect(user, &key(at(0)), effects()[0]).await;
    assert!(noted.unwrap());
    drop(unit);
    let taken = take(&store, user, "print", at(1), never()).await;
    assert_eq!(taken, IdempotencyState::InProgress);
}

async fn a_request_that_lost_its_key_notes_and_frees_nothing(store: Store) {
    let user = store.user().await.id;
    take(&store, user, "print", at(0), never()).await;
    let taken = take(&store, user, "print", at(100), at(99)).await;
    assert_eq!(taken, IdempotencyState::New);
    assert!(!note(&store, user, at(0), effects()[0]).await);
    free(&store, user, at(0)).await;
    let taken = take(&store, user, "print", at(101), never()).await;
    assert_eq!(taken, IdempotencyState::InProgress);
    assert!(note(&store, user, at(100), effects()[0]).await);
}
