//! What bounds a sender account: its rest, and the people that it writes to within a day.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::{DailyBudget, SenderAccount, SenderLimits, User};

use crate::samples::at;
use crate::store::Store;

on_both_databases!(
    a_rest_goes_forward_only,
    people_are_counted_in_their_quarter_and_known_while_they_count,
    who_counts_anew_counts_in_the_new_quarter,
    thousands_of_people_are_counted_at_once,
    what_is_over_is_forgotten,
    another_user_reads_and_changes_no_limits,
    a_count_that_is_not_committed_leaves_nothing,
);

fn quarter(number: i32) -> DateTime<Utc> {
    DailyBudget::quarter(at(0)) + TimeDelta::minutes(15) * number
}

fn addresses(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("+5255{n:08}")).collect()
}

async fn account(store: &Store) -> (User, SenderAccount) {
    let user = store.user().await;
    let account = store.sender(&user).await;
    (user, account)
}

async fn limits(store: &Store, account: &SenderAccount, after: DateTime<Utc>) -> SenderLimits {
    let mut repositories = store.read();
    let limits = repositories
        .senders()
        .limits(account.user_id, account.id, after)
        .await;
    limits.unwrap().expect("an account")
}

async fn count(store: &Store, account: &SenderAccount, people: &[String], in_quarter: i32) {
    let mut unit = store.begin().await;
    unit.senders()
        .count_people(account.user_id, account.id, people, quarter(in_quarter))
        .await
        .unwrap();
    unit.commit().await.unwrap();
}

async fn counted(
    store: &Store,
    account: &SenderAccount,
    people: &[String],
    after: i32,
) -> Vec<String> {
    let mut repositories = store.read();
    let counted = repositories
        .senders()
        .counted(account.user_id, account.id, people, quarter(after))
        .await;
    let mut counted = counted.unwrap();
    counted.sort_unstable();
    counted
}

async fn a_rest_goes_forward_only(store: Store) {
    let (user, account) = account(&store).await;
    assert_eq!(
        limits(&store, &account, at(0)).await,
        SenderLimits::default()
    );
    for (asked, kept) in [(at(5), at(5)), (at(3), at(5)), (at(6), at(6))] {
        let mut repositories = store.read();
        repositories
            .senders()
            .rest(user.id, account.id, asked)
            .await
            .unwrap();
        let limits = limits(&store, &account, at(0)).await;
        assert_eq!(limits.rests_until, Some(kept));
    }
}

async fn people_are_counted_in_their_quarter_and_known_while_they_count(store: Store) {
    let (_, account) = account(&store).await;
    let people = addresses(0..5);
    count(&store, &account, &people[..2], 1).await;
    count(&store, &account, &people[2..4], 2).await;
    count(&store, &account, &people[4..], 2).await;

    let known = limits(&store, &account, quarter(0)).await.quarters;
    assert_eq!(known, [(quarter(1), 2), (quarter(2), 3)]);
    let later = limits(&store, &account, quarter(1)).await.quarters;
    assert_eq!(later, [(quarter(2), 3)]);

    let asked = addresses(1..9);
    assert_eq!(counted(&store, &account, &asked, 0).await, addresses(1..5));
    assert_eq!(counted(&store, &account, &asked, 1).await, addresses(2..5));
    assert!(counted(&store, &account, &asked, 2).await.is_empty());
}

async fn who_counts_anew_counts_in_the_new_quarter(store: Store) {
    let (_, account) = account(&store).await;
    let people = addresses(0..3);
    count(&store, &account, &people, 1).await;
    count(&store, &account, &people[..1], 200).await;
    let known = limits(&store, &account, quarter(100)).await.quarters;
    assert_eq!(known, [(quarter(200), 1)]);
    assert_eq!(counted(&store, &account, &people, 100).await, people[..1]);
}

async fn thousands_of_people_are_counted_at_once(store: Store) {
    let (_, account) = account(&store).await;
    let people = addresses(0..2_500);
    count(&store, &account, &people, 1).await;
    let known = limits(&store, &account, quarter(0)).await.quarters;
    assert_eq!(known, [(quarter(1), 2_500)]);
    assert_eq!(counted(&store, &account, &people, 0).await, people);
}

async fn what_is_over_is_forgotten(store: Store) {
    let (user, account) = account(&store).await;
    let (_, other) = self::account(&store).await;
    count(&store, &account, &addresses(0..2), 1).await;
    count(&store, &account, &addresses(2..3), 2).await;
    count(&store, &other, &addresses(0..2), 1).await;
    let mut repositories = store.read();
    repositories
        .senders()
        .forget_people(user.id, account.id, quarter(1))
        .await
        .unwrap();
    let known = limits(&store, &account, quarter(0)).await.quarters;
    assert_eq!(known, [(quarter(2), 1)]);
    let people = addresses(0..3);
    assert_eq!(counted(&store, &account, &people, 0).await, addresses(2..3));
    assert_eq!(store.number("SELECT count(*) FROM sender_people").await, 3);
}

async fn another_user_reads_and_changes_no_limits(store: Store) {
    let (_, account) = account(&store).await;
    let other = store.user().await;
    let people = addresses(0..2);
    let mut repositories = store.read();
    let senders = repositories.senders();
    let (user, id) = (other.id, account.id);
    senders.rest(user, id, at(5)).await.unwrap();
    senders
        .count_people(user, id, &people, quarter(1))
        .await
        .unwrap();
    assert_eq!(senders.limits(user, id, at(0)).await.unwrap(), None);
    assert_eq!(
        limits(&store, &account, at(0)).await,
        SenderLimits::default()
    );

    count(&store, &account, &people, 1).await;
    let mut repositories = store.read();
    let senders = repositories.senders();
    let seen = senders.counted(user, id, &people, quarter(0)).await;
    assert!(seen.unwrap().is_empty());
    senders.forget_people(user, id, quarter(9)).await.unwrap();
    assert_eq!(counted(&store, &account, &people, 0).await, people);
}

async fn a_count_that_is_not_committed_leaves_nothing(store: Store) {
    let (user, account) = account(&store).await;
    let people = addresses(0..2);
    let mut unit = store.begin().await;
    unit.senders()
        .count_people(user.id, account.id, &people, quarter(1))
        .await
        .unwrap();
    drop(unit);
    assert_eq!(
        limits(&store, &account, quarter(0)).await,
        SenderLimits::default()
    );
    assert!(counted(&store, &account, &people, 0).await.is_empty());
}
