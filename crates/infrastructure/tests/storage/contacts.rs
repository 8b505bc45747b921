use std::collections::BTreeSet;

use chrono::TimeDelta;
use nexus_domain::values::LongText;
use nexus_domain::{
    Contact, ContactFilter, ContactId, ContactSource, ContactStatus, Message, OptOutSource,
    RecipientFilter, UserId,
};

use crate::contact_tags::used_tags;
use crate::samples::{self, after, at, email, name, tags};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_contact_is_read_as_it_was_written,
    many_contacts_are_read_as_they_were_written,
    a_time_is_kept_in_whole_microseconds,
    contacts_are_found_together,
    everything_but_id_source_and_creation_is_saved,
    a_message_is_noted_at_its_latest_time,
    databases_of_before_know_when_the_last_message_was,
    a_deleted_contact_leaves_its_ledger_rows_and_messages,
    another_user_sees_and_changes_nothing,
);

/// A contact that has everything.
pub(crate) fn full(user: UserId) -> Contact {
    Contact {
        email: Some(email(&format!("Luz.Pena{}@Example.com", samples::next()))),
        tags: tags(&["VIP", "Otoño 2026", "café"]),
        notes: LongText::parse("Prefiere WhatsApp.\n\tLlamar de 9 a 11; '50 %'.").ok(),
        custom_fields: samples::custom_fields(&[("Ciudad", "Lima"), ("Talla", "38 ½")]),
        status: ContactStatus::Unsubscribed,
        opt_out: ContactStatus::Unsubscribed.opt_out(OptOutSource::Provider, at(3)),
        source: ContactSource::File(samples::import_id()),
        last_message_at: Some(at(5)),
        created_at: at(1),
        updated_at: at(2),
        ..samples::contact(user, "Luz Peña 👩🏽‍💻")
    }
}

pub(crate) async fn find(store: &Store, contact: &Contact) -> Option<Contact> {
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    contacts.find(contact.user_id, contact.id).await.unwrap()
}

pub(crate) async fn save(store: &Store, contact: &Contact) {
    store.read().contacts().save(contact).await.unwrap();
}

pub(crate) async fn count(store: &Store, user: UserId) -> u64 {
    let mut repositories = store.read();
    let everyone = ContactFilter::default();
    let count = repositories.contacts().count(user, &everyone).await;
    count.unwrap()
}

async fn a_contact_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let by_mail = Contact {
        phone: None,
        email: Some(email("Sólo.Correo@Example.com")),
        source: ContactSource::Inbound,
        status: ContactStatus::Inactive,
        ..samples::contact(user.id, "Ñ")
    };
    for contact in [samples::contact(user.id, "Luz"), by_mail, full(user.id)] {
        store.add(std::slice::from_ref(&contact)).await;
        let written = Some(contact.clone());
        assert_same(&find(&store, &contact).await, &written);
        let mut unit = store.begin().await;
        let contacts = unit.contacts();
        let locked = contacts.lock(user.id, contact.id).await.unwrap();
        assert_same(&locked, &written);
        let found = contacts.find_many(user.id, &[contact.id]).await.unwrap();
        assert_same(&found, &vec![contact]);
    }
}

/// Rows that are stored together travel otherwise than one alone does.
async fn many_contacts_are_read_as_they_were_written(store: Store) {
    let user = store.user().await;
    let notes = [
        "{NULL}",
        "NULL",
        "null",
        "\"",
        "\\",
        "\\\"",
        "a,b",
        "{",
        "}",
        "''",
        "\\x41",
        "$1 ?",
        "dos\nlíneas\ty 👩🏽‍💻",
        "%_",
        "[1, 2]",
    ];
    let mut contacts: Vec<Contact> = notes
        .iter()
        .map(|text| Contact {
            notes: LongText::parse(text).ok(),
            tags: tags(&["a\"b", "c\\d"]),
            ..full(user.id)
        })
        .collect();
    contacts.push(samples::contact(user.id, "Sin nada"));
    store.add(&contacts).await;
    for contact in &mut contacts {
        assert_same(&find(&store, contact).await, &Some(contact.clone()));
        contact.name = name(&format!("{}\\\"{{}}", contact.name));
    }
    let mut unit = store.begin().await;
    unit.contacts().save_many(user.id, &contacts).await.unwrap();
    unit.commit().await.unwrap();
    for contact in contacts {
        assert_same(&find(&store, &contact).await, &Some(contact.clone()));
    }
}

