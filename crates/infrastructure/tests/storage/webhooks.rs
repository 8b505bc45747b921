use std::collections::BTreeSet;

use nexus_domain::ports::{ReplayFilter, Storage};
use nexus_domain::{WebhookEvent, WebhookEventId, WebhookState};

use crate::samples::{self, at};
use crate::store::{Store, assert_same, within_patience};

on_both_databases!(
    a_body_is_kept_byte_by_byte,
    an_event_is_read_as_it_was_written,
    saving_changes_state_attempts_and_due_time_only,
    what_is_due_is_locked_oldest_first,
    two_workers_get_different_events,
    every_event_is_taken_once_by_many_workers,
    settled_events_are_swept_and_pending_ones_stay,
    another_user_finds_and_changes_no_event,
    what_is_kept_is_made_due_again_by_user_time_and_state,
);

const STATES: [WebhookState; 4] = [
    WebhookState::Pending,
    WebhookState::Applied,
    WebhookState::Unmatched,
    WebhookState::Unreadable,
];

async fn insert(store: &Store, events: &[WebhookEvent]) {
    let mut unit = store.begin().await;
    for event in events {
        unit.webhooks().insert(event).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn find(store: &Store, event: &WebhookEvent) -> Option<WebhookEvent> {
    let mut repositories = store.read();
    let webhooks = repositories.webhooks();
    webhooks.find(event.user_id, event.id).await.unwrap()
}

fn ids(events: &[WebhookEvent]) -> Vec<WebhookEventId> {
    events.iter().map(|event| event.id).collect()
}

async fn a_body_is_kept_byte_by_byte(store: Store) {
    let user = store.user().await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let bodies = [
        Vec::new(),
        every_byte.clone(),
        every_byte.repeat(4_000),
        b"\xed\xa0\x80 no UTF-8 \xff'; --".to_vec(),
    ];
    for body in bodies {
        let event = WebhookEvent {
            body: body.clone(),
            ..samples::webhook(user.id)
        };
        insert(&store, std::slice::from_ref(&event)).await;
        let found = find(&store, &event).await.unwrap();
        assert!(found.body == body, "a body of {} bytes", body.len());
    }
}

async fn an_event_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    for (state, attempts) in STATES.into_iter().zip([0, 1, 7, u32::MAX]) {
        let event = WebhookEvent {
            state,
            attempts,
            due_at: at(11),
            received_at: at(10),
            ..samples::webhook(user.id)
        };
        insert(&store, std::slice::from_ref(&event)).await;
        assert_same(&find(&store, &event).await, &Some(event));
    }
}

async fn saving_changes_state_attempts_and_due_time_only(store: Store) {
    let user = store.user().await;
    let (event, untouched) = (samples::webhook(user.id), samples::webhook(user.id));
    insert(&store, &[event.clone(), untouched.clone()]).await;
    for state in STATES {
        let changed = WebhookEvent {
            state,
            attempts: 3,
            due_at: at(60),
            body: b"another".to_vec(),
            received_at: at(99),
            ..event.clone()
        };
        store.read().webhooks().save(&changed).await.unwrap();
        let expected = WebhookEvent {
            body: event.body.clone(),
            received_at: event.received_at,
            ..changed
        };
        assert_same(&find(&store, &event).await, &Some(expected));
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

async fn what_is_due_is_locked_oldest_first(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let event = |user, due_at, state| WebhookEvent {
        due_at,
        state,
        ..samples::webhook(user)
    };
    let late = event(user.id, at(10), WebhookState::Pending);
    let early = event(other.id, at(5), WebhookState::Pending);
    let middle = event(user.id, at(7), WebhookState::Pending);
    let too_soon = event(user.id, at(11), WebhookState::Pending);
    let settled = event(user.id, at(1), WebhookState::Applied);
    let all = [&late, &early, &too_soon, &middle, &settled].map(Clone::clone);
    insert(&store, &all).await;
    let mut unit = store.begin().await;
    let found = unit.webhooks().lock_due(at(10), 10).await.unwrap();
    assert_same(&found, &vec![early.clone(), middle.clone(), late]);
    let found = unit.webhooks().lock_due(at(10), 2).await.unwrap();
    assert_eq!(found, [early, middle]);
    assert_eq!(unit.webhooks().lock_due(at(4), 10).await.unwrap(), []);
}

/// On PostgreSQL the second passes over what the first holds. On SQLite it waits, and finds what
/// the first left.
async fn two_workers_get_different_events(store: Store) {
    let user = store.user().await;
    let mut events: Vec<_> = (0..6).map(|_| samples::webhook(user.id)).collect();
    events.sort_by_key(|event| event.id);
    insert(&store, &events).await;

    let mut first = store.begin().await;
    let locked = first.webhooks().lock_due(at(0), 3).await.unwrap();
    assert_eq!(ids(&locked), ids(&events[..3]));
    for mut event in locked {
        event.state = WebhookState::Applied;
        first.webhooks().save(&event).await.unwrap();
    }
    let second = |storage: nexus_infrastructure::storage::SqlStorage| async move {
        let mut unit = storage.begin().await.unwrap();
        let locked = unit.webhooks().lock_due(at(0), 10).await.unwrap();
        unit.commit().await.unwrap();
        locked
    };
    let locked = if store.is_postgres() {
        let locked = within_patience(second(store.other_process().await)).await;
        first.commit().await.unwrap();
        locked
    } else {
        store.in_turn(first, second).await
    };
    assert_eq!(ids(&locked), ids(&events[3..]));
}

async fn every_event_is_taken_once_by_many_workers(store: Store) {
    let user = store.user().await;
    let events: Vec<_> = (0..60).map(|_| samples::webhook(user.id)).collect();
    insert(&store, &events).await;
    let taken = store
        .race(6, |storage| async move {
            let mut taken = Vec::new();
            loop {
                let mut unit = storage.begin().await.unwrap();
                let events = unit.webhooks().lock_due(at(0), 4).await.unwrap();
                if events.is_empty() {
                    return taken;
                }
                for mut event in events {
                    event.state = WebhookState::Applied;
                    unit.webhooks().save(&event).await.unwrap();
                    taken.push(event.id);
                }
                unit.commit().await.unwrap();
            }
        })
        .await
        .concat();
    assert_eq!(taken.len(), events.len());
    let taken: BTreeSet<_> = taken.into_iter().collect();
    assert_eq!(taken, ids(&events).into_iter().collect());
}

async fn settled_events_are_swept_and_pending_ones_stay(store: Store) {
    let user = store.user().await;
    let mut events = Vec::new();
    for state in STATES {
        for received_at in [at(9), at(10)] {
            events.push(WebhookEvent {
                state,
                received_at,
                ..samples::webhook(user.id)
            });
        }
    }
    insert(&store, &events).await;
    let swept = store.read().webhooks().delete_settled(at(10)).await;
    assert_eq!(swept.unwrap(), 3);
    for event in &events {
        let stays = event.state == WebhookState::Pending || event.received_at == at(10);
        let found = find(&store, event).await;
        assert_eq!(found.is_some(), stays, "{:?}", event.state);
    }
    let swept = store.read().webhooks().delete_settled(at(10)).await;
    assert_eq!(swept.unwrap(), 0);
}

async fn another_user_finds_and_changes_no_event(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let event = samples::webhook(user.id);
    insert(&store, std::slice::from_ref(&event)).await;
    let as_other = WebhookEvent {
        user_id: other.id,
        state: WebhookState::Applied,
        ..event.clone()
    };
    assert_eq!(find(&store, &as_other).await, None);
    store.read().webhooks().save(&as_other).await.unwrap();
    assert_same(&find(&store, &event).await, &Some(event));
}

async fn what_is_kept_is_made_due_again_by_user_time_and_state(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut events = Vec::new();
    for owner in [&user, &other] {
        for state in STATES {
            for received_at in [at(9), at(10)] {
                events.push(WebhookEvent {
                    state,
                    attempts: 7,
                    due_at: at(20),
                    received_at,
                    ..samples::webhook(owner.id)
                });
            }
        }
    }
    insert(&store, &events).await;
    let filter = ReplayFilter {
        user: Some(user.id),
        since: Some(at(10)),
        states: STATES.to_vec(),
    };
    let count = |filter: ReplayFilter| {
        let mut read = store.read();
        async move { read.webhooks().count_replayable(&filter).await.unwrap() }
    };
    assert_eq!(count(filter.clone()).await, 3);
    let whoever = ReplayFilter {
        user: None,
        since: None,
        states: vec![WebhookState::Unmatched, WebhookState::Unreadable],
    };
    assert_eq!(count(whoever).await, 8);
    let pending = ReplayFilter {
        states: vec![WebhookState::Pending],
        ..filter.clone()
    };
    assert_eq!(count(pending).await, 0);

    let replay = |most| {
        let filter = filter.clone();
        let mut read = store.read();
        async move { read.webhooks().replay(&filter, at(30), most).await.unwrap() }
    };
    assert_eq!(
        (replay(2).await, replay(2).await, replay(2).await),
        (2, 1, 0)
    );
    for event in &events {
        let is_meant = event.user_id == user.id && event.received_at == at(10);
        let mut expected = event.clone();
        if is_meant && event.state != WebhookState::Pending {
            expected.state = WebhookState::Pending;
            expected.attempts = 0;
            expected.due_at = at(30);
        }
        assert_same(&find(&store, event).await, &Some(expected));
    }
    // What was settled again since is not taken once more by the same replay.
    let mut settled = find(&store, &events[3]).await.expect("it is there");
    settled.state = WebhookState::Applied;
    store.read().webhooks().save(&settled).await.unwrap();
    assert_eq!(replay(10).await, 0);

    let mut unit = store.begin().await;
    let locked = unit.webhooks().lock(user.id, settled.id).await.unwrap();
    assert_same(&locked, &Some(settled.clone()));
    assert_eq!(
        unit.webhooks().lock(other.id, settled.id).await.unwrap(),
        None
    );
}
