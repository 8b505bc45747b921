//! Filters of contacts that are saved under a name, and the campaigns that await them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{drop, index, key, of_user, table, text, time, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut segments = table("segments");
        of_user(&mut segments);
        segments
            .col(text("name"))
            .col(key(manager, "name_key"))
            // A JSON object.
            .col(text("filter"))
            .col(time("created_at"))
            .col(time("updated_at"));
        manager.create_table(segments).await?;
        unique(
            manager,
            "segments_name",
            "segments",
            &["user_id", "name_key"],
        )
        .await?;
        // Set while the campaign awaits the segment: until then it can't be deleted. The audience,
        // a JSON object, names the segment for good.
        let uuid = match manager.get_database_backend() {
            DbBackend::Sqlite => "uuid_text",
            _ => "uuid",
        };
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "ALTER TABLE campaigns ADD COLUMN segment_id {uuid} REFERENCES segments (id)"
            ))
            .await?;
        index(
            manager,
            "campaigns_of_segment",
            "campaigns",
            &["segment_id"],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(
                "DROP INDEX campaigns_of_segment;
                 ALTER TABLE campaigns DROP COLUMN segment_id;",
            )
            .await?;
        drop(manager, &["segments"]).await
    }
}
