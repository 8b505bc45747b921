use std::time::Duration;

use nexus_domain::ports::Storage;
use nexus_domain::{InstanceId, Job, JobId, JobKind, JobLease, JobWork};

use crate::samples::{self, at, instance_id};
use crate::store::{Store, assert_same, until, within_patience};

on_both_databases!(
    a_job_is_claimed_as_it_was_queued,
    the_oldest_job_that_is_due_is_claimed_first,
    each_job_is_claimed_by_one_of_many,
    a_job_of_another_kind_is_left_to_its_workers,
    a_claim_that_is_rolled_back_leaves_the_job_free,
    a_job_in_another_s_transaction_is_not_claimed_twice,
    a_finished_job_is_gone,
    a_job_given_back_is_done_later,
    a_lease_that_is_over_makes_the_job_claimable_again,
    a_lease_that_is_over_is_lost_even_if_nobody_took_the_job,
    a_renewed_lease_lasts_longer,
    a_job_that_is_held_is_not_lost_within_the_transaction,
);

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(300);

async fn enqueue(store: &Store, jobs: &[Job]) {
    let mut unit = store.begin().await;
    for job in jobs {
        unit.jobs().enqueue(job).await.unwrap();
    }
    unit.commit().await.unwrap();
}

/// A new user's job, in the queue.
async fn queued(store: &Store) -> Job {
    let job = samples::job(store.user().await.id);
    enqueue(store, std::slice::from_ref(&job)).await;
    job
}

async fn claim(store: &Store, ttl: Duration) -> Option<(Job, JobLease)> {
    let mut repositories = store.read();
    let jobs = repositories.jobs();
    jobs.claim(JobKind::Imports, instance_id(), at(0), ttl)
        .await
        .unwrap()
}

async fn claimed(store: &Store, ttl: Duration) -> (Job, JobLease) {
    claim(store, ttl).await.expect("a job that is due")
}

async fn renew(store: &Store, lease: &JobLease, ttl: Duration) -> bool {
    store.read().jobs().renew(lease, ttl).await.unwrap()
}

async fn holds(store: &Store, lease: &JobLease) -> bool {
    let mut unit = store.begin().await;
    let holds = unit.jobs().hold(lease).await.unwrap();
    unit.commit().await.unwrap();
    holds
}

/// That nothing can be done any more with a lease.
async fn assert_lost(store: &Store, lease: &JobLease) {
    assert!(!holds(store, lease).await, "still held");
    assert!(!renew(store, lease, LONG).await, "renewed");
    let finished = store.read().jobs().finish(lease).await.unwrap();
    assert!(!finished, "finished");
}

async fn a_job_is_claimed_as_it_was_queued(store: Store) {
    let user = store.user().await;
    let job = Job {
        attempts: 4,
        run_after: at(-1),
        created_at: at(-2),
        ..samples::job(user.id)
    };
    enqueue(&store, std::slice::from_ref(&job)).await;
    let owner = instance_id();
    let mut repositories = store.read();
    let (found, lease) = repositories
        .jobs()
        .claim(JobKind::Imports, owner, at(0), LONG)
        .await
        .unwrap()
        .unwrap();
    let expected = JobLease {
        job_id: job.id,
        owner,
        epoch: lease.epoch,
    };
    assert_eq!(lease, expected);
    assert_same(&found, &Job { attempts: 5, ..job });
    assert!(holds(&store, &lease).await);
    assert_eq!(claim(&store, LONG).await, None);
}

async fn the_oldest_job_that_is_due_is_claimed_first(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let job = |user, run_after| Job {
        run_after,
        ..samples::job(user)
    };
    let due_now = job(user.id, at(0));
    let oldest = job(other.id, at(-20));
    let second = job(user.id, at(-10));
    let not_yet = Job {
        created_at: at(-99),
        ..job(user.id, at(1))
    };
    enqueue(
        &store,
        &[&due_now, &oldest, &not_yet, &second].map(Clone::clone),
    )
    .await;
    for expected in [oldest, second, due_now] {
        assert_eq!(claimed(&store, LONG).await.0.id, expected.id);
    }
    assert_eq!(claim(&store, LONG).await, None);
}

