//! Whom an account with a daily limit has written to within a day, and how many of them began to
//! count in each quarter of an hour: adding up a day takes a hundred rows, however many people.

use sea_orm_migration::prelude::*;

use crate::schema::{bare_table, drop, goes_with, integer, key, primary, time, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut people = bare_table("sender_people");
        people
            .col(uuid("sender_id"))
            .col(key(manager, "address"))
            // In which they last began to count.
            .col(time("quarter"));
        primary(&mut people, &["sender_id", "address"]);
        goes_with(&mut people, "sender_id", "senders");
        manager.create_table(people).await?;

        let mut quarters = bare_table("sender_quarters");
        quarters
            .col(uuid("sender_id"))
            .col(time("quarter"))
            .col(integer("people"));
        primary(&mut quarters, &["sender_id", "quarter"]);
        goes_with(&mut quarters, "sender_id", "senders");
        manager.create_table(quarters).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["sender_people", "sender_quarters"]).await
    }
}
