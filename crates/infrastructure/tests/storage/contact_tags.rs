//! A tag of a contact is kept twice: with the contact, and where contacts are found by it.

use nexus_domain::{Contact, ContactFilter, UserId};

use crate::contacts::{find, save};
use crate::samples::{self, at, page, tags};
use crate::store::{Store, assert_same, walk};

on_both_databases!(
    tags_are_replaced_where_they_are_looked_up,
    tags_in_use_are_counted,
    tags_are_counted_with_what_is_kept_and_not_with_what_is_taken_back,
    a_transaction_knows_its_own_totals,
    transactions_do_not_wait_for_totals_of_each_other,
);

/// The labels in use with their numbers.
pub(crate) async fn used_tags(store: &Store, user: UserId) -> Vec<(String, u64)> {
    let tags = store.read().contacts().tags(user).await.unwrap();
    tags.into_iter()
        .map(|(tag, count)| (tag.label().to_owned(), count))
        .collect()
}

async fn tags_are_replaced_where_they_are_looked_up(store: Store) {
    let user = store.user().await;
    let contact = Contact {
        tags: tags(&["vip", "norte"]),
        created_at: at(5),
        ..samples::contact(user.id, "Luz")
    };
    let later = Contact {
        tags: tags(&["sur"]),
        created_at: at(6),
        ..samples::contact(user.id, "Sol")
    };
    store.add(&[contact.clone(), later.clone()]).await;
    let saved = Contact {
        tags: tags(&["Sur", "VIP"]),
        created_at: at(50),
        ..contact.clone()
    };
    save(&store, &saved).await;
    let stored = Contact {
        created_at: contact.created_at,
        ..saved
    };
    assert_same(&find(&store, &contact).await, &Some(stored.clone()));
    for (label, expected) in [
        ("norte", vec![]),
        ("vip", vec![stored.id]),
        // In the order of their creation, as it was and not as it was saved.
        ("sur", vec![stored.id, later.id]),
    ] {
        let filter = ContactFilter {
            tags: tags(&[label]),
            ..ContactFilter::default()
        };
        // One at a time, so that each part depends on the time that is kept with the tag.
        let found = walk(page(1, 1), async |request| {
            let mut repositories = store.read();
            let contacts = repositories.contacts();
            contacts.list(user.id, &filter, request).await.unwrap()
        });
        let found: Vec<_> = found.await.iter().map(|contact| contact.id).collect();
        assert_eq!(found, expected, "{label}");
    }
    let untagged = Contact {
        tags: Vec::new(),
        ..stored
    };
    save(&store, &untagged).await;
    assert_eq!(used_tags(&store, user.id).await, [("sur".to_owned(), 1)]);
}

async fn tags_in_use_are_counted(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let tagged = |labels: &[&str]| Contact {
        tags: tags(labels),
        ..samples::contact(user.id, "Luz")
    };
    let gone = tagged(&["vip", "zona sur"]);
    let contacts = [
        tagged(&["VIP", "Ámbar"]),
        tagged(&["VIP", "Baja"]),
        tagged(&[]),
        gone.clone(),
    ];
    store.add(&contacts).await;
    let of_other = Contact {
        tags: tags(&["VIP", "ajeno"]),
        ..samples::contact(other.id, "Sol")
    };
    store.add(&[of_other]).await;
    let counts = |tags: &[(String, u64)]| tags.iter().map(|(_, count)| *count).collect::<Vec<_>>();
    let used = used_tags(&store, user.id).await;
    assert_eq!(counts(&used), [1, 1, 3, 1]);
    assert!(used[2].0.eq_ignore_ascii_case("vip"));
    assert_eq!(used[3].0, "zona sur");
    let mut repositories = store.read();
    let deleted = repositories.contacts().delete(user.id, gone.id).await;
    assert!(deleted.unwrap());
    let expected = [("Ámbar", 1), ("Baja", 1), ("VIP", 2)];
    let expected = expected.map(|(label, count)| (label.to_owned(), count));
    assert_eq!(used_tags(&store, user.id).await, expected);
}

