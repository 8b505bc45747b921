//! Many contacts at once: selected, saved, deleted.

use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::{
    Contact, ContactFilter, ContactId, ContactSelection, ContactStatus, ContactTotals, Message,
    RecipientFilter, UserId,
};

use crate::contact_tags::used_tags;
use crate::contacts::{count, find, full};
use crate::dashboard::dashboard;
use crate::samples::{self, after, at, name, tags};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_selection_is_gone_through_by_id,
    a_selection_holds_what_is_the_user_s,
    contacts_are_saved_together,
    contacts_are_saved_while_messages_to_them_are_noted,
    contacts_are_deleted_together,
    what_others_have_is_passed_over,
    what_belongs_to_one_contact_is_handed_over,
);

/// Active, inactive, unsubscribed.
async fn totals(store: &Store, user: UserId) -> [i64; 3] {
    let ContactTotals {
        active,
        inactive,
        unsubscribed,
        ..
    } = dashboard(store, user, at(86_400)).await.contacts;
    [active, inactive, unsubscribed].map(|number| i64::try_from(number).unwrap())
}

async fn selected(
    store: &Store,
    user: UserId,
    selection: &ContactSelection,
    after: Option<ContactId>,
    most: u32,
) -> Vec<ContactId> {
    let mut unit = store.begin().await;
    let contacts = unit.contacts();
    let ids = contacts.selected(user, selection, after, most).await;
    let ids = ids.unwrap();
    let locked = contacts.lock_selected(user, selection, after, most).await;
    let locked: Vec<_> = locked.unwrap().iter().map(|contact| contact.id).collect();
    assert_eq!(ids, locked);
    ids
}

async fn a_selection_is_gone_through_by_id(store: Store) {
    let user = store.user().await.id;
    let mut contacts = samples::contacts(user, 7);
    for contact in &mut contacts[..5] {
        contact.tags = tags(&["vip"]);
    }
    store.add(&contacts).await;
    contacts.sort_by_key(|contact| contact.id);
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id).collect();
    let tagged: Vec<_> = contacts
        .iter()
        .filter(|contact| !contact.tags.is_empty())
        .map(|contact| contact.id)
        .collect();
    let mut reversed = ids.clone();
    reversed.reverse();
    reversed.push(ids[3]);
    let by_filter = |labels| {
        ContactSelection::Filter(ContactFilter {
            tags: tags(labels),
            ..ContactFilter::default()
        })
    };
    for (selection, expected) in [
        (ContactSelection::Ids(reversed), ids.clone()),
        (by_filter(&[]), ids),
        (by_filter(&["VIP"]), tagged),
    ] {
        let mut seen = Vec::new();
        loop {
            let part = selected(&store, user, &selection, seen.last().copied(), 2).await;
            if part.is_empty() {
                break;
            }
            seen.extend(part);
        }
        assert_eq!(seen, expected);
    }
}

async fn a_selection_holds_what_is_the_user_s(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let (mine, theirs) = (
        samples::contact(user, "Luz"),
        samples::contact(other, "Sol"),
    );
    store.add(std::slice::from_ref(&mine)).await;
    store.add(std::slice::from_ref(&theirs)).await;
    let everybody = ContactSelection::Filter(ContactFilter::default());
    let named = ContactSelection::Ids(vec![mine.id, theirs.id, samples::contact_id()]);
    for selection in [everybody, named] {
        assert_eq!(selected(&store, user, &selection, None, 9).await, [mine.id]);
    }
    let nobody = ContactSelection::Ids(vec![]);
    assert_eq!(selected(&store, user, &nobody, None, 9).await, []);
}

async fn contacts_are_saved_together(store: Store) {
    let user = store.user().await.id;
    let mut contacts = samples::contacts(user, 1_200);
    contacts.push(full(user));
    store.add(&contacts).await;
    for (number, contact) in contacts.iter_mut().enumerate() {
        contact.name = name(&format!("Otra {number}"));
        contact.status = ContactStatus::ALL[number % 3];
        contact.opt_out = None;
        contact.updated_at = at(50);
        contact.last_message_at = (number % 3 > 0).then(|| at(60));
        if number % 2 == 0 {
            contact.tags = tags(&["par", "VIP"]);
        }
    }
    let mut unit = store.begin().await;
    unit.contacts().save_many(user, &contacts).await.unwrap();
    unit.contacts().save_many(user, &[]).await.unwrap();
    unit.commit().await.unwrap();
    let full = contacts.last_mut().unwrap();
    full.last_message_at = full.last_message_at.or(Some(at(5)));
    for contact in contacts.iter().step_by(151).chain(contacts.last()) {
        assert_same(&find(&store, contact).await, &Some(contact.clone()));
    }
    let expected = [("par".to_owned(), 601), ("VIP".to_owned(), 601)];
    assert_eq!(used_tags(&store, user).await, expected);
    assert_eq!(totals(&store, user).await, [401, 400, 400]);
    // Found by what is new, in the text as well as by the tag.
    let found = store
        .read()
        .contacts()
        .count(user, &samples::search("otra 7"))
        .await;
    assert_eq!(found.unwrap(), 111);
}

