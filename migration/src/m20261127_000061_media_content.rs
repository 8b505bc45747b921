//! Media files are known by the SHA-256 of their content. No version before this one could add a
//! file, so the table is made anew; what kind of message a file becomes follows from its type.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bytes, drop, goes_with, index, integer, of_user, one_of, table, text, time, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        make_anew(manager, bytes("sha256"), None).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kinds = &["image", "video", "audio", "document"];
        make_anew(manager, text("kind"), Some(("kind", kinds))).await
    }
}

async fn make_anew(
    manager: &SchemaManager<'_>,
    column: ColumnDef,
    words: Option<(&'static str, &[&str])>,
) -> Result<(), DbErr> {
    drop(manager, &["media"]).await?;
    let mut media = table("media");
    of_user(&mut media);
    media
        .col(uuid("campaign_id"))
        .col(text("file_name"))
        .col(text("media_type"))
        .col(integer("size"))
        .col(column)
        .col(time("created_at"));
    goes_with(&mut media, "campaign_id", "campaigns");
    if let Some((column, words)) = words {
        one_of(&mut media, column, words);
    }
    manager.create_table(media).await?;
    index(manager, "media_of_user", "media", &["user_id"]).await?;
    let of_campaign = &["campaign_id", "created_at", "id"];
    index(manager, "media_of_campaign", "media", of_campaign).await
}
