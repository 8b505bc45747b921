use nexus_domain::values::{ContactSort, ListRequest, Listing, Paging, SortDirection};

use super::*;

fn first_page() -> ListRequest<ContactSort> {
    ListRequest {
        paging: Paging::Page { number: 1 },
        size: 20,
        sort: ContactSort::CreatedAt,
        direction: SortDirection::Descending,
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_everything_that_is_wished() {
    let mut read = MockUnitOfWork::default();
    read.contacts
        .expect_list()
        .withf(|asked, filter, _| {
            *asked == user().id
                && filter
                    .search
                    .as_ref()
                    .is_some_and(|text| text.as_str() == "pérez")
                && filter.tags == [Tag::from_stored("vip".to_owned())]
                && filter.status == Some(ContactStatus::Active)
                && filter.has_phone
                && !filter.has_email
                && filter.created_after == Some(now())
                && filter.created_before.is_none()
        })
        .times(1)
        .returning(|_, _, _| {
            Ok(Listing {
                items: vec![stored()],
                total: Some(1),
                total_is_exact: true,
                next: None,
            })
        });
    let bench = bench(ScriptedStorage::new().then_read(read));
    let query = ContactQuery {
        search: Some("  pérez ".to_owned()),
        tags: vec!["VIP".to_owned(), String::new()],
        status: Some("active".to_owned()),
        has: vec!["phone".to_owned()],
        created_after: Some("2026-11-23T11:00:00+01:00".to_owned()),
        created_before: Some(String::new()),
    };

    let listing = bench
        .contacts
        .list(&actor(), &query, &first_page())
        .await
        .expect("a list");

    assert_eq!(listing.total, Some(1));
}

#[tokio::test]
async fn every_condition_that_is_not_understood_is_listed() {
    let query = ContactQuery {
        search: Some("x".repeat(256)),
        tags: vec!["x".repeat(51)],
        status: Some("gone".to_owned()),
        has: vec!["fax".to_owned()],
        created_after: Some("yesterday".to_owned()),
        created_before: Some("2026-11-23".to_owned()),
    };
    let bench = bench(ScriptedStorage::new());

    let error = bench
        .contacts
        .list(&actor(), &query, &first_page())
        .await
        .expect_err("refused");

    let ListContactsError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("search", "too_long"),
            ("tag", "too_long"),
            ("status", "not_one_of"),
            ("has", "not_one_of"),
            ("created_after", "malformed"),
            ("created_before", "malformed"),
        ])
    );
}

#[test]
fn a_query_without_conditions_lets_every_contact_through() {
    let filter = ContactQuery::default().parse().expect("a filter");
    assert!(filter.is_empty());
}
