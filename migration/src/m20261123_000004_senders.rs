//! Sender accounts and their leases.

use sea_orm_migration::prelude::*;

use crate::schema::{
    count, drop, key, of_user, one_of, table, text, time, time_null, unique, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut senders = table("senders");
        of_user(&mut senders);
        senders
            .col(text("channel"))
            .col(key(manager, "external_id"))
            .col(time_null("confirmed_through"))
            .col(time("created_at"))
            .col(uuid_null("lease_owner"))
            .col(count("lease_epoch"))
            // On the database's clock.
            .col(time_null("lease_expires_at"));
        one_of(&mut senders, "channel", &["whatsapp", "gmail"]);
        manager.create_table(senders).await?;
        let account = &["user_id", "channel", "external_id"];
        unique(manager, "senders_account", "senders", account).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["senders"]).await
    }
}
