//! One more level of marks: how many contacts were created in each 64th part of a second. An import
//! creates thousands in a second.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// A time as SQLite keeps it ends at the second, or has three, six or nine digits after it.
const SQLITE_MICROSECONDS: &str = "CASE length(created_at)
    WHEN 25 THEN 0
    WHEN 29 THEN CAST(substr(created_at, 21, 3) AS integer) * 1000
    ELSE CAST(substr(created_at, 21, 6) AS integer) END";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let slot = if manager.get_database_backend() == DbBackend::Postgres {
            // Nobody adds contacts while they are counted.
            db.execute_unprepared("LOCK TABLE contacts IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            "CAST(floor(extract(epoch FROM created_at) * 64) AS bigint)".to_owned()
        } else {
            format!(
                "(CAST(strftime('%s', substr(created_at, 1, 19)) AS integer) * 64
                    + ({SQLITE_MICROSECONDS}) / 15625)"
            )
        };
        db.execute_unprepared(&format!(
            "INSERT INTO contact_marks (user_id, level, slot, contacts)
                SELECT user_id, -6, {slot}, count(*) FROM contacts GROUP BY user_id, {slot}"
        ))
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DELETE FROM contact_marks WHERE level = -6")
            .await?;
        Ok(())
    }
}
