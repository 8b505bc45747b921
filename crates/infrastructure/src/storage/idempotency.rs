//! Answers to requests that may be repeated.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{
    Effect, IdempotencyRepository, IdempotencyState, StorageError, StoredAnswer, TakenKey,
};
use nexus_domain::{CampaignId, UserId};
use sea_orm::FromQueryResult;

use super::SqlRepositories;
use super::rows::Row;
use super::sql::{Sql, params};

/// How often a key is tried that others take and free at the same time.
const TRIES: u32 = 3;

/// In place of an answer's status: the body is an effect, and no answer. No HTTP status is 0.
const EFFECT: u32 = 0;

/// An effect as it is stored: `campaign_created 01980c5e-…`.
fn write_effect(effect: Effect) -> String {
    match effect {
        Effect::CampaignCreated(id) => format!("campaign_created {id}"),
        Effect::CampaignStarted(id) => format!("campaign_started {id}"),
    }
}

fn read_effect(body: &[u8]) -> Option<Effect> {
    let (what, id) = std::str::from_utf8(body).ok()?.split_once(' ')?;
    let id: CampaignId = id.parse().ok()?;
    match what {
        "campaign_created" => Some(Effect::CampaignCreated(id)),
        "campaign_started" => Some(Effect::CampaignStarted(id)),
        _ => None,
    }
}

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
        if status == i64::from(EFFECT) {
            let effect = row.need("body", read_effect(&body))?;
            return Ok(IdempotencyState::Done(effect));
        }
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

    async fn note_effect(
        &mut self,
        user: UserId,
        key: &TakenKey,
        effect: Effect,
    ) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "UPDATE idempotency_keys SET status = $4, body = $5 \
             WHERE user_id = $1 AND request_key = $2 AND taken_at = $3 AND status IS NULL",
            params![
                user,
                key.key.as_str(),
                key.taken_at,
                EFFECT,
                write_effect(effect).into_bytes(),
            ],
        );
        Ok(self.db().execute(sql).await? > 0)
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

    async fn free(&mut self, user: UserId, key: &TakenKey) -> Result<(), StorageError> {
        let sql = Sql::with(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND request_key = $2 \
             AND taken_at = $3 AND status IS NULL",
            params![user, key.key.as_str(), key.taken_at],
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
