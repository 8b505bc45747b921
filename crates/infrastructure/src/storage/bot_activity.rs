//! What the assistant did.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{BotActivityRepository, StorageError};
use nexus_domain::{BotActivity, BotActivityId, BotActivityKind, ContactId, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::Row;
use super::sql::{Sql, params};

const COLUMNS: &str = "id, user_id, contact_id, kind, summary, created_at";

const KINDS: [BotActivityKind; 3] = [
    BotActivityKind::Replied,
    BotActivityKind::HandedOver,
    BotActivityKind::Failed,
];

#[derive(FromQueryResult)]
struct ActivityRow {
    id: Uuid,
    user_id: Uuid,
    contact_id: Option<Uuid>,
    kind: String,
    summary: String,
    created_at: DateTime<Utc>,
}

impl ActivityRow {
    fn activity(self) -> Result<BotActivity, StorageError> {
        let row = Row {
            table: "bot_activity",
            id: self.id,
        };
        Ok(BotActivity {
            id: BotActivityId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            contact_id: self.contact_id.map(ContactId::from_uuid),
            kind: row.word("kind", &self.kind, &KINDS, BotActivityKind::as_str)?,
            summary: self.summary,
            created_at: self.created_at,
        })
    }
}

#[async_trait]
impl BotActivityRepository for SqlRepositories {
    async fn insert(&mut self, activity: &BotActivity) -> Result<(), StorageError> {
        let sql = Sql::new(format!("INSERT INTO bot_activity ({COLUMNS}) ")).rows([params![
            activity.id,
            activity.user_id,
            activity.contact_id,
            activity.kind.as_str(),
            activity.summary.as_str(),
            activity.created_at,
        ]]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn recent(&mut self, user: UserId, most: u32) -> Result<Vec<BotActivity>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM bot_activity WHERE user_id = $1 \
                 ORDER BY created_at DESC, id DESC LIMIT $2"
            ),
            params![user, most],
        );
        let rows: Vec<ActivityRow> = self.db().all(sql).await?;
        rows.into_iter().map(ActivityRow::activity).collect()
    }
}