async fn contacts_are_saved_while_messages_to_them_are_noted(store: Store) {
    let user = store.user().await.id;
    let mut contacts = samples::contacts(user, 800);
    for contact in &mut contacts {
        contact.last_message_at = Some(at(1));
    }
    store.add(&contacts).await;
    // As a file has them: the last first.
    contacts.reverse();
    let ids: Vec<ContactId> = contacts.iter().map(|contact| contact.id).collect();
    let number = std::sync::atomic::AtomicUsize::new(0);
    let outcomes = store
        .race(8, |storage| {
            let (contacts, ids) = (contacts.clone(), ids.clone());
            let saves = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 4 < 2;
            async move {
                for second in 2..12 {
                    let mut unit = storage.begin().await?;
                    if saves {
                        unit.contacts().save_many(user, &contacts).await?;
                    } else {
                        unit.contacts().note_message(user, &ids, at(second)).await?;
                    }
                    unit.commit().await?;
                }
                Ok::<_, StorageError>(())
            }
        })
        .await;
    for outcome in outcomes {
        outcome.expect("nobody waits for one who waits for them");
    }
    let found = find(&store, &contacts[0]).await.unwrap();
    assert_eq!(found.last_message_at, Some(at(11)));
}

async fn contacts_are_deleted_together(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    let mut contacts = samples::contacts(user.id, 1_500);
    contacts[0].status = ContactStatus::Inactive;
    for contact in &mut contacts[..3] {
        contact.tags = tags(&["vip"]);
    }
    store.add(&contacts).await;
    let mut recipient = samples::recipient(&campaign, &sender);
    recipient.contact_id = Some(contacts[1].id);
    let mut unit = store.begin().await;
    let rows = std::slice::from_ref(&recipient);
    unit.recipients().insert(rows).await.unwrap();
    let mut ids: Vec<_> = contacts[..1_498].iter().map(|contact| contact.id).collect();
    ids.extend([ids[5], samples::contact_id()]);
    let deleted = unit.contacts().delete_many(user.id, &ids).await.unwrap();
    assert_eq!(deleted, 1_498);
    assert_eq!(unit.contacts().delete_many(user.id, &ids).await.unwrap(), 0);
    assert_eq!(unit.contacts().delete_many(user.id, &[]).await.unwrap(), 0);
    unit.commit().await.unwrap();

    assert_eq!(count(&store, user.id).await, 2);
    assert_eq!(totals(&store, user.id).await, [2, 0, 0]);
    assert_eq!(used_tags(&store, user.id).await, []);
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
}

async fn what_others_have_is_passed_over(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let (mine, theirs) = (full(user), full(other));
    store.add(std::slice::from_ref(&mine)).await;
    store.add(std::slice::from_ref(&theirs)).await;
    let renamed = |contact: &Contact| Contact {
        name: name("Nueva"),
        ..contact.clone()
    };
    let as_mine = Contact {
        user_id: user,
        ..renamed(&theirs)
    };
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    let both = [renamed(&mine), renamed(&theirs), as_mine];
    contacts.save_many(user, &both).await.unwrap();
    assert_same(&find(&store, &mine).await, &Some(renamed(&mine)));
    assert_same(&find(&store, &theirs).await, &Some(theirs.clone()));
    let deleted = contacts.delete_many(user, &[mine.id, theirs.id]).await;
    assert_eq!(deleted.unwrap(), 1);
    assert_same(&find(&store, &theirs).await, &Some(theirs));
}

async fn what_belongs_to_one_contact_is_handed_over(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let (both, alone) = (
        store.active_campaign(&user, &sender).await,
        store.active_campaign(&user, &sender).await,
    );
    let (from, to) = (full(user.id), full(user.id));
    store.add(&[from.clone(), to.clone()]).await;
    let row = |campaign, contact: &Contact| {
        let mut recipient = samples::recipient(campaign, &sender);
        recipient.contact_id = Some(contact.id);
        recipient
    };
    let rows = [row(&both, &from), row(&both, &to), row(&alone, &from)];
    let message = Message {
        contact_id: Some(from.id),
        ..samples::message(user.id)
    };
    let mut activity = samples::activity(user.id);
    activity.contact_id = Some(from.id);
    let mut unit = store.begin().await;
    unit.recipients().insert(&rows).await.unwrap();
    unit.messages().insert(&message).await.unwrap();
    unit.bot_activity().insert(&activity).await.unwrap();
    let campaigns = unit.campaigns();
    campaigns
        .choose(user.id, both.id, &[from.id, to.id])
        .await
        .unwrap();
    campaigns
        .choose(user.id, alone.id, &[from.id])
        .await
        .unwrap();
    let stranger = samples::user();
    unit.users().insert(&stranger).await.unwrap();
    let contacts = unit.contacts();
    contacts
        .hand_over(stranger.id, to.id, from.id)
        .await
        .unwrap();
    contacts.hand_over(user.id, from.id, to.id).await.unwrap();
    assert!(contacts.delete(user.id, from.id).await.unwrap());
    unit.commit().await.unwrap();

    let mut repositories = store.read();
    for (campaign, expected) in [
        (&both, vec![None, Some(to.id)]),
        (&alone, vec![Some(to.id)]),
    ] {
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
        let mut contacts: Vec<_> = rows.items.iter().map(|row| row.contact_id).collect();
        contacts.sort_unstable();
        assert_eq!(contacts, expected);
        let chosen = repositories.campaigns().chosen(user.id, campaign.id).await;
        assert_eq!(chosen.unwrap(), [to.id]);
    }
    let messages = repositories
        .messages()
        .with_address(user.id, message.channel, &message.address, 10)
        .await
        .unwrap();
    assert_eq!(messages[0].contact_id, Some(to.id));
    let recent = repositories.bot_activity().recent(user.id, 10).await;
    assert_eq!(recent.unwrap()[0].contact_id, Some(to.id));
}
