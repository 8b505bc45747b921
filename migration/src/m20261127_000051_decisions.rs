//! What users decided about messages that could not be confirmed, and which attempts failed before a
//! message was sent once more.

use sea_orm_migration::prelude::*;

use crate::schema::{add_columns, count, drop_columns, text_null, time_null};

const TABLE: &str = "campaign_contacts";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(
            manager,
            TABLE,
            [
                count("failed_through"),
                text_null("decision"),
                time_null("decided_at"),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(
            manager,
            TABLE,
            &["failed_through", "decision", "decided_at"],
        )
        .await
    }
}
