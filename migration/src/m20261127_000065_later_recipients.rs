//! When the last of those is due who wait for a time: found without reading the others.

use sea_orm_migration::prelude::*;

use crate::schema::partial_index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEX: &str = "campaign_contacts_later";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        partial_index(
            manager,
            INDEX,
            "campaign_contacts",
            &["campaign_id", "not_before"],
            "not_before IS NOT NULL",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(&format!("DROP INDEX {INDEX}"))
            .await?;
        Ok(())
    }
}
