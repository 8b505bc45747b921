use nexus_domain::values::{Country, Paging, Problem, SortDirection, Tag};
use nexus_domain::{
    ColumnMapping, ColumnMeaning, ConsentNote, ImportFailure, ImportPlan, ImportProgress,
    ImportStatus, ImportUndo, ImportedFile, KnownContacts, MappedColumn, RowError, TableFormat,
};

use crate::samples::{self, after, at, page, short};
use crate::store::{Store, assert_same, walk};

on_both_databases!(
    an_import_is_read_as_it_was_written,
    saving_changes_everything_but_what_is_known_of_the_file,
    the_list_is_latest_first_whatever_the_direction,
    errors_are_read_as_they_were_written,
    errors_are_listed_by_line_in_parts,
    thousands_of_errors_are_added_at_once,
    another_user_sees_and_changes_nothing,
    previews_that_are_old_are_found_and_deleted_and_nothing_else,
    imports_that_are_over_are_found_until_their_files_are_deleted,
);

/// An error of a row; its first users are the tests of users.
pub(crate) fn row_error(line: u64) -> RowError {
    RowError {
        line,
        column: Some("Teléfono".to_owned()),
        value: "55 12".to_owned(),
        problem: Problem::InvalidPhone,
        cells: vec!["Ana".to_owned(), "55 12".to_owned(), "\"ñ\"".to_owned()],
    }
}

fn plan() -> ImportPlan {
    let column = |index, header: Option<&str>, meaning| MappedColumn {
        index,
        header: header.map(str::to_owned),
        meaning,
    };
    ImportPlan {
        sheet: Some("Hoja 'uno' ".to_owned()),
        header_line: Some(7),
        mapping: Some(ColumnMapping::from_stored(vec![
            column(3, Some("Ñandú \"x\""), ColumnMeaning::Name),
            column(0, None, ColumnMeaning::Phone),
            column(1, Some(""), ColumnMeaning::Ignore),
            column(
                2,
                None,
                ColumnMeaning::Custom(samples::field_name("Ciudad")),
            ),
        ])),
        keep_unmapped: true,
        known: KnownContacts::UpdateEmpty,
        tags: vec![Tag::from_stored("Señal".to_owned())],
        default_country: Country::parse("ES").ok(),
        consent_note: ConsentNote::parse("Lo firmaron\nen la feria").ok(),
    }
}

fn statuses() -> Vec<ImportStatus> {
    let failures = [
        ImportFailure::Unreadable {
            detail: "línea 7: comillas".to_owned(),
        },
        ImportFailure::PasswordProtected,
        ImportFailure::NoSuchSheet {
            sheet: "Hoja 'uno'".to_owned(),
        },
        ImportFailure::NoRows,
        ImportFailure::NoKnownColumns {
            header: vec!["Ñandú".to_owned(), "\"b\"".to_owned()],
        },
        ImportFailure::TooManyRows { max: 1_000_000 },
        ImportFailure::TooManyColumns { max: 200 },
        ImportFailure::TooLarge { max: 5_000_000_000 },
        ImportFailure::FileMissing,
        ImportFailure::Internal,
    ];
    [
        ImportStatus::Previewed,
        ImportStatus::Queued,
        ImportStatus::Running,
        ImportStatus::Completed { at: at(9) },
        ImportStatus::Cancelled { at: at(6) },
        ImportStatus::Undoing,
        ImportStatus::Undone { at: at(7) },
    ]
    .into_iter()
    .chain(
        failures
            .into_iter()
            .map(|failure| ImportStatus::Failed { at: at(8), failure }),
    )
    .collect()
}

async fn find(store: &Store, import: &ImportedFile) -> Option<ImportedFile> {
    let mut repositories = store.read();
    let imports = repositories.imports();
    imports.find(import.user_id, import.id).await.unwrap()
}

async fn stored(store: &Store, import: ImportedFile) -> ImportedFile {
    store.read().imports().insert(&import).await.unwrap();
    import
}

async fn an_import_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    for (status, format) in statuses()
        .into_iter()
        .zip(TableFormat::ALL.into_iter().cycle())
    {
        let import = ImportedFile {
            file_name: short("año 'nuevo'.xlsx"),
            format,
            size: 5_000_000_000,
            status,
            plan: plan(),
            header: vec!["Ñ".to_owned(), "a,b".to_owned()],
            progress: ImportProgress {
                read: 63,
                created: 1,
                updated: 2,
                unchanged: 4,
                skipped: 8,
                blank: 16,
                invalid: 32,
                still_unsubscribed: 3,
            },
            total_rows: Some(5_000_000_000),
            undo: ImportUndo {
                deleted: 5,
                kept: 6,
                after: Some(samples::contact_id()),
            },
            started_at: Some(at(2)),
            created_at: at(1),
            updated_at: at(2),
            ..samples::import(user.id)
        };
        let import = stored(&store, import).await;
        assert_same(&find(&store, &import).await, &Some(import));
    }
}

