use std::collections::BTreeSet;

use nexus_domain::ports::{ReplyingSender, Storage};
use nexus_domain::{
    AutomaticReply, CampaignContact, ChannelKind, Delivery, DeliveryStatus, FailureCode, ReplyId,
    ReplyStatus, UserId, Wish,
};
use nexus_infrastructure::SystemEntropy;

use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_reply_is_read_as_it_was_written,
    each_queued_reply_is_taken_once,
    replies_left_dispatching_are_found,
    replies_that_are_over_are_deleted_by_age,
    only_recent_replies_to_the_address_are_found_latest_first,
    a_senders_silence_begins_with_what_it_has_not_reported_on,
);

const CHANNEL: ChannelKind = ChannelKind::Whatsapp;

fn reply(user: UserId) -> AutomaticReply {
    AutomaticReply {
        id: ReplyId::new(at(0), &SystemEntropy),
        user_id: user,
        channel: CHANNEL,
        sender_external_id: "1022".to_owned(),
        address: "+525512340001".to_owned(),
        contact_id: None,
        confirms: Wish::Stop,
        text: "Listo.".to_owned(),
        status: ReplyStatus::Queued,
        attempts: 0,
        not_before: at(0),
        window_ends_at: at(100),
        message_id: None,
        failure: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn sender(user: UserId) -> ReplyingSender {
    ReplyingSender {
        user_id: user,
        channel: CHANNEL,
        external_id: "1022".to_owned(),
    }
}

async fn insert(store: &Store, replies: &[AutomaticReply]) {
    for reply in replies {
        store.read().replies().insert(reply).await.unwrap();
    }
}

async fn find(store: &Store, reply: &AutomaticReply) -> Option<AutomaticReply> {
    let mut unit = store.begin().await;
    let found = unit.replies().lock_many(reply.user_id, &[reply.id]).await;
    found.unwrap().pop()
}

async fn a_reply_is_read_as_it_was_written(store: Store) {
    let user = store.user().await.id;
    let contact = samples::contact(user, "Ana");
    store.add(std::slice::from_ref(&contact)).await;
    let written = AutomaticReply {
        contact_id: Some(contact.id),
        confirms: Wish::Resume,
        ..reply(user)
    };
    insert(&store, std::slice::from_ref(&written)).await;
    assert_same(&find(&store, &written).await, &Some(written.clone()));

    for status in ReplyStatus::ALL {
        let changed = AutomaticReply {
            status,
            attempts: 3,
            not_before: at(7),
            message_id: Some("wamid.1".to_owned()),
            failure: Some(FailureCode::TemplateRequired),
            updated_at: at(8),
            ..written.clone()
        };
        store.read().replies().save(&changed).await.unwrap();
        assert_same(&find(&store, &written).await, &Some(changed));
    }
    // Who is deleted leaves the reply, without them; and another user has nothing to do with it.
    store
        .read()
        .contacts()
        .delete(user, contact.id)
        .await
        .unwrap();
    let found = find(&store, &written).await.expect("it stays");
    assert_eq!(found.contact_id, None);
    let other = store.user().await.id;
    let as_other = AutomaticReply {
        user_id: other,
        ..written.clone()
    };
    assert_eq!(find(&store, &as_other).await, None);
}

async fn each_queued_reply_is_taken_once(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let replies: Vec<_> = (0..20).map(|_| reply(user)).collect();
    insert(&store, &replies).await;
    insert(
        &store,
        &[
            AutomaticReply {
                not_before: at(50),
                ..reply(user)
            },
            AutomaticReply {
                not_before: at(50),
                ..reply(other)
            },
            AutomaticReply {
                status: ReplyStatus::Accepted,
                ..reply(other)
            },
        ],
    )
    .await;
    let due = store.read().replies().senders_with_due(at(1)).await;
    assert_eq!(due.unwrap(), [sender(user)]);
    let taken = store
        .race(4, |storage| async move {
            let mut taken = Vec::new();
            loop {
                let mut unit = storage.begin().await.unwrap();
                let next = unit.replies().lock_next(&sender(user), at(1)).await;
                let Some(mut reply) = next.unwrap() else {
                    return taken;
                };
                reply.begin(at(1)).unwrap();
                unit.replies().save(&reply).await.unwrap();
                unit.commit().await.unwrap();
                taken.push(reply.id);
            }
        })
        .await
        .concat();
    assert_eq!(taken.len(), 20);
    let taken: BTreeSet<_> = taken.into_iter().collect();
    assert_eq!(taken, replies.iter().map(|reply| reply.id).collect());
}

async fn replies_left_dispatching_are_found(store: Store) {
    let user = store.user().await.id;
    let left = AutomaticReply {
        status: ReplyStatus::Dispatching,
        attempts: 1,
        updated_at: at(9),
        ..reply(user)
    };
    let on_its_way = AutomaticReply {
        status: ReplyStatus::Dispatching,
        updated_at: at(10),
        ..reply(user)
    };
    insert(&store, &[left.clone(), on_its_way, reply(user)]).await;
    let mut unit = store.begin().await;
    let found = unit.replies().lock_dispatching(at(10), 10).await.unwrap();
    assert_same(&found, &vec![left]);
}

async fn replies_that_are_over_are_deleted_by_age(store: Store) {
    let users = [store.user().await.id, store.user().await.id];
    let mut all = Vec::new();
    for status in ReplyStatus::ALL {
        for created_at in [at(0), at(10)] {
            all.push(AutomaticReply {
                status,
                created_at,
                ..reply(users[all.len() % 2])
            });
        }
    }
    insert(&store, &all).await;
    let deleted = store.read().replies().delete_over(at(10)).await;
    assert_eq!(deleted.unwrap(), 4);
    for reply in &all {
        let waits = matches!(reply.status, ReplyStatus::Queued | ReplyStatus::Dispatching);
        let left = find(&store, reply).await.is_some();
        assert_eq!(left, waits || reply.created_at == at(10), "{reply:?}");
    }
}

async fn only_recent_replies_to_the_address_are_found_latest_first(store: Store) {
    let user = store.user().await.id;
    let made = |second, address: &str| AutomaticReply {
        address: address.to_owned(),
        created_at: at(second),
        ..reply(user)
    };
    let (old, early, late) = (made(9, "+1"), made(10, "+1"), made(11, "+1"));
    insert(&store, &[early.clone(), old, late.clone(), made(12, "+2")]).await;
    let found = store
        .read()
        .replies()
        .recent(user, CHANNEL, "+1", at(10))
        .await;
    assert_same(&found.unwrap(), &vec![late, early]);
}

async fn a_senders_silence_begins_with_what_it_has_not_reported_on(store: Store) {
    let user = store.user().await;
    let account = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &account).await;
    let of = |status, second| {
        let recipient = samples::recipient(&campaign, &account);
        CampaignContact {
            delivery: Delivery {
                status,
                attempts: 1,
                dispatched_at: Some(at(second)),
                accepted_at: Some(at(second + 1)),
                ..Delivery::queued()
            },
            contact_id: None,
            ..recipient
        }
    };
    let recipients = [
        of(DeliveryStatus::Delivered, 1),
        of(DeliveryStatus::Accepted, 20),
        of(DeliveryStatus::Accepted, 10),
        of(DeliveryStatus::Accepted, 30),
    ];
    store.read().recipients().insert(&recipients).await.unwrap();
    let since = async |after: Option<i64>, before: i64| {
        let mut read = store.read();
        let recipients = read.recipients();
        let after = after.map(at);
        let since = recipients.unreported_since(user.id, campaign.id, after, at(before));
        since.await.unwrap()
    };
    assert_eq!(since(None, 100).await, Some(at(11)));
    assert_eq!(since(Some(10), 100).await, Some(at(21)));
    assert_eq!(since(Some(10), 21).await, None);
    assert_eq!(since(Some(30), 100).await, None);
    let other = store.user().await.id;
    let none = store
        .read()
        .recipients()
        .unreported_since(other, campaign.id, None, at(100))
        .await;
    assert_eq!(none.unwrap(), None);
    let latest = store
        .read()
        .campaigns()
        .latest_of(user.id, account.id, 5)
        .await;
    assert_eq!(latest.unwrap(), [campaign.id]);
    let accounts = store.read().senders().of_user(user.id).await.unwrap();
    assert_same(&accounts, &vec![account]);
}
