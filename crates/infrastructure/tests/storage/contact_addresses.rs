//! A phone number or an e-mail address belongs to one contact of a user.

use nexus_domain::Contact;
use nexus_domain::ContactStatus;
use nexus_domain::ports::{DuplicateKey, KnownAddress, Storage};

use crate::contact_tags::used_tags;
use crate::contacts::{count, find, full};
use crate::samples::{self, email, name, phone, tags};
use crate::store::{Store, assert_duplicate, assert_same};

on_both_databases!(
    a_taken_address_is_refused_by_its_name,
    a_taken_address_leaves_a_saved_contact_as_it_was,
    a_batch_with_one_taken_address_adds_none,
    of_many_that_add_one_address_at_once_one_does,
    known_addresses_are_found_in_any_case,
);

async fn a_taken_address_is_refused_by_its_name(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let stored = full(user.id);
    store.add(std::slice::from_ref(&stored)).await;
    let same_phone = Contact {
        phone: stored.phone.clone(),
        ..samples::contact(user.id, "Sol")
    };
    let written = stored.email.as_ref().unwrap().as_str().to_uppercase();
    let same_email = Contact {
        email: Some(email(&written)),
        ..samples::contact(user.id, "Sol")
    };
    let same_id = Contact {
        id: stored.id,
        ..samples::contact(user.id, "Sol")
    };
    for (contact, key) in [
        (same_phone, DuplicateKey::ContactPhone),
        (same_email, DuplicateKey::ContactEmail),
        (same_id, DuplicateKey::Other),
    ] {
        let refused = store.read().contacts().insert(&[contact]).await;
        assert_duplicate(&refused, key);
        let mut unit = store.begin().await;
        let contact = Contact {
            phone: stored.phone.clone(),
            ..samples::contact(user.id, "Sol")
        };
        let refused = unit.contacts().insert(&[contact]).await;
        assert_duplicate(&refused, DuplicateKey::ContactPhone);
    }
    assert_eq!(count(&store, user.id).await, 1);
    // Another user may know the same person.
    let of_other = Contact {
        id: samples::contact_id(),
        user_id: other.id,
        ..stored
    };
    store.add(&[of_other]).await;
}

async fn a_taken_address_leaves_a_saved_contact_as_it_was(store: Store) {
    let user = store.user().await;
    let (taken, contact) = (full(user.id), full(user.id));
    store.add(&[taken.clone(), contact.clone()]).await;
    let changed = Contact {
        name: name("Otra"),
        tags: tags(&["nueva"]),
        status: ContactStatus::Active,
        ..contact.clone()
    };
    let same_phone = Contact {
        phone: taken.phone.clone(),
        ..changed.clone()
    };
    let same_email = Contact {
        email: taken.email.clone(),
        ..changed
    };
    for (saved, key) in [
        (same_phone, DuplicateKey::ContactPhone),
        (same_email, DuplicateKey::ContactEmail),
    ] {
        let refused = store.read().contacts().save(&saved).await;
        assert_duplicate(&refused, key);
        assert_same(&find(&store, &contact).await, &Some(contact.clone()));
        assert_eq!(used_tags(&store, user.id).await.len(), 3);
    }
}

/// More contacts than one statement takes, so that some are written before the last is refused.
async fn a_batch_with_one_taken_address_adds_none(store: Store) {
    let user = store.user().await;
    let stored = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&stored)).await;
    let mut batch = samples::contacts(user.id, 1_500);
    for contact in &mut batch {
        contact.tags = tags(&["nueva"]);
    }
    let mut twice_within = batch.clone();
    twice_within[1_499].phone.clone_from(&batch[0].phone);
    batch[1_499].phone = stored.phone;
    for batch in [batch, twice_within] {
        let refused = store.read().contacts().insert(&batch).await;
        assert_duplicate(&refused, DuplicateKey::ContactPhone);
        assert_eq!(count(&store, user.id).await, 1);
        assert_eq!(store.number("SELECT count(*) FROM contacts").await, 1);
        assert_eq!(used_tags(&store, user.id).await, []);
    }
}

async fn of_many_that_add_one_address_at_once_one_does(store: Store) {
    let user = store.user().await;
    let contact = samples::contact(user.id, "Luz");
    let outcomes = store
        .race(12, |storage| {
            let again = Contact {
                id: samples::contact_id(),
                ..contact.clone()
            };
            async move { storage.read().contacts().insert(&[again]).await }
        })
        .await;
    let (added, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(added.len(), 1);
    for outcome in refused {
        assert_duplicate(&outcome, DuplicateKey::ContactPhone);
    }
    assert_eq!(count(&store, user.id).await, 1);
}

async fn known_addresses_are_found_in_any_case(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let both = full(user.id);
    let by_phone = samples::contact(user.id, "Sol");
    let not_asked_for = full(user.id);
    let of_other = full(other.id);
    store
        .add(&[both.clone(), by_phone.clone(), not_asked_for])
        .await;
    store.add(std::slice::from_ref(&of_other)).await;
    let asked_email = email(&both.email.as_ref().unwrap().as_str().to_uppercase());
    let mut phones = vec![
        both.phone.clone().unwrap(),
        by_phone.phone.clone().unwrap(),
        of_other.phone.unwrap(),
    ];
    // More than one statement takes.
    phones.extend((0..1_200).map(|number| phone(&format!("+4420{number:08}"))));
    let emails = [asked_email, of_other.email.unwrap()];
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    let mut known = contacts.known(user.id, &phones, &emails).await.unwrap();
    known.sort_by_key(|known| known.id);
    let mut expected = [both.clone(), by_phone].map(|contact| KnownAddress {
        id: contact.id,
        phone: contact.phone,
        email: contact.email,
    });
    expected.sort_by_key(|known| known.id);
    assert_same(&known, &expected.to_vec());
    let known = contacts.known(user.id, &[], &emails).await.unwrap();
    assert_eq!(
        known.iter().map(|known| known.id).collect::<Vec<_>>(),
        [both.id]
    );
    assert_eq!(contacts.known(user.id, &[], &[]).await.unwrap(), []);
}
