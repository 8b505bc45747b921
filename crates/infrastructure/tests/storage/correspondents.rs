use nexus_domain::ports::Storage;
use nexus_domain::{
    ChannelKind, Contact, ContactStatus, Correspondent, Direction, Message, OptOut, OptOutSettings,
    OptOutSource, ReplyText, User, UserId, WordList,
};

use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    what_is_known_of_a_person_is_read_as_it_was_written,
    people_are_added_once_whoever_comes_first,
    only_those_who_asked_for_silence_are_found_as_such,
    nobody_sees_or_changes_the_people_of_another_user,
    those_who_wrote_or_stopped_before_are_known_from_the_start,
    a_contact_keeps_what_is_known_of_its_wish,
    a_user_keeps_words_and_answers_of_their_own,
);

const CHANNEL: ChannelKind = ChannelKind::Whatsapp;

fn addresses(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn wish(source: OptOutSource, word: Option<&str>) -> OptOut {
    OptOut {
        word: word.map(str::to_owned),
        ..OptOut::new(source, at(5))
    }
}

async fn add(store: &Store, user: UserId, texts: &[&str]) -> Vec<Correspondent> {
    let mut unit = store.begin().await;
    let people = unit
        .correspondents()
        .lock_or_add(user, CHANNEL, &addresses(texts))
        .await
        .unwrap();
    unit.commit().await.unwrap();
    people
}

async fn find(store: &Store, user: UserId, texts: &[&str]) -> Vec<Correspondent> {
    let mut read = store.read();
    let mut people = read
        .correspondents()
        .find(user, CHANNEL, &addresses(texts))
        .await
        .unwrap();
    people.sort_by(|one, other| one.address.cmp(&other.address));
    people
}

async fn what_is_known_of_a_person_is_read_as_it_was_written(store: Store) {
    let user = store.user().await.id;
    let new = Correspondent::new(user, CHANNEL, "+1".to_owned());
    assert_same(&add(&store, user, &["+1"]).await, &vec![new.clone()]);
    for person in [
        Correspondent {
            last_inbound_at: Some(at(1)),
            last_inbound_to: Some("1022".to_owned()),
            opt_out: Some(wish(OptOutSource::Customer, Some("BAJA"))),
            stopped_at: Some(at(6)),
            resumed_at: Some(at(2)),
            ..new.clone()
        },
        Correspondent {
            opt_out: Some(wish(OptOutSource::Provider, None)),
            ..new.clone()
        },
        new,
    ] {
        let mut unit = store.begin().await;
        unit.correspondents()
            .save(std::slice::from_ref(&person))
            .await
            .unwrap();
        unit.commit().await.unwrap();
        assert_same(&find(&store, user, &["+1"]).await, &vec![person]);
    }
}

async fn people_are_added_once_whoever_comes_first(store: Store) {
    let user = store.user().await.id;
    let found = store
        .race(8, |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let texts = addresses(&["+3", "+1", "MX.2", "+1"]);
            let people = unit
                .correspondents()
                .lock_or_add(user, CHANNEL, &texts)
                .await
                .unwrap();
            unit.commit().await.unwrap();
            people.len()
        })
        .await;
    assert_eq!(found, [3; 8]);
    let people = find(&store, user, &["+1", "+3", "MX.2", "+9"]).await;
    let known: Vec<_> = people.iter().map(|person| &person.address).collect();
    assert_eq!(known, ["+1", "+3", "MX.2"]);
}

async fn only_those_who_asked_for_silence_are_found_as_such(store: Store) {
    let user = store.user().await.id;
    let all = addresses(&["+1", "+2", "+9"]);
    let mut read = store.read();
    let none = read.correspondents().opted_out(user, CHANNEL, &all).await;
    assert_eq!(none.unwrap(), []);
    let mut people = add(&store, user, &["+1", "+2"]).await;
    people[1].stop(wish(OptOutSource::Customer, Some("BAJA")));
    read.correspondents().save(&people).await.unwrap();
    let found = read.correspondents().opted_out(user, CHANNEL, &all).await;
    assert_eq!(found.unwrap(), people[1..]);
    let none = read
        .correspondents()
        .opted_out(user, ChannelKind::Gmail, &all)
        .await;
    assert_eq!(none.unwrap(), []);
    let none = read.correspondents().opted_out(user, CHANNEL, &[]).await;
    assert_eq!(none.unwrap(), []);
}

