//! The answers that the product gives by itself.

use sea_orm_migration::prelude::*;

use crate::schema::{
    count, drop, index, key, key_null, of_user, one_of, outlives, partial_index, table, text,
    text_null, time, uuid_null,
};

const TABLE: &str = "automatic_replies";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut replies = table(TABLE);
        of_user(&mut replies);
        replies
            .col(text("channel"))
            .col(key(manager, "sender_external_id"))
            .col(key(manager, "address"))
            .col(uuid_null("contact_id"))
            .col(text("confirms"))
            .col(text("body"))
            .col(text("status"))
            .col(count("attempts"))
            .col(time("not_before"))
            .col(time("window_ends_at"))
            .col(key_null(manager, "message_id"))
            .col(text_null("failure_code"))
            .col(time("created_at"))
            .col(time("updated_at"));
        outlives(&mut replies, "contact_id", "contacts");
        one_of(&mut replies, "channel", &["whatsapp", "gmail"]);
        one_of(&mut replies, "confirms", &["stop", "resume"]);
        one_of(
            &mut replies,
            "status",
            &[
                "queued",
                "dispatching",
                "accepted",
                "failed",
                "unconfirmed",
                "expired",
            ],
        );
        manager.create_table(replies).await?;
        index(
            manager,
            "automatic_replies_to",
            TABLE,
            &["user_id", "channel", "address", "created_at"],
        )
        .await?;
        index(
            manager,
            "automatic_replies_of_contact",
            TABLE,
            &["contact_id"],
        )
        .await?;
        partial_index(
            manager,
            "automatic_replies_queued",
            TABLE,
            &["user_id", "channel", "sender_external_id", "not_before"],
            "status = 'queued'",
        )
        .await?;
        partial_index(
            manager,
            "automatic_replies_dispatching",
            TABLE,
            &["updated_at"],
            "status = 'dispatching'",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &[TABLE]).await
    }
}
