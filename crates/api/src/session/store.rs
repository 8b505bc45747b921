//! The store of sessions on our database.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use nexus_application::Recent;
use nexus_domain::ports::{Clock, Entropy, Storage, StorageError};
use nexus_domain::{SessionKeyHash, StoredSession, UserId};
use sha2::{Digest, Sha256};

use super::USER_KEY;
use super::failure::{UNKNOWN_KEY, note};
use crate::settings::SessionSettings;

/// An idle limit is moved on at most this often, so that reading does not mean writing.
const EXTEND_EVERY: TimeDelta = TimeDelta::minutes(10);

/// What the database knows of a session's key.
pub(super) fn hash(key: &str) -> SessionKeyHash {
    SessionKeyHash(Sha256::digest(key.as_bytes()).into())
}

/// Sessions in the database, by the hash of their key.
#[derive(Clone)]
pub struct DatabaseSessions {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    idle: TimeDelta,
    absolute: TimeDelta,
    /// What most requests come with was loaded just before.
    recent: Arc<Recent<SessionKeyHash, StoredSession>>,
}

impl DatabaseSessions {
    /// Sessions with these limits.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: &SessionSettings,
    ) -> Self {
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(30));
        Self {
            storage,
            clock,
            entropy,
            idle: delta(settings.idle),
            absolute: delta(settings.absolute),
            recent: Arc::default(),
        }
    }

    /// The sessions of a user were deleted: this instance knows it at once, others within a second.
    pub fn forget(&self, user: UserId) {
        self.recent
            .forget_where(|session| session.user_id == Some(user));
    }

    fn hash(key: &SessionKey) -> SessionKeyHash {
        hash(key.as_ref())
    }

    fn expiry(&self, created_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        (now + self.idle).min(created_at + self.absolute)
    }

    fn new_key(&self) -> Result<SessionKey, anyhow::Error> {
        let mut random = [0_u8; 32];
        self.entropy.fill(&mut random);
        SessionKey::try_from(URL_SAFE_NO_PAD.encode(random)).map_err(|_| anyhow!("unusable key"))
    }

    fn user_of(state: &HashMap<String, String>) -> Option<UserId> {
        let json = state.get(USER_KEY)?;
        serde_json::from_str::<String>(json).ok()?.parse().ok()
    }

    async fn find(&self, key: &SessionKey) -> Result<Option<StoredSession>, StorageError> {
        let now = self.clock.now();
        let key = Self::hash(key);
        let found = self.recent.get_or_read(key, self.find_stored(key, now));
        Ok(found.await?.filter(|session| session.expires_at > now))
    }

    async fn find_stored(
        &self,
        key: SessionKeyHash,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredSession>, StorageError> {
        let mut repositories = self.storage.read();
        let found = repositories.sessions().find(key, now).await?;
        let Some(mut session) = found else {
            return Ok(None);
        };
        let expiry = self.expiry(session.created_at, now);
        if expiry - session.expires_at >= EXTEND_EVERY {
            session.expires_at = expiry;
            repositories.sessions().update(&session).await?;
        }
        Ok(Some(session))
    }
}

impl SessionStore for DatabaseSessions {
    async fn load(
        &self,
        session_key: &SessionKey,
    ) -> Result<Option<HashMap<String, String>>, LoadError> {
        let session = match self.find(session_key).await {
            Ok(session) => session,
            // Whoever needs to know who this is refuses the request; the others need not.
            Err(StorageError::Unavailable(_)) => {
                let state = HashMap::from([(UNKNOWN_KEY.to_owned(), "true".to_owned())]);
                return Ok(Some(state));
            }
            Err(error) => return Err(LoadError::Other(note(error))),
        };
        session
            .map(|session| serde_json::from_str(&session.state))
            .transpose()
            .map_err(|error| LoadError::Deserialization(error.into()))
    }

    async fn save(
        &self,
        session_state: HashMap<String, String>,
        _ttl: &Duration,
    ) -> Result<SessionKey, SaveError> {
        let now = self.clock.now();
        let key = self.new_key().map_err(SaveError::Other)?;
        let session = StoredSession {
            key: Self::hash(&key),
            user_id: Self::user_of(&session_state),
            state: serde_json::to_string(&session_state)
                .map_err(|error| SaveError::Serialization(error.into()))?,
            created_at: now,
            expires_at: self.expiry(now, now),
        };
        match self.storage.read().sessions().insert(&session).await {
            // The account was deleted meanwhile: the cookie is worth nothing.
            Ok(()) | Err(StorageError::Orphaned) => Ok(key),
            Err(error) => Err(SaveError::Other(note(error))),
        }
    }

    async fn update(
        &self,
        session_key: SessionKey,
        session_state: HashMap<String, String>,
        _ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let now = self.clock.now();
        let key = Self::hash(&session_key);
        let mut repositories = self.storage.read();
        let found = repositories
            .sessions()
            .find(key, now)
            .await
            .map_err(|error| UpdateError::Other(note(error)))?;
        // A session that was deleted meanwhile stays deleted: the cookie just stops working.
        if let Some(session) = found {
            let session = StoredSession {
                user_id: Self::user_of(&session_state),
                state: serde_json::to_string(&session_state)
                    .map_err(|error| UpdateError::Serialization(error.into()))?,
                expires_at: self.expiry(session.created_at, now),
                ..session
            };
            repositories
                .sessions()
                .update(&session)
                .await
                .map_err(|error| UpdateError::Other(note(error)))?;
        }
        self.recent.forget(&key);
        Ok(session_key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // The idle limit moves on when a session is loaded.
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        let key = Self::hash(session_key);
        let deleted = self.storage.read().sessions().delete(key).await;
        self.recent.forget(&key);
        deleted.map_err(note)
    }
}
