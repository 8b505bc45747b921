//! How many contacts have each tag: kept with every change, so that nobody counts a million rows to
//! show a list of tags.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{bare_table, drop, integer, key, of_user, primary};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut totals = bare_table("contact_tag_totals");
        of_user(&mut totals);
        totals.col(key(manager, "tag_key")).col(integer("contacts"));
        primary(&mut totals, &["user_id", "tag_key"]);
        manager.create_table(totals).await?;
        let db = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            // Nobody tags while they are counted.
            db.execute_unprepared("LOCK TABLE contact_tags IN SHARE ROW EXCLUSIVE MODE")
                .await?;
        }
        db.execute_unprepared(
            "INSERT INTO contact_tag_totals (user_id, tag_key, contacts)
                    SELECT user_id, tag_key, count(*) FROM contact_tags GROUP BY user_id, tag_key",
        )
        .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["contact_tag_totals"]).await
    }
}
