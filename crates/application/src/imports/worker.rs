//! The worker that turns files into contacts.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{FileStoreError, StorageError, TableError};
use nexus_domain::{ImportFailure, ImportId, InstanceId, JobKind, UserId};

use super::ImportPorts;
use super::held::{HeldJob, Task};
use crate::Shutdown;

/// How often the worker looks for work of other processes, or whose time has come.
const PATROL: Duration = Duration::from_secs(5);
/// How long a worker leaves the work to others after it passed an import on. Longer than they look for
/// it, and no multiple of that: whoever was ahead this time is behind the next.
const STEP_BACK: Duration = Duration::from_secs(8);
/// After so many starts a failure of ours is final.
const MOST_TRIES: u32 = 5;
/// After so many starts without the file, nobody has it. Those before are spread over five minutes,
/// since the instance that has it may be busy, or away.
const MOST_LOOKS: u32 = 8;
/// After so many starts an import is not begun again, however it ended: one that takes the whole
/// process down with it never gets to report a failure. Shutdowns count too, hence the distance.
const MOST_STARTS: u32 = 20;
/// The wait after the first failure, in seconds; it doubles with each.
const FIRST_DELAY: i64 = 5;
/// How long the worker waits for the store to look at them.
const LOOK: Duration = Duration::from_secs(10);
/// From so many changed contacts on the store is told of it.
const MANY: u64 = 10_000;
/// The longest wait after a failure, in seconds.
const LONGEST_DELAY: i64 = 300;

/// Imports files, and undoes imports, one at a time. Any number of them may run, in any number of processes.
#[derive(Clone)]
pub struct ImportWorker {
    pub(super) ports: ImportPorts,
    owner: InstanceId,
    lease: Duration,
}

/// What came of looking for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// There was an import.
    Worked,
    /// There was one for another instance.
    PassedOn,
    /// There was none.
    Idle,
}

/// Why work on an import ended before the end of its file.
#[derive(Debug)]
pub(super) enum Stop {
    /// The process is to end.
    Shutdown,
    /// Another process has the job now, or it is gone with its user.
    LeaseLost,
    /// The file can't be imported, now or later.
    Refused(ImportFailure),
    /// Something else must end first: a custom field that the file brings is being deleted.
    Later,
    /// This instance does not have the file; another may.
    FileMissing,
    /// The file store failed.
    Files(FileStoreError),
    /// The store failed.
    Storage(StorageError),
}

impl From<TableError> for Stop {
    fn from(TableError(failure): TableError) -> Self {
        Self::Refused(failure)
    }
}

impl From<FileStoreError> for Stop {
    fn from(error: FileStoreError) -> Self {
        Self::Files(error)
    }
}

impl ImportWorker {
    /// A worker of the process `owner`, which keeps an import for `lease` after it is gone.
    pub fn new(ports: ImportPorts, owner: InstanceId, lease: Duration) -> Self {
        Self {
            ports,
            owner,
            lease,
        }
    }

    /// Imports whatever is due until the shutdown, woken by uploads and by a timer.
    pub async fn run(&self, shutdown: Shutdown) {
        while !shutdown.requested() {
            let wait = match self.turn(&shutdown).await {
                Ok(Turn::Worked) => continue,
                Ok(Turn::PassedOn) => STEP_BACK,
                Ok(Turn::Idle) => PATROL,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "imports wait for the store"
                    );
                    PATROL
                }
            };
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.ports.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Works on one import that is due: to its end, to the shutdown, or to a failure, which is
    /// dealt with here. Whether there was one that is this instance's to do. An error means that the store failed before, or
    /// while the work was being given back; its lease then expires by itself.
    pub async fn run_once(&self, shutdown: &Shutdown) -> Result<bool, StorageError> {
        Ok(self.turn(shutdown).await? == Turn::Worked)
    }

    async fn turn(&self, shutdown: &Shutdown) -> Result<Turn, StorageError> {
        if shutdown.requested() {
            return Ok(Turn::Idle);
        }
        let Some(mut held) = self.claim().await? else {
            return Ok(Turn::Idle);
        };
        let outcome = if held.job.attempts > MOST_STARTS {
            Err(Stop::Refused(ImportFailure::Internal))
        } else {
            match held.task {
                Task::Import => self.import(&mut held, shutdown).await,
                Task::Undo => self.undo(&mut held, shutdown).await,
            }
        };
        let turn = match outcome {
            Err(Stop::FileMissing) => Turn::PassedOn,
            _ => Turn::Worked,
        };
        self.conclude(&held, outcome).await?;
        Ok(turn)
    }

