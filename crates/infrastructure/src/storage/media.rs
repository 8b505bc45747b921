//! Media files of campaigns.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{MediaRepository, StorageError};
use nexus_domain::values::ShortText;
use nexus_domain::{
    CampaignId, ContentHash, MediaContent, MediaFile, MediaId, MediaType, MediaUpload, SenderId,
    UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::media_uploads;
use super::rows::{Number, Row};
use super::sql::{Sql, params, rows_per_statement};

const COLUMNS: &str = "id, user_id, campaign_id, file_name, media_type, size, sha256, created_at";

#[derive(FromQueryResult)]
struct MediaRow {
    id: Uuid,
    user_id: Uuid,
    campaign_id: Uuid,
    file_name: String,
    media_type: String,
    size: i64,
    sha256: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl MediaRow {
    fn file(self) -> Result<MediaFile, StorageError> {
        let row = Row {
            table: "media",
            id: self.id,
        };
        Ok(MediaFile {
            id: MediaId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            campaign_id: CampaignId::from_uuid(self.campaign_id),
            file_name: row.parse("file_name", &self.file_name, ShortText::parse)?,
            media_type: row.word(
                "media_type",
                &self.media_type,
                &MediaType::ALL,
                MediaType::as_str,
            )?,
            size: row.unsigned("size", self.size)?,
            sha256: ContentHash(row.need("sha256", self.sha256.try_into().ok())?),
            created_at: self.created_at,
        })
    }
}

#[async_trait]
impl MediaRepository for SqlRepositories {
    async fn insert(&mut self, file: &MediaFile) -> Result<(), StorageError> {
        let size =
            i64::try_from(file.size).map_err(|error| StorageError::Failed(Box::new(error)))?;
        let sql = Sql::new(format!("INSERT INTO media ({COLUMNS}) ")).rows([params![
            file.id,
            file.user_id,
            file.campaign_id,
            file.file_name.as_str(),
            file.media_type.as_str(),
            size,
            file.sha256.0.to_vec(),
            file.created_at,
        ]]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        id: MediaId,
    ) -> Result<Option<MediaFile>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM media WHERE user_id = $1 AND campaign_id = $2 AND id = $3"
            ),
            params![user, campaign, id],
        );
        let row: Option<MediaRow> = self.db().one(sql).await?;
        row.map(MediaRow::file).transpose()
    }

    async fn of_campaigns(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<MediaFile>, StorageError> {
        // In order, so that the parts are as well.
        let unique: BTreeSet<CampaignId> = ids.iter().copied().collect();
        let unique: Vec<CampaignId> = unique.into_iter().collect();
        let mut found = Vec::new();
        for chunk in unique.chunks(rows_per_statement(1)) {
            let sql = Sql::with(
                format!("SELECT {COLUMNS} FROM media WHERE user_id = $1 AND campaign_id IN "),
                params![user],
            )
            .list(chunk.iter().copied())
            .then(" ORDER BY campaign_id, created_at, id");
            let rows: Vec<MediaRow> = self.db().all(sql).await?;
            for row in rows {
                found.push(row.file()?);
            }
        }
        Ok(found)
    }

    async fn delete(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        id: MediaId,
    ) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "DELETE FROM media WHERE user_id = $1 AND campaign_id = $2 AND id = $3",
            params![user, campaign, id],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn used_bytes(&mut self, user: UserId) -> Result<u64, StorageError> {
        // PostgreSQL sums bigints to a numeric.
        let sql = Sql::with(
            "SELECT CAST(coalesce(sum(size), 0) AS bigint) AS number FROM media WHERE user_id = $1",
            params![user],
        );
        Ok(Number::count(self.db().one(sql).await?))
    }

    async fn upload(
        &mut self,
        user: UserId,
        sender: SenderId,
        content: &MediaContent,
    ) -> Result<Option<MediaUpload>, StorageError> {
        media_uploads::find(self.db(), user, sender, content).await
    }

    async fn lock_upload(
        &mut self,
        user: UserId,
        sender: SenderId,
        provider_id: &str,
    ) -> Result<Option<MediaUpload>, StorageError> {
        media_uploads::lock(self.db(), user, sender, provider_id).await
    }

    async fn save_upload(&mut self, upload: &MediaUpload) -> Result<(), StorageError> {
        media_uploads::save(self.db(), upload).await
    }
}