async fn each_job_is_claimed_by_one_of_many(store: Store) {
    let user = store.user().await;
    let jobs: Vec<_> = (0..5).map(|_| samples::job(user.id)).collect();
    enqueue(&store, &jobs).await;
    let outcomes = store
        .race(20, |storage| async move {
            let mut repositories = storage.read();
            let jobs = repositories.jobs();
            jobs.claim(JobKind::Imports, instance_id(), at(0), LONG)
                .await
                .unwrap()
        })
        .await;
    let mut claimed: Vec<JobId> = outcomes.iter().flatten().map(|(job, _)| job.id).collect();
    claimed.sort_unstable();
    let mut expected: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    expected.sort_unstable();
    assert_eq!(claimed, expected);
}

async fn a_job_of_another_kind_is_left_to_its_workers(store: Store) {
    let user = store.user().await;
    let job = Job {
        work: JobWork::ChangeContacts {
            change_id: samples::bulk_change_id(),
        },
        ..samples::job(user.id)
    };
    enqueue(&store, std::slice::from_ref(&job)).await;
    assert_eq!(claim(&store, LONG).await, None);
    let mut repositories = store.read();
    let (found, _) = repositories
        .jobs()
        .claim(JobKind::ChangeContacts, instance_id(), at(0), LONG)
        .await
        .unwrap()
        .unwrap();
    assert_same(&found, &Job { attempts: 1, ..job });
}

async fn a_claim_that_is_rolled_back_leaves_the_job_free(store: Store) {
    let job = queued(&store).await;
    let mut unit = store.begin().await;
    let claimed_once = unit
        .jobs()
        .claim(JobKind::Imports, instance_id(), at(0), LONG)
        .await;
    assert!(claimed_once.unwrap().is_some());
    drop(unit);
    // The database hears of it in its own time; until then the job is passed over.
    let (found, _) = until(|| claim(&store, LONG)).await;
    assert_eq!((found.id, found.attempts), (job.id, 1));
}

/// On PostgreSQL the second passes over the job; on SQLite it waits and then finds it taken.
async fn a_job_in_another_s_transaction_is_not_claimed_twice(store: Store) {
    queued(&store).await;
    let mut first = store.begin().await;
    let claimed = first
        .jobs()
        .claim(JobKind::Imports, instance_id(), at(0), LONG)
        .await;
    assert!(claimed.unwrap().is_some());
    let second = |storage: nexus_infrastructure::storage::SqlStorage| async move {
        let mut repositories = storage.read();
        let jobs = repositories.jobs();
        jobs.claim(JobKind::Imports, instance_id(), at(0), LONG)
            .await
            .unwrap()
    };
    let claimed = if store.is_postgres() {
        within_patience(second(store.other_process().await)).await
    } else {
        store.in_turn(first, second).await
    };
    assert_eq!(claimed, None);
}

async fn a_finished_job_is_gone(store: Store) {
    queued(&store).await;
    let (_, lease) = claimed(&store, LONG).await;
    for stranger in strangers(&lease) {
        assert_lost(&store, &stranger).await;
    }
    assert!(store.read().jobs().finish(&lease).await.unwrap());
    assert_eq!(store.number("SELECT count(*) FROM jobs").await, 0);
    assert_lost(&store, &lease).await;
}

/// Leases that are not `lease`, each by one field.
fn strangers(lease: &JobLease) -> [JobLease; 3] {
    [
        JobLease {
            owner: instance_id(),
            ..*lease
        },
        JobLease {
            epoch: lease.epoch - 1,
            ..*lease
        },
        JobLease {
            job_id: samples::job_id(),
            ..*lease
        },
    ]
}

