use nexus_domain::{
    ImportFailure, ImportId, ImportPlan, ImportProgress, ImportStatus, ImportUndo, ImportedFile,
    TableFormat, UserId,
};
use proptest::prelude::*;

use crate::support::{at, text};

fn import() -> ImportedFile {
    ImportedFile {
        id: ImportId::from_uuid(uuid::Uuid::from_u128(1)),
        user_id: UserId::from_uuid(uuid::Uuid::from_u128(2)),
        file_name: text("clientes.csv"),
        format: TableFormat::Csv,
        size: 1_024,
        plan: ImportPlan::default(),
        header: Vec::new(),
        status: ImportStatus::Queued,
        progress: ImportProgress::default(),
        total_rows: None,
        undo: ImportUndo::default(),
        created_at: at(0),
        started_at: None,
        updated_at: at(0),
    }
}

fn batch(created: u64, skipped: u64, blank: u64, invalid: u64) -> ImportProgress {
    ImportProgress {
        read: created + skipped + blank + invalid,
        created,
        skipped,
        blank,
        invalid,
        ..ImportProgress::default()
    }
}

#[test]
fn an_import_runs_from_its_start_to_its_completion() {
    let mut import = import();
    import.start(at(1));
    assert_eq!(import.status, ImportStatus::Running);
    import.advance(batch(3, 1, 0, 1), at(2));
    assert!(!import.is_over());
    assert_eq!(import.updated_at, at(2));
    import.complete(at(3));
    assert_eq!(import.status, ImportStatus::Completed { at: at(3) });
    assert!(import.is_over());
}

#[test]
fn an_import_that_is_begun_again_goes_on() {
    let mut import = import();
    import.start(at(1));
    import.advance(batch(3, 1, 0, 1), at(2));
    import.start(at(5));
    assert_eq!(import.status, ImportStatus::Running);
    assert_eq!(import.progress, batch(3, 1, 0, 1));
    assert_eq!(import.updated_at, at(5));
}

#[test]
fn a_file_without_rows_has_failed() {
    for rows in [None, Some(batch(0, 0, 4, 0))] {
        let mut import = import();
        import.start(at(1));
        if let Some(rows) = rows {
            import.advance(rows, at(2));
        }
        import.complete(at(3));
        assert_eq!(
            import.status,
            ImportStatus::Failed {
                at: at(3),
                failure: ImportFailure::NoRows
            }
        );
    }
}

#[test]
fn a_file_of_which_every_row_is_refused_was_still_imported() {
    let mut import = import();
    import.start(at(1));
    import.advance(batch(0, 0, 1, 4), at(2));
    import.complete(at(3));
    assert_eq!(import.status, ImportStatus::Completed { at: at(3) });
}

#[test]
fn an_import_that_is_over_stays_as_it_is() {
    let end: [fn(&mut ImportedFile); 2] = [
        |import| {
            import.advance(batch(1, 0, 0, 0), at(2));
            import.complete(at(3));
        },
        |import| import.fail(ImportFailure::TooManyRows { max: 10 }, at(3)),
    ];
    for end in end {
        let mut import = import();
        import.start(at(1));
        end(&mut import);
        let over = import.clone();
        import.start(at(9));
        import.complete(at(9));
        import.fail(ImportFailure::Internal, at(9));
        assert_eq!(import, over);
    }
}

#[test]
fn a_failure_keeps_what_was_read_before() {
    let mut import = import();
    import.start(at(1));
    import.advance(batch(3, 0, 0, 0), at(2));
    import.fail(ImportFailure::Internal, at(3));
    assert_eq!(import.progress.created, 3);
    assert_eq!(import.status.as_str(), "failed");
    assert!(import.is_over());
}

#[test]
fn a_failure_is_stored_and_read_back_the_same() {
    for failure in [
        ImportFailure::Unreadable {
            detail: "row 3".to_owned(),
        },
        ImportFailure::NoRows,
        ImportFailure::NoKnownColumns {
            header: vec!["a".to_owned(), "b".to_owned()],
        },
        ImportFailure::TooManyRows { max: 1 },
        ImportFailure::TooManyColumns { max: 2 },
        ImportFailure::TooLarge { max: 3 },
        ImportFailure::FileMissing,
        ImportFailure::Internal,
    ] {
        let json = serde_json::to_string(&failure).expect("it serializes");
        assert_eq!(serde_json::from_str(&json).ok(), Some(failure));
    }
}

proptest! {
    #[test]
    fn progress_is_the_sum_of_the_batches(
        batches in prop::collection::vec((0..500_u64, 0..500_u64, 0..500_u64, 0..500_u64), 0..20),
    ) {
        let mut import = import();
        import.start(at(1));
        let mut sums = [0; 4];
        for (created, known, blank, invalid) in batches {
            import.advance(batch(created, known, blank, invalid), at(2));
            for (sum, count) in sums.iter_mut().zip([created, known, blank, invalid]) {
                *sum += count;
            }
        }
        let [created, known, blank, invalid] = sums;
        prop_assert_eq!(import.progress, batch(created, known, blank, invalid));
    }
}