async fn tags_are_counted_with_what_is_kept_and_not_with_what_is_taken_back(store: Store) {
    let user = store.user().await.id;
    let tagged = |labels: &[&str]| Contact {
        tags: tags(labels),
        ..samples::contact(user, "Luz")
    };
    let mut contacts = [tagged(&["a", "b"]), tagged(&["b"]), tagged(&["b", "c"])];
    store.add(&contacts).await;
    let counted = async || {
        let used = used_tags(&store, user).await;
        let used: Vec<_> = used.iter().map(|(tag, n)| format!("{tag} {n}")).collect();
        for (label, number) in used_tags(&store, user).await {
            let filter = ContactFilter {
                tags: tags(&[&label]),
                ..ContactFilter::default()
            };
            let mut repositories = store.read();
            let list = repositories
                .contacts()
                .list(user, &filter, &page(1, 1))
                .await;
            assert_eq!(list.unwrap().total, Some(number), "{label}");
        }
        used.join(", ")
    };
    assert_eq!(counted().await, "a 1, b 3, c 1");
    let mut unit = store.begin().await;
    unit.contacts().delete(user, contacts[0].id).await.unwrap();
    unit.contacts().insert(&[tagged(&["a"])]).await.unwrap();
    drop(unit);
    assert_eq!(counted().await, "a 1, b 3, c 1");

    contacts[0].tags = tags(&["B", "d"]);
    contacts[2].tags = tags(&["B"]);
    let mut unit = store.begin().await;
    unit.contacts().save_many(user, &contacts).await.unwrap();
    unit.commit().await.unwrap();
    assert!(counted().await.eq_ignore_ascii_case("b 3, d 1"));
    let ids = contacts.each_ref().map(|contact| contact.id);
    let deleted = store.read().contacts().delete_many(user, &ids[..2]).await;
    assert_eq!(deleted.unwrap(), 2);
    assert_eq!(counted().await, "B 1");
}

async fn a_transaction_knows_its_own_totals(store: Store) {
    let user = store.user().await.id;
    let contact = Contact {
        tags: tags(&["a"]),
        ..samples::contact(user, "Luz")
    };
    let everyone = ContactFilter::default();
    let mut unit = store.begin().await;
    unit.contacts()
        .insert(std::slice::from_ref(&contact))
        .await
        .unwrap();
    assert_eq!(unit.contacts().count(user, &everyone).await.unwrap(), 1);
    assert_eq!(unit.contacts().tags(user).await.unwrap().len(), 1);
    unit.contacts().delete(user, contact.id).await.unwrap();
    let list = unit.contacts().list(user, &everyone, &page(1, 5)).await;
    assert_eq!(list.unwrap().total, Some(0));
    unit.contacts().insert(&[contact]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(used_tags(&store, user).await, [("a".to_owned(), 1)]);
}

/// Whoever counts a tag keeps its total from others until the commit, so all that a transaction
/// counts is counted there: in one order, whatever the order of its changes.
async fn transactions_do_not_wait_for_totals_of_each_other(store: Store) {
    if !store.is_postgres() {
        // One transaction writes at a time.
        return;
    }
    let user = store.user().await.id;
    let tagged = |labels: &[&str]| Contact {
        tags: tags(labels),
        ..samples::contact(user, "Luz")
    };
    let mut first = store.begin().await;
    first.contacts().insert(&[tagged(&["z"])]).await.unwrap();
    let mut second = store.begin().await;
    second
        .contacts()
        .insert(&[tagged(&["a", "z"])])
        .await
        .unwrap();
    second.commit().await.unwrap();
    first.contacts().insert(&[tagged(&["a"])]).await.unwrap();
    first.commit().await.unwrap();
    let expected = [("a".to_owned(), 2), ("z".to_owned(), 2)];
    assert_eq!(used_tags(&store, user).await, expected);
}
