//! Which contents a provider has of a sender account, and under which ids.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bare_table, bytes, drop, goes_with, key, of_user, primary, text_null, time, time_null, uuid,
};

const TABLE: &str = "media_uploads";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut uploads = bare_table(TABLE);
        of_user(&mut uploads);
        uploads
            .col(uuid("sender_id"))
            .col(bytes("sha256"))
            .col(key(manager, "media_type"))
            .col(text_null("provider_id"))
            .col(time("uploaded_at"))
            .col(time_null("refused_at"));
        goes_with(&mut uploads, "sender_id", "senders");
        primary(&mut uploads, &["sender_id", "sha256", "media_type"]);
        manager.create_table(uploads).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &[TABLE]).await
    }
}
