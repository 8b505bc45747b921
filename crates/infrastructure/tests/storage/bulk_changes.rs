//! Changes of many contacts that run in the background.

use nexus_domain::{
    BulkAction, BulkChange, BulkStatus, ContactEdit, ContactFilter, ContactSelection,
    ContactStatus, UserId,
};

use crate::samples::{self, at, search, short, tags};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_change_is_read_as_it_was_written,
    how_far_it_is_is_saved,
    those_that_are_not_over_are_told,
    another_user_sees_and_changes_nothing,
    those_that_were_over_long_ago_are_deleted,
);

fn change(user: UserId) -> BulkChange {
    BulkChange {
        id: samples::bulk_change_id(),
        user_id: user,
        action: BulkAction::Edit(ContactEdit::Tag(tags(&["VIP", "Otoño"]))),
        selection: ContactSelection::Filter(ContactFilter {
            search: Some(short("100 % \"fiel\"")),
            tags: tags(&["Norte"]),
            status: Some(ContactStatus::Inactive),
            has_phone: true,
            has_email: false,
            has_field: Some(samples::field_name("Ciudad")),
            created_after: Some(at(-9)),
            created_before: Some(at(9)),
            also: vec![search("norte"), ContactFilter::default()],
        }),
        status: BulkStatus::Queued,
        matched: 12_345,
        changed: 0,
        seen_through: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

async fn found(store: &Store, change: &BulkChange) -> Option<BulkChange> {
    let mut repositories = store.read();
    let changes = repositories.bulk_changes();
    changes.find(change.user_id, change.id).await.unwrap()
}

async fn a_change_is_read_as_it_was_written(store: Store) {
    let user = store.user().await.id;
    let ids = vec![samples::contact_id(), samples::contact_id()];
    let rename = ContactEdit::RenameTag {
        from: tags(&["vip"]).remove(0),
        to: tags(&["VIP"]).remove(0),
    };
    for (action, selection) in [
        (BulkAction::Delete, ContactSelection::Ids(ids)),
        (
            BulkAction::Edit(ContactEdit::Untag(tags(&["x"]))),
            ContactSelection::Ids(vec![]),
        ),
        (
            BulkAction::Edit(ContactEdit::SetStatus(ContactStatus::Unsubscribed)),
            ContactSelection::Filter(ContactFilter::default()),
        ),
        (BulkAction::Edit(rename), change(user).selection),
        (
            BulkAction::Edit(ContactEdit::RemoveField(samples::field_name("Talla"))),
            ContactSelection::Ids(vec![]),
        ),
        (change(user).action, change(user).selection),
    ] {
        let written = BulkChange {
            action,
            selection,
            ..change(user)
        };
        let mut unit = store.begin().await;
        unit.bulk_changes().insert(&written).await.unwrap();
        unit.commit().await.unwrap();
        assert_same(&found(&store, &written).await, &Some(written));
    }
}

async fn how_far_it_is_is_saved(store: Store) {
    let user = store.user().await.id;
    let mut change = change(user);
    let mut repositories = store.read();
    let changes = repositories.bulk_changes();
    changes.insert(&change).await.unwrap();
    change.advance(samples::contact_id(), 400, at(1));
    changes.save(&change).await.unwrap();
    assert_same(&found(&store, &change).await, &Some(change.clone()));
    change.complete(at(2));
    changes.save(&change).await.unwrap();
    assert_same(&found(&store, &change).await, &Some(change.clone()));
    change.status = BulkStatus::Failed { at: at(3) };
    changes.save(&change).await.unwrap();
    let mut unit = store.begin().await;
    let locked = unit.bulk_changes().lock(user, change.id).await.unwrap();
    assert_same(&locked, &Some(change));
}

async fn those_that_are_not_over_are_told(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let mut changes = [(); 4].map(|()| change(user));
    changes[1].advance(samples::contact_id(), 400, at(1));
    changes[2].complete(at(2));
    changes[3].fail(at(2));
    let mut repositories = store.read();
    let stored = repositories.bulk_changes();
    for change in &changes {
        stored.insert(change).await.unwrap();
    }
    let mut open = changes[..2].to_vec();
    open.sort_by_key(|change| change.id);
    assert_same(&stored.unfinished(user).await.unwrap(), &open);
    assert_eq!(stored.unfinished(other).await.unwrap(), []);
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let change = change(user);
    let mut repositories = store.read();
    let changes = repositories.bulk_changes();
    changes.insert(&change).await.unwrap();
    let mut theirs = BulkChange {
        user_id: other,
        ..change.clone()
    };
    theirs.fail(at(5));
    changes.save(&theirs).await.unwrap();
    assert_eq!(changes.find(other, change.id).await.unwrap(), None);
    assert_eq!(changes.lock(other, change.id).await.unwrap(), None);
    assert_same(&found(&store, &change).await, &Some(change));
}

async fn those_that_were_over_long_ago_are_deleted(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let with = |user, status| BulkChange {
        status,
        ..change(user)
    };
    let long_ago = [
        with(user, BulkStatus::Completed { at: at(9) }),
        with(other, BulkStatus::Failed { at: at(0) }),
    ];
    let kept = [
        with(user, BulkStatus::Completed { at: at(10) }),
        with(user, BulkStatus::Queued),
        with(other, BulkStatus::Running),
    ];
    let mut repositories = store.read();
    let changes = repositories.bulk_changes();
    for change in long_ago.iter().chain(&kept) {
        changes.insert(change).await.unwrap();
    }
    assert_eq!(changes.delete_ended(at(10)).await.unwrap(), 2);
    assert_eq!(changes.delete_ended(at(10)).await.unwrap(), 0);
    for change in &long_ago {
        assert_eq!(found(&store, change).await, None);
    }
    for change in &kept {
        assert_eq!(found(&store, change).await.as_ref(), Some(change));
    }
}
