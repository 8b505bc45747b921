//! Answers to requests that may be repeated.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::UserId;
use nexus_domain::ports::{IdempotencyRepository, IdempotencyState, StorageError, StoredAnswer};
use sea_orm::FromQueryResult;

use super::SqlRepositories;
use super::rows::Row;
use super::sql::{Sql, params};

/// How often a key is tried that others take and free at the same time.
const TRIES: u32 = 3;

#[derive(FromQueryResult)]
struct KeyRow {
    fingerprint: String,
    status: Option<i64>,
    body: Option<Vec<u8>>,
}

impl KeyRow {
    fn state(self, user: UserId, fingerprint: &str) -> Result<IdempotencyState, StorageError> {
        if self.fingerprint != fingerprint {
            return Ok(IdempotencyState::Mismatch);
        }
        let (Some(status), Some(body)) = (self.status, self.body) else {
            return Ok(IdempotencyState::InProgress);
        };
        let row = Row {
            table: "idempotency_keys",
            id: user.as_uuid(),
        };
        Ok(IdempotencyState::Answered(StoredAnswer {
            status: row.unsigned("status", status)?,
            body,
        }))
    }
}

#[async_trait]
impl IdempotencyRepository for SqlRepositories {
    async fn take(
        &mut self,
        user: UserId,
        key: &str,
        fingerprint: &str,
        now: DateTime<Utc>,
        stale_before: DateTime<Utc>,
    ) -> Result<IdempotencyState, StorageError> {
        // One statement takes the key or doesn't, whoever else tries at the same time.
        let take = Sql::with(
            "INSERT INTO idempotency_keys (user_id, request_key, fingerprint, taken_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, request_key) DO UPDATE \
             SET fingerprint = excluded.fingerprint, taken_at = excluded.taken_at \
             WHERE idempotency_keys.status IS NULL AND idempotency_keys.taken_at < $5",
            params![user, key, fingerprint, now, stale_before],
        );
        let look = Sql::with(
            "SELECT fingerprint, status, body FROM idempotency_keys \
             WHERE user_id = $1 AND request_key = $2",
            params![user, key],
        );
        // A key that was taken when asked for and gone when looked at was freed in between.
        for _ in 0..TRIES {
            if self.db().execute(take.clone()).await? > 0 {
                return Ok(IdempotencyState::New);
            }
            let row: Option<KeyRow> = self.db().one(look.clone()).await?;
            if let Some(row) = row {
                return row.state(user, fingerprint);
            }
        }
        Ok(IdempotencyState::InProgress)
    }

    async fn answer(
        &mut self,
        user: UserId,
        key: &str,
        answer: &StoredAnswer,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE idempotency_keys SET status = $3, body = $4 \
             WHERE user_id = $1 AND request_key = $2",
            params![user, key, u32::from(answer.status), answer.body.clone(),],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn free(&mut self, user: UserId, key: &str) -> Result<(), StorageError> {
        let sql = Sql::with(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND request_key = $2",
            params![user, key],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn delete_before(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with(
            "DELETE FROM idempotency_keys WHERE taken_at < $1",
            params![before],
        );
        self.db().execute(sql).await
    }
}
