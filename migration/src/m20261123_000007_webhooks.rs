//! The durable inbox of webhooks.

use sea_orm_migration::prelude::*;

use crate::schema::{bytes, count, drop, index, of_user, one_of, partial_index, table, text, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut webhooks = table("webhooks");
        of_user(&mut webhooks);
        webhooks
            .col(text("source"))
            .col(bytes("body"))
            .col(text("state"))
            .col(count("attempts"))
            .col(time("due_at"))
            .col(time("received_at"));
        one_of(
            &mut webhooks,
            "state",
            &["pending", "applied", "unmatched", "unreadable"],
        );
        manager.create_table(webhooks).await?;
        index(manager, "webhooks_of_user", "webhooks", &["user_id"]).await?;
        for (name, columns, condition) in [
            ("webhooks_due", &["due_at", "id"][..], "state = 'pending'"),
            ("webhooks_settled", &["received_at"], "state <> 'pending'"),
        ] {
            partial_index(manager, name, "webhooks", columns, condition).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["webhooks"]).await
    }
}
