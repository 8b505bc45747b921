//! How many contacts there are is counted as they come, change and go.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use nexus_domain::ports::{DuplicateKey, Storage, StorageError};
use nexus_domain::{Contact, ContactStatus, ContactTotals};

use crate::dashboard::{dashboard, four};
use crate::samples::{self, at};
use crate::store::{Store, assert_duplicate};

on_both_databases!(
    contacts_are_counted_as_they_come_change_and_go,
    marks_follow_contacts_as_they_come_change_and_go,
    a_contact_that_many_change_at_once_is_counted_once,
    contacts_are_new_from_the_first_day_asked_for,
);

async fn contacts_are_counted_as_they_come_change_and_go(store: Store) {
    let user = store.user().await.id;
    let totals = async || {
        let contacts = dashboard(&store, user, at(86_400)).await.contacts;
        let ContactTotals {
            active,
            inactive,
            unsubscribed,
            new,
        } = contacts;
        [active, inactive, unsubscribed, new]
    };
    let mut contacts = samples::contacts(user, 5);
    contacts[3].status = ContactStatus::Inactive;
    contacts[4].status = ContactStatus::Unsubscribed;
    // The next day, hence new.
    contacts[0].created_at = at(86_400);
    contacts[3].created_at = at(86_400);
    store.add(&contacts).await;
    assert_eq!(totals().await, [3, 1, 1, 2]);
    assert_eq!(dashboard(&store, user, at(0)).await.contacts.total(), 5);

    contacts[0].status = ContactStatus::Unsubscribed;
    store.read().contacts().save(&contacts[0]).await.unwrap();
    assert_eq!(totals().await, [2, 1, 2, 2]);
    // The same once more, with another time of creation, which is not saved.
    contacts[0].created_at = at(-86_400);
    store.read().contacts().save(&contacts[0]).await.unwrap();
    assert_eq!(totals().await, [2, 1, 2, 2]);

    // What is refused or taken back is not counted.
    let again = Contact {
        id: samples::contact_id(),
        ..contacts[1].clone()
    };
    let refused = store.read().contacts().insert(&[again]).await;
    assert_duplicate(&refused, DuplicateKey::ContactPhone);
    let mut unit = store.begin().await;
    let more = samples::contacts(user, 2);
    unit.contacts().insert(&more).await.unwrap();
    unit.contacts().delete(user, contacts[1].id).await.unwrap();
    drop(unit);
    assert_eq!(totals().await, [2, 1, 2, 2]);

    for (index, expected) in [(0, [2, 1, 1, 1]), (1, [1, 1, 1, 1]), (3, [1, 0, 1, 0])] {
        let id = contacts[index].id;
        assert!(store.read().contacts().delete(user, id).await.unwrap());
        assert!(!store.read().contacts().delete(user, id).await.unwrap());
        assert_eq!(totals().await, expected);
    }
}

/// At every level the marks say what counting the contacts would.
async fn assert_marks_agree(store: &Store, case: &str) {
    let finest = if store.is_postgres() {
        "CAST(floor(extract(epoch FROM created_at) * 64) AS bigint)"
    } else {
        // What is between the point and the zone, if anything, filled up to six digits.
        "(CAST(strftime('%s', substr(created_at, 1, 19)) AS integer) * 64
            + CAST(substr(substr(created_at, 21, length(created_at) - 26) || '000000', 1, 6) AS integer)
            / 15625)"
    };
    for level in [-6, 0, 6, 12, 18, 24] {
        let slot = format!("({finest} >> {})", level + 6);
        let differing = store
            .number(&format!(
                "SELECT count(*) FROM (
                    SELECT user_id, {slot} AS slot, count(*) AS n FROM contacts
                    GROUP BY user_id, {slot}) AS c
                 FULL JOIN (
                    SELECT user_id, slot, contacts FROM contact_marks
                    WHERE level = {level} AND contacts <> 0) AS m
                 ON m.user_id = c.user_id AND m.slot = c.slot
                 WHERE coalesce(m.contacts, 0) <> coalesce(c.n, 0)"
            ))
            .await;
        assert_eq!(differing, 0, "{case}, level {level}");
    }
}

