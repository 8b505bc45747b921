//! The worker that changes many contacts, some in each transaction.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{BulkChange, BulkChangeId, InstanceId, Job, JobKind, JobLease, JobWork, UserId};

use super::BulkPorts;
use super::batch::Batch;
use crate::Shutdown;

/// How many contacts one transaction changes.
const CONTACTS: u32 = 500;
/// How long a lease lasts; it is renewed with each transaction.
const LEASE: Duration = Duration::from_secs(30);
/// How often the worker looks for work of other processes, or whose time has come.
const PATROL: Duration = Duration::from_secs(5);
/// After so many starts a failure of ours is final.
const MOST_TRIES: u32 = 5;
/// The wait after a failure, in seconds, for each start there was.
const DELAY: i64 = 10;

/// Changes contacts, one change at a time. Any number of them may run, in any number of processes.
#[derive(Clone)]
pub struct BulkWorker {
    ports: BulkPorts,
    owner: InstanceId,
}

/// A change that this process has claimed.
struct Held {
    job: Job,
    lease: JobLease,
    change_id: BulkChangeId,
}

/// What came of one transaction.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// There may be more contacts.
    Further,
    /// The change is over.
    Over,
    /// Another process has the job now, or it is gone with its user.
    Lost,
}

impl BulkWorker {
    /// A worker of the process `owner`.
    pub fn new(ports: BulkPorts, owner: InstanceId) -> Self {
        Self { ports, owner }
    }

    /// Makes whatever changes are due until the shutdown, woken by requests and by a timer.
    pub async fn run(&self, shutdown: Shutdown) {
        while !shutdown.requested() {
            match self.run_once(&shutdown).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "changes of contacts wait for the store"
                ),
            }
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.ports.wake.notified() => {}
                () = tokio::time::sleep(PATROL) => {}
            }
        }
    }

    /// Works on one change that is due: to its end, to the shutdown, or to a failure, which is
    /// dealt with here. Whether there was one. An error means that the store failed before, or
    /// while the work was being given back; its lease then expires by itself.
    pub async fn run_once(&self, shutdown: &Shutdown) -> Result<bool, StorageError> {
        if shutdown.requested() {
            return Ok(false);
        }
        let Some(held) = self.claim().await? else {
            return Ok(false);
        };
        if let Err(error) = self.change(&held, shutdown).await {
            self.fail(&held, &error).await?;
        }
        Ok(true)
    }

    async fn claim(&self) -> Result<Option<Held>, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let claimed = unit
            .jobs()
            .claim(
                JobKind::ChangeContacts,
                self.owner,
                self.ports.clock.now(),
                LEASE,
            )
            .await?;
        unit.commit().await?;
        Ok(claimed.and_then(|(job, lease)| match job.work {
            JobWork::ChangeContacts { change_id } => Some(Held {
                job,
                lease,
                change_id,
            }),
            // Not of the kind that was asked for.
            JobWork::ImportContacts { .. } | JobWork::UndoImport { .. } => None,
        }))
    }

    async fn change(&self, held: &Held, shutdown: &Shutdown) -> Result<(), StorageError> {
        let (user_id, change_id) = (held.job.user_id, held.change_id);
        loop {
            if shutdown.requested() {
                tracing::info!(%user_id, %change_id, "a change is given back for the shutdown");
                return self.give_back(held, TimeDelta::zero()).await;
            }
            match self.step(held).await? {
                Step::Further => {}
                Step::Over => return Ok(()),
                Step::Lost => {
                    tracing::warn!(%user_id, %change_id, "a change is somebody else's now, or gone");
                    return Ok(());
                }
            }
        }
    }

    /// Changes the next contacts, and notes in the same transaction how far that goes: a change
    /// that is begun again goes on there.
    async fn step(&self, held: &Held) -> Result<Step, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let unit_of_work = unit.as_mut();
        let Some(mut change) = self.held_change(unit_of_work, held).await? else {
            return Ok(Step::Lost);
        };
        if change.is_over() {
            unit.jobs().finish(&held.lease).await?;
            unit.commit().await?;
            return Ok(Step::Over);
        }
        let (user, now) = (held.job.user_id, self.ports.clock.now());
        let action = change.action.clone();
        let batch = Batch::find(
            unit_of_work,
            user,
            &action,
            &change.selection,
            change.seen_through,
            CONTACTS,
        )
        .await?;
        let step = if let Some(through) = batch.through() {
            let changed = batch.apply(unit_of_work, user, now).await?;
            change.advance(through, changed, now);
            unit_of_work.jobs().renew(&held.lease, LEASE).await?;
            Step::Further
        } else {
            change.complete(now);
            unit_of_work.jobs().finish(&held.lease).await?;
            Step::Over
        };
        unit_of_work.bulk_changes().save(&change).await?;
        unit.commit().await?;
        if step == Step::Over {
            report(user, &change);
        }
        Ok(step)
    }

    /// The change, kept from others, while its job is this process's.
    async fn held_change(
        &self,
        unit: &mut dyn UnitOfWork,
        held: &Held,
    ) -> Result<Option<BulkChange>, StorageError> {
        if !unit.jobs().hold(&held.lease).await? {
            return Ok(None);
        }
        unit.bulk_changes()
            .lock(held.job.user_id, held.change_id)
            .await
    }

    /// Tries again later, unless it was tried often enough and waiting doesn't help.
    async fn fail(&self, held: &Held, error: &StorageError) -> Result<(), StorageError> {
        let attempt = held.job.attempts;
        tracing::warn!(
            user_id = %held.job.user_id,
            change_id = %held.change_id,
            attempt,
            error = error as &dyn std::error::Error,
            "a change of contacts failed"
        );
        if attempt < MOST_TRIES || matches!(error, StorageError::Unavailable(_)) {
            let delay = TimeDelta::seconds(DELAY * i64::from(attempt.clamp(1, 30)));
            return self.give_back(held, delay).await;
        }
        let mut unit = self.ports.storage.begin().await?;
        let Some(mut change) = self.held_change(unit.as_mut(), held).await? else {
            return Ok(());
        };
        change.fail(self.ports.clock.now());
        unit.bulk_changes().save(&change).await?;
        unit.jobs().finish(&held.lease).await?;
        unit.commit().await?;
        report(held.job.user_id, &change);
        Ok(())
    }

    async fn give_back(&self, held: &Held, delay: TimeDelta) -> Result<(), StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let run_after = self.ports.clock.now() + delay;
        unit.jobs().give_back(&held.lease, run_after).await?;
        unit.commit().await
    }
}

fn report(user: UserId, change: &BulkChange) {
    tracing::info!(
        user_id = %user,
        change_id = %change.id,
        status = change.status.as_str(),
        matched = change.matched,
        changed = change.changed,
        "a change of contacts is over"
    );
}
