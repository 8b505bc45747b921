use nexus_domain::JobWork;
use nexus_domain::mocks::MockUnitOfWork;

use super::*;
use crate::bulk::{BulkError, BulkOutcome, BulkRequest};
use crate::contacts::ContactQuery;
use crate::fixtures::{actor, fields, refused};

/// To tag the active ones.
fn request() -> BulkRequest {
    BulkRequest {
        action: "tag".to_owned(),
        tags: vec!["VIP".to_owned()],
        filter: Some(ContactQuery {
            status: Some("active".to_owned()),
            ..ContactQuery::default()
        }),
        ..BulkRequest::default()
    }
}

fn finding(found: Vec<Contact>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_lock_selected()
        .withf(|asked, selection, after, most| {
            let active = ContactSelection::Filter(ContactFilter {
                status: Some(ContactStatus::Active),
                ..ContactFilter::default()
            });
            *asked == user().id && *selection == active && after.is_none() && *most == 2_001
        })
        .times(1)
        .return_once(move |_, _, _, _| Ok(found));
    unit
}

#[tokio::test]
async fn few_contacts_are_changed_at_once_and_only_those_it_makes_a_difference_to() {
    let mut found = contacts(3);
    found[1].tags = tags(&["vip"]);
    let mut unit = finding(found.clone());
    let expected = [found[0].id, found[2].id];
    unit.contacts
        .expect_save_many()
        .withf(move |asked, saved| {
            *asked == user().id
                && saved.iter().map(|contact| contact.id).eq(expected)
                && saved.iter().all(|contact| contact.tags == tags(&["vip"]))
        })
        .times(1)
        .returning(|_, _| Ok(()));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));

    let outcome = changes(&storage).start(&actor(), &request()).await;

    let done = BulkOutcome::Done {
        matched: 3,
        changed: 2,
    };
    assert_eq!(outcome.expect("changed"), done);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn contacts_named_one_by_one_are_deleted_each_once() {
    let ids: Vec<_> = contacts(2).iter().map(|contact| contact.id).collect();
    let mut unit = MockUnitOfWork::default();
    let selection = ContactSelection::Ids(ids.clone());
    let found = ids.clone();
    unit.contacts
        .expect_selected()
        .withf(move |_, asked, _, _| *asked == selection)
        .times(1)
        .return_once(move |_, _, _, _| Ok(found));
    unit.contacts
        .expect_delete_many()
        .times(1)
        .returning(|_, ids| Ok(ids.len() as u64));
    let storage = Arc::new(ScriptedStorage::new().then_begin(unit));
    let typed = [
        &ids[1].to_string(),
        " no-id",
        &ids[0].to_string(),
        &ids[1].to_string(),
    ]
    .map(|id: &str| id.to_owned());
    let request = BulkRequest {
        action: "delete".to_owned(),
        contact_ids: Some(typed.to_vec()),
        ..BulkRequest::default()
    };

    let outcome = changes(&storage).start(&actor(), &request).await;

    let done = BulkOutcome::Done {
        matched: 2,
        changed: 2,
    };
    assert_eq!(outcome.expect("changed"), done);
}

#[tokio::test]
async fn many_contacts_are_left_to_the_worker_as_they_are_now() {
    let mut queue = MockUnitOfWork::default();
    queue
        .contacts
        .expect_count()
        .times(1)
        .returning(|_, _| Ok(3_000));
    queue
        .bulk_changes
        .expect_insert()
        .withf(|change| {
            let meant = ContactSelection::Filter(ContactFilter {
                status: Some(ContactStatus::Active),
                created_before: Some(now()),
                ..ContactFilter::default()
            });
            change.selection == meant && change.matched == 3_000
        })
        .times(1)
        .returning(|_| Ok(()));
    queue
        .jobs
        .expect_enqueue()
        .withf(|job| matches!(job.work, JobWork::ChangeContacts { .. }))
        .times(1)
        .returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_begin(finding(contacts(2_001)))
        .then_begin(queue);
    let storage = Arc::new(storage);

    let outcome = changes(&storage).start(&actor(), &request()).await;

    let Ok(BulkOutcome::Queued(change)) = outcome else {
        panic!("unexpected: {outcome:?}");
    };
    assert_eq!((change.status, change.changed), (BulkStatus::Queued, 0));
    assert_eq!(storage.commits(), 1, "the try has changed nothing");
}

#[tokio::test]
async fn every_field_that_is_not_understood_is_listed() {
    let storage = Arc::new(ScriptedStorage::new());
    let request = BulkRequest {
        action: "set_status".to_owned(),
        filter: Some(ContactQuery {
            tags: vec!["a,b".to_owned()],
            has: vec!["fax".to_owned()],
            ..ContactQuery::default()
        }),
        ..BulkRequest::default()
    };

    let error = changes(&storage).start(&actor(), &request).await;

    let Err(BulkError::Invalid(violations)) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("status", "required"),
            ("filter.tags", "tag_with_comma"),
            ("filter.has", "not_one_of"),
        ])
    );
}
