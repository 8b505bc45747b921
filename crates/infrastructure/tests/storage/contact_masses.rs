//! Lists and searches where there are more contacts than anybody counts for a page.

use nexus_domain::values::{ContactSort, ListRequest, LongText, SortDirection, Tag};
use nexus_domain::{Contact, ContactFilter, ContactStatus, UserId};

use crate::samples::{self, after, at, page, search, tags};
use crate::store::Store;

on_both_databases!(
    what_more_contacts_have_than_are_counted_is_at_least_so_many,
    pages_near_the_end_are_those_that_a_walk_comes_to,
    a_rare_needle_is_found_among_many,
    the_index_of_searches_has_nothing_of_contacts_that_are_gone,
    the_store_looks_afresh_at_many_contacts,
);

/// One more than is counted.
const MANY: usize = 10_001;

/// Contacts with a tag, every hundredth inactive.
async fn many(store: &Store, user: UserId) -> Vec<Contact> {
    let mut contacts = samples::contacts(user, MANY);
    for (contact, number) in contacts.iter_mut().zip(0_u16..) {
        contact.tags = tags(&["todos"]);
        contact.created_at = at(i64::from(number));
        if number % 100 == 0 {
            contact.status = ContactStatus::Inactive;
        }
    }
    store.add(&contacts).await;
    contacts
}

fn tagged() -> ContactFilter {
    ContactFilter {
        tags: tags(&["todos"]),
        ..ContactFilter::default()
    }
}

async fn what_more_contacts_have_than_are_counted_is_at_least_so_many(store: Store) {
    let user = store.user().await.id;
    many(&store, user).await;
    let with_phone = ContactFilter {
        has_phone: true,
        ..ContactFilter::default()
    };
    let inactive = ContactFilter {
        status: Some(ContactStatus::Inactive),
        ..tagged()
    };
    for (filter, total, is_exact) in [
        (ContactFilter::default(), 10_001, true),
        (tagged(), 10_001, true),
        (inactive, 101, true),
        (with_phone, 1_000, false),
        (search("contacto"), 1_000, false),
        (search("contacto 0999"), 10, true),
    ] {
        let mut repositories = store.read();
        let contacts = repositories.contacts();
        let listing = contacts.list(user, &filter, &page(1, 3)).await.unwrap();
        let seen = (listing.total, listing.total_is_exact);
        assert_eq!(seen, (Some(total), is_exact), "{filter:?}");
        assert!(listing.next.is_some());
        let counted = contacts.count(user, &filter).await.unwrap();
        assert_eq!(counted, if is_exact { total } else { 10_001 }, "{filter:?}");
        // The last page of everyone: beyond what is counted there are contacts all the same.
        let last = contacts.list(user, &filter, &page(3_334, 3)).await.unwrap();
        let (rest, total) = if is_exact && total < 10_000 {
            (0, total)
        } else {
            (2, 10_001)
        };
        assert_eq!(last.items.len(), rest, "{filter:?}");
        assert_eq!((last.total, last.total_is_exact), (Some(total), true));
    }
}

async fn pages_near_the_end_are_those_that_a_walk_comes_to(store: Store) {
    let user = store.user().await.id;
    let mut contacts = samples::contacts(user, 23);
    for (contact, number) in contacts.iter_mut().zip(0_i64..) {
        contact.tags = tags(&["todos"]);
        contact.created_at = at(number);
    }
    store.add(&contacts).await;
    for (sort, filter) in [
        (ContactSort::Name, ContactFilter::default()),
        (ContactSort::CreatedAt, ContactFilter::default()),
        (ContactSort::CreatedAt, tagged()),
    ] {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            let request = |number, size| ListRequest {
                sort,
                direction,
                ..page(number, size)
            };
            let mut repositories = store.read();
            let all = repositories.contacts();
            let whole = all
                .list(user, &filter, &request(1, 100))
                .await
                .unwrap()
                .items;
            assert_eq!(whole.len(), 23);
            for size in 1..=24_u32 {
                for number in 1..=25_u32 {
                    let part = all
                        .list(user, &filter, &request(number, size))
                        .await
                        .unwrap();
                    let first = ((number - 1) * size).min(23) as usize;
                    let last = (number * size).min(23) as usize;
                    assert_eq!(part.items, whole[first..last], "page {number} of {size}");
                    assert_eq!(part.next.is_some(), first < last && last < 23);
                    assert_eq!(part.total, Some(23));
                    if let Some(next) = part.next {
                        let on = ListRequest {
                            sort,
                            direction,
                            ..after(Some(next), 1)
                        };
                        let on = all.list(user, &filter, &on).await.unwrap();
                        assert_eq!(
                            on.items,
                            whole[last..=last],
                            "after page {number} of {size}"
                        );
                    }
                }
            }
        }
    }
}

async fn a_rare_needle_is_found_among_many(store: Store) {
    let user = store.user().await.id;
    let other = store.user().await.id;
    let mut contacts = many(&store, user).await;
    let mut notes = contacts[7_777].clone();
    notes.notes = LongText::parse("Paga \"los\" NEAR lunes* y-a veces").ok();
    contacts[7_777] = notes.clone();
    store.read().contacts().save(&notes).await.unwrap();
    let of_other = Contact {
        notes: notes.notes.clone(),
        ..samples::contact(other, "Ajena")
    };
    store.add(&[of_other]).await;
    for needle in [
        "contacto 07777",
        "\"los\" near",
        "lunes*",
        "y-a",
        "NEAR lun",
        "a v",
    ] {
        let filters = [
            search(needle),
            ContactFilter {
                tags: vec![Tag::parse("TODOS").unwrap()],
                ..search(needle)
            },
        ];
        for filter in filters {
            for sort in [ContactSort::Name, ContactSort::CreatedAt] {
                let request = ListRequest {
                    sort,
                    ..page(1, 10)
                };
                let mut repositories = store.read();
                let found = repositories.contacts().list(user, &filter, &request).await;
                let ids: Vec<_> = found.unwrap().items.iter().map(|found| found.id).collect();
                assert_eq!(ids, [notes.id], "{needle}");
            }
        }
    }
}

async fn the_index_of_searches_has_nothing_of_contacts_that_are_gone(store: Store) {
    if store.is_postgres() {
        // The index is the table's own.
        return;
    }
    let (user, other) = (store.user().await.id, store.user().await.id);
    let contacts = samples::contacts(user, 3);
    store.add(&contacts).await;
    store.add(&[samples::contact(other, "Ajena")]).await;
    let indexed = async || {
        let numbers = store.number("SELECT count(*) FROM contact_search").await;
        let texts = "SELECT count(*) FROM contact_trigrams_docsize";
        (numbers, store.number(texts).await)
    };
    assert_eq!(indexed().await, (4, 4));
    let mut repositories = store.read();
    let deleted = repositories.contacts().delete(user, contacts[0].id).await;
    assert!(deleted.unwrap());
    assert_eq!(indexed().await, (3, 3));
    assert!(repositories.users().delete(user).await.unwrap());
    assert_eq!(indexed().await, (1, 1));
}

async fn the_store_looks_afresh_at_many_contacts(store: Store) {
    let user = store.user().await.id;
    store.add(&samples::contacts(user, 3)).await;
    store.read().contacts().many_changed().await.unwrap();
    if store.is_postgres() {
        let looked_at = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'contacts'";
        assert_eq!(store.number(looked_at).await, 3);
    }
}
