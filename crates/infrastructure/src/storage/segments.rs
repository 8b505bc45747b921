//! Segments.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{SegmentRepository, StorageError};
use nexus_domain::values::SegmentName;
use nexus_domain::{Segment, SegmentId, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{Row, to_json};
use super::sql::{Sql, params};
use super::stored_filter::StoredFilter;

const COLUMNS: &str = "id, user_id, name, filter, created_at, updated_at";

#[derive(FromQueryResult)]
struct SegmentRow {
    id: Uuid,
    user_id: Uuid,
    name: String,
    filter: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SegmentRow {
    fn segment(self) -> Result<Segment, StorageError> {
        let row = Row {
            table: "segments",
            id: self.id,
        };
        let filter: StoredFilter = row.json("filter", &self.filter)?;
        Ok(Segment {
            id: SegmentId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            name: row.parse("name", &self.name, SegmentName::parse)?,
            filter: filter.filter(row, "filter")?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl SqlRepositories {
    async fn segment(
        &self,
        user: UserId,
        id: SegmentId,
        lock: &str,
    ) -> Result<Option<Segment>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM segments WHERE user_id = $1 AND id = $2{lock}"),
            params![user, id],
        );
        let row: Option<SegmentRow> = self.db().one(sql).await?;
        row.map(SegmentRow::segment).transpose()
    }

    async fn segments_of(&self, user: UserId, end: &str) -> Result<Vec<Segment>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM segments WHERE user_id = $1 ORDER BY {end}"),
            params![user],
        );
        let rows: Vec<SegmentRow> = self.db().all(sql).await?;
        rows.into_iter().map(SegmentRow::segment).collect()
    }
}

#[async_trait]
impl SegmentRepository for SqlRepositories {
    async fn insert(&mut self, segment: &Segment) -> Result<(), StorageError> {
        let sql = Sql::with(
            "INSERT INTO segments (id, user_id, name, name_key, filter, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                segment.id,
                segment.user_id,
                segment.name.as_str(),
                segment.name_key(),
                to_json(&StoredFilter::of(&segment.filter))?,
                segment.created_at,
                segment.updated_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn find(&mut self, user: UserId, id: SegmentId) -> Result<Option<Segment>, StorageError> {
        self.segment(user, id, "").await
    }

    async fn lock(&mut self, user: UserId, id: SegmentId) -> Result<Option<Segment>, StorageError> {
        let lock = self.db().for_update();
        self.segment(user, id, lock).await
    }

    async fn list(&mut self, user: UserId) -> Result<Vec<Segment>, StorageError> {
        self.segments_of(user, "name_key").await
    }

    async fn lock_all(&mut self, user: UserId) -> Result<Vec<Segment>, StorageError> {
        let end = format!("id{}", self.db().for_update());
        self.segments_of(user, &end).await
    }

    async fn save(&mut self, segment: &Segment) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE segments SET name = $3, name_key = $4, filter = $5, updated_at = $6 \
             WHERE user_id = $1 AND id = $2",
            params![
                segment.user_id,
                segment.id,
                segment.name.as_str(),
                segment.name_key(),
                to_json(&StoredFilter::of(&segment.filter))?,
                segment.updated_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn delete(&mut self, user: UserId, id: SegmentId) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "DELETE FROM segments WHERE user_id = $1 AND id = $2",
            params![user, id],
        );
        Ok(self.db().execute(sql).await? > 0)
    }
}
