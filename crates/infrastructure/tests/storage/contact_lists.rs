use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::values::{
    ContactSort, Cursor, ListRequest, Listing, Paging, SortDirection, fold,
};
use nexus_domain::{Contact, ContactFilter, ContactStatus, UserId};

use sea_orm::ConnectionTrait;

use crate::samples::{self, after, at, page, tags};
use crate::store::{Store, assert_same, walk};

on_both_databases!(
    a_page_deep_in_a_crowd_is_the_one_that_counting_leads_to,
    pages_carry_the_total_and_say_whether_the_list_goes_on,
    a_page_beyond_the_end_is_empty_with_the_right_total,
    a_cursor_goes_on_where_a_page_ends,
    a_walk_gives_each_contact_once_in_every_order,
    a_walk_by_tag_or_status_gives_each_of_them_once,
    a_walk_goes_on_where_the_last_contact_was_deleted,
    contacts_added_behind_a_cursor_are_not_in_the_way,
    a_cursor_of_another_list_is_the_end,
    a_list_has_whole_contacts,
    another_user_s_contacts_are_in_no_list,
);

const DIRECTIONS: [SortDirection; 2] = [SortDirection::Ascending, SortDirection::Descending];

async fn list(
    store: &Store,
    user: UserId,
    filter: &ContactFilter,
    request: &ListRequest<ContactSort>,
) -> Listing<Contact> {
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    contacts.list(user, filter, request).await.unwrap()
}

async fn part(store: &Store, user: UserId, request: &ListRequest<ContactSort>) -> Listing<Contact> {
    list(store, user, &ContactFilter::default(), request).await
}

fn names(contacts: &[Contact]) -> Vec<&str> {
    contacts
        .iter()
        .map(|contact| contact.name.as_str())
        .collect()
}

/// Contacts in the order of their times, which are a second apart.
async fn numbered(store: &Store, user: UserId, count: usize) -> Vec<Contact> {
    let mut contacts = samples::contacts(user, count);
    for (contact, seconds) in contacts.iter_mut().zip(0..) {
        contact.created_at = at(seconds);
    }
    store.add(&contacts).await;
    contacts
}

async fn pages_carry_the_total_and_say_whether_the_list_goes_on(store: Store) {
    let user = store.user().await.id;
    let contacts = numbered(&store, user, 7).await;
    for (number, range, goes_on) in [(1, 0..3, true), (2, 3..6, true), (3, 6..7, false)] {
        let listing = part(&store, user, &page(number, 3)).await;
        assert_eq!(listing.items, contacts[range], "page {number}");
        assert_eq!(listing.total, Some(7), "page {number}");
        assert_eq!(listing.next.is_some(), goes_on, "page {number}");
    }
    let listing = part(&store, user, &page(1, 7)).await;
    assert_eq!(listing.items, contacts);
    assert_eq!(
        listing.next, None,
        "a page that is exactly full is the last"
    );
}

/// Some were created in the same moment, some days apart.
async fn a_page_deep_in_a_crowd_is_the_one_that_counting_leads_to(store: Store) {
    let user = store.user().await.id;
    let mut contacts = samples::contacts(user, 4_600);
    for (number, contact) in (0_i64..).zip(&mut contacts) {
        contact.created_at = at((number * number / 700) * (1 + number % 3));
    }
    store.add(&contacts).await;
    contacts.sort_by_key(|contact| (contact.created_at, contact.id));
    let request = |direction, number| ListRequest {
        sort: ContactSort::CreatedAt,
        direction,
        paging: Paging::Page { number },
        size: 20,
    };
    let assert_pages = async || {
        for direction in [SortDirection::Ascending, SortDirection::Descending] {
            for number in [100, 101, 102, 115, 129, 130, 131] {
                let first = (usize::try_from(number).unwrap() - 1) * 20;
                let mut expected: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
                if direction == SortDirection::Descending {
                    expected.reverse();
                }
                let listing = part(&store, user, &request(direction, number)).await;
                let found: Vec<_> = listing.items.iter().map(|contact| contact.id).collect();
                assert_eq!(found, expected[first..first + 20], "{direction:?} {number}");
                assert_eq!(listing.total, Some(4_600));
                assert!(listing.next.is_some());
            }
        }
    };
    assert_pages().await;
    // As an older version would leave them, which doesn't know them.
    let raw = store.raw().await;
    raw.execute_unprepared("UPDATE contact_marks SET contacts = contacts - 7")
        .await
        .unwrap();
    assert_pages().await;
}