async fn a_time_is_kept_in_whole_microseconds(store: Store) {
    let user = store.user().await;
    let contact = Contact {
        created_at: at(0) + TimeDelta::nanoseconds(999),
        last_message_at: Some(at(0) - TimeDelta::nanoseconds(1)),
        ..samples::contact(user.id, "Luz")
    };
    store.add(std::slice::from_ref(&contact)).await;
    let found = find(&store, &contact).await.unwrap();
    assert_eq!(found.created_at, at(0));
    let before = at(0) - TimeDelta::microseconds(1);
    assert_eq!(found.last_message_at, Some(before));
}

async fn contacts_are_found_together(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let contacts = samples::contacts(user.id, 2_500);
    let of_other = samples::contact(other.id, "Sol");
    store.add(&contacts).await;
    store.add(std::slice::from_ref(&of_other)).await;
    let mut ids: Vec<ContactId> = contacts.iter().map(|contact| contact.id).collect();
    // Some twice, some of nobody or of somebody else.
    ids.extend_from_within(..10);
    ids.extend([samples::contact_id(), of_other.id]);
    let mut repositories = store.read();
    let mut found = repositories
        .contacts()
        .find_many(user.id, &ids)
        .await
        .unwrap();
    found.sort_by_key(|contact| contact.id);
    let mut expected = contacts;
    expected.sort_by_key(|contact| contact.id);
    assert_eq!(found, expected);
    let none = repositories.contacts().find_many(user.id, &[]).await;
    assert_eq!(none.unwrap(), []);
}

