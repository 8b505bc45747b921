//! Figures.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{StatisticsRepository, StorageError};
use nexus_domain::{
    ActivityItem, ActivityKind, ContactTotals, Dashboard, MessageBucket, MessageDelta,
    MessageTotals, UserId,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::SqlRepositories;
use super::sql::{Sql, params};

#[derive(FromQueryResult)]
struct ContactsRow {
    status: String,
    contacts: i64,
    new: i64,
}

#[derive(FromQueryResult)]
struct CampaignsRow {
    status: String,
    campaigns: i64,
    sent: i64,
    delivered: i64,
    opened: i64,
    failed: i64,
    replied: i64,
}

#[derive(FromQueryResult)]
struct BucketRow {
    bucket_start: DateTime<Utc>,
    sent: i64,
    delivered: i64,
    read: i64,
    failed: i64,
    replied: i64,
}

#[derive(FromQueryResult)]
struct ActivityRow {
    id: Uuid,
    subject: String,
    at: DateTime<Utc>,
}

/// Each kind of activity with the query that finds the latest, from an index.
const ACTIVITIES: [(ActivityKind, &str); 4] = [
    (
        ActivityKind::CampaignStarted,
        "SELECT id, name AS subject, started_at AS at FROM campaigns \
         WHERE user_id = $1 AND started_at IS NOT NULL ORDER BY started_at DESC LIMIT $2",
    ),
    (
        ActivityKind::CampaignCompleted,
        "SELECT id, name AS subject, ended_at AS at FROM campaigns \
         WHERE user_id = $1 AND status = 'completed' ORDER BY ended_at DESC LIMIT $2",
    ),
    (
        ActivityKind::ImportFinished,
        "SELECT id, file_name AS subject, ended_at AS at FROM imports \
         WHERE user_id = $1 AND ended_at IS NOT NULL AND status IN ('completed', 'failed') \
         ORDER BY ended_at DESC LIMIT $2",
    ),
    (
        ActivityKind::MessageReceived,
        "SELECT id, address AS subject, sent_at AS at FROM messages \
         WHERE user_id = $1 AND direction = 'inbound' ORDER BY sent_at DESC LIMIT $2",
    ),
];

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

impl SqlRepositories {
    async fn contact_totals(
        &self,
        user: UserId,
        since: DateTime<Utc>,
    ) -> Result<ContactTotals, StorageError> {
        let sql = Sql::with(
            "SELECT status, CAST(sum(contacts) AS bigint) AS contacts, \
             CAST(sum(CASE WHEN created_on >= $2 THEN contacts ELSE 0 END) AS bigint) AS new \
             FROM contact_totals WHERE user_id = $1 GROUP BY status",
            params![user, since.date_naive()],
        );
        let mut totals = ContactTotals::default();
        for row in self.db().all::<ContactsRow>(sql).await? {
            let contacts = count(row.contacts);
            match row.status.as_str() {
                "active" => totals.active = contacts,
                "inactive" => totals.inactive = contacts,
                _ => totals.unsubscribed = contacts,
            }
            totals.new += count(row.new);
        }
        Ok(totals)
    }

    async fn campaign_totals(
        &self,
        user: UserId,
    ) -> Result<(BTreeMap<String, u64>, MessageTotals), StorageError> {
        let sql = Sql::with(
            "SELECT status, count(*) AS campaigns, CAST(sum(sent) AS bigint) AS sent, \
             CAST(sum(delivered) AS bigint) AS delivered, \
             CAST(sum(opened) AS bigint) AS opened, CAST(sum(failed) AS bigint) AS failed, \
             CAST(sum(replied) AS bigint) AS replied \
             FROM campaigns WHERE user_id = $1 GROUP BY status",
            params![user],
        );
        let mut campaigns = BTreeMap::new();
        let mut messages = MessageTotals::default();
        for row in self.db().all::<CampaignsRow>(sql).await? {
            campaigns.insert(row.status, count(row.campaigns));
            messages.sent += count(row.sent);
            messages.delivered += count(row.delivered);
            messages.read += count(row.opened);
            messages.failed += count(row.failed);
            messages.replied += count(row.replied);
        }
        Ok((campaigns, messages))
    }

    async fn buckets(
        &self,
        user: UserId,
        since: DateTime<Utc>,
    ) -> Result<Vec<MessageBucket>, StorageError> {
        let sql = Sql::with(
            "SELECT bucket_start, sent, delivered, read, failed, replied FROM message_totals \
             WHERE user_id = $1 AND bucket_start >= $2 ORDER BY bucket_start",
            params![user, since],
        );
        let rows: Vec<BucketRow> = self.db().all(sql).await?;
        Ok(rows
            .into_iter()
            .map(|row| MessageBucket {
                start: row.bucket_start,
                count: MessageDelta {
                    sent: row.sent,
                    delivered: row.delivered,
                    read: row.read,
                    failed: row.failed,
                    replied: row.replied,
                },
            })
            .filter(|bucket| bucket.count != MessageDelta::default())
            .collect())
    }

    async fn recent_activity(
        &self,
        user: UserId,
        most: u32,
    ) -> Result<Vec<ActivityItem>, StorageError> {
        let mut items = Vec::new();
        for (kind, query) in ACTIVITIES {
            let rows: Vec<ActivityRow> =
                self.db().all(Sql::with(query, params![user, most])).await?;
            items.extend(rows.into_iter().map(|row| ActivityItem {
                kind,
                subject: row.subject,
                id: row.id,
                at: row.at,
            }));
        }
        items.sort_by_key(|item| Reverse((item.at, item.id)));
        items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(items)
    }
}

#[async_trait]
impl StatisticsRepository for SqlRepositories {
    async fn count_messages(
        &mut self,
        user: UserId,
        at: DateTime<Utc>,
        delta: &MessageDelta,
    ) -> Result<(), StorageError> {
        if *delta == MessageDelta::default() {
            return Ok(());
        }
        let sql = Sql::with(
            "INSERT INTO message_totals \
             (user_id, bucket_start, sent, delivered, read, failed, replied) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (user_id, bucket_start) DO UPDATE SET \
             sent = message_totals.sent + excluded.sent, \
             delivered = message_totals.delivered + excluded.delivered, \
             read = message_totals.read + excluded.read, \
             failed = message_totals.failed + excluded.failed, \
             replied = message_totals.replied + excluded.replied",
            params![
                user,
                MessageBucket::start_of(at),
                delta.sent,
                delta.delivered,
                delta.read,
                delta.failed,
                delta.replied,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn dashboard(
        &mut self,
        user: UserId,
        since: DateTime<Utc>,
        most_recent: u32,
    ) -> Result<Dashboard, StorageError> {
        self.settle_totals().await?;
        let (campaigns, messages) = self.campaign_totals(user).await?;
        Ok(Dashboard {
            contacts: self.contact_totals(user, since).await?,
            campaigns,
            messages,
            buckets: self.buckets(user, since).await?,
            recent: self.recent_activity(user, most_recent).await?,
        })
    }
}
