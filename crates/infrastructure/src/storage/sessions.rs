//! Sessions.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{SessionRepository, StorageError};
use nexus_domain::{SessionKeyHash, StoredSession, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::sql::{Sql, params};

#[derive(FromQueryResult)]
struct SessionRow {
    user_id: Option<Uuid>,
    state: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl SessionRow {
    fn session(self, key: SessionKeyHash) -> StoredSession {
        StoredSession {
            key,
            user_id: self.user_id.map(UserId::from_uuid),
            state: self.state,
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

#[async_trait]
impl SessionRepository for SqlRepositories {
    async fn insert(&mut self, session: &StoredSession) -> Result<(), StorageError> {
        let sql = Sql::with(
            "INSERT INTO sessions (key_hash, user_id, state, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
            params![
                session.key.0.to_vec(),
                session.user_id,
                session.state.as_str(),
                session.created_at,
                session.expires_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        key: SessionKeyHash,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredSession>, StorageError> {
        let sql = Sql::with(
            "SELECT user_id, state, created_at, expires_at FROM sessions \
             WHERE key_hash = $1 AND expires_at > $2",
            params![key.0.to_vec(), now],
        );
        let row: Option<SessionRow> = self.db().one(sql).await?;
        Ok(row.map(|row| row.session(key)))
    }

    async fn update(&mut self, session: &StoredSession) -> Result<bool, StorageError> {
        // Never an upsert: a request that is under way while its session is deleted must not
        // bring the session back.
        let sql = Sql::with(
            "UPDATE sessions SET user_id = $2, state = $3, expires_at = $4 WHERE key_hash = $1",
            params![
                session.key.0.to_vec(),
                session.user_id,
                session.state.as_str(),
                session.expires_at,
            ],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn delete(&mut self, key: SessionKeyHash) -> Result<(), StorageError> {
        let sql = Sql::with(
            "DELETE FROM sessions WHERE key_hash = $1",
            params![key.0.to_vec()],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn delete_of_user(&mut self, user: UserId) -> Result<(), StorageError> {
        let sql = Sql::with("DELETE FROM sessions WHERE user_id = $1", params![user]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn delete_expired(&mut self, now: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with("DELETE FROM sessions WHERE expires_at <= $1", params![now]);
        self.db().execute(sql).await
    }
}
