//! Which contents a provider has of a sender account.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{MediaContent, MediaUpload, SenderId, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::connection::Connection;
use super::sql::{Sql, params};

const COLUMNS: &str =
    "user_id, sender_id, sha256, media_type, provider_id, uploaded_at, refused_at";

#[derive(FromQueryResult)]
struct UploadRow {
    user_id: Uuid,
    sender_id: Uuid,
    sha256: String,
    media_type: String,
    provider_id: Option<String>,
    uploaded_at: DateTime<Utc>,
    refused_at: Option<DateTime<Utc>>,
}

impl From<UploadRow> for MediaUpload {
    fn from(row: UploadRow) -> Self {
        Self {
            user_id: UserId::from_uuid(row.user_id),
            sender_id: SenderId::from_uuid(row.sender_id),
            content: MediaContent {
                sha256: row.sha256,
                media_type: row.media_type,
            },
            provider_id: row.provider_id,
            uploaded_at: row.uploaded_at,
            refused_at: row.refused_at,
        }
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
            content.sha256.as_str(),
            content.media_type.as_str(),
            user
        ],
    );
    let row: Option<UploadRow> = db.one(sql).await?;
    Ok(row.map(Into::into))
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
    Ok(row.map(Into::into))
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
            upload.content.sha256.as_str(),
            upload.content.media_type.as_str(),
            upload.provider_id.as_deref(),
            upload.uploaded_at,
            upload.refused_at,
        ],
    );
    db.execute(sql).await?;
    Ok(())
}
