//! How many contacts were created in each second, minute, hour and so on: a page deep in the list by
//! time is found from these, without skipping what comes before it row by row.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{bare_table, drop, integer, of_user, primary};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// By how many bits the seconds since 1970 are shifted at each level: a slot has 64 of the level
/// below.
const LEVELS: [u8; 5] = [24, 18, 12, 6, 0];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut marks = bare_table("contact_marks");
        of_user(&mut marks);
        marks
            .col(integer("level"))
            .col(integer("slot"))
            .col(integer("contacts"));
        primary(&mut marks, &["user_id", "level", "slot"]);
        manager.create_table(marks).await?;
        let db = manager.get_connection();
        let seconds = if manager.get_database_backend() == DbBackend::Postgres {
            // Nobody adds contacts while they are counted.
            db.execute_unprepared("LOCK TABLE contacts IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            "CAST(floor(extract(epoch FROM created_at)) AS bigint)"
        } else {
            "CAST(strftime('%s', created_at) AS integer)"
        };
        for level in LEVELS {
            db.execute_unprepared(&format!(
                "INSERT INTO contact_marks (user_id, level, slot, contacts)
                        SELECT user_id, {level}, {seconds} >> {level}, count(*) FROM contacts
                        GROUP BY user_id, {seconds} >> {level}"
            ))
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["contact_marks"]).await
    }
}
