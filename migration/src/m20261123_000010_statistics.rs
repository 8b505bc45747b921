//! What happened to messages, by quarter of an hour.

use sea_orm_migration::prelude::*;

use crate::schema::{bare_table, count, drop, of_user, primary, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut totals = bare_table("message_totals");
        of_user(&mut totals);
        totals.col(time("bucket_start"));
        for counter in ["sent", "delivered", "read", "failed", "replied"] {
            totals.col(count(counter));
        }
        primary(&mut totals, &["user_id", "bucket_start"]);
        manager.create_table(totals).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["message_totals"]).await
    }
}
