use std::error::Error;

use nexus_domain::mocks::MockUnitOfWork;
use nexus_domain::ports::StorageError;
use nexus_domain::{Job, JobId, JobKind, JobLease, JobWork};

use super::*;
use crate::Shutdown;

/// The job is claimed for the `attempts`th time.
fn claiming(attempts: u32) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.jobs
        .expect_claim()
        .withf(|kind, _, _, _| *kind == JobKind::ChangeContacts)
        .times(1)
        .returning(move |_, owner, _, _| {
            let job = Job {
                id: JobId::new(now(), entropy().as_ref()),
                user_id: user().id,
                work: JobWork::ChangeContacts {
                    change_id: change().id,
                },
                attempts,
                run_after: now(),
                created_at: now(),
            };
            let lease = JobLease {
                job_id: job.id,
                owner,
                epoch: 1,
            };
            Ok(Some((job, lease)))
        });
    unit
}

/// The job is held still, and its change is this.
fn holding(change: BulkChange) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.jobs.expect_hold().times(1).returning(|_| Ok(true));
    unit.bulk_changes
        .expect_lock()
        .withf(|asked, id| *asked == user().id && *id == self::change().id)
        .times(1)
        .return_once(move |_, _| Ok(Some(change)));
    unit
}

/// These contacts follow after `after`.
fn selecting(unit: &mut MockUnitOfWork, after: Option<ContactId>, found: Vec<Contact>) {
    unit.contacts
        .expect_lock_selected()
        .withf(move |_, _, asked, most| *asked == after && *most == 500)
        .times(1)
        .return_once(move |_, _, _, _| Ok(found));
}

fn saving(unit: &mut MockUnitOfWork, expected: impl Fn(&BulkChange) -> bool + Send + 'static) {
    unit.bulk_changes
        .expect_save()
        .withf(expected)
        .times(1)
        .returning(|_| Ok(()));
}

fn finishing(unit: &mut MockUnitOfWork) {
    unit.jobs.expect_finish().times(1).returning(|_| Ok(true));
}

fn broken() -> StorageError {
    StorageError::Failed(Box::<dyn Error + Send + Sync>::from("broken"))
}

async fn work(storage: ScriptedStorage) -> (bool, usize) {
    let storage = Arc::new(storage);
    let worked = worker(&storage).run_once(&Shutdown::new()).await;
    (worked.expect("the store works"), storage.commits())
}

#[tokio::test]
async fn a_change_goes_on_where_it_was_left_until_no_contact_follows() {
    let found = contacts(4);
    let left = BulkChange {
        status: BulkStatus::Running,
        changed: 7,
        seen_through: Some(found[0].id),
        ..change()
    };
    let through = found[3].id;
    let mut first = holding(left.clone());
    selecting(&mut first, Some(found[0].id), found[1..].to_vec());
    first
        .contacts
        .expect_save_many()
        .withf(|_, contacts| contacts.len() == 3)
        .times(1)
        .returning(|_, _| Ok(()));
    first
        .jobs
        .expect_renew()
        .times(1)
        .returning(|_, _| Ok(true));
    saving(&mut first, move |change| {
        change.changed == 10 && change.seen_through == Some(through)
    });
    let mut advanced = left;
    advanced.advance(through, 3, now());
    let mut last = holding(advanced);
    selecting(&mut last, Some(through), vec![]);
    saving(&mut last, |change| {
        change.status == BulkStatus::Completed { at: now() } && change.changed == 10
    });
    finishing(&mut last);

    let storage = ScriptedStorage::new()
        .then_begin(claiming(2))
        .then_begin(first)
        .then_begin(last);
    assert_eq!(work(storage).await, (true, 3));
}

#[tokio::test]
async fn a_change_that_is_somebody_elses_now_is_left_alone() {
    let mut lost = MockUnitOfWork::default();
    lost.jobs.expect_hold().times(1).returning(|_| Ok(false));
    let storage = ScriptedStorage::new()
        .then_begin(claiming(1))
        .then_begin(lost);
    assert_eq!(work(storage).await, (true, 1));
}

#[tokio::test]
async fn a_change_that_is_over_already_leaves_the_queue() {
    let mut over = change();
    over.complete(now());
    let mut unit = holding(over);
    finishing(&mut unit);
    let storage = ScriptedStorage::new()
        .then_begin(claiming(2))
        .then_begin(unit);
    assert_eq!(work(storage).await, (true, 2));
}

#[tokio::test]
async fn a_change_that_fails_is_tried_again_later() {
    let mut failing = holding(change());
    failing
        .contacts
        .expect_lock_selected()
        .times(1)
        .returning(|_, _, _, _| Err(broken()));
    let mut back = MockUnitOfWork::default();
    back.jobs
        .expect_give_back()
        .withf(|_, at| *at == now() + chrono::TimeDelta::seconds(40))
        .times(1)
        .returning(|_, _| Ok(()));
    let storage = ScriptedStorage::new()
        .then_begin(claiming(4))
        .then_begin(failing)
        .then_begin(back);
    assert_eq!(work(storage).await, (true, 2));
}

#[tokio::test]
async fn a_change_that_failed_often_enough_is_given_up() {
    let mut failing = holding(change());
    failing
        .contacts
        .expect_lock_selected()
        .times(1)
        .returning(|_, _, _, _| Err(broken()));
    let mut end = holding(change());
    saving(&mut end, |change| {
        change.status == BulkStatus::Failed { at: now() }
    });
    finishing(&mut end);
    let storage = ScriptedStorage::new()
        .then_begin(claiming(5))
        .then_begin(failing)
        .then_begin(end);
    assert_eq!(work(storage).await, (true, 2));
}

#[tokio::test]
async fn nothing_is_claimed_once_the_process_is_to_end() {
    let storage = Arc::new(ScriptedStorage::new());
    let shutdown = Shutdown::new();
    shutdown.request();
    let worked = worker(&storage).run_once(&shutdown).await;
    assert!(!worked.expect("nothing was asked of the store"));
}
