//! The minute in which each campaign was last written to: pages that stay open are told of what has
//! changed lately.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{count, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMN: &str = "changed_minute";
const INDEX: &str = "campaigns_changed";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("campaigns")
                    .add_column(count(COLUMN))
                    .take(),
            )
            .await?;
        let seconds = if manager.get_database_backend() == DbBackend::Postgres {
            "CAST(floor(extract(epoch FROM updated_at)) AS bigint)"
        } else {
            "CAST(strftime('%s', updated_at) AS integer)"
        };
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "UPDATE campaigns SET {COLUMN} = {seconds} / 60 WHERE status <> 'draft'"
            ))
            .await?;
        index(manager, INDEX, "campaigns", &["user_id", COLUMN]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared(&format!("DROP INDEX {INDEX}"))
            .await?;
        manager
            .alter_table(Table::alter().table("campaigns").drop_column(COLUMN).take())
            .await
    }
}
