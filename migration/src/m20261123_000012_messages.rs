//! Messages of conversations.

use sea_orm_migration::prelude::*;

use crate::schema::{
    drop, index, key, of_user, one_of, outlives, partial_index, table, text, time, unique,
    uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut messages = table("messages");
        of_user(&mut messages);
        messages
            .col(uuid_null("contact_id"))
            // The recipient of a campaign; kept when the campaign is deleted.
            .col(uuid_null("answers"))
            .col(text("channel"))
            .col(text("direction"))
            .col(key(manager, "address"))
            .col(key(manager, "provider_id"))
            .col(text("body_kind"))
            .col(text("body"))
            .col(time("sent_at"))
            .col(time("created_at"));
        outlives(&mut messages, "contact_id", "contacts");
        one_of(&mut messages, "channel", &["whatsapp", "gmail"]);
        one_of(&mut messages, "direction", &["inbound", "outbound"]);
        one_of(&mut messages, "body_kind", &["text", "other"]);
        manager.create_table(messages).await?;
        unique(
            manager,
            "messages_provider_id",
            "messages",
            &["user_id", "channel", "provider_id"],
        )
        .await?;
        index(
            manager,
            "messages_of_address",
            "messages",
            &["user_id", "channel", "address", "sent_at", "id"],
        )
        .await?;
        index(manager, "messages_of_contact", "messages", &["contact_id"]).await?;
        partial_index(
            manager,
            "messages_received",
            "messages",
            &["user_id", "sent_at"],
            "direction = 'inbound'",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["messages"]).await
    }
}
