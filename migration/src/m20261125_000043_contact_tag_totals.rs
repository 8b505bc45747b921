//! How many contacts have each tag: kept with every change, so that nobody counts a million rows to
//! show a list of tags.

use sea_orm_migration::prelude::*;

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
        manager
            .get_connection()
            .execute_unprepared(
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
