//! Background work.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{JobRepository, StorageError};
use nexus_domain::{InstanceId, Job, JobId, JobKind, JobLease, UserId};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use uuid::Uuid;

use super::SqlRepositories;
use super::connection::seconds;
use super::rows::{IdRow, Row, to_json};
use super::sql::{Sql, params};

/// The lease in `$1` to `$3`, as long as nobody else has it.
const LEASED: &str = "id = $1 AND lease_owner = $2 AND lease_epoch = $3";

#[derive(FromQueryResult)]
struct ClaimedRow {
    id: Uuid,
    user_id: Uuid,
    work: String,
    attempts: i64,
    run_after: DateTime<Utc>,
    created_at: DateTime<Utc>,
    lease_epoch: i64,
}

impl ClaimedRow {
    fn claimed(self, owner: InstanceId) -> Result<(Job, JobLease), StorageError> {
        let row = Row {
            table: "jobs",
            id: self.id,
        };
        let id = JobId::from_uuid(self.id);
        let job = Job {
            id,
            user_id: UserId::from_uuid(self.user_id),
            work: row.json("work", &self.work)?,
            attempts: row.unsigned("attempts", self.attempts)?,
            run_after: self.run_after,
            created_at: self.created_at,
        };
        let lease = JobLease {
            job_id: id,
            owner,
            epoch: self.lease_epoch,
        };
        Ok((job, lease))
    }
}

fn lease_values(lease: &JobLease) -> Vec<Value> {
    params![lease.job_id, lease.owner, lease.epoch]
}

#[async_trait]
impl JobRepository for SqlRepositories {
    async fn enqueue(&mut self, job: &Job) -> Result<(), StorageError> {
        let sql = Sql::with(
            "INSERT INTO jobs (id, user_id, kind, work, attempts, run_after, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                job.id,
                job.user_id,
                job.work.kind().as_str(),
                to_json(&job.work)?,
                job.attempts,
                job.run_after,
                job.created_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn claim(
        &mut self,
        kind: JobKind,
        owner: InstanceId,
        now: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<Option<(Job, JobLease)>, StorageError> {
        let db = self.db();
        let sql = Sql::with(
            format!(
                "UPDATE jobs SET lease_owner = $1, lease_epoch = lease_epoch + 1, \
                 lease_expires_at = {}, attempts = attempts + 1 \
                 WHERE id = (SELECT id FROM jobs WHERE kind = $4 AND run_after <= $2 \
                 AND (lease_expires_at IS NULL OR lease_expires_at <= {}) \
                 ORDER BY run_after, id LIMIT 1{}) \
                 RETURNING id, user_id, work, attempts, run_after, created_at, lease_epoch",
                db.after_now(3),
                db.now(),
                db.for_update_of_free(),
            ),
            params![owner, now, seconds(ttl), kind.as_str()],
        );
        let row: Option<ClaimedRow> = db.one(sql).await?;
        row.map(|row| row.claimed(owner)).transpose()
    }

    async fn renew(&mut self, lease: &JobLease, ttl: Duration) -> Result<bool, StorageError> {
        let db = self.db();
        let mut values = lease_values(lease);
        values.extend(params![seconds(ttl)]);
        let sql = Sql::with(
            format!(
                "UPDATE jobs SET lease_expires_at = {} WHERE {LEASED} AND lease_expires_at > {}",
                db.after_now(4),
                db.now(),
            ),
            values,
        );
        Ok(db.execute(sql).await? > 0)
    }

    async fn hold(&mut self, lease: &JobLease) -> Result<bool, StorageError> {
        let db = self.db();
        let sql = Sql::with(
            format!(
                "SELECT id FROM jobs WHERE {LEASED} AND lease_expires_at > {}{}",
                db.now(),
                db.for_update(),
            ),
            lease_values(lease),
        );
        Ok(db.one::<IdRow>(sql).await?.is_some())
    }

    async fn finish(&mut self, lease: &JobLease) -> Result<bool, StorageError> {
        let db = self.db();
        let sql = Sql::with(
            format!(
                "DELETE FROM jobs WHERE {LEASED} AND lease_expires_at > {}",
                db.now()
            ),
            lease_values(lease),
        );
        Ok(db.execute(sql).await? > 0)
    }

    async fn give_back(
        &mut self,
        lease: &JobLease,
        run_after: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let mut values = lease_values(lease);
        values.extend(params![run_after]);
        let sql = Sql::with(
            format!(
                "UPDATE jobs SET run_after = $4, lease_owner = NULL, lease_expires_at = NULL \
                 WHERE {LEASED}"
            ),
            values,
        );
        self.db().execute(sql).await?;
        Ok(())
    }
}