async fn marks_follow_contacts_as_they_come_change_and_go(store: Store) {
    let user = store.user().await.id;
    let other = store.user().await.id;
    let mut contacts = samples::contacts(user, 8);
    let created = [0, 0, 1, 63, 64, 4_096, 262_144, -90_000];
    let fractions = [999_999, 999_998, 15_624, 15_625, 31_251, 500_000];
    for ((contact, seconds), fraction) in contacts
        .iter_mut()
        .zip(created)
        .zip(fractions.iter().cycle())
    {
        contact.created_at = at(seconds) + TimeDelta::microseconds(*fraction);
    }
    store.add(&contacts).await;
    store.add(&samples::contacts(other, 3)).await;
    assert_marks_agree(&store, "new contacts").await;

    contacts[0].status = ContactStatus::Unsubscribed;
    contacts[0].created_at = at(7);
    store.read().contacts().save(&contacts[0]).await.unwrap();
    assert_marks_agree(&store, "a changed contact").await;

    let mut unit = store.begin().await;
    unit.contacts().delete(user, contacts[3].id).await.unwrap();
    let more = samples::contacts(user, 2);
    unit.contacts().insert(&more).await.unwrap();
    unit.commit().await.unwrap();
    assert_marks_agree(&store, "one went, two came").await;

    // What databases of before are given.
    store.undo("contact_marks").await;
    store.storage.migrate().await.unwrap();
    assert_marks_agree(&store, "counted by the migration").await;
}

async fn a_contact_that_many_change_at_once_is_counted_once(store: Store) {
    let contact = samples::contact(store.user().await.id, "Luz");
    let user = contact.user_id;
    store.add(std::slice::from_ref(&contact)).await;
    let turns = AtomicUsize::new(0);
    let outcomes = store
        .race(12, |storage| {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            let changed = Contact {
                status: ContactStatus::ALL[turn % 3],
                ..contact.clone()
            };
            async move {
                for _ in 0..3 {
                    storage.read().contacts().save(&changed).await?;
                }
                Ok::<_, StorageError>(())
            }
        })
        .await;
    for outcome in outcomes {
        outcome.unwrap();
    }
    let found = store.read().contacts().find(user, contact.id).await;
    let status = found.unwrap().unwrap().status;
    let totals = dashboard(&store, user, at(86_400)).await.contacts;
    let of_status = |wanted| u64::from(status == wanted);
    let expected = ContactTotals {
        active: of_status(ContactStatus::Active),
        inactive: of_status(ContactStatus::Inactive),
        unsubscribed: of_status(ContactStatus::Unsubscribed),
        new: 0,
    };
    assert_eq!(totals, expected);
}

/// Days, not moments: the whole day of `since` counts.
async fn contacts_are_new_from_the_first_day_asked_for(store: Store) {
    let user = store.user().await.id;
    let midnight = four() - TimeDelta::hours(16);
    let created = [
        midnight - TimeDelta::microseconds(1),
        midnight,
        midnight + TimeDelta::hours(20),
        midnight + TimeDelta::days(1),
    ];
    let contacts: Vec<_> = created
        .into_iter()
        .map(|created_at| Contact {
            created_at,
            ..samples::contact(user, "Luz")
        })
        .collect();
    store.add(&contacts).await;
    for (since, new) in [
        (midnight - TimeDelta::days(1), 4),
        (midnight, 3),
        (midnight + TimeDelta::hours(23), 3),
        (midnight + TimeDelta::days(1), 1),
        (midnight + TimeDelta::days(2), 0),
    ] {
        let found = dashboard(&store, user, since).await.contacts;
        assert_eq!(found.new, new, "since {since}");
    }
}
