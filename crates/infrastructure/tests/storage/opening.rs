use chrono::TimeDelta;
use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::{Campaign, StartProblem};
use nexus_infrastructure::storage::{SqlStorage, StorageOptions};
use nexus_migration::{Migrator, MigratorTrait};
use nexus_testing::{TempFolder, TestDatabase};
use sea_orm::{ConnectionTrait, Database};

use crate::imports::row_error;
use crate::samples::{self, at, page};
use crate::store::Store;

on_both_databases!(
    a_migrated_store_is_in_order,
    migrating_again_changes_nothing,
    a_schema_that_misses_a_change_is_not_in_order,
    every_change_of_the_schema_can_be_undone,
    a_change_of_the_imports_keeps_those_from_before,
    campaigns_that_were_scheduled_before_keep_their_time,
    a_closed_store_is_unavailable,
);

async fn connect(url: &str) -> SqlStorage {
    SqlStorage::connect(url, StorageOptions::default())
        .await
        .unwrap()
}

async fn a_migrated_store_is_in_order(store: Store) {
    store.storage.check().await.unwrap();
}

async fn migrating_again_changes_nothing(store: Store) {
    let user = store.user().await;
    store.storage.migrate().await.unwrap();
    assert!(store.read().users().find(user.id).await.unwrap().is_some());
}

async fn a_schema_that_misses_a_change_is_not_in_order(store: Store) {
    let raw = store.raw().await;
    raw.execute_unprepared("DELETE FROM seaql_migrations WHERE version LIKE '%jobs'")
        .await
        .unwrap();
    let checked = store.storage.check().await;
    assert!(matches!(checked, Err(StorageError::Failed(_))));
}

async fn every_change_of_the_schema_can_be_undone(store: Store) {
    let raw = Database::connect(store.database.url()).await.unwrap();
    Migrator::down(&raw, None).await.unwrap();
    assert!(raw.execute_unprepared("SELECT 1 FROM users").await.is_err());
    store.storage.migrate().await.unwrap();
    store.storage.check().await.unwrap();
    store.user().await;
}

/// SQLite makes the table anew; the rows that go with its rows must not go.
async fn a_change_of_the_imports_keeps_those_from_before(store: Store) {
    let user = store.user().await;
    let import = samples::import(user.id);
    // Rows were kept without their cells then.
    let errors = [3, 9].map(|line| nexus_domain::RowError {
        cells: Vec::new(),
        ..row_error(line)
    });
    store.read().imports().insert(&import).await.unwrap();
    let added = store
        .read()
        .imports()
        .add_errors(user.id, import.id, &errors)
        .await;
    added.unwrap();

    let raw = store.raw().await;
    store.undo("import_formats").await;
    let newer = "UPDATE imports SET format = 'ods'";
    assert!(raw.execute_unprepared(newer).await.is_err());

    store.storage.migrate().await.unwrap();
    let found = store.read().imports().find(user.id, import.id).await;
    assert_eq!(found.unwrap(), Some(import.clone()));
    let listed = store
        .read()
        .imports()
        .errors(user.id, import.id, &page(1, 10))
        .await;
    assert_eq!(listed.unwrap().items, errors);
    raw.execute_unprepared(newer).await.unwrap();
    assert!(
        raw.execute_unprepared("UPDATE imports SET format = 'pdf'")
            .await
            .is_err()
    );
    // What goes with an import goes with it still.
    raw.execute_unprepared("DELETE FROM imports").await.unwrap();
    let left = store.number("SELECT count(*) FROM import_errors").await;
    assert_eq!(left, 0);
}

async fn campaigns_that_were_scheduled_before_keep_their_time(store: Store) {
    let user = store.user().await;
    let with = |state| Campaign {
        state,
        ..samples::campaign(user.id)
    };
    let (scheduled, missed) = (with(samples::scheduled(60)), with(samples::missed(5)));
    for campaign in [&scheduled, &missed] {
        let mut repositories = store.read();
        repositories.campaigns().insert(campaign).await.unwrap();
    }
    store.undo("schedules").await;
    store.storage.migrate().await.unwrap();
    for (before, problem) in [
        (scheduled, None),
        (missed, Some(StartProblem::NobodyWasThere)),
    ] {
        let mut repositories = store.read();
        let found = repositories.campaigns().find(user.id, before.id).await;
        let state = found.unwrap().expect("it is there still").state;
        let (old, new) = (before.state.schedule().unwrap(), state.schedule().unwrap());
        assert_eq!(state.status(), before.state.status());
        assert_eq!(state.start_problem(), problem);
        assert_eq!((new.at, new.local), (old.at, old.local));
        // SQLite reckons in milliseconds.
        let until_latest = new.latest_start_at - new.at;
        assert_eq!((until_latest + TimeDelta::milliseconds(1)).num_hours(), 6);
    }
    let due = store.read().campaigns().next_start().await;
    assert_eq!(due.unwrap(), Some(at(60)));
}

async fn a_closed_store_is_unavailable(store: Store) {
    store.storage.close().await.unwrap();
    let checked = store.storage.check().await;
    assert!(matches!(checked, Err(StorageError::Unavailable(_))));
    let begun = store.storage.begin().await;
    assert!(matches!(begun, Err(StorageError::Unavailable(_))));
}

async fn instances_migrate_together(database: TestDatabase) {
    let (one, other) = (connect(database.url()).await, connect(database.url()).await);
    assert!(one.check().await.is_err());
    let (first, second) = tokio::join!(one.migrate(), other.migrate());
    first.unwrap();
    second.unwrap();
    one.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_start_together_migrate_one_after_the_other_on_sqlite() {
    instances_migrate_together(TestDatabase::unmigrated_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_start_together_migrate_one_after_the_other_on_postgres() {
    instances_migrate_together(TestDatabase::unmigrated_postgres().await).await;
}

#[tokio::test]
async fn a_missing_sqlite_file_is_made_with_its_folders() {
    let folder = TempFolder::new();
    let file = folder.join("data/of/nexus.db");
    let storage = connect(&format!("sqlite://{}", file.display())).await;
    storage.migrate().await.unwrap();
    storage.check().await.unwrap();
    assert!(file.is_file());
    storage.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let options = StorageOptions {
        patience: std::time::Duration::from_millis(300),
        ..StorageOptions::default()
    };
    let opened = SqlStorage::connect("postgres://nobody@127.0.0.1:1/none", options).await;
    assert!(matches!(opened.err(), Some(StorageError::Unavailable(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_sqlite_database() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempFolder::new();
    let file = folder.join("data/deeper/nexus.db");
    let storage = connect(&format!("sqlite://{}?mode=rwc", file.display())).await;
    storage.migrate().await.unwrap();
    let mode = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).unwrap();
        metadata.permissions().mode() & 0o777
    };
    for made in [folder.join("data"), folder.join("data/deeper")] {
        assert_eq!(mode(&made), 0o700, "{}", made.display());
    }
    let files: Vec<_> = std::fs::read_dir(folder.join("data/deeper"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(
        files.len() >= 3,
        "database, log and shared memory: {files:?}"
    );
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
