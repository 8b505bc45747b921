//! Sender accounts and their leases.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{SenderRepository, StorageError};
use nexus_domain::{
    ChannelKind, InstanceId, SenderAccount, SenderId, SenderLease, SenderLimits, UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::SqlRepositories;
use super::connection::seconds;
use super::rows::{IdRow, Number, Row};
use super::sql::{Sql, params};

const COLUMNS: &str = "id, user_id, channel, external_id, confirmed_through, created_at";

/// The lease in `$1` to `$4`, as long as nobody else has it and its time is not over.
const HELD: &str = "id = $1 AND user_id = $2 AND lease_owner = $3 AND lease_epoch = $4";

#[derive(FromQueryResult)]
struct SenderRow {
    id: Uuid,
    user_id: Uuid,
    channel: String,
    external_id: String,
    confirmed_through: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl SenderRow {
    fn account(self) -> Result<SenderAccount, StorageError> {
        let row = Row {
            table: "senders",
            id: self.id,
        };
        Ok(SenderAccount {
            id: SenderId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            channel: row.parse("channel", &self.channel, ChannelKind::parse)?,
            external_id: self.external_id,
            confirmed_through: self.confirmed_through,
            created_at: self.created_at,
        })
    }
}

fn lease_values(lease: &SenderLease) -> Vec<Value> {
    params![lease.sender_id, lease.user_id, lease.owner, lease.epoch]
}

impl SqlRepositories {
    async fn senders_where(
        &self,
        condition: &str,
        values: Vec<Value>,
    ) -> Result<Vec<SenderAccount>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM senders WHERE {condition}"),
            values,
        );
        let rows: Vec<SenderRow> = self.db().all(sql).await?;
        rows.into_iter().map(SenderRow::account).collect()
    }
}

#[async_trait]
impl SenderRepository for SqlRepositories {
    async fn ensure(&mut self, account: &SenderAccount) -> Result<SenderAccount, StorageError> {
        let added = Sql::with(
            "INSERT INTO senders (id, user_id, channel, external_id, confirmed_through, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (user_id, channel, external_id) DO NOTHING",
            params![
                account.id,
                account.user_id,
                account.channel.as_str(),
                account.external_id.as_str(),
                account.confirmed_through,
                account.created_at,
            ],
        );
        let together = self.db().together().await?;
        together.db().execute(added).await?;
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM senders \
                 WHERE user_id = $1 AND channel = $2 AND external_id = $3"
            ),
            params![
                account.user_id,
                account.channel.as_str(),
                account.external_id.as_str(),
            ],
        );
        let row: Option<SenderRow> = together.db().one(sql).await?;
        together.done().await?;
        let missing = || StorageError::Failed("a sender account vanished".into());
        row.ok_or_else(missing)?.account()
    }

    async fn find(
        &mut self,
        user: UserId,
        id: SenderId,
    ) -> Result<Option<SenderAccount>, StorageError> {
        let values = params![user, id];
        let found = self.senders_where("user_id = $1 AND id = $2", values).await;
        Ok(found?.pop())
    }

    async fn of_user(&mut self, user: UserId) -> Result<Vec<SenderAccount>, StorageError> {
        self.senders_where("user_id = $1 ORDER BY id", params![user])
            .await
    }

    async fn with_work(&mut self) -> Result<Vec<SenderAccount>, StorageError> {
        self.senders_where(
            "id IN (SELECT sender_id FROM campaigns WHERE status = 'active' \
             UNION SELECT sender_id FROM campaign_contacts \
             WHERE status IN ('dispatching', 'in_doubt')) ORDER BY id",
            Vec::new(),
        )
        .await
    }

    async fn acquire(
        &mut self,
        user: UserId,
        id: SenderId,
        owner: InstanceId,
        ttl: Duration,
    ) -> Result<Option<SenderLease>, StorageError> {
        let db = self.db();
        let sql = Sql::with(
            format!(
                "UPDATE senders SET lease_owner = $3, lease_epoch = lease_epoch + 1, \
                 lease_expires_at = {} WHERE id = $1 AND user_id = $2 \
                 AND (lease_expires_at IS NULL OR lease_expires_at <= {}) \
                 RETURNING lease_epoch AS number",
                db.after_now(4),
                db.now(),
            ),
            params![id, user, owner, seconds(ttl)],
        );
        let taken: Option<Number> = db.one(sql).await?;
        Ok(taken.map(|epoch| SenderLease {
            sender_id: id,
            user_id: user,
            owner,
            epoch: epoch.number,
        }))
    }

    async fn renew(&mut self, lease: &SenderLease, ttl: Duration) -> Result<bool, StorageError> {
        let db = self.db();
        let mut values = lease_values(lease);
        values.extend(params![seconds(ttl)]);
        let sql = Sql::with(
            format!(
                "UPDATE senders SET lease_expires_at = {} WHERE {HELD} AND lease_expires_at > {}",
                db.after_now(5),
                db.now(),
            ),
            values,
        );
        Ok(db.execute(sql).await? > 0)
    }

    async fn release(&mut self, lease: &SenderLease) -> Result<(), StorageError> {
        let sql = Sql::with(
            format!("UPDATE senders SET lease_owner = NULL, lease_expires_at = NULL WHERE {HELD}"),
            lease_values(lease),
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn hold(&mut self, lease: &SenderLease) -> Result<bool, StorageError> {
        // The row stays locked: who takes the lease over waits for this transaction. Not a
        // shared lock: those that follow one another without a gap would keep the renewal out.
        let db = self.db();
        let sql = Sql::with(
            format!(
                "SELECT id FROM senders WHERE {HELD} AND lease_expires_at > {}{}",
                db.now(),
                db.for_update(),
            ),
            lease_values(lease),
        );
        Ok(db.one::<IdRow>(sql).await?.is_some())
    }

    async fn note_confirmed(
        &mut self,
        user: UserId,
        id: SenderId,
        dispatched_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE senders SET confirmed_through = $3 WHERE user_id = $1 AND id = $2 \
             AND (confirmed_through IS NULL OR confirmed_through < $3)",
            params![user, id, dispatched_at],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn limits(
        &mut self,
        user: UserId,
        id: SenderId,
        counting_after: DateTime<Utc>,
    ) -> Result<Option<SenderLimits>, StorageError> {
        super::sender_limits::read(self.db(), user, id, counting_after).await
    }

    async fn rest(
        &mut self,
        user: UserId,
        id: SenderId,
        until: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE senders SET rests_until = $3 WHERE user_id = $1 AND id = $2 \
             AND (rests_until IS NULL OR rests_until < $3)",
            params![user, id, until],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn counted(
        &mut self,
        user: UserId,
        id: SenderId,
        addresses: &[String],
        counting_after: DateTime<Utc>,
    ) -> Result<Vec<String>, StorageError> {
        super::sender_limits::counted(self.db(), user, id, addresses, counting_after).await
    }

    async fn count_people(
        &mut self,
        user: UserId,
        id: SenderId,
        addresses: &[String],
        quarter: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        super::sender_limits::count(together.db(), user, id, addresses, quarter).await?;
        together.done().await
    }

    async fn forget_people(
        &mut self,
        user: UserId,
        id: SenderId,
        up_to: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        super::sender_limits::forget(together.db(), user, id, up_to).await?;
        together.done().await
    }
}