async fn a_job_given_back_is_done_later(store: Store) {
    let job = queued(&store).await;
    let (_, lease) = claimed(&store, LONG).await;
    for stranger in strangers(&lease) {
        let mut repositories = store.read();
        repositories
            .jobs()
            .give_back(&stranger, at(0))
            .await
            .unwrap();
        assert_eq!(claim(&store, LONG).await, None, "given back by a stranger");
    }
    let mut repositories = store.read();
    let jobs = repositories.jobs();
    jobs.give_back(&lease, at(60)).await.unwrap();
    assert_lost(&store, &lease).await;
    assert_eq!(claim(&store, LONG).await, None);
    let (again, second) = jobs
        .claim(JobKind::Imports, instance_id(), at(60), LONG)
        .await
        .unwrap()
        .unwrap();
    let expected = Job {
        attempts: 2,
        run_after: at(60),
        ..job
    };
    assert_same(&again, &expected);
    assert!(second.epoch > lease.epoch);
    // The first has nothing to give back any more.
    jobs.give_back(&lease, at(0)).await.unwrap();
    assert!(holds(&store, &second).await);
}

async fn a_lease_that_is_over_makes_the_job_claimable_again(store: Store) {
    let job = queued(&store).await;
    let (_, first) = claimed(&store, LONG).await;
    assert_eq!(claim(&store, LONG).await, None);
    assert!(renew(&store, &first, SHORT).await);
    let (again, second) = until(|| claim(&store, LONG)).await;
    assert_same(&again, &Job { attempts: 2, ..job });
    assert!(second.epoch > first.epoch);
    assert_lost(&store, &first).await;
    let mut repositories = store.read();
    let jobs = repositories.jobs();
    jobs.give_back(&first, at(0)).await.unwrap();
    assert!(holds(&store, &second).await);
    assert!(jobs.finish(&second).await.unwrap());
}

async fn a_lease_that_is_over_is_lost_even_if_nobody_took_the_job(store: Store) {
    queued(&store).await;
    let (_, lease) = claimed(&store, SHORT).await;
    until(|| async { (!holds(&store, &lease).await).then_some(()) }).await;
    assert_lost(&store, &lease).await;
    claimed(&store, LONG).await;
}

async fn a_renewed_lease_lasts_longer(store: Store) {
    queued(&store).await;
    let first = Duration::from_secs(1);
    let (_, lease) = claimed(&store, first).await;
    assert!(renew(&store, &lease, LONG).await);
    tokio::time::sleep(first + SHORT).await;
    assert!(holds(&store, &lease).await);
    assert_eq!(claim(&store, LONG).await, None);
    assert!(store.read().jobs().finish(&lease).await.unwrap());
}

/// Its time may be over: who holds it in a transaction has it until the end of that.
async fn a_job_that_is_held_is_not_lost_within_the_transaction(store: Store) {
    let job = queued(&store).await;
    let ttl = Duration::from_secs(1);
    let (_, lease) = claimed(&store, ttl).await;
    let mut first = store.begin().await;
    assert!(first.jobs().hold(&lease).await.unwrap());
    let campaign = samples::campaign(job.user_id);
    first.campaigns().insert(&campaign).await.unwrap();
    let other = store.other_process().await;
    let second = tokio::spawn(async move {
        let owner: InstanceId = instance_id();
        until(|| async {
            let mut repositories = other.read();
            let jobs = repositories.jobs();
            jobs.claim(JobKind::Imports, owner, at(0), LONG)
                .await
                .unwrap()
        })
        .await;
        let mut repositories = other.read();
        let campaigns = repositories.campaigns();
        campaigns.find(job.user_id, campaign.id).await.unwrap()
    });
    tokio::time::sleep(ttl + SHORT).await;
    assert!(!second.is_finished(), "it was taken from its holder");
    first.commit().await.unwrap();
    let seen = within_patience(second).await.unwrap();
    assert!(seen.is_some(), "it was taken before the holder's end");
}
