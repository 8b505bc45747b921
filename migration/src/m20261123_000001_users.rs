//! Users.

use sea_orm_migration::prelude::*;

use crate::schema::{boolean, drop, key, table, text, text_null, time, time_null, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut users = table("users");
        users
            .col(text("name"))
            .col(text("email"))
            .col(key(manager, "email_key"))
            .col(text("password_hash"))
            .col(text_null("phone"))
            .col(text_null("company"))
            // Sealed secrets by field, a JSON object.
            .col(text("provider_keys"))
            .col(text_null("whatsapp_phone_number_id"))
            .col(text_null("whatsapp_business_account_id"))
            .col(key(manager, "webhook_key"))
            .col(boolean("auto_reply_enabled"))
            .col(text_null("knowledge_base"))
            .col(boolean("notify_email"))
            .col(boolean("notify_push"))
            .col(boolean("notify_sms"))
            .col(boolean("profile_visible"))
            .col(boolean("data_sharing"))
            .col(boolean("analytics"))
            .col(text("language"))
            .col(text("time_zone"))
            .col(text("theme"))
            .col(text("default_country"))
            .col(time("created_at"))
            .col(time("updated_at"))
            .col(time_null("last_login"));
        manager.create_table(users).await?;
        unique(manager, "users_email", "users", &["email_key"]).await?;
        unique(manager, "users_webhook_key", "users", &["webhook_key"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["users"]).await
    }
}
