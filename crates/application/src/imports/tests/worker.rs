use std::collections::HashSet;

use chrono::TimeDelta;
use nexus_domain::ports::{DuplicateKey, StorageError, TableError, TableRow};
use nexus_domain::values::{CustomFields, EmailAddress, PersonName, PhoneNumber};
use nexus_domain::{
    Contact, ContactId, ContactSource, ContactStatus, ImportFailure, ImportProgress, ImportStatus,
};

use super::world::{World, import_id};
use super::{cells, numbers, row};
use crate::fixtures::{entropy, now, user};
use crate::imports::reading::ROWS;

const THREE_BATCHES: u64 = 2 * ROWS as u64 + 200;

/// Rows with a phone number each, all different.
fn rows(count: u64) -> Vec<TableRow> {
    (0..count)
        .map(|n| row(n + 2, &["Ana", &format!("55 1234 {:04}", 1_000 + n)]))
        .collect()
}

fn contact_with(phone: &str) -> Contact {
    Contact {
        id: ContactId::new(now(), entropy().as_ref()),
        user_id: user().id,
        name: PersonName::parse("Luis").expect("a name"),
        phone: Some(PhoneNumber::from_stored(phone.to_owned())),
        email: None,
        tags: vec![],
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn unavailable() -> StorageError {
    StorageError::Unavailable("restarting".into())
}

fn failed() -> StorageError {
    StorageError::Failed("disk full".into())
}

#[tokio::test]
async fn without_a_job_there_is_nothing_to_do() {
    let world = World::new(vec![]);
    world.state().job = None;
    assert!(!world.work().await);
}

#[tokio::test]
async fn every_row_becomes_what_it_is() {
    let world = World::new(vec![
        row(2, &["Ana", "5512345678", "ana@example.com"]),
        row(3, &["Luis", "", "luis@example.com"]),
        row(4, &["", "", ""]),
        row(5, &["Eva", "12", ""]),
        row(6, &["Ana again", "+52 55 1234 5678", ""]),
        row(7, &["Luis again", "5512345679", "LUIS@example.com"]),
        row(8, &["Known", "5587654321", ""]),
    ]);
    world.state().contacts.push(contact_with("+525587654321"));

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(
        import.progress,
        ImportProgress {
            read: 7,
            created: 2,
            skipped: 3,
            blank: 1,
            invalid: 1,
            ..ImportProgress::default()
        }
    );
    assert_eq!(import.status, ImportStatus::Completed { at: now() });
    let state = world.state();
    assert_eq!(state.contacts.len(), 3);
    assert_eq!(state.contacts[1].source, ContactSource::File(import_id()));
    assert_eq!(state.errors.len(), 1);
    assert_eq!(state.errors[0].line, 5);
    assert!(state.job.is_none());
    assert!(state.file_deleted);
}

#[tokio::test]
async fn the_rows_add_up_whatever_they_are() {
    for seed in 1..=4 {
        let mut number = numbers(seed);
        let rows: Vec<_> = (0..1_300)
            .map(|n| {
                let phone = format!("55 1234 {:04}", 1_000 + number(900));
                let email = format!("c{}@example.com", number(900));
                match number(8) {
                    0 => row(n + 2, &["", " ", ""]),
                    1 => row(n + 2, &["Ana", "12", &email]),
                    2 => row(n + 2, &["", &phone, "nope"]),
                    3 => row(n + 2, &["Ana", &phone, ""]),
                    4 => row(n + 2, &["Ana", "", &email]),
                    _ => row(n + 2, &["Ana", &phone, &email]),
                }
            })
            .collect();
        let total = u64::try_from(rows.len()).expect("few");
        let blank = rows
            .iter()
            .filter(|row| row.cells[0].is_empty() && row.cells[2].is_empty());
        let blank = u64::try_from(blank.count()).expect("few");
        let world = World::new(rows);

        assert!(world.work().await);

        let progress = world.import().progress;
        let sum = progress.created + progress.known() + progress.blank + progress.invalid;
        assert_eq!(progress.read, total, "seed {seed}");
        assert_eq!(sum, total, "seed {seed}");
        assert_eq!(progress.blank, blank, "seed {seed}");
        let state = world.state();
        assert_eq!(u64::try_from(state.contacts.len()), Ok(progress.created));
        let lines: HashSet<_> = state.errors.iter().map(|error| error.line).collect();
        assert_eq!(u64::try_from(lines.len()), Ok(progress.invalid));
        let phones: Vec<_> = state
            .contacts
            .iter()
            .filter_map(|c| c.phone.clone())
            .collect();
        let distinct: HashSet<PhoneNumber> = phones.iter().cloned().collect();
        assert_eq!(distinct.len(), phones.len(), "a phone twice, seed {seed}");
        let emails: Vec<_> = state
            .contacts
            .iter()
            .filter_map(|c| c.email.clone())
            .collect();
        let distinct: HashSet<EmailAddress> = emails.iter().cloned().collect();
        assert_eq!(
            distinct.len(),
            emails.len(),
            "an address twice, seed {seed}"
        );
    }
}

#[tokio::test]
async fn an_import_goes_on_where_it_was_left() {
    let world = World::new(rows(1_200));
    let done = ImportProgress {
        read: 700,
        created: 700,
        ..ImportProgress::default()
    };
    {
        let mut state = world.state();
        let import = state.import.as_mut().expect("an import");
        import.start(now());
        import.progress = done;
    }

    assert!(world.work().await);

    assert_eq!(world.import().progress.read, 1_200);
    assert_eq!(world.import().progress.created, 1_200);
    let state = world.state();
    assert_eq!(state.contacts.len(), 500);
    let first = state.contacts[0].phone.as_ref().expect("a phone");
    assert_eq!(first.as_str(), "+525512341700");
}

#[tokio::test]
async fn a_contact_added_meanwhile_is_known_at_the_second_try() {
    let world = World::new(rows(3));
    world.state().refusals.push_back((
        StorageError::Duplicate(DuplicateKey::ContactPhone),
        Some(contact_with("+525512341001")),
    ));

    assert!(world.work().await);

    let import = world.import();
    assert_eq!((import.progress.created, import.progress.skipped), (2, 1));
    assert_eq!(import.status.as_str(), "completed");
}

#[tokio::test]
async fn the_shutdown_gives_the_job_back_between_batches() {
    let world = World::new(rows(THREE_BATCHES));
    world.state().shutdown_after = Some(1);

    assert!(world.work().await);

    assert_eq!(world.import().progress.read, ROWS as u64);
    assert_eq!(world.import().status.as_str(), "running");
    assert_eq!(world.state().given_back, Some(now()));
    assert!(world.state().job.is_some());
    assert!(!world.state().file_deleted);
    assert!(!world.work().await, "nothing is begun after the shutdown");
}

#[tokio::test]
async fn a_lost_lease_ends_the_work_at_once() {
    let world = World::new(rows(THREE_BATCHES));
    // Held when it starts and for the first batch.
    world.state().holds = 2;

    assert!(world.work().await);

    let state = world.state();
    assert_eq!(state.contacts.len(), ROWS);
    assert_eq!(state.given_back, None);
    assert!(state.job.is_some());
    assert!(!state.file_deleted);
}

#[tokio::test]
async fn the_lease_is_prolonged_with_every_batch() {
    let world = World::new(rows(THREE_BATCHES));
    assert!(world.work().await);
    // At the start and for three batches.
    assert_eq!(world.state().renewals, 4);
}

#[tokio::test]
async fn an_unavailable_store_is_waited_for_however_often() {
    for attempts in [1, 5, 12] {
        let world = World::new(rows(3));
        {
            let mut state = world.state();
            state.refusals.push_back((unavailable(), None));
            state.job.as_mut().expect("a job").attempts = attempts;
        }

        assert!(world.work().await);

        assert!(world.state().given_back.is_some_and(|at| at > now()));
        assert_eq!(world.import().status.as_str(), "running");
        assert_eq!(world.import().progress, ImportProgress::default());
    }
}

#[tokio::test]
async fn a_failure_of_ours_is_tried_again_and_at_last_reported() {
    for (attempts, status) in [(1, "running"), (4, "running"), (5, "failed")] {
        let world = World::new(rows(3));
        {
            let mut state = world.state();
            state.refusals.push_back((failed(), None));
            state.job.as_mut().expect("a job").attempts = attempts;
        }

        assert!(world.work().await);

        assert_eq!(world.import().status.as_str(), status, "attempt {attempts}");
        assert_eq!(world.state().job.is_none(), status == "failed");
        assert_eq!(world.state().file_deleted, status == "failed");
    }
}

#[tokio::test]
async fn the_wait_doubles_with_each_failure() {
    for (attempts, seconds) in [(1, 5), (2, 10), (3, 20), (4, 40)] {
        let world = World::new(rows(3));
        {
            let mut state = world.state();
            state.refusals.push_back((failed(), None));
            state.job.as_mut().expect("a job").attempts = attempts;
        }
        assert!(world.work().await);
        let expected = now() + TimeDelta::seconds(seconds);
        assert_eq!(world.state().given_back, Some(expected));
    }
}

#[tokio::test]
async fn a_file_that_is_not_here_is_left_to_another_instance() {
    for (attempts, seconds) in [(1, 0), (2, 5), (3, 10), (7, 160)] {
        let world = World::new(rows(3));
        {
            let mut state = world.state();
            state.file_missing = true;
            state.job.as_mut().expect("a job").attempts = attempts;
        }

        assert!(!world.work().await, "the others have their turn first");

        let expected = now() + TimeDelta::seconds(seconds);
        assert_eq!(world.state().given_back, Some(expected));
        assert_eq!(world.import().status.as_str(), "running");
        world.state().file_missing = false;
        assert!(world.work().await);
        assert_eq!(world.import().progress.created, 3);
    }

    let world = World::new(rows(3));
    {
        let mut state = world.state();
        state.file_missing = true;
        state.job.as_mut().expect("a job").attempts = 8;
    }
    world.work().await;
    let failure = ImportFailure::FileMissing;
    assert_eq!(
        world.import().status,
        ImportStatus::Failed { at: now(), failure }
    );
    assert!(world.state().job.is_none());
}

#[tokio::test]
async fn an_import_that_ends_the_process_each_time_is_not_begun_for_ever() {
    let world = World::new(rows(3));
    world.state().job.as_mut().expect("a job").attempts = 21;

    assert!(world.work().await);

    assert_eq!(
        world.import().status,
        ImportStatus::Failed {
            at: now(),
            failure: ImportFailure::Internal,
        }
    );
    assert_eq!(world.state().reads, 0);
}

#[tokio::test]
async fn a_file_that_breaks_keeps_what_was_read_before() {
    let world = World::new(rows(3));
    let failure = ImportFailure::TooManyRows { max: 3 };
    world.state().broken = Some(TableError(failure.clone()));

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(import.progress.created, 3);
    assert_eq!(import.status, ImportStatus::Failed { at: now(), failure });
    assert!(world.state().job.is_none());
    assert!(world.state().file_deleted);
}

#[tokio::test]
async fn a_header_without_known_columns_is_named_in_the_failure() {
    let world = World::new(rows(3));
    world.state().header = cells(&["ciudad", "color"]);

    assert!(world.work().await);

    let failure = ImportFailure::NoKnownColumns {
        header: cells(&["ciudad", "color"]),
    };
    assert_eq!(
        world.import().status,
        ImportStatus::Failed { at: now(), failure }
    );
}

#[tokio::test]
async fn a_file_of_blank_rows_has_no_rows() {
    for rows in [vec![], vec![row(2, &["", "", ""])]] {
        let world = World::new(rows);
        assert!(world.work().await);
        assert_eq!(
            world.import().status,
            ImportStatus::Failed {
                at: now(),
                failure: ImportFailure::NoRows,
            }
        );
    }
}

#[tokio::test]
async fn an_import_that_is_gone_or_over_leaves_no_job() {
    let gone = World::new(rows(3));
    gone.state().import = None;
    let over = World::new(rows(3));
    over.state()
        .import
        .as_mut()
        .expect("an import")
        .fail(ImportFailure::Internal, now());

    for world in [gone, over] {
        assert!(world.work().await);
        let state = world.state();
        assert!(state.job.is_none());
        assert!(state.file_deleted);
        assert!(state.contacts.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_runs_until_the_shutdown_woken_by_uploads_and_by_a_timer() {
    let world = World::new(rows(3));
    let job = world.state().job.take();
    let worker = world.worker();
    let running = tokio::spawn({
        let shutdown = world.shutdown.clone();
        async move { worker.run(shutdown).await }
    });
    let a_moment = std::time::Duration::from_millis(1);
    tokio::time::sleep(a_moment).await;

    world.state().job.clone_from(&job);
    world.wake.notify_one();
    tokio::time::sleep(a_moment).await;
    assert_eq!(world.import().status.as_str(), "completed");

    // Another process queued it: nobody wakes this one.
    world.state().job = job;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert!(world.state().job.is_none());

    world.shutdown.request();
    running.await.expect("returned");
}
