//! The contacts that an import created, to be looked at and deleted.

use nexus_domain::ports::CreatedContact;
use nexus_domain::{Contact, ContactId, ContactSource, ContactStatus, ImportId, Message, UserId};

use crate::contact_tags::used_tags;
use crate::contacts::count;
use crate::samples::{self, tags};
use crate::store::Store;

on_both_databases!(
    created_contacts_are_found_in_parts_by_id,
    who_has_a_message_or_a_campaign_is_used,
    deleting_created_contacts_leaves_the_others,
    many_contacts_are_locked_at_once_and_only_the_users_own,
);

fn created(user: UserId, import: ImportId, count: usize) -> Vec<Contact> {
    let of_import = |contact| Contact {
        source: ContactSource::File(import),
        ..contact
    };
    let contacts = samples::contacts(user, count);
    contacts.into_iter().map(of_import).collect()
}

async fn part(
    store: &Store,
    user: UserId,
    import: ImportId,
    after: Option<ContactId>,
    most: u32,
) -> Vec<CreatedContact> {
    let mut unit = store.begin().await;
    let contacts = unit.contacts();
    let found = contacts.lock_created_by(user, import, after, most).await;
    found.unwrap()
}

async fn created_contacts_are_found_in_parts_by_id(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let (import, second) = (samples::import_id(), samples::import_id());
    let mut contacts = created(user, import, 5);
    store.add(&contacts).await;
    store.add(&created(user, second, 2)).await;
    store.add(&created(other, import, 2)).await;
    store.add(&samples::contacts(user, 2)).await;
    contacts.sort_by_key(|contact| contact.id);
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|contact: &Contact| contact.id);
        let part = part(&store, user, import, after, 2).await;
        if part.is_empty() {
            break;
        }
        assert!(part.iter().all(|created| !created.is_used));
        found.extend(part.into_iter().map(|created| created.contact));
    }
    assert_eq!(found, contacts);
}

async fn who_has_a_message_or_a_campaign_is_used(store: Store) {
    let user = store.user().await.id;
    let import = samples::import_id();
    let contacts = created(user, import, 3);
    store.add(&contacts).await;
    let message = Message {
        contact_id: Some(contacts[0].id),
        ..samples::message(user)
    };
    store.read().messages().insert(&message).await.unwrap();
    let campaign = samples::campaign(user);
    store.read().campaigns().insert(&campaign).await.unwrap();
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns
        .choose(user, campaign.id, &[contacts[1].id])
        .await
        .unwrap();
    let used: Vec<_> = part(&store, user, import, None, 10)
        .await
        .into_iter()
        .filter(|created| created.is_used)
        .map(|created| created.contact.id)
        .collect();
    let mut expected = vec![contacts[0].id, contacts[1].id];
    expected.sort_unstable();
    assert_eq!(used, expected);
}

async fn deleting_created_contacts_leaves_the_others(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let import = samples::import_id();
    let mut contacts = created(user, import, 3);
    contacts[0].tags = tags(&["vip"]);
    contacts[1].status = ContactStatus::Unsubscribed;
    store.add(&contacts).await;
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let mut repositories = store.read();
    let stored = repositories.contacts();
    stored.delete_many(other, &ids).await.unwrap();
    assert_eq!(count(&store, user).await, 3);
    stored.delete_many(user, &ids[..2]).await.unwrap();
    stored.delete_many(user, &ids[..2]).await.unwrap();
    assert_eq!(count(&store, user).await, 1);
    assert_eq!(used_tags(&store, user).await, []);
    assert!(stored.find(user, ids[2]).await.unwrap().is_some());
}

async fn many_contacts_are_locked_at_once_and_only_the_users_own(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let mut contacts = samples::contacts(user, 4);
    store.add(&contacts).await;
    let of_other = samples::contacts(other, 1);
    store.add(&of_other).await;
    let mut ids: Vec<_> = contacts.iter().map(|contact| contact.id).rev().collect();
    ids.extend([of_other[0].id, contacts[0].id, samples::contact_id()]);
    let mut unit = store.begin().await;
    let found = unit.contacts().lock_many(user, &ids).await.unwrap();
    contacts.sort_by_key(|contact| contact.id);
    assert_eq!(found, contacts);
}
