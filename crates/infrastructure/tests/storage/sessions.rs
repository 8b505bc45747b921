use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{SessionKeyHash, StoredSession, UserId};

use crate::samples::{self, at};
use crate::store::Store;

on_both_databases!(
    a_session_is_found_until_it_expires,
    a_session_changes_in_place,
    a_deleted_session_is_never_revived,
    all_sessions_of_a_user_go_at_once,
    expired_sessions_are_swept,
    what_belongs_to_nobody_is_told_from_a_failure,
);

fn session(byte: u8, user: Option<UserId>, expires_at: DateTime<Utc>) -> StoredSession {
    StoredSession {
        key: SessionKeyHash([byte; 32]),
        user_id: user,
        state: "{\"a\":\"ñ\"}".to_owned(),
        created_at: at(0),
        expires_at,
    }
}

async fn a_session_is_found_until_it_expires(store: Store) {
    let user = store.user().await;
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    for session in [session(1, None, at(60)), session(2, Some(user.id), at(60))] {
        sessions.insert(&session).await.unwrap();
        let found = sessions.find(session.key, at(59)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&session));
        assert_eq!(sessions.find(session.key, at(60)).await.unwrap(), None);
    }
    let unknown = SessionKeyHash([9; 32]);
    assert_eq!(sessions.find(unknown, at(0)).await.unwrap(), None);
}

async fn a_session_changes_in_place(store: Store) {
    let user = store.user().await;
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    sessions.insert(&session(1, None, at(60))).await.unwrap();
    let mut changed = session(1, Some(user.id), at(120));
    "{}".clone_into(&mut changed.state);
    assert!(sessions.update(&changed).await.unwrap());
    let found = sessions.find(changed.key, at(100)).await.unwrap();
    assert_eq!(found, Some(changed));
}

async fn a_deleted_session_is_never_revived(store: Store) {
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    let session = session(1, None, at(60));
    sessions.insert(&session).await.unwrap();
    sessions.delete(session.key).await.unwrap();
    assert!(!sessions.update(&session).await.unwrap());
    assert_eq!(sessions.find(session.key, at(0)).await.unwrap(), None);
    sessions.delete(session.key).await.unwrap();
}

async fn all_sessions_of_a_user_go_at_once(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    for (byte, owner) in [(1, user.id), (2, user.id), (3, other.id)] {
        sessions
            .insert(&session(byte, Some(owner), at(60)))
            .await
            .unwrap();
    }
    sessions.delete_of_user(user.id).await.unwrap();
    for (byte, stays) in [(1, false), (2, false), (3, true)] {
        let found = sessions.find(SessionKeyHash([byte; 32]), at(0)).await;
        assert_eq!(found.unwrap().is_some(), stays);
    }
}

async fn expired_sessions_are_swept(store: Store) {
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    for (byte, expiry) in [(1, at(10)), (2, at(20)), (3, at(30))] {
        sessions.insert(&session(byte, None, expiry)).await.unwrap();
    }
    assert_eq!(sessions.delete_expired(at(20)).await.unwrap(), 2);
    assert_eq!(sessions.delete_expired(at(20)).await.unwrap(), 0);
    let left = sessions.find(SessionKeyHash([3; 32]), at(0)).await.unwrap();
    assert!(left.is_some());
}

async fn what_belongs_to_nobody_is_told_from_a_failure(store: Store) {
    let gone = samples::user().id;
    let mut repositories = store.read();
    let session = session(1, Some(gone), at(60));
    let refused = repositories.sessions().insert(&session).await;
    assert!(
        matches!(refused, Err(StorageError::Orphaned)),
        "{refused:?}"
    );
    let contact = samples::contact(gone, "Ana");
    let refused = repositories.contacts().insert(&[contact]).await;
    assert!(
        matches!(refused, Err(StorageError::Orphaned)),
        "{refused:?}"
    );
    let mut unit = store.begin().await;
    let refused = unit.jobs().enqueue(&samples::job(gone)).await;
    assert!(
        matches!(refused, Err(StorageError::Orphaned)),
        "{refused:?}"
    );
}
