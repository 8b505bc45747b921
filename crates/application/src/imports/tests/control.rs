//! Stopping imports, and taking them back.

use nexus_domain::ports::TableRow;
use nexus_domain::{ImportStatus, ImportUndo, JobWork};

use super::row;
use super::world::{World, import_id};
use crate::fixtures::{actor, now};
use crate::imports::reading::ROWS;
use crate::imports::{CancelImportError, UndoImportError};

fn rows(count: u64) -> Vec<TableRow> {
    (0..count)
        .map(|n| row(n + 2, &["Ana", &format!("55 1234 {:04}", 1_000 + n)]))
        .collect()
}

fn prepare_undo(world: &World) {
    let mut state = world.state();
    state.job.as_mut().expect("a job").work = JobWork::UndoImport {
        import_id: import_id(),
    };
}

/// An import that created this many contacts and is to be undone.
async fn to_be_undone(count: u64) -> World {
    let world = World::new(rows(count));
    let job = world.state().job.clone();
    assert!(world.work().await);
    {
        let mut state = world.state();
        let import = state.import.as_mut().expect("an import");
        assert_eq!(import.begin_undo(now()), Ok(true));
        state.job = job;
    }
    prepare_undo(&world);
    world
}

#[tokio::test]
async fn a_running_import_that_is_cancelled_stops_at_the_next_batch() {
    let world = World::new(rows(2 * ROWS as u64 + 200));
    // After the first batch was stored, before the second is.
    world.state().cancel_after = Some(2);

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(import.status, ImportStatus::Cancelled { at: now() });
    assert_eq!(import.progress.read, ROWS as u64);
    assert_eq!(import.progress.created, ROWS as u64);
    let state = world.state();
    assert_eq!(state.contacts.len(), ROWS);
    assert!(state.job.is_none());
    assert!(state.file_deleted);
}

#[tokio::test]
async fn an_import_is_cancelled_until_it_is_over() {
    let world = World::new(rows(3));
    let imports = world.imports();
    let import = imports.cancel(&actor(), import_id()).await.expect("done");
    assert_eq!(import.status, ImportStatus::Cancelled { at: now() });
    assert!(!world.state().file_deleted, "its worker does that");
    imports.cancel(&actor(), import_id()).await.expect("again");

    let previewed = World::new(rows(3));
    previewed.state().import.as_mut().expect("an import").status = ImportStatus::Previewed;
    let cancelled = previewed.imports().cancel(&actor(), import_id()).await;
    assert!(cancelled.is_ok());
    assert!(previewed.state().file_deleted);

    let over = World::new(rows(3));
    assert!(over.work().await);
    let refused = over.imports().cancel(&actor(), import_id()).await;
    assert!(
        matches!(refused, Err(CancelImportError::Status(error)) if error.status == "completed")
    );

    over.state().import = None;
    let missing = over.imports().cancel(&actor(), import_id()).await;
    assert!(matches!(missing, Err(CancelImportError::NotFound)));
}

#[tokio::test]
async fn an_import_is_undone_once_it_is_over_and_once_only() {
    let world = World::new(rows(3));
    let imports = world.imports();
    let early = imports.undo(&actor(), import_id()).await;
    assert!(matches!(early, Err(UndoImportError::Status(error)) if error.status == "queued"));

    assert!(world.work().await);
    let import = imports.undo(&actor(), import_id()).await.expect("begun");
    assert_eq!(import.status, ImportStatus::Undoing);
    let job = world.state().job.clone().expect("a job");
    assert!(matches!(job.work, JobWork::UndoImport { .. }));
    world.state().job = None;
    imports.undo(&actor(), import_id()).await.expect("again");
    assert!(world.state().job.is_none(), "one job is enough");
}

#[tokio::test]
async fn what_something_has_touched_is_kept() {
    let world = to_be_undone(1_200).await;
    {
        let mut state = world.state();
        let (changed, messaged, used) = (3, 700, state.contacts[1_100].id);
        state.contacts[changed].updated_at = now() + chrono::TimeDelta::seconds(1);
        state.contacts[messaged].last_message_at = Some(now());
        state.used.push(used);
    }

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(import.status, ImportStatus::Undone { at: now() });
    assert_eq!((import.undo.deleted, import.undo.kept), (1_197, 3));
    assert_eq!(world.state().contacts.len(), 3);
    assert!(world.state().job.is_none());
}

#[tokio::test]
async fn an_undo_goes_on_where_it_was_left() {
    let world = to_be_undone(700).await;
    {
        let mut state = world.state();
        state.contacts[0].last_message_at = Some(now());
        // It is held for the first batch only.
        state.holds = 1;
    }
    assert!(world.work().await);
    let undo = world.import().undo;
    assert_eq!((undo.deleted, undo.kept), (499, 1));
    world.state().holds = usize::MAX;

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(import.status.as_str(), "undone");
    let ImportUndo { deleted, kept, .. } = import.undo;
    assert_eq!((deleted, kept), (699, 1));
}

#[tokio::test]
async fn rows_are_counted_before_they_are_taken_in() {
    let world = World::new(rows(1_200));
    world.state().import.as_mut().expect("an import").total_rows = None;

    assert!(world.work().await);

    let import = world.import();
    assert_eq!(import.total_rows, Some(1_200));
    assert_eq!(import.header, ["nombre", "telefono", "correo"]);
    assert_eq!(import.progress.created, 1_200);
}

#[tokio::test]
async fn the_header_is_found_below_other_rows() {
    let world = World::new(rows(3));
    world.state().above = vec![row(1, &["Clientes"]), row(3, &["Feria", "2026"])];
    assert!(world.work().await);
    assert_eq!(world.state().opened_at, [Some(4)]);

    // Nothing is understood: the first row with content is the one to name.
    let world = World::new(rows(3));
    world.state().above = vec![row(1, &["Clientes"])];
    world.state().header = super::cells(&["quien", "donde"]);
    assert!(world.work().await);
    assert_eq!(world.state().opened_at, [Some(1)]);
    assert_eq!(world.import().status.as_str(), "failed");
}
