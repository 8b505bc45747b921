//! Sessions of the browser application, as they are stored.

use chrono::{DateTime, Utc};

use crate::UserId;

/// The SHA-256 of a session's key: who reads the table can't sign in with what is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKeyHash(pub [u8; 32]);

impl std::fmt::Debug for SessionKeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKeyHash(…)")
    }
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// The hash of its key.
    pub key: SessionKeyHash,
    /// Who is signed in.
    pub user_id: Option<UserId>,
    /// Its state, JSON.
    pub state: String,
    /// When it began: the absolute limit counts from here.
    pub created_at: DateTime<Utc>,
    /// After this it is as if it were not there.
    pub expires_at: DateTime<Utc>,
}
