//! What a sender account may send for now, and what is told apart of a recipient's attempts.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_query::ColumnDef;

use crate::schema::{count, text_null, time_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Table and column. One at a time: SQLite takes no more in one statement.
fn columns() -> [(&'static str, &'static str, ColumnDef); 4] {
    [
        // The provider asked for no request before this.
        ("senders", "rests_until", time_null("rests_until")),
        // How many new people the user's number may write to within a day; as the installation has
        // it when there is none.
        (
            "users",
            "whatsapp_daily_limit",
            text_null("whatsapp_daily_limit"),
        ),
        // Attempts whose request was never made.
        ("campaign_contacts", "never_left", count("never_left")),
        // How often the provider put this recipient off.
        ("campaign_contacts", "put_off", count("put_off")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, column) in columns() {
            let change = Table::alter().table(table).add_column(column).take();
            manager.alter_table(change).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, _) in columns() {
            let change = Table::alter().table(table).drop_column(name).take();
            manager.alter_table(change).await?;
        }
        Ok(())
    }
}