    async fn claim(&self) -> Result<Option<HeldJob>, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let claimed = unit
            .jobs()
            .claim(
                JobKind::Imports,
                self.owner,
                self.ports.clock.now(),
                self.lease,
            )
            .await?;
        unit.commit().await?;
        Ok(claimed.and_then(|(job, lease)| HeldJob::new(job, lease, self.lease)))
    }

    /// Does what is to be done after the work has ended this way.
    async fn conclude(
        &self,
        held: &HeldJob,
        outcome: Result<(), Stop>,
    ) -> Result<(), StorageError> {
        let (user_id, import_id) = (held.user_id(), held.import_id());
        match outcome {
            Ok(()) => self.finish(held, None).await,
            Err(Stop::Refused(failure)) => self.finish(held, Some(failure)).await,
            Err(Stop::Shutdown) => {
                tracing::info!(%user_id, %import_id, "an import is given back for the shutdown");
                self.give_back(held, TimeDelta::zero()).await
            }
            Err(Stop::LeaseLost) => {
                tracing::warn!(%user_id, %import_id, "an import is somebody else's now, or gone");
                Ok(())
            }
            Err(Stop::Later) => {
                tracing::info!(%user_id, %import_id, "an import waits for a custom field to be deleted");
                self.give_back(held, delay_after(held.job.attempts)).await
            }
            Err(Stop::FileMissing) => self.pass_on(held).await,
            Err(Stop::Files(error)) => self.fail(held, &error, false).await,
            Err(Stop::Storage(error)) => {
                let passing = matches!(error, StorageError::Unavailable(_));
                self.fail(held, &error, passing).await
            }
        }
    }

    /// Tries again later, unless it was tried often enough and waiting doesn't help.
    async fn fail(
        &self,
        held: &HeldJob,
        error: &(dyn std::error::Error + Send + Sync + 'static),
        passing: bool,
    ) -> Result<(), StorageError> {
        tracing::warn!(
            user_id = %held.user_id(),
            import_id = %held.import_id(),
            attempt = held.job.attempts,
            error,
            "an import failed"
        );
        if held.job.attempts >= MOST_TRIES && !passing {
            return self.finish(held, Some(ImportFailure::Internal)).await;
        }
        self.give_back(held, delay_after(held.job.attempts)).await
    }

    /// Leaves the import to an instance that has its file: at once, then later and later.
    async fn pass_on(&self, held: &HeldJob) -> Result<(), StorageError> {
        let attempt = held.job.attempts;
        tracing::warn!(
            user_id = %held.user_id(),
            import_id = %held.import_id(),
            attempt,
            "the file of an import is not here; do all instances have the same DATA_FOLDER?"
        );
        if attempt >= MOST_LOOKS {
            return self.finish(held, Some(ImportFailure::FileMissing)).await;
        }
        let delay = match attempt {
            0 | 1 => TimeDelta::zero(),
            more => delay_after(more - 1),
        };
        self.give_back(held, delay).await
    }

    async fn give_back(&self, held: &HeldJob, delay: TimeDelta) -> Result<(), StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let run_after = self.ports.clock.now() + delay;
        unit.jobs().give_back(&held.lease, run_after).await?;
        unit.commit().await
    }

    /// Ends the import with its job, then deletes its file.
    async fn finish(
        &self,
        held: &HeldJob,
        failure: Option<ImportFailure>,
    ) -> Result<(), StorageError> {
        let (user_id, import_id) = (held.user_id(), held.import_id());
        let mut unit = self.ports.storage.begin().await?;
        if !unit.jobs().hold(&held.lease).await? {
            tracing::warn!(%user_id, %import_id, "an import is somebody else's now, or gone");
            return Ok(());
        }
        let mut changed = 0;
        if let Some(mut import) = unit.imports().lock(user_id, import_id).await? {
            changed = import.progress.created + import.progress.updated;
            let now = self.ports.clock.now();
            match (held.task, failure) {
                // Undone as far as possible: the contacts that are left stay as they are.
                (Task::Undo, _) => import.end_undo(now),
                (Task::Import, None) => import.complete(now),
                (Task::Import, Some(failure)) => import.fail(failure, now),
            }
            unit.imports().save(&import).await?;
            tracing::info!(
                %user_id,
                %import_id,
                status = import.status.as_str(),
                rows = import.progress.read,
                created = import.progress.created,
                "an import is over"
            );
        }
        unit.jobs().finish(&held.lease).await?;
        unit.commit().await?;
        self.delete_file(user_id, import_id).await;
        if changed >= MANY {
            self.tell_of_changes().await;
        }
        Ok(())
    }

    /// The import is over all the same when this fails, or takes longer than others should wait for.
    async fn tell_of_changes(&self) {
        let mut read = self.ports.storage.read();
        let told = tokio::time::timeout(LOOK, read.contacts().many_changed()).await;
        if let Ok(Err(error)) = told {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the store did not look at the contacts afresh"
            );
        }
    }

    async fn delete_file(&self, user_id: UserId, import_id: ImportId) {
        let deleted = self.ports.files.delete(user_id, import_id.as_uuid()).await;
        if let Err(error) = deleted {
            tracing::error!(
                %user_id,
                %import_id,
                error = &error as &dyn std::error::Error,
                "the file of an import that is over is left"
            );
        }
    }
}

fn delay_after(attempts: u32) -> TimeDelta {
    let doubled = FIRST_DELAY << attempts.saturating_sub(1).min(10);
    TimeDelta::seconds(doubled.min(LONGEST_DELAY))
}
