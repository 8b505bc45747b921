//! When and by which way contacts said that they are not to be written to. Those who said so before
//! have neither.

use sea_orm_migration::prelude::*;

use crate::schema::{text_null, time_null};

const COLUMNS: [&str; 2] = ["unsubscribed_at", "unsubscribed_source"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One at a time: SQLite takes no more in one statement.
        for column in [time_null(COLUMNS[0]), text_null(COLUMNS[1])] {
            manager
                .alter_table(Table::alter().table("contacts").add_column(column).take())
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager
                .alter_table(Table::alter().table("contacts").drop_column(column).take())
                .await?;
        }
        Ok(())
    }
}