async fn saving_changes_everything_but_what_is_known_of_the_file(store: Store) {
    let user = store.user().await;
    let import = stored(&store, samples::import(user.id)).await;
    let untouched = stored(&store, samples::import(user.id)).await;
    for status in statuses() {
        let changed = ImportedFile {
            file_name: short("otro.xlsx"),
            format: TableFormat::Xlsx,
            size: 1,
            status,
            plan: plan(),
            header: vec!["Nombre".to_owned()],
            progress: ImportProgress {
                read: 5_000_000_000,
                created: 4_999_999_990,
                skipped: 1,
                blank: 2,
                invalid: 7,
                ..ImportProgress::default()
            },
            total_rows: Some(7),
            undo: ImportUndo {
                deleted: 1,
                ..ImportUndo::default()
            },
            started_at: Some(at(3)),
            created_at: at(99),
            updated_at: at(100),
            ..import.clone()
        };
        store.read().imports().save(&changed).await.unwrap();
        let expected = ImportedFile {
            file_name: import.file_name.clone(),
            format: import.format,
            size: import.size,
            created_at: import.created_at,
            ..changed
        };
        assert_same(&find(&store, &import).await, &Some(expected));
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn the_list_is_latest_first_whatever_the_direction(store: Store) {
    let user = store.user().await;
    let mut imports = Vec::new();
    for seconds in [3, 1, 2, 2, 5, 2, 0] {
        let import = ImportedFile {
            created_at: at(seconds),
            ..samples::import(user.id)
        };
        imports.push(stored(&store, import).await);
    }
    imports.sort_by_key(|import| std::cmp::Reverse((import.created_at, import.id)));
    for direction in [SortDirection::Ascending, SortDirection::Descending] {
        for size in [1, 2, 3, 7, 100] {
            let mut request = page(1, size);
            request.direction = direction;
            let walked = walk(request, async |request| {
                let mut repositories = store.read();
                let list = repositories.imports().list(user.id, request).await;
                list.unwrap()
            });
            assert_eq!(walked.await, imports, "{direction:?}, {size} a part");
        }
    }
    let mut repositories = store.read();
    let list = repositories.imports();
    let second = list.list(user.id, &page(2, 3)).await.unwrap();
    assert_eq!((second.total, &second.items[..]), (Some(7), &imports[3..6]));
    let rest = list.list(user.id, &after(second.next, 3)).await.unwrap();
    assert_eq!(rest.items, imports[6..]);
    let beyond = list.list(user.id, &page(4, 3)).await.unwrap();
    assert_eq!((beyond.total, beyond.next), (Some(7), None));
    assert_eq!(beyond.items, []);
}

async fn errors_are_read_as_they_were_written(store: Store) {
    let user = store.user().await;
    let import = stored(&store, samples::import(user.id)).await;
    let whole_row = RowError {
        line: 2,
        column: None,
        value: String::new(),
        problem: Problem::PhoneOrEmailRequired,
        cells: vec![],
    };
    let with_details = [
        Problem::TooLong { max: 200 },
        Problem::UnknownPlaceholder {
            name: "añada".to_owned(),
        },
        Problem::NotOneOf {
            accepted: vec!["a".to_owned(), "\"b\"".to_owned()],
        },
    ];
    let with_details = with_details
        .into_iter()
        .zip(3..)
        .map(|(problem, line)| RowError {
            value: "'; DROP TABLE imports; -- ñ".to_owned(),
            problem,
            ..row_error(line)
        });
    let errors: Vec<_> = [whole_row].into_iter().chain(with_details).collect();
    let mut repositories = store.read();
    let imports = repositories.imports();
    imports
        .add_errors(user.id, import.id, &errors)
        .await
        .unwrap();
    let found = imports.errors(user.id, import.id, &page(1, 100)).await;
    assert_same(&found.unwrap().items, &errors);
}

/// A line with several errors has them in the order in which they were added.
async fn errors_are_listed_by_line_in_parts(store: Store) {
    let user = store.user().await;
    let import = stored(&store, samples::import(user.id)).await;
    let second = stored(&store, samples::import(user.id)).await;
    let mut repositories = store.read();
    let imports = repositories.imports();
    let error = |line, value: &str| RowError {
        value: value.to_owned(),
        ..row_error(line)
    };
    let batches = [
        vec![error(10, "a"), error(9, "b"), error(2, "c")],
        vec![error(9, "d"), error(100, "e"), error(9, "f")],
    ];
    for batch in &batches {
        imports.add_errors(user.id, import.id, batch).await.unwrap();
    }
    imports
        .add_errors(user.id, second.id, &[error(1, "other")])
        .await
        .unwrap();
    let in_order = |errors: &[RowError]| -> String {
        errors.iter().map(|error| error.value.as_str()).collect()
    };
    for size in [1, 2, 3, 6, 100] {
        let walked = walk(page(1, size), async |request| {
            let mut repositories = store.read();
            let errors = repositories.imports();
            errors.errors(user.id, import.id, request).await.unwrap()
        });
        assert_eq!(in_order(&walked.await), "cbdfae", "{size} a part");
    }
    let part = imports
        .errors(user.id, import.id, &page(2, 4))
        .await
        .unwrap();
    assert_eq!(in_order(&part.items), "ae");
    assert_eq!((part.total, part.next), (Some(6), None));
    let beyond = imports
        .errors(user.id, import.id, &page(3, 4))
        .await
        .unwrap();
    assert_eq!((beyond.items.len(), beyond.total), (0, Some(6)));
}

async fn thousands_of_errors_are_added_at_once(store: Store) {
    let user = store.user().await;
    let import = stored(&store, samples::import(user.id)).await;
    let errors: Vec<_> = (2..2_502).map(row_error).collect();
    let mut repositories = store.read();
    let imports = repositories.imports();
    imports
        .add_errors(user.id, import.id, &errors)
        .await
        .unwrap();
    let mut request = page(1, 100);
    request.paging = Paging::Page { number: 25 };
    let last = imports.errors(user.id, import.id, &request).await.unwrap();
    assert_eq!((last.total, last.next), (Some(2_500), None));
    assert_eq!(last.items, errors[2_400..]);
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let import = stored(&store, samples::import(user.id)).await;
    let mut repositories = store.read();
    let imports = repositories.imports();
    imports
        .add_errors(user.id, import.id, &[row_error(2)])
        .await
        .unwrap();
    assert_eq!(imports.find(other.id, import.id).await.unwrap(), None);
    let as_other = ImportedFile {
        user_id: other.id,
        status: ImportStatus::Running,
        ..import.clone()
    };
    imports.save(&as_other).await.unwrap();
    imports
        .add_errors(other.id, import.id, &[row_error(3)])
        .await
        .unwrap();
    let list = imports.list(other.id, &page(1, 10)).await.unwrap();
    assert_eq!((list.items.len(), list.total), (0, Some(0)));
    let errors = imports.errors(other.id, import.id, &page(1, 10)).await;
    let errors = errors.unwrap();
    assert_eq!((errors.items.len(), errors.total), (0, Some(0)));
    assert_same(
        &imports.find(user.id, import.id).await.unwrap(),
        &Some(import.clone()),
    );
    let errors = imports.errors(user.id, import.id, &page(1, 10)).await;
    assert_eq!(errors.unwrap().items, [row_error(2)]);
}

async fn previews_that_are_old_are_found_and_deleted_and_nothing_else(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let previewed = |user, seconds| ImportedFile {
        status: ImportStatus::Previewed,
        updated_at: at(seconds),
        ..samples::import(user)
    };
    let second = stored(&store, previewed(other.id, 2)).await;
    let first = stored(&store, previewed(user.id, 1)).await;
    stored(&store, previewed(user.id, 3)).await;
    let queued = stored(&store, samples::import(user.id)).await;
    let mut repositories = store.read();
    let imports = repositories.imports();
    let old = imports.previewed_before(at(3), 10).await.unwrap();
    assert_eq!(old, [(user.id, first.id), (other.id, second.id)]);
    let oldest = imports.previewed_before(at(3), 1).await.unwrap();
    assert_eq!(oldest, [(user.id, first.id)]);
    assert!(!imports.delete_previewed(other.id, first.id).await.unwrap());
    assert!(!imports.delete_previewed(user.id, queued.id).await.unwrap());
    assert!(imports.delete_previewed(user.id, first.id).await.unwrap());
    assert!(!imports.delete_previewed(user.id, first.id).await.unwrap());
    let left = imports.list(user.id, &page(1, 10)).await.unwrap();
    assert_eq!(left.total, Some(2));
}

async fn imports_that_are_over_are_found_until_their_files_are_deleted(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let over = |user, seconds| ImportedFile {
        status: ImportStatus::Completed { at: at(seconds) },
        updated_at: at(seconds),
        ..samples::import(user)
    };
    let second = stored(&store, over(other.id, 2)).await;
    let first = stored(&store, over(user.id, 1)).await;
    stored(&store, over(user.id, 3)).await;
    stored(&store, samples::import(user.id)).await;
    let mut repositories = store.read();
    let imports = repositories.imports();
    let found = imports.over_with_file(at(3), 10).await.unwrap();
    assert_eq!(found, [(user.id, first.id), (other.id, second.id)]);
    let oldest = imports.over_with_file(at(3), 1).await.unwrap();
    assert_eq!(oldest, [(user.id, first.id)]);
    // Only their owner's word counts, and an import that is saved again has no file for that.
    imports.note_file_deleted(other.id, first.id).await.unwrap();
    imports
        .note_file_deleted(other.id, second.id)
        .await
        .unwrap();
    imports.save(&second).await.unwrap();
    let found = imports.over_with_file(at(3), 10).await.unwrap();
    assert_eq!(found, [(user.id, first.id)]);
}
