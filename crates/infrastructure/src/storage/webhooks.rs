//! The inbox of webhooks.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{ReplayFilter, StorageError, WebhookRepository};
use nexus_domain::{UserId, WebhookEvent, WebhookEventId, WebhookSource, WebhookState};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{Number, Row};
use super::sql::{Sql, params};

const COLUMNS: &str = "id, user_id, source, body, state, attempts, due_at, received_at";

const SOURCES: [WebhookSource; 1] = [WebhookSource::Whatsapp];

#[derive(FromQueryResult)]
struct WebhookRow {
    id: Uuid,
    user_id: Uuid,
    source: String,
    body: Vec<u8>,
    state: String,
    attempts: i64,
    due_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
}

impl WebhookRow {
    fn event(self) -> Result<WebhookEvent, StorageError> {
        let row = Row {
            table: "webhooks",
            id: self.id,
        };
        Ok(WebhookEvent {
            id: WebhookEventId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            source: row.word("source", &self.source, &SOURCES, WebhookSource::as_str)?,
            body: self.body,
            state: row.word(
                "state",
                &self.state,
                &WebhookState::ALL,
                WebhookState::as_str,
            )?,
            attempts: row.unsigned("attempts", self.attempts)?,
            due_at: self.due_at,
            received_at: self.received_at,
        })
    }
}

/// `select`, which ends before `FROM`, goes on with those that the filter means. `None` when it
/// means none.
fn replayable(select: Sql, filter: &ReplayFilter) -> Option<Sql> {
    let states: Vec<&str> = filter
        .states
        .iter()
        .filter(|state| **state != WebhookState::Pending)
        .map(|state| state.as_str())
        .collect();
    if states.is_empty() {
        return None;
    }
    let mut sql = select.then(" FROM webhooks WHERE state IN ").list(states);
    if let Some(user) = filter.user {
        sql = sql.then(" AND user_id = ").bind(user);
    }
    if let Some(since) = filter.since {
        sql = sql.then(" AND received_at >= ").bind(since);
    }
    Some(sql)
}

#[async_trait]
impl WebhookRepository for SqlRepositories {
    async fn insert(&mut self, event: &WebhookEvent) -> Result<(), StorageError> {
        let sql = Sql::new(format!("INSERT INTO webhooks ({COLUMNS}) ")).rows([params![
            event.id,
            event.user_id,
            event.source.as_str(),
            event.body.clone(),
            event.state.as_str(),
            event.attempts,
            event.due_at,
            event.received_at,
        ]]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn lock_due(
        &mut self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<WebhookEvent>, StorageError> {
        let lock = self.db().for_update_of_free();
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM webhooks WHERE state = 'pending' AND due_at <= $1 \
                 ORDER BY due_at, id LIMIT $2{lock}"
            ),
            params![now, most],
        );
        let rows: Vec<WebhookRow> = self.db().all(sql).await?;
        rows.into_iter().map(WebhookRow::event).collect()
    }

    async fn save(&mut self, event: &WebhookEvent) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE webhooks SET state = $3, attempts = $4, due_at = $5 \
             WHERE id = $1 AND user_id = $2",
            params![
                event.id,
                event.user_id,
                event.state.as_str(),
                event.attempts,
                event.due_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        user: UserId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND user_id = $2"),
            params![id, user],
        );
        let row: Option<WebhookRow> = self.db().one(sql).await?;
        row.map(WebhookRow::event).transpose()
    }

    async fn lock(
        &mut self,
        user: UserId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM webhooks WHERE id = $1 AND user_id = $2{}",
                self.db().for_update()
            ),
            params![id, user],
        );
        let row: Option<WebhookRow> = self.db().one(sql).await?;
        row.map(WebhookRow::event).transpose()
    }

    async fn count_replayable(&mut self, filter: &ReplayFilter) -> Result<u64, StorageError> {
        match replayable(Sql::new("SELECT count(*) AS number"), filter) {
            Some(sql) => Ok(Number::count(self.db().one(sql).await?)),
            None => Ok(0),
        }
    }

    async fn replay(
        &mut self,
        filter: &ReplayFilter,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<u64, StorageError> {
        let update = Sql::with(
            "UPDATE webhooks SET state = 'pending', attempts = 0, due_at = $1 \
             WHERE id IN (SELECT id",
            params![now],
        );
        let Some(sql) = replayable(update, filter) else {
            return Ok(0);
        };
        // Those of earlier calls at the same moment may have been applied already.
        let sql = sql
            .then(" AND due_at < $1 ORDER BY id LIMIT ")
            .bind(most)
            .then(self.db().for_update_of_free())
            .then(")");
        self.db().execute(sql).await
    }

    async fn delete_settled(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with(
            "DELETE FROM webhooks WHERE state <> 'pending' AND received_at < $1",
            params![before],
        );
        self.db().execute(sql).await
    }
}