async fn a_page_beyond_the_end_is_empty_with_the_right_total(store: Store) {
    let user = store.user().await.id;
    numbered(&store, user, 7).await;
    for number in [4, 5, u32::MAX] {
        let listing = part(&store, user, &page(number, 3)).await;
        let expected = Listing {
            items: Vec::new(),
            total: Some(7),
            total_is_exact: true,
            next: None,
        };
        assert_eq!(listing, expected, "page {number}");
    }
    let nobody = store.user().await.id;
    let listing = part(&store, nobody, &page(1, 3)).await;
    assert_eq!((listing.total, listing.next), (Some(0), None));
}

async fn a_cursor_goes_on_where_a_page_ends(store: Store) {
    let user = store.user().await.id;
    let contacts = numbered(&store, user, 7).await;
    let first = part(&store, user, &page(1, 3)).await;
    let second = part(&store, user, &after(first.next, 2)).await;
    assert_eq!(second.items, contacts[3..5]);
    assert_eq!(second.total, None);
    let third = part(&store, user, &after(second.next, 2)).await;
    assert_eq!(third.items, contacts[5..]);
    assert_eq!(third.next, None);
}

/// Names that differ in accents and case only, and times that are equal, whole or broken: what
/// SQLite compares as text must come in the order of the times.
fn motley(user: UserId) -> Vec<Contact> {
    let names = [
        "Ángel", "angel", "ANGEL", "Zoe", "Ñandú", "nandu", "Nándu", "élan", "Eve", "Öl", "123",
        "_x", "%", "日本", "👩", "ß", "angel 2", "a", "Ángela", "İzmir",
    ];
    let second = DateTime::from_timestamp(1_764_000_000, 0).unwrap();
    let micros = [
        0, 500_000, 1, 100_000, 120_000, 123_000, 123_400, 123_456, 999_999, 1_000_000,
    ];
    let times = micros.map(|micros| second + TimeDelta::microseconds(micros));
    let contact = |(name, created_at): (&str, DateTime<Utc>)| Contact {
        created_at,
        ..samples::contact(user, name)
    };
    names
        .into_iter()
        .zip(times.into_iter().cycle())
        .map(contact)
        .collect()
}

fn sorted(contacts: &[Contact], sort: ContactSort, direction: SortDirection) -> Vec<Contact> {
    let mut contacts = contacts.to_vec();
    match sort {
        ContactSort::Name => {
            contacts.sort_by_key(|contact| (fold(contact.name.as_str()), contact.id));
        }
        ContactSort::CreatedAt => contacts.sort_by_key(|contact| (contact.created_at, contact.id)),
    }
    if direction == SortDirection::Descending {
        contacts.reverse();
    }
    contacts
}

/// Walks through a list in both orders, both directions and parts of several sizes.
async fn assert_walks(store: &Store, user: UserId, filter: &ContactFilter, expected: &[Contact]) {
    for sort in [ContactSort::Name, ContactSort::CreatedAt] {
        for direction in DIRECTIONS {
            let expected = sorted(expected, sort, direction);
            for size in [1, 3, 7, 20, 100] {
                let request = ListRequest {
                    sort,
                    direction,
                    ..page(1, size)
                };
                let walked = walk(request.clone(), async |request| {
                    list(store, user, filter, request).await
                });
                let walked = walked.await;
                let what = format!("{sort:?}, {direction:?}, {size} a part");
                assert_eq!(names(&walked), names(&expected), "{what}");
                assert_eq!(walked, expected, "{what}");
                let pages = list(store, user, filter, &request).await;
                let first = expected.len().min(usize::try_from(size).unwrap());
                assert_eq!(pages.items, expected[..first], "{what}");
            }
        }
    }
}

async fn a_walk_gives_each_contact_once_in_every_order(store: Store) {
    let user = store.user().await.id;
    let contacts = motley(user);
    store.add(&contacts).await;
    assert_walks(&store, user, &ContactFilter::default(), &contacts).await;
}

