//! The contacts chosen for a campaign one by one.

use nexus_domain::ports::StorageError;
use nexus_domain::{Campaign, ContactId, UserId};

use crate::samples;
use crate::store::Store;

on_both_databases!(
    contacts_are_chosen_once_and_replaced,
    a_choice_that_can_t_be_made_leaves_the_one_before,
    another_user_sees_and_changes_no_choice,
    what_is_chosen_for_one_is_chosen_for_a_copy,
);

async fn chosen(store: &Store, campaign: &Campaign) -> Vec<ContactId> {
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    let chosen = campaigns.chosen(campaign.user_id, campaign.id).await;
    chosen.unwrap()
}

async fn choose(
    store: &Store,
    user: UserId,
    campaign: &Campaign,
    contacts: &[ContactId],
) -> Result<(), StorageError> {
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns.choose(user, campaign.id, contacts).await
}

async fn contacts_are_chosen_once_and_replaced(store: Store) {
    let user = store.user().await;
    let (campaign, untouched) = (store.campaign(&user).await, store.campaign(&user).await);
    let contacts = samples::contacts(user.id, 2_500);
    store.add(&contacts).await;
    let mut ids: Vec<ContactId> = contacts.iter().map(|contact| contact.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    choose(&store, user.id, &untouched, &ids[..2])
        .await
        .unwrap();
    // Some of them twice.
    ids.extend_from_within(..5);
    choose(&store, user.id, &campaign, &ids).await.unwrap();
    assert_eq!(chosen(&store, &campaign).await, sorted);
    choose(&store, user.id, &campaign, &[sorted[7], sorted[3]])
        .await
        .unwrap();
    assert_eq!(chosen(&store, &campaign).await, [sorted[3], sorted[7]]);
    choose(&store, user.id, &campaign, &[]).await.unwrap();
    assert_eq!(chosen(&store, &campaign).await, []);
    assert_eq!(chosen(&store, &untouched).await.len(), 2);
}

async fn a_choice_that_can_t_be_made_leaves_the_one_before(store: Store) {
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    choose(&store, user.id, &campaign, &[contact.id])
        .await
        .unwrap();
    let refused = choose(&store, user.id, &campaign, &[samples::contact_id()]).await;
    assert!(
        matches!(refused, Err(StorageError::Orphaned)),
        "{refused:?}"
    );
    assert_eq!(chosen(&store, &campaign).await, [contact.id]);
}

async fn another_user_sees_and_changes_no_choice(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let campaign = store.campaign(&user).await;
    let (contact, of_other) = (
        samples::contact(user.id, "Luz"),
        samples::contact(other.id, "Sol"),
    );
    store.add(std::slice::from_ref(&contact)).await;
    store.add(std::slice::from_ref(&of_other)).await;
    choose(&store, user.id, &campaign, &[contact.id])
        .await
        .unwrap();
    let as_other = Campaign {
        user_id: other.id,
        ..campaign.clone()
    };
    assert_eq!(chosen(&store, &as_other).await, []);
    for ids in [&[of_other.id][..], &[contact.id], &[]] {
        choose(&store, other.id, &campaign, ids).await.unwrap();
        let choices = "SELECT count(*) FROM campaign_choices";
        assert_eq!(store.number(choices).await, 1);
    }
    assert_eq!(chosen(&store, &campaign).await, [contact.id]);
}

async fn what_is_chosen_for_one_is_chosen_for_a_copy(store: Store) {
    let user = store.user().await;
    let (original, copy) = (store.campaign(&user).await, store.campaign(&user).await);
    let contacts = samples::contacts(user.id, 3);
    store.add(&contacts).await;
    let mut ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    ids.sort_unstable();
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    campaigns.choose(user.id, original.id, &ids).await.unwrap();
    let nobody = store.user().await.id;
    campaigns
        .choose_as(nobody, copy.id, original.id)
        .await
        .unwrap();
    let chosen = campaigns.chosen(user.id, copy.id).await.unwrap();
    assert_eq!(chosen, [], "another user chooses nobody");
    campaigns
        .choose_as(user.id, copy.id, original.id)
        .await
        .unwrap();
    assert_eq!(campaigns.chosen(user.id, copy.id).await.unwrap(), ids);
    assert_eq!(campaigns.chosen(user.id, original.id).await.unwrap(), ids);
}
