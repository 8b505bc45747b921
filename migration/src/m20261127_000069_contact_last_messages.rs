//! When the last message went to or came from a contact, in rows of their own. A campaign notes it of
//! everybody it reaches, and what PostgreSQL writes anew for that is then two values instead of the
//! contact with all that it is found by.
//!
//! The column of before stays, empty in new rows: a version that still runs beside this one writes to it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{bare_table, drop, goes_with, primary, time, uuid};

const TABLE: &str = "contact_last_messages";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut noted = bare_table(TABLE);
        noted.col(uuid("contact_id")).col(time("noted_at"));
        goes_with(&mut noted, "contact_id", "contacts");
        primary(&mut noted, &["contact_id"]);
        manager.create_table(noted).await?;
        let db = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            // Room for a later time beside an earlier one: nothing else is written then.
            db.execute_unprepared("ALTER TABLE contact_last_messages SET (fillfactor = 50)")
                .await?;
        }
        db.execute_unprepared(
            "INSERT INTO contact_last_messages (contact_id, noted_at)
                SELECT id, last_message_at FROM contacts WHERE last_message_at IS NOT NULL",
        )
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(
            "UPDATE contacts SET last_message_at = (SELECT noted_at FROM contact_last_messages
                WHERE contact_id = contacts.id)",
        )
        .await?;
        drop(manager, &[TABLE]).await
    }
}
