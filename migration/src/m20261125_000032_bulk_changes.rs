//! Changes of many contacts that run in the background.

use sea_orm_migration::prelude::*;

use crate::schema::{count, drop, index, of_user, one_of, table, text, time, time_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut changes = table("bulk_changes");
        of_user(&mut changes);
        changes
            // JSON objects.
            .col(text("action"))
            .col(text("selection"))
            .col(text("status"))
            .col(count("matched"))
            .col(count("changed"))
            // A contact that may be gone.
            .col(uuid_null("seen_through"))
            .col(time_null("ended_at"))
            .col(time("created_at"))
            .col(time("updated_at"));
        one_of(
            &mut changes,
            "status",
            &["queued", "running", "completed", "failed"],
        );
        manager.create_table(changes).await?;
        index(
            manager,
            "bulk_changes_of_user",
            "bulk_changes",
            &["user_id"],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["bulk_changes"]).await
    }
}
