//! Media files of campaigns.

use sea_orm_migration::prelude::*;

use crate::schema::{drop, goes_with, index, integer, of_user, one_of, table, text, time, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut media = table("media");
        of_user(&mut media);
        media
            .col(uuid("campaign_id"))
            .col(text("kind"))
            .col(text("file_name"))
            .col(text("media_type"))
            .col(integer("size"))
            .col(time("created_at"));
        goes_with(&mut media, "campaign_id", "campaigns");
        one_of(&mut media, "kind", &["image", "video", "audio", "document"]);
        manager.create_table(media).await?;
        index(manager, "media_of_user", "media", &["user_id"]).await?;
        let of_campaign = &["campaign_id", "created_at", "id"];
        index(manager, "media_of_campaign", "media", of_campaign).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["media"]).await
    }
}
