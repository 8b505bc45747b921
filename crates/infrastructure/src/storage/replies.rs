//! The answers that the product gives by itself.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{ReplyRepository, ReplyingSender, StorageError};
use nexus_domain::{
    AutomaticReply, ChannelKind, ContactId, FailureCode, ReplyId, ReplyStatus, UserId, Wish,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::Row;
use super::sql::{Sql, params, rows_per_statement};

const COLUMNS: &str = "id, user_id, channel, sender_external_id, address, contact_id, confirms, \
     body, status, attempts, not_before, window_ends_at, message_id, failure_code, created_at, \
     updated_at";

#[derive(FromQueryResult)]
struct ReplyRow {
    id: Uuid,
    user_id: Uuid,
    channel: String,
    sender_external_id: String,
    address: String,
    contact_id: Option<Uuid>,
    confirms: String,
    body: String,
    status: String,
    attempts: i64,
    not_before: DateTime<Utc>,
    window_ends_at: DateTime<Utc>,
    message_id: Option<String>,
    failure_code: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ReplyRow {
    fn reply(self) -> Result<AutomaticReply, StorageError> {
        let row = Row {
            table: "automatic_replies",
            id: self.id,
        };
        let failure = match &self.failure_code {
            Some(word) => {
                Some(row.word("failure_code", word, &FailureCode::ALL, FailureCode::as_str)?)
            }
            None => None,
        };
        let wishes = [Wish::Stop, Wish::Resume];
        Ok(AutomaticReply {
            id: ReplyId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            channel: row.parse("channel", &self.channel, ChannelKind::parse)?,
            sender_external_id: self.sender_external_id,
            address: self.address,
            contact_id: self.contact_id.map(ContactId::from_uuid),
            confirms: row.word("confirms", &self.confirms, &wishes, Wish::as_str)?,
            text: self.body,
            status: row.word(
                "status",
                &self.status,
                &ReplyStatus::ALL,
                ReplyStatus::as_str,
            )?,
            attempts: row.unsigned("attempts", self.attempts)?,
            not_before: self.not_before,
            window_ends_at: self.window_ends_at,
            message_id: self.message_id,
            failure,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

#[derive(FromQueryResult)]
struct SenderRow {
    user_id: Uuid,
    channel: String,
    sender_external_id: String,
}

impl SqlRepositories {
    async fn replies_by(&self, sql: Sql) -> Result<Vec<AutomaticReply>, StorageError> {
        let rows: Vec<ReplyRow> = self.db().all(sql).await?;
        rows.into_iter().map(ReplyRow::reply).collect()
    }
}

#[async_trait]
impl ReplyRepository for SqlRepositories {
    async fn insert(&mut self, reply: &AutomaticReply) -> Result<(), StorageError> {
        let sql = Sql::new(format!("INSERT INTO automatic_replies ({COLUMNS}) ")).rows([params![
            reply.id,
            reply.user_id,
            reply.channel.as_str(),
            reply.sender_external_id.as_str(),
            reply.address.as_str(),
            reply.contact_id,
            reply.confirms.as_str(),
            reply.text.as_str(),
            reply.status.as_str(),
            reply.attempts,
            reply.not_before,
            reply.window_ends_at,
            reply.message_id.as_deref(),
            reply.failure.map(FailureCode::as_str),
            reply.created_at,
            reply.updated_at,
        ]]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn recent(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<AutomaticReply>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM automatic_replies WHERE user_id = $1 AND channel = $2 \
                 AND address = $3 AND created_at >= $4 ORDER BY created_at DESC, id DESC LIMIT 100"
            ),
            params![user, channel.as_str(), address, since],
        );
        self.replies_by(sql).await
    }

    async fn senders_with_due(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReplyingSender>, StorageError> {
        let sql = Sql::with(
            "SELECT DISTINCT user_id, channel, sender_external_id FROM automatic_replies \
             WHERE status = 'queued' AND not_before <= $1",
            params![now],
        );
        let rows: Vec<SenderRow> = self.db().all(sql).await?;
        rows.into_iter()
            .map(|found| {
                let row = Row {
                    table: "automatic_replies of user",
                    id: found.user_id,
                };
                Ok(ReplyingSender {
                    user_id: UserId::from_uuid(found.user_id),
                    channel: row.parse("channel", &found.channel, ChannelKind::parse)?,
                    external_id: found.sender_external_id,
                })
            })
            .collect()
    }

    async fn lock_next(
        &mut self,
        sender: &ReplyingSender,
        now: DateTime<Utc>,
    ) -> Result<Option<AutomaticReply>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM automatic_replies WHERE status = 'queued' \
                 AND user_id = $1 AND channel = $2 AND sender_external_id = $3 \
                 AND not_before <= $4 ORDER BY not_before, id LIMIT 1{}",
                self.db().for_update_of_free()
            ),
            params![
                sender.user_id,
                sender.channel.as_str(),
                sender.external_id.as_str(),
                now
            ],
        );
        Ok(self.replies_by(sql).await?.pop())
    }

    async fn lock_dispatching(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<AutomaticReply>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM automatic_replies WHERE status = 'dispatching' \
                 AND updated_at < $1 ORDER BY id LIMIT $2{}",
                self.db().for_update_of_free()
            ),
            params![before, most],
        );
        self.replies_by(sql).await
    }

    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[ReplyId],
    ) -> Result<Vec<AutomaticReply>, StorageError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut locked = Vec::new();
        for chunk in ids.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                format!("SELECT {COLUMNS} FROM automatic_replies WHERE user_id = $1 AND id IN "),
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY id")
            .then(self.db().for_update());
            locked.extend(self.replies_by(sql).await?);
        }
        Ok(locked)
    }

    async fn delete_over(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with(
            "DELETE FROM automatic_replies \
             WHERE status NOT IN ('queued', 'dispatching') AND created_at < $1",
            params![before],
        );
        self.db().execute(sql).await
    }

    async fn save(&mut self, reply: &AutomaticReply) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE automatic_replies SET status = $3, attempts = $4, not_before = $5, \
             message_id = $6, failure_code = $7, updated_at = $8 WHERE id = $1 AND user_id = $2",
            params![
                reply.id,
                reply.user_id,
                reply.status.as_str(),
                reply.attempts,
                reply.not_before,
                reply.message_id.as_deref(),
                reply.failure.map(FailureCode::as_str),
                reply.updated_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }
}
