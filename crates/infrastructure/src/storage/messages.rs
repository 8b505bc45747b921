//! Messages of conversations.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{MessageRepository, StorageError};
use nexus_domain::{
    CampaignContactId, ChannelKind, ContactId, Direction, Message, MessageBody, MessageId, UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::Row;
use super::sql::{Sql, params};

const COLUMNS: &str = "id, user_id, contact_id, answers, channel, direction, address, \
     provider_id, body_kind, body, sent_at, created_at";

#[derive(FromQueryResult)]
struct MessageRow {
    id: Uuid,
    user_id: Uuid,
    contact_id: Option<Uuid>,
    answers: Option<Uuid>,
    channel: String,
    direction: String,
    address: String,
    provider_id: String,
    body_kind: String,
    body: String,
    sent_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl MessageRow {
    fn message(self) -> Result<Message, StorageError> {
        let row = Row {
            table: "messages",
            id: self.id,
        };
        let directions = [Direction::Inbound, Direction::Outbound];
        let body = match self.body_kind.as_str() {
            "text" => MessageBody::Text(self.body),
            "other" => MessageBody::Other(self.body),
            _ => return row.need("body_kind", None),
        };
        Ok(Message {
            id: MessageId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            contact_id: self.contact_id.map(ContactId::from_uuid),
            answers: self.answers.map(CampaignContactId::from_uuid),
            channel: row.parse("channel", &self.channel, ChannelKind::parse)?,
            direction: row.word("direction", &self.direction, &directions, Direction::as_str)?,
            address: self.address,
            provider_id: self.provider_id,
            body,
            sent_at: self.sent_at,
            created_at: self.created_at,
        })
    }
}

#[async_trait]
impl MessageRepository for SqlRepositories {
    async fn insert(&mut self, message: &Message) -> Result<bool, StorageError> {
        let (kind, body) = match &message.body {
            MessageBody::Text(text) => ("text", text),
            MessageBody::Other(name) => ("other", name),
        };
        let sql = Sql::new(format!("INSERT INTO messages ({COLUMNS}) "))
            .rows([params![
                message.id,
                message.user_id,
                message.contact_id,
                message.answers,
                message.channel.as_str(),
                message.direction.as_str(),
                message.address.as_str(),
                message.provider_id.as_str(),
                kind,
                body.as_str(),
                message.sent_at,
                message.created_at,
            ]])
            .then(" ON CONFLICT (user_id, channel, provider_id) DO NOTHING");
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn with_address(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        most: u32,
    ) -> Result<Vec<Message>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM messages \
                 WHERE user_id = $1 AND channel = $2 AND address = $3 \
                 ORDER BY sent_at DESC, id DESC LIMIT $4"
            ),
            params![user, channel.as_str(), address, most],
        );
        let rows: Vec<MessageRow> = self.db().all(sql).await?;
        rows.into_iter().map(MessageRow::message).collect()
    }
}
