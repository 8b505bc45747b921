//! Sessions of the browser application.

use sea_orm_migration::prelude::*;

use crate::schema::{bare_table, bytes, drop, goes_with, index, primary, text, time, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut sessions = bare_table("sessions");
        sessions
            .col(bytes("key_hash"))
            .col(uuid_null("user_id"))
            .col(text("state"))
            .col(time("created_at"))
            .col(time("expires_at"));
        primary(&mut sessions, &["key_hash"]);
        goes_with(&mut sessions, "user_id", "users");
        manager.create_table(sessions).await?;
        index(manager, "sessions_of_user", "sessions", &["user_id"]).await?;
        index(manager, "sessions_expiry", "sessions", &["expires_at"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["sessions"]).await
    }
}
