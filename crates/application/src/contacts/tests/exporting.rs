use nexus_domain::values::{ContactSort, Cursor, FieldName, Listing, Paging, SortDirection};

use super::*;

/// A read of what follows `after`, at whose end the list goes on at `next`.
fn part(after: Option<Cursor>, next: Option<Cursor>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_list()
        .withf(move |asked, filter, request| {
            let paging = Paging::After {
                cursor: after.clone(),
            };
            *asked == user().id
                && filter.has_email
                && request.paging == paging
                && request.size == 1_000
                && request.sort == ContactSort::CreatedAt
                && request.direction == SortDirection::Ascending
        })
        .times(1)
        .return_once(move |_, _, _| {
            Ok(Listing {
                items: vec![stored()],
                total: None,
                total_is_exact: true,
                next,
            })
        });
    unit
}

/// A read of the names of custom fields.
fn with_fields() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.fields
        .expect_list()
        .with(eq(user().id))
        .returning(|_| Ok(vec![FieldName::from_stored("Ciudad")]));
    unit
}

#[tokio::test]
async fn an_export_reads_part_after_part_to_the_end() {
    let cursor = Cursor {
        key: "2026-11-23T10:00:00.000000Z".to_owned(),
        id: stored().id.as_uuid(),
    };
    let storage = ScriptedStorage::new()
        .then_read(of_user())
        .then_read(with_fields())
        .then_read(part(None, Some(cursor.clone())))
        .then_read(part(Some(cursor), None));
    let bench = bench(storage);
    let query = ContactQuery {
        has: vec!["email".to_owned()],
        ..ContactQuery::default()
    };

    let mut export = bench
        .contacts
        .export(&actor(), &query)
        .await
        .expect("an export");
    assert_eq!(export.date(), now().date_naive());
    assert_eq!(export.fields(), [FieldName::from_stored("Ciudad")]);

    for expected in [1, 1, 0, 0] {
        let part = export.next_part().await.expect("a part");
        assert_eq!(part.len(), expected);
    }
}

#[tokio::test]
async fn an_export_with_conditions_that_are_not_understood_is_refused() {
    let bench = bench(ScriptedStorage::new());
    let query = ContactQuery {
        status: Some("gone".to_owned()),
        ..ContactQuery::default()
    };
    let refusal = bench.contacts.export(&actor(), &query).await;
    let Err(ExportContactsError::Invalid(violations)) = refusal else {
        panic!("accepted");
    };
    assert_eq!(refused(&violations), fields(&[("status", "not_one_of")]));
}
