//! Which contents a provider has of a sender account.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{ContentHash, MediaContent, MediaType, MediaUpload, SenderId, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::connection::Connection;
use super::rows::Row;
use super::sql::{Sql, params};

const COLUMNS: &str =
    "user_id, sender_id, sha256, media_type, provider_id, uploaded_at, refused_at";

#[derive(FromQueryResult)]
struct UploadRow {
    user_id: Uuid,
    sender_id: Uuid,
    sha256: Vec<u8>,
    media_type: String,
    provider_id: Option<String>,
    uploaded_at: DateTime<Utc>,
    refused_at: Option<DateTime<Utc>>,
}

impl UploadRow {
    fn upload(self) -> Result<MediaUpload, StorageError> {
        // The row has no id of its own.
        let row = Row {
            table: "media_uploads of sender",
            id: self.sender_id,
        };
        Ok(MediaUpload {
            user_id: UserId::from_uuid(self.user_id),
            sender_id: SenderId::from_uuid(self.sender_id),
            content: MediaContent {
                sha256: ContentHash(row.need("sha256", self.sha256.try_into().ok())?),
                media_type: row.word(
                    "media_type",
                    &self.media_type,
                    &MediaType::ALL,
                    MediaType::as_str,
                )?,
            },
            provider_id: self.provider_id,
            uploaded_at: self.uploaded_at,
            refused_at: self.refused_at,
        })
    }
}

pub(super) async fn find(
    db: &Connection,
    user: UserId,
    sender: SenderId,
    content: &MediaContent,
) -> Result<Option<MediaUpload>, StorageError> {
    let sql = Sql::with(
        format!(
            "SELECT {COLUMNS} FROM media_uploads \
             WHERE sender_id = $1 AND sha256 = $2 AND media_type = $3 AND user_id = $4"
        ),
        params![
            sender,
            content.sha256.0.to_vec(),
            content.media_type.as_str(),
            user
        ],
    );
    let row: Option<UploadRow> = db.one(sql).await?;
    row.map(UploadRow::upload).transpose()
}

pub(super) async fn lock(
    db: &Connection,
    user: UserId,
    sender: SenderId,
    provider_id: &str,
) -> Result<Option<MediaUpload>, StorageError> {
    let sql = Sql::with(
        format!(
            "SELECT {COLUMNS} FROM media_uploads \
             WHERE sender_id = $1 AND user_id = $2 AND provider_id = $3{}",
            db.for_update()
        ),
        params![sender, user, provider_id],
    );
    let row: Option<UploadRow> = db.one(sql).await?;
    row.map(UploadRow::upload).transpose()
}

pub(super) async fn save(db: &Connection, upload: &MediaUpload) -> Result<(), StorageError> {
    // Two processes that hand the same over at once both have an id that works: the last one stays.
    let sql = Sql::with(
        format!(
            "INSERT INTO media_uploads ({COLUMNS}) SELECT $1, $2, $3, $4, $5, $6, $7 \
             WHERE EXISTS (SELECT 1 FROM senders AS s WHERE s.id = $2 AND s.user_id = $1) \
             ON CONFLICT (sender_id, sha256, media_type) DO UPDATE SET \
             provider_id = excluded.provider_id, uploaded_at = excluded.uploaded_at, \
             refused_at = excluded.refused_at"
        ),
        params![
            upload.user_id,
            upload.sender_id,
            upload.content.sha256.0.to_vec(),
            upload.content.media_type.as_str(),
            upload.provider_id.as_deref(),
            upload.uploaded_at,
            upload.refused_at,
        ],
    );
    db.execute(sql).await?;
    Ok(())
}
