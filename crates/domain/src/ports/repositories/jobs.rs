//! Background work.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{InstanceId, Job, JobKind, JobLease};

/// Background work.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobRepository: Send {
    /// Queues a job.
    async fn enqueue(&mut self, job: &Job) -> Result<(), StorageError>;
    /// Takes the oldest job of this kind that is due and that no process holds, for `ttl` on the database's
    /// clock; its attempts grow by one. For the workers, which then act for the job's user.
    async fn claim(
        &mut self,
        kind: JobKind,
        owner: InstanceId,
        now: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<Option<(Job, JobLease)>, StorageError>;
    /// Prolongs the lease. Whether it was still held.
    async fn renew(&mut self, lease: &JobLease, ttl: Duration) -> Result<bool, StorageError>;
    /// Whether the lease is held, checked within the transaction: when it is, it can't be lost
    /// before the transaction ends.
    async fn hold(&mut self, lease: &JobLease) -> Result<bool, StorageError>;
    /// Removes a job that is done. Whether the lease was still held.
    async fn finish(&mut self, lease: &JobLease) -> Result<bool, StorageError>;
    /// Gives a job back, to be done at `run_after` or later.
    async fn give_back(
        &mut self,
        lease: &JobLease,
        run_after: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}
