use nexus_domain::values::{
    ContactSort, ListRequest, Listing, Paging, SegmentName, ShortText, SortDirection,
};
use nexus_domain::{ContactFilter, Segment, SegmentId};

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
        segment: Some(" ".to_owned()),
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
        segment: Some("los fieles".to_owned()),
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
            ("segment", "unknown_segment"),
        ])
    );
}

#[tokio::test]
async fn a_query_without_conditions_lets_every_contact_through() {
    let storage = ScriptedStorage::new();
    let query = ContactQuery::default();
    let filter = query.resolve(&storage, user().id).await;
    assert!(filter.expect("a filter").is_empty());
}

/// A read in which the segment of those with the tag `vip` and this search is looked for.
fn with_segment(id: SegmentId, search: &str) -> MockUnitOfWork {
    let segment = Segment {
        id,
        user_id: user().id,
        name: SegmentName::parse("VIP").expect("a name"),
        filter: ContactFilter {
            tags: vec![Tag::from_stored("vip".to_owned())],
            search: ShortText::parse(search).ok(),
            ..ContactFilter::default()
        },
        created_at: now(),
        updated_at: now(),
    };
    let mut read = MockUnitOfWork::default();
    read.segments
        .expect_find()
        .with(eq(user().id), eq(id))
        .times(1)
        .return_once(move |_, _| Ok(Some(segment)));
    read
}

#[tokio::test]
async fn a_segment_narrows_down_the_other_conditions_and_takes_the_place_of_none() {
    let id = SegmentId::new(now(), entropy().as_ref());
    let storage = ScriptedStorage::new().then_read(with_segment(id, "centro"));
    let query = ContactQuery {
        search: Some("ana".to_owned()),
        tags: vec!["nuevo".to_owned()],
        segment: Some(id.to_string()),
        ..ContactQuery::default()
    };

    let filter = query.resolve(&storage, user().id).await.expect("a filter");

    let searches = [&filter, &filter.also[0]].map(|filter| {
        let search = filter.search.as_ref().expect("a search");
        search.as_str().to_owned()
    });
    assert_eq!(searches, ["ana", "centro"]);
    assert_eq!(
        filter.tags,
        ["nuevo", "vip"].map(|tag| Tag::from_stored(tag.to_owned()))
    );
}

#[tokio::test]
async fn a_segment_that_is_not_there_is_refused_together_with_the_rest() {
    let mut read = MockUnitOfWork::default();
    read.segments
        .expect_find()
        .times(1)
        .return_once(|_, _| Ok(None));
    let bench = bench(ScriptedStorage::new().then_read(read));
    let query = ContactQuery {
        status: Some("gone".to_owned()),
        segment: Some(SegmentId::new(now(), entropy().as_ref()).to_string()),
        ..ContactQuery::default()
    };
    let error = bench.contacts.export(&actor(), &query).await;
    let Err(ExportContactsError::Invalid(violations)) = error else {
        panic!("not refused");
    };
    assert_eq!(
        refused(&violations),
        fields(&[("status", "not_one_of"), ("segment", "unknown_segment")])
    );
}
