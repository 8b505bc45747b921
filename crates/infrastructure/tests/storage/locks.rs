//! A row that is locked is seen by the next who locks it as the first one leaves it.

use nexus_domain::ports::{Storage, UnitOfWork};
use nexus_domain::{CampaignId, ContactId, ImportId, UserId};
use nexus_infrastructure::storage::SqlStorage;

use crate::samples::{self, at, name, short};
use crate::store::Store;

on_both_databases!(
    a_user_is_locked_by_one_at_a_time,
    a_contact_is_locked_by_one_at_a_time,
    a_campaign_is_locked_by_one_at_a_time,
    an_import_is_locked_by_one_at_a_time,
    a_row_of_another_user_is_not_locked,
);

async fn begin(storage: &SqlStorage) -> Box<dyn UnitOfWork> {
    storage.begin().await.unwrap()
}

async fn a_user_is_locked_by_one_at_a_time(store: Store) {
    let mut user = store.user().await;
    let mut first = store.begin().await;
    assert_eq!(
        first.users().lock(user.id).await.unwrap(),
        Some(user.clone())
    );
    user.name = name("Otro Nombre");
    first.users().save(&user).await.unwrap();
    let id = user.id;
    let seen = store
        .in_turn(first, move |storage| async move {
            begin(&storage).await.users().lock(id).await.unwrap()
        })
        .await;
    assert_eq!(seen, Some(user));
}

async fn a_contact_is_locked_by_one_at_a_time(store: Store) {
    let mut contact = samples::contact(store.user().await.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let (user, id): (UserId, ContactId) = (contact.user_id, contact.id);
    let mut first = store.begin().await;
    let locked = first.contacts().lock(user, id).await.unwrap();
    assert_eq!(locked.as_ref(), Some(&contact));
    contact.name = name("Otro Nombre");
    first.contacts().save(&contact).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = begin(&storage).await;
            unit.contacts().lock(user, id).await.unwrap()
        })
        .await;
    assert_eq!(seen, Some(contact));
}

async fn a_campaign_is_locked_by_one_at_a_time(store: Store) {
    let user = store.user().await;
    let mut campaign = store.campaign(&user).await;
    let (user, id): (UserId, CampaignId) = (user.id, campaign.id);
    let mut first = store.begin().await;
    let locked = first.campaigns().lock(user, id).await.unwrap();
    assert_eq!(locked.as_ref(), Some(&campaign));
    campaign.name = short("Otro nombre");
    first.campaigns().save(&campaign).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = begin(&storage).await;
            unit.campaigns().lock(user, id).await.unwrap()
        })
        .await;
    assert_eq!(seen, Some(campaign));
}

async fn an_import_is_locked_by_one_at_a_time(store: Store) {
    let mut import = samples::import(store.user().await.id);
    let (user, id): (UserId, ImportId) = (import.user_id, import.id);
    store.read().imports().insert(&import).await.unwrap();
    let mut first = store.begin().await;
    let locked = first.imports().lock(user, id).await.unwrap();
    assert_eq!(locked.as_ref(), Some(&import));
    import.start(at(1));
    first.imports().save(&import).await.unwrap();
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = begin(&storage).await;
            unit.imports().lock(user, id).await.unwrap()
        })
        .await;
    assert_eq!(seen, Some(import));
}

async fn a_row_of_another_user_is_not_locked(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let campaign = store.campaign(&user).await;
    let import = samples::import(user.id);
    store.read().imports().insert(&import).await.unwrap();
    let mut unit = store.begin().await;
    let locked = unit.contacts().lock(other.id, contact.id).await.unwrap();
    assert_eq!(locked, None);
    let locked = unit.campaigns().lock(other.id, campaign.id).await.unwrap();
    assert_eq!(locked, None);
    let locked = unit.imports().lock(other.id, import.id).await.unwrap();
    assert_eq!(locked, None);
}