async fn everything_but_id_source_and_creation_is_saved(store: Store) {
    let user = store.user().await;
    let (first, untouched) = (full(user.id), full(user.id));
    store.add(&[first.clone(), untouched.clone()]).await;
    let emptied = Contact {
        name: name("Otra"),
        phone: None,
        email: Some(email("OTRA@Example.com")),
        tags: Vec::new(),
        notes: None,
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: Some(at(6)),
        created_at: at(99),
        updated_at: at(100),
        ..first.clone()
    };
    let filled = Contact {
        last_message_at: Some(at(7)),
        updated_at: at(101),
        ..first.clone()
    };
    for saved in [emptied, filled] {
        save(&store, &saved).await;
        let expected = Contact {
            source: first.source,
            created_at: first.created_at,
            ..saved
        };
        assert_same(&find(&store, &first).await, &Some(expected));
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
    // Whoever saves what was read before a message went out doesn't take its time back.
    for last_message_at in [None, Some(at(6))] {
        save(
            &store,
            &Contact {
                last_message_at,
                ..first.clone()
            },
        )
        .await;
        let found = find(&store, &first).await.unwrap();
        assert_eq!(found.last_message_at, Some(at(7)));
    }
}

async fn databases_of_before_know_when_the_last_message_was(store: Store) {
    let user = store.user().await.id;
    let silent = samples::contact(user, "Luz");
    let contacts = [full(user), silent];
    store.add(&contacts).await;
    store.undo("contact_last_messages").await;
    let noted = "SELECT count(*) FROM contacts WHERE last_message_at IS NOT NULL";
    assert_eq!(store.number(noted).await, 1);
    store.storage.migrate().await.unwrap();
    for contact in contacts {
        assert_same(&find(&store, &contact).await, &Some(contact));
    }
}

async fn a_message_is_noted_at_its_latest_time(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let with = |user, last_message_at| Contact {
        last_message_at,
        ..samples::contact(user, "Luz")
    };
    let contacts = [
        with(user.id, None),
        with(user.id, Some(at(3))),
        with(user.id, Some(at(9))),
        with(user.id, None),
        with(other.id, None),
    ];
    store.add(&contacts[..4]).await;
    store.add(&contacts[4..]).await;
    let mut ids: Vec<ContactId> = contacts.iter().map(|contact| contact.id).collect();
    ids.remove(3);
    // More than one statement takes.
    ids.extend((0..1_200).map(|_| samples::contact_id()));
    let mut repositories = store.read();
    repositories
        .contacts()
        .note_message(user.id, &ids, at(5))
        .await
        .unwrap();
    let noted = [Some(at(5)), Some(at(5)), Some(at(9)), None, None];
    for (contact, last_message_at) in contacts.into_iter().zip(noted) {
        let expected = Contact {
            last_message_at,
            ..contact.clone()
        };
        assert_same(&find(&store, &contact).await, &Some(expected));
    }
}

async fn a_deleted_contact_leaves_its_ledger_rows_and_messages(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    let (contact, other) = (full(user.id), full(user.id));
    store.add(&[contact.clone(), other.clone()]).await;
    let mut recipient = samples::recipient(&campaign, &sender);
    recipient.contact_id = Some(contact.id);
    let message = Message {
        contact_id: Some(contact.id),
        ..samples::message(user.id)
    };
    let mut activity = samples::activity(user.id);
    activity.contact_id = Some(contact.id);
    let mut unit = store.begin().await;
    let both = [contact.id, other.id];
    unit.campaigns()
        .choose(user.id, campaign.id, &both)
        .await
        .unwrap();
    unit.recipients()
        .insert(std::slice::from_ref(&recipient))
        .await
        .unwrap();
    unit.messages().insert(&message).await.unwrap();
    unit.bot_activity().insert(&activity).await.unwrap();
    assert!(unit.contacts().delete(user.id, contact.id).await.unwrap());
    assert!(!unit.contacts().delete(user.id, contact.id).await.unwrap());
    unit.commit().await.unwrap();

    assert_eq!(find(&store, &contact).await, None);
    assert_same(&find(&store, &other).await, &Some(other.clone()));
    let mut repositories = store.read();
    let rows = repositories
        .recipients()
        .list(
            user.id,
            campaign.id,
            &RecipientFilter::default(),
            None,
            &after(None, 10),
        )
        .await
        .unwrap();
    recipient.contact_id = None;
    assert_same(&rows.items, &vec![recipient]);
    let messages = repositories
        .messages()
        .with_address(user.id, message.channel, &message.address, 10)
        .await
        .unwrap();
    let expected = Message {
        contact_id: None,
        ..message
    };
    assert_same(&messages, &vec![expected]);
    let recent = repositories.bot_activity().recent(user.id, 10).await;
    assert_eq!(recent.unwrap()[0].contact_id, None);
    let chosen = repositories.campaigns().chosen(user.id, campaign.id).await;
    assert_eq!(chosen.unwrap(), [other.id]);
    // Its addresses are free again.
    let again = Contact {
        id: samples::contact_id(),
        ..contact
    };
    store.add(&[again]).await;
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let contact = full(user.id);
    store.add(std::slice::from_ref(&contact)).await;
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    let as_other = Contact {
        user_id: other.id,
        name: name("Robada"),
        tags: tags(&["robada"]),
        ..contact.clone()
    };
    contacts.save(&as_other).await.unwrap();
    assert!(!contacts.delete(other.id, contact.id).await.unwrap());
    contacts
        .note_message(other.id, &[contact.id], at(500))
        .await
        .unwrap();
    assert_eq!(contacts.find(other.id, contact.id).await.unwrap(), None);
    let found = contacts.find_many(other.id, &[contact.id]).await.unwrap();
    assert_eq!(found, []);
    let phones = contact.phone.clone().into_iter().collect::<Vec<_>>();
    let emails = contact.email.clone().into_iter().collect::<Vec<_>>();
    let known = contacts.known(other.id, &phones, &emails).await.unwrap();
    assert_eq!(known, []);
    assert_eq!(count(&store, other.id).await, 0);
    assert_eq!(used_tags(&store, other.id).await, []);
    assert_same(&find(&store, &contact).await, &Some(contact.clone()));
    let labels = used_tags(&store, user.id).await;
    let labels: BTreeSet<_> = labels.into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels.len(), 3);
    assert!(!labels.contains("robada"));
}
