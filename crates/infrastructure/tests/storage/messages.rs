use nexus_domain::ports::Storage;
use nexus_domain::{ChannelKind, Direction, Message, MessageBody};

use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_message_is_read_as_it_was_written,
    a_message_that_comes_again_adds_nothing,
    a_message_that_comes_many_times_at_once_is_new_once,
    the_same_id_of_another_channel_or_user_is_another_message,
    the_messages_of_an_address_come_latest_first,
    another_user_sees_no_message,
);

async fn stored_of(store: &Store, message: &Message) -> Vec<Message> {
    store
        .read()
        .messages()
        .with_address(message.user_id, message.channel, &message.address, 100)
        .await
        .unwrap()
}

async fn a_message_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let contact = samples::contact(user.id, "Luz");
    store.add(std::slice::from_ref(&contact)).await;
    let inbound = samples::message(user.id);
    let outbound = Message {
        contact_id: Some(contact.id),
        answers: Some(samples::recipient_id()),
        channel: ChannelKind::Gmail,
        direction: Direction::Outbound,
        address: "Luz@Example.com".to_owned(),
        body: MessageBody::Other("image".to_owned()),
        sent_at: at(-7),
        ..samples::message(user.id)
    };
    let wordy = Message {
        address: "MX.1234".to_owned(),
        body: MessageBody::Text("👩🏽‍💻 'hola';\r\n--".to_owned()),
        ..samples::message(user.id)
    };
    for message in [inbound, outbound, wordy] {
        assert!(store.read().messages().insert(&message).await.unwrap());
        assert_same(&stored_of(&store, &message).await, &vec![message]);
    }
}

async fn a_message_that_comes_again_adds_nothing(store: Store) {
    let user = store.user().await;
    let message = samples::message(user.id);
    let again = Message {
        id: samples::message_id(),
        body: MessageBody::Text("Otra cosa".to_owned()),
        ..message.clone()
    };
    let mut unit = store.begin().await;
    assert!(unit.messages().insert(&message).await.unwrap());
    assert!(!unit.messages().insert(&again).await.unwrap());
    unit.commit().await.unwrap();
    assert!(!store.read().messages().insert(&again).await.unwrap());
    assert_eq!(stored_of(&store, &message).await, [message]);
}

async fn a_message_that_comes_many_times_at_once_is_new_once(store: Store) {
    let user = store.user().await;
    let message = samples::message(user.id);
    let outcomes = store
        .race(20, |storage| {
            let again = Message {
                id: samples::message_id(),
                ..message.clone()
            };
            async move { storage.read().messages().insert(&again).await.unwrap() }
        })
        .await;
    assert_eq!(outcomes.iter().filter(|new| **new).count(), 1);
    assert_eq!(stored_of(&store, &message).await.len(), 1);
}

async fn the_same_id_of_another_channel_or_user_is_another_message(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let message = samples::message(user.id);
    let by_mail = Message {
        id: samples::message_id(),
        channel: ChannelKind::Gmail,
        ..message.clone()
    };
    let of_other = Message {
        id: samples::message_id(),
        user_id: other.id,
        ..message.clone()
    };
    for message in [message, by_mail, of_other] {
        assert!(store.read().messages().insert(&message).await.unwrap());
        assert_eq!(stored_of(&store, &message).await, [message]);
    }
}

async fn the_messages_of_an_address_come_latest_first(store: Store) {
    let user = store.user().await;
    let mut messages: Vec<_> = [at(2), at(0), at(3), at(1), at(3)]
        .into_iter()
        .map(|sent_at| Message {
            sent_at,
            ..samples::message(user.id)
        })
        .collect();
    let elsewhere = Message {
        address: "+525587654321".to_owned(),
        ..samples::message(user.id)
    };
    for message in messages.iter().chain([&elsewhere]) {
        assert!(store.read().messages().insert(message).await.unwrap());
    }
    messages.sort_by_key(|message| std::cmp::Reverse((message.sent_at, message.id)));
    for most in [1, 4, 5, 100] {
        let found = store
            .read()
            .messages()
            .with_address(user.id, ChannelKind::Whatsapp, &messages[0].address, most)
            .await;
        let expected: Vec<_> = messages.iter().take(most as usize).cloned().collect();
        assert_eq!(found.unwrap(), expected, "the latest {most}");
    }
}

async fn another_user_sees_no_message(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let message = samples::message(user.id);
    assert!(store.read().messages().insert(&message).await.unwrap());
    let as_other = Message {
        user_id: other.id,
        ..message.clone()
    };
    assert_eq!(stored_of(&store, &as_other).await, []);
    assert_eq!(stored_of(&store, &message).await, [message]);
}
