//! Connections to WhatsApp, and the templates of their accounts.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bare_table, drop, goes_with, key, of_user, primary, text, text_null, time_null, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut connections = bare_table("whatsapp_connections");
        connections
            .col(uuid("user_id").primary_key())
            .col(time_null("webhook_verified_at"))
            .col(time_null("webhook_received_at"))
            // A JSON object.
            .col(text("state"));
        goes_with(&mut connections, "user_id", "users");
        manager.create_table(connections).await?;

        let mut templates = bare_table("whatsapp_templates");
        of_user(&mut templates);
        templates
            .col(key(manager, "account_id"))
            .col(key(manager, "name"))
            .col(key(manager, "language"))
            // In the provider's words, which may be new ones.
            .col(text("status"))
            .col(text("category"))
            .col(text_null("quality"))
            .col(text_null("reason"))
            // A JSON object: everything else of it.
            .col(text("content"))
            // By the provider's clock.
            .col(time_null("status_heard_at"))
            .col(time_null("quality_heard_at"))
            .col(time_null("synced_at"));
        primary(
            &mut templates,
            &["user_id", "account_id", "name", "language"],
        );
        manager.create_table(templates).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["whatsapp_templates", "whatsapp_connections"]).await
    }
}