async fn a_walk_by_tag_or_status_gives_each_of_them_once(store: Store) {
    let user = store.user().await.id;
    let mut contacts = motley(user);
    for (contact, number) in contacts.iter_mut().zip(0_u8..) {
        contact.tags = match number % 3 {
            0 => tags(&["uno"]),
            1 => tags(&["uno", "dos"]),
            _ => tags(&["dos"]),
        };
        contact.status = ContactStatus::ALL[usize::from(number / 7)];
    }
    store.add(&contacts).await;
    let those = |wanted: &dyn Fn(&Contact) -> bool| -> Vec<Contact> {
        contacts
            .iter()
            .filter(|contact| wanted(contact))
            .cloned()
            .collect()
    };
    let uno = ContactFilter {
        tags: tags(&["UNO"]),
        ..ContactFilter::default()
    };
    let tagged = |label| move |contact: &Contact| contact.tags.contains(&tags(&[label])[0]);
    assert_walks(&store, user, &uno, &those(&tagged("uno"))).await;
    for status in ContactStatus::ALL {
        let filter = ContactFilter {
            status: Some(status),
            ..ContactFilter::default()
        };
        let expected = those(&|contact| contact.status == status);
        assert_walks(&store, user, &filter, &expected).await;
        let both = ContactFilter {
            tags: tags(&["dos", "uno"]),
            ..filter
        };
        let expected = those(&|contact| {
            contact.status == status && tagged("uno")(contact) && tagged("dos")(contact)
        });
        assert_walks(&store, user, &both, &expected).await;
    }
}

async fn a_walk_goes_on_where_the_last_contact_was_deleted(store: Store) {
    let user = store.user().await.id;
    let contacts = numbered(&store, user, 5).await;
    let first = part(&store, user, &after(None, 2)).await;
    let mut repositories = store.read();
    let deleted = repositories.contacts().delete(user, contacts[1].id).await;
    assert!(deleted.unwrap());
    let second = part(&store, user, &after(first.next, 10)).await;
    assert_eq!(second.items, contacts[2..]);
}

async fn contacts_added_behind_a_cursor_are_not_in_the_way(store: Store) {
    let user = store.user().await.id;
    let contacts = numbered(&store, user, 4).await;
    let first = part(&store, user, &after(None, 2)).await;
    let earlier = Contact {
        created_at: at(-1),
        ..samples::contact(user, "Antes")
    };
    store.add(&[earlier]).await;
    let second = part(&store, user, &after(first.next, 10)).await;
    assert_eq!(second.items, contacts[2..]);
}

async fn a_cursor_of_another_list_is_the_end(store: Store) {
    let user = store.user().await.id;
    let contacts = numbered(&store, user, 4).await;
    let cursor = Cursor {
        key: "contacto 00001".to_owned(),
        id: contacts[1].id.as_uuid(),
    };
    let listing = part(&store, user, &after(Some(cursor.clone()), 10)).await;
    assert_eq!((listing.items.len(), listing.next), (0, None));
    let by_name = ListRequest {
        sort: ContactSort::Name,
        ..after(Some(cursor), 10)
    };
    let listing = part(&store, user, &by_name).await;
    assert_eq!(listing.items, contacts[2..]);
}

async fn a_list_has_whole_contacts(store: Store) {
    let user = store.user().await.id;
    let contact = crate::contacts::full(user);
    store.add(std::slice::from_ref(&contact)).await;
    let by_tag = ContactFilter {
        tags: tags(&["vip"]),
        ..ContactFilter::default()
    };
    for filter in [ContactFilter::default(), by_tag] {
        let listing = list(&store, user, &filter, &page(1, 10)).await;
        assert_same(&listing.items, &vec![contact.clone()]);
    }
}

async fn another_user_s_contacts_are_in_no_list(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let contact = crate::contacts::full(user);
    store.add(&[contact]).await;
    let by_tag = ContactFilter {
        tags: tags(&["vip"]),
        ..ContactFilter::default()
    };
    let by_status = ContactFilter {
        status: Some(ContactStatus::Unsubscribed),
        ..ContactFilter::default()
    };
    for filter in [ContactFilter::default(), by_tag, by_status] {
        for sort in [ContactSort::Name, ContactSort::CreatedAt] {
            for paging in [Paging::Page { number: 1 }, Paging::After { cursor: None }] {
                let request = ListRequest {
                    sort,
                    paging,
                    ..page(1, 10)
                };
                let seen = list(&store, other, &filter, &request).await;
                assert_eq!(seen.items, []);
                assert_eq!(seen.total.unwrap_or_default(), 0);
                let seen = list(&store, user, &filter, &request).await;
                assert_eq!(seen.items.len(), 1);
            }
        }
    }
}
