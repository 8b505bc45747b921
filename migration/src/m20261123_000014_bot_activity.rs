//! What the assistant did.

use sea_orm_migration::prelude::*;

use crate::schema::{drop, index, of_user, one_of, outlives, table, text, time, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut activity = table("bot_activity");
        of_user(&mut activity);
        activity
            .col(uuid_null("contact_id"))
            .col(text("kind"))
            .col(text("summary"))
            .col(time("created_at"));
        outlives(&mut activity, "contact_id", "contacts");
        one_of(&mut activity, "kind", &["replied", "handed_over", "failed"]);
        manager.create_table(activity).await?;
        index(
            manager,
            "bot_activity_of_contact",
            "bot_activity",
            &["contact_id"],
        )
        .await?;
        let by_time = &["user_id", "created_at", "id"];
        index(manager, "bot_activity_by_time", "bot_activity", by_time).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["bot_activity"]).await
    }
}
