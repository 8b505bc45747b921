//! Who a campaign goes to: the contacts chosen one by one, and those that its audience lets
//! through.

use nexus_domain::{Campaign, Contact, ContactFilter, ContactId, ContactStatus, UserId};

use crate::samples::{self, short, tags};
use crate::store::{Store, assert_same};

on_both_databases!(
    those_chosen_come_by_id_in_parts,
    those_chosen_and_those_of_the_audience_come_once_each,
    an_audience_without_a_condition_is_everyone,
    every_condition_of_an_audience_holds,
    recipients_are_whole_contacts,
    a_campaign_of_another_user_has_no_recipients,
);

fn contact(user: UserId, name: &str, labels: &[&str], status: ContactStatus) -> Contact {
    Contact {
        tags: tags(labels),
        status,
        ..samples::contact(user, name)
    }
}

fn sorted_ids<'a>(contacts: impl IntoIterator<Item = &'a Contact>) -> Vec<ContactId> {
    let mut ids: Vec<_> = contacts.into_iter().map(|contact| contact.id).collect();
    ids.sort_unstable();
    ids
}

async fn choose(store: &Store, campaign: &Campaign, contacts: &[ContactId]) {
    let mut repositories = store.read();
    repositories
        .campaigns()
        .choose(campaign.user_id, campaign.id, contacts)
        .await
        .unwrap();
}

/// All recipients, `most` at a time.
async fn recipients(
    store: &Store,
    campaign: &Campaign,
    audience: Option<&ContactFilter>,
    most: u32,
) -> Vec<ContactId> {
    let mut ids: Vec<ContactId> = Vec::new();
    loop {
        let mut repositories = store.read();
        let part = repositories
            .contacts()
            .recipients_of(
                campaign.user_id,
                campaign.id,
                audience.cloned(),
                ids.last().copied(),
                most,
            )
            .await
            .unwrap();
        assert!(part.len() <= most as usize);
        if part.is_empty() {
            let count = repositories
                .contacts()
                .count_recipients(campaign.user_id, campaign.id, audience.cloned())
                .await
                .unwrap();
            assert_eq!(count, ids.len() as u64, "counted and read: {audience:?}");
            return ids;
        }
        ids.extend(part.iter().map(|contact| contact.id));
        assert!(ids.len() < 1_000, "the parts go round in a circle");
    }
}

async fn those_chosen_come_by_id_in_parts(store: Store) {
    let user = store.user().await;
    let (campaign, second) = (store.campaign(&user).await, store.campaign(&user).await);
    let contacts = samples::contacts(user.id, 9);
    store.add(&contacts).await;
    choose(&store, &campaign, &sorted_ids(&contacts[..7])).await;
    choose(&store, &second, &sorted_ids(&contacts[5..])).await;
    let expected = sorted_ids(&contacts[..7]);
    for most in [1, 3, 7, 100] {
        let found = recipients(&store, &campaign, None, most).await;
        assert_eq!(found, expected, "{most} at a time");
    }
    choose(&store, &campaign, &[]).await;
    assert_eq!(recipients(&store, &campaign, None, 10).await, []);
}

async fn those_chosen_and_those_of_the_audience_come_once_each(store: Store) {
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    let active = ContactStatus::Active;
    let contacts = [
        contact(user.id, "elegida", &[], active),
        contact(user.id, "elegida y vip", &["vip"], active),
        contact(user.id, "vip", &["VIP", "norte"], active),
        contact(user.id, "ninguna", &["norte"], active),
        contact(user.id, "elegida y vip también", &["vip"], active),
        contact(user.id, "otra vip", &["vip"], active),
    ];
    store.add(&contacts).await;
    let chosen = sorted_ids([&contacts[0], &contacts[1], &contacts[4]]);
    choose(&store, &campaign, &chosen).await;
    let audience = ContactFilter {
        tags: tags(&["vip"]),
        ..ContactFilter::default()
    };
    let expected = sorted_ids(
        contacts
            .iter()
            .filter(|contact| contact.id != contacts[3].id),
    );
    for most in [1, 2, 5, 100] {
        let found = recipients(&store, &campaign, Some(&audience), most).await;
        assert_eq!(found, expected, "{most} at a time");
    }
    assert_eq!(recipients(&store, &campaign, None, 2).await, chosen);
}

