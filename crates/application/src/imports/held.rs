//! A job while this process has it.

use std::time::Duration;

use nexus_domain::ports::{Storage, StorageError, UnitOfWork};
use nexus_domain::{ImportId, Job, JobLease, JobWork, UserId};
use tokio::time::Instant;

use super::worker::Stop;
use crate::Shutdown;

/// A lease is renewed after this part of it.
const RENEWED_AFTER: u32 = 3;

/// What is to be done with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Its rows become contacts.
    Import,
    /// The contacts that it made are deleted.
    Undo,
}

/// A job that this process has claimed.
pub(super) struct HeldJob {
    pub(super) job: Job,
    pub(super) lease: JobLease,
    pub(super) task: Task,
    import_id: ImportId,
    ttl: Duration,
    renewed_at: Instant,
}

impl HeldJob {
    /// A job under a lease that lasts `ttl`; `None` when it has nothing to do with imports.
    pub(super) fn new(job: Job, lease: JobLease, ttl: Duration) -> Option<Self> {
        let (task, import_id) = match job.work {
            JobWork::ImportContacts { import_id } => (Task::Import, import_id),
            JobWork::UndoImport { import_id } => (Task::Undo, import_id),
            JobWork::ChangeContacts { .. } => return None,
        };
        Some(Self {
            job,
            lease,
            task,
            import_id,
            ttl,
            renewed_at: Instant::now(),
        })
    }

    pub(super) fn user_id(&self) -> UserId {
        self.job.user_id
    }

    pub(super) fn import_id(&self) -> ImportId {
        self.import_id
    }

    /// Begins a transaction in which the job can't be lost.
    pub(super) async fn begin(&self, storage: &dyn Storage) -> Result<Box<dyn UnitOfWork>, Stop> {
        let mut unit = storage.begin().await?;
        if unit.jobs().hold(&self.lease).await? {
            Ok(unit)
        } else {
            Err(Stop::LeaseLost)
        }
    }

    /// Commits a transaction of [`Self::begin`] and prolongs the lease with it.
    pub(super) async fn commit(&mut self, mut unit: Box<dyn UnitOfWork>) -> Result<(), Stop> {
        if !unit.jobs().renew(&self.lease, self.ttl).await? {
            return Err(Stop::LeaseLost);
        }
        unit.commit().await?;
        self.renewed_at = Instant::now();
        Ok(())
    }

    /// Waits for `step`, which may take longer than the lease lasts: it is renewed meanwhile, and
    /// the step is given up when the lease is lost or the process is to end.
    pub(super) async fn during<T>(
        &mut self,
        storage: &dyn Storage,
        shutdown: &Shutdown,
        step: impl Future<Output = T>,
    ) -> Result<T, Stop> {
        tokio::pin!(step);
        loop {
            tokio::select! {
                // In this order: a row of quick steps must not put off the renewal for ever.
                biased;
                () = shutdown.wait() => return Err(Stop::Shutdown),
                () = tokio::time::sleep_until(self.renewed_at + self.ttl / RENEWED_AFTER) => {
                    self.renew(storage).await?;
                }
                done = &mut step => return Ok(done),
            }
        }
    }

    async fn renew(&mut self, storage: &dyn Storage) -> Result<(), Stop> {
        let unit = storage.begin().await?;
        self.commit(unit).await
    }
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}
