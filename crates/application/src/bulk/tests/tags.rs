use nexus_domain::mocks::MockUnitOfWork;

use super::*;
use crate::bulk::{BulkOutcome, DeleteTagError, RenameTagError};
use crate::fixtures::{actor, fields, refused};

fn with_tag(selection: &ContactSelection) -> bool {
    let expected = ContactFilter {
        tags: tags(&["vip"]),
        ..ContactFilter::default()
    };
    *selection == ContactSelection::Filter(expected)
}

/// A read in which the tag is on these contacts.
fn tagged(contacts: &[Contact]) -> MockUnitOfWork {
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_selected()
        .withf(|asked, selection, _, most| *asked == user().id && with_tag(selection) && *most == 1)
        .times(1)
        .return_once(move |_, _, _, _| Ok(ids));
    unit
}

/// A transaction that finds these contacts and stores them with the tags `labels`.
fn retagging(found: Vec<Contact>, labels: &'static [&'static str]) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_lock_selected()
        .withf(|_, selection, _, _| with_tag(selection))
        .times(1)
        .return_once(move |_, _, _, _| Ok(found));
    unit.contacts
        .expect_save_many()
        .withf(move |_, contacts| contacts.iter().all(|contact| contact.tags == tags(labels)))
        .times(1)
        .returning(|_, _| Ok(()));
    unit
}

fn vips(count: u32, labels: &[&str]) -> Vec<Contact> {
    let mut contacts = contacts(count);
    for contact in &mut contacts {
        contact.tags = tags(labels);
    }
    contacts
}

#[tokio::test]
async fn a_renamed_tag_becomes_one_with_the_tag_of_that_name() {
    let found = vips(2, &["vip", "fiel", "norte"]);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found[..1]))
        .then_begin(retagging(found, &["fiel", "norte"]));
    let storage = Arc::new(storage);

    let outcome = changes(&storage)
        .rename_tag(&actor(), "VIP", " Fiel ")
        .await;

    let done = BulkOutcome::Done {
        matched: 2,
        changed: 2,
    };
    assert_eq!(outcome.expect("renamed"), done);
    assert_eq!(storage.commits(), 1);
}

#[tokio::test]
async fn a_deleted_tag_is_taken_from_all_that_have_it() {
    let found = vips(3, &["vip", "norte"]);
    let storage = ScriptedStorage::new()
        .then_read(tagged(&found[..1]))
        .then_begin(retagging(found, &["norte"]));
    let storage = Arc::new(storage);

    let outcome = changes(&storage).delete_tag(&actor(), "vip").await;

    let done = BulkOutcome::Done {
        matched: 3,
        changed: 3,
    };
    assert_eq!(outcome.expect("deleted"), done);
}

#[tokio::test]
async fn a_tag_that_nobody_has_is_not_there() {
    let storage = ScriptedStorage::new()
        .then_read(tagged(&[]))
        .then_read(tagged(&[]));
    let storage = Arc::new(storage);
    let changes = changes(&storage);
    let renamed = changes.rename_tag(&actor(), "vip", "fiel").await;
    assert!(matches!(renamed, Err(RenameTagError::NotFound)));
    let deleted = changes.delete_tag(&actor(), "vip").await;
    assert!(matches!(deleted, Err(DeleteTagError::NotFound)));
    let no_tag = changes.delete_tag(&actor(), "a,b").await;
    assert!(matches!(no_tag, Err(DeleteTagError::NotFound)));
}

#[tokio::test]
async fn a_name_that_no_tag_may_have_is_refused() {
    let storage = Arc::new(ScriptedStorage::new());
    let error = changes(&storage).rename_tag(&actor(), "vip", "a,b").await;
    let Err(RenameTagError::Invalid(violations)) = error else {
        panic!("unexpected: {error:?}");
    };
    assert_eq!(refused(&violations), fields(&[("name", "tag_with_comma")]));
}