async fn an_audience_without_a_condition_is_everyone(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let campaign = store.campaign(&user).await;
    let contacts: Vec<_> = ContactStatus::ALL
        .into_iter()
        .map(|status| contact(user.id, "Luz", &[], status))
        .collect();
    store.add(&contacts).await;
    store.add(&samples::contacts(other.id, 2)).await;
    let everyone = ContactFilter::default();
    let found = recipients(&store, &campaign, Some(&everyone), 2).await;
    assert_eq!(found, sorted_ids(&contacts));
}

async fn every_condition_of_an_audience_holds(store: Store) {
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    let (active, inactive) = (ContactStatus::Active, ContactStatus::Inactive);
    let contacts = [
        contact(user.id, "Ramón", &["vip", "norte"], active),
        contact(user.id, "Ramona", &["vip"], active),
        contact(user.id, "Simón", &["vip", "norte"], active),
        contact(user.id, "Ramón dos", &["vip", "norte"], inactive),
        contact(user.id, "Eva 50%", &[], inactive),
    ];
    store.add(&contacts).await;
    let audience = |labels: &[&str], status, search: Option<&str>| ContactFilter {
        tags: tags(labels),
        status,
        search: search.map(short),
        ..ContactFilter::default()
    };
    let cases = [
        (audience(&["VIP"], None, None), &[0, 1, 2, 3][..]),
        (audience(&["norte", "vip"], None, None), &[0, 2, 3]),
        (audience(&[], Some(inactive), None), &[3, 4]),
        (audience(&[], None, Some("RAMON")), &[0, 1, 3]),
        (audience(&[], None, Some("%")), &[4]),
        (audience(&["norte"], Some(active), Some("ramón")), &[0]),
        (audience(&["sur"], None, None), &[]),
        (
            audience(&["norte"], None, Some("ramón")).and(audience(&[], Some(active), Some("dos"))),
            &[],
        ),
        (
            audience(&["norte"], None, Some("ramón")).and(audience(&["vip"], None, Some("dos"))),
            &[3],
        ),
    ];
    for (audience, expected) in cases {
        let expected = sorted_ids(expected.iter().map(|index| &contacts[*index]));
        let found = recipients(&store, &campaign, Some(&audience), 10).await;
        assert_eq!(found, expected, "{audience:?}");
    }
}

async fn recipients_are_whole_contacts(store: Store) {
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    let contact = crate::contacts::full(user.id);
    store.add(std::slice::from_ref(&contact)).await;
    choose(&store, &campaign, &[contact.id]).await;
    for audience in [None, Some(ContactFilter::default())] {
        let mut repositories = store.read();
        let found = repositories
            .contacts()
            .recipients_of(user.id, campaign.id, audience, None, 10)
            .await
            .unwrap();
        assert_same(&found, &vec![contact.clone()]);
    }
}

async fn a_campaign_of_another_user_has_no_recipients(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let campaign = store.campaign(&user).await;
    let contacts = samples::contacts(user.id, 2);
    let of_other = samples::contacts(other.id, 1);
    store.add(&contacts).await;
    store.add(&of_other).await;
    choose(&store, &campaign, &sorted_ids(&contacts)).await;
    let as_other = Campaign {
        user_id: other.id,
        ..campaign.clone()
    };
    assert_eq!(recipients(&store, &as_other, None, 10).await, []);
    let everyone = ContactFilter::default();
    let found = recipients(&store, &as_other, Some(&everyone), 10).await;
    assert_eq!(found, sorted_ids(&of_other));
    let found = recipients(&store, &campaign, None, 10).await;
    assert_eq!(found, sorted_ids(&contacts));
}
