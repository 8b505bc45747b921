//! Which campaigns have changed lately.
//!
//! Every statement that changes what people see of a campaign sets its `changed_minute`. It is
//! indexed, and an update that changes an indexed value costs PostgreSQL an entry in every index of
//! the table. A campaign that is being sent is updated many times a second, but only one of these in a
//! minute changes this value.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{ChangeMark, MarkedCampaign, ProgressSource, StorageError};
use nexus_domain::{SessionKeyHash, UserId};
use sea_orm::FromQueryResult;

use super::SqlStorage;
use super::campaign_rows::{COLUMNS, CampaignRow};
use super::connection::Connection;
use super::sql::{Sql, params};

/// What an `UPDATE campaigns` sets besides what it changes.
pub(super) fn changed(db: &Connection) -> &'static str {
    if db.is_postgres() {
        "changed_minute = CAST(floor(extract(epoch FROM clock_timestamp()) / 60) AS bigint)"
    } else {
        "changed_minute = CAST(strftime('%s', 'now') AS integer) / 60"
    }
}

#[derive(FromQueryResult)]
struct MarkedRow {
    #[sea_orm(nested)]
    campaign: CampaignRow,
    changed_minute: i64,
}

impl MarkedRow {
    fn campaign(self) -> Result<MarkedCampaign, StorageError> {
        Ok(MarkedCampaign {
            campaign: self.campaign.campaign()?,
            mark: ChangeMark(self.changed_minute),
        })
    }
}

#[derive(FromQueryResult)]
struct KeyRow {
    key_hash: Vec<u8>,
}

impl KeyRow {
    fn key(self) -> Result<SessionKeyHash, StorageError> {
        let key: Result<[u8; 32], _> = self.key_hash.try_into();
        key.map(SessionKeyHash)
            .map_err(|_| StorageError::Unreadable("sessions: a key_hash of another length".into()))
    }
}

impl SqlStorage {
    fn outside(&self) -> Connection {
        Connection::Pools(self.pools.clone())
    }

    async fn marked(&self, sql: Sql) -> Result<Vec<MarkedCampaign>, StorageError> {
        let rows: Vec<MarkedRow> = self.outside().all(sql).await?;
        rows.into_iter().map(MarkedRow::campaign).collect()
    }
}

#[async_trait]
impl ProgressSource for SqlStorage {
    async fn unfinished(
        &self,
        user: UserId,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS}, r.changed_minute FROM campaigns AS r WHERE r.user_id = $1 \
                 AND (r.status IN ('scheduled', 'active', 'paused') OR r.changed_minute > 0 \
                 AND r.changed_minute >= (SELECT max(changed_minute) FROM campaigns \
                 WHERE user_id = $1) - $2) \
                 ORDER BY r.changed_minute DESC, r.id LIMIT $3"
            ),
            params![user, ChangeMark::SETTLING_MINUTES, most],
        );
        self.marked(sql).await
    }

    async fn changed_since(
        &self,
        user: UserId,
        since: ChangeMark,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS}, r.changed_minute FROM campaigns AS r WHERE r.user_id = $1 \
                 AND r.changed_minute >= $2 ORDER BY r.changed_minute DESC, r.id LIMIT $3"
            ),
            // Zero are those that were never touched.
            params![user, since.0.max(1), most],
        );
        self.marked(sql).await
    }

    async fn sessions(
        &self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionKeyHash>, StorageError> {
        let sql = Sql::with(
            "SELECT key_hash FROM sessions WHERE user_id = $1 AND expires_at > $2",
            params![user, now],
        );
        let rows: Vec<KeyRow> = self.outside().all(sql).await?;
        rows.into_iter().map(KeyRow::key).collect()
    }
}