async fn nobody_sees_or_changes_the_people_of_another_user(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let people = add(&store, user, &["+1"]).await;
    assert_eq!(find(&store, other, &["+1"]).await, []);
    let as_other = Correspondent {
        user_id: other,
        last_inbound_at: Some(at(9)),
        ..people[0].clone()
    };
    store
        .read()
        .correspondents()
        .save(&[as_other])
        .await
        .unwrap();
    assert_eq!(find(&store, user, &["+1"]).await, people);
}

async fn those_who_wrote_or_stopped_before_are_known_from_the_start(store: Store) {
    let user = store.user().await.id;
    let stopped = Contact {
        phone: Some(samples::phone("+525512340001")),
        status: ContactStatus::Unsubscribed,
        opt_out: Some(OptOut::new(OptOutSource::Provider, at(3))),
        ..samples::contact(user, "Ana")
    };
    let by_hand = Contact {
        status: ContactStatus::Unsubscribed,
        opt_out: Some(OptOut::new(OptOutSource::User, at(3))),
        ..samples::contact(user, "Luz")
    };
    store.add(&[stopped, by_hand.clone()]).await;
    for (second, direction) in [
        (1, Direction::Inbound),
        (2, Direction::Inbound),
        (7, Direction::Outbound),
    ] {
        let message = Message {
            address: "+525512340001".to_owned(),
            direction,
            sent_at: at(second),
            ..samples::message(user)
        };
        store.read().messages().insert(&message).await.unwrap();
    }

    store.undo("correspondents").await;
    store.storage.migrate().await.unwrap();

    let people = find(&store, user, &["+525512340001"]).await;
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].last_inbound_at, Some(at(2)));
    assert_eq!(
        people[0].opt_out,
        Some(OptOut::new(OptOutSource::Provider, at(3)))
    );
    assert!(people[0].is_within_window("any", at(60)));
    let phone = by_hand.phone.unwrap();
    assert_eq!(find(&store, user, &[phone.as_str()]).await, []);
}

async fn a_contact_keeps_what_is_known_of_its_wish(store: Store) {
    let user = store.user().await.id;
    let mut contact = Contact {
        status: ContactStatus::Inactive,
        ..samples::contact(user, "Ana")
    };
    store.add(std::slice::from_ref(&contact)).await;
    contact.opt_out_as(wish(OptOutSource::Customer, Some("BAJA")));
    store.read().contacts().save(&contact).await.unwrap();
    let found = store.read().contacts().find(user, contact.id).await;
    let found = found.unwrap().expect("a contact");
    assert_same(&found, &contact);
    assert_eq!(found.opt_out.unwrap().before, ContactStatus::Inactive);
}

async fn a_user_keeps_words_and_answers_of_their_own(store: Store) {
    let user = User {
        opt_outs: OptOutSettings {
            stop_words: WordList::parse(["Basta ya", "FIN"]).unwrap(),
            resume_words: None,
            stop_reply: Some(ReplyText::parse("Entendido.\nAdiós").unwrap()),
            resume_reply: None,
        },
        ..samples::user()
    };
    store.read().users().insert(&user).await.unwrap();
    let find = async || store.read().users().find(user.id).await.unwrap();
    assert_same(&find().await, &Some(user.clone()));
    let changed = User {
        opt_outs: OptOutSettings {
            resume_words: WordList::parse(["VOLVER"]).unwrap(),
            resume_reply: Some(ReplyText::parse("Gracias").unwrap()),
            ..OptOutSettings::default()
        },
        ..user.clone()
    };
    store.read().users().save(&changed).await.unwrap();
    assert_same(&find().await, &Some(changed));
}
