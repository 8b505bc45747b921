//! The worker that turns files into contacts.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{DuplicateKey, FileStoreError, StorageError, TableError, TableSource};
use nexus_domain::{
    ImportFailure, ImportId, ImportProgress, ImportedFile, InstanceId, JobKind, UserId,
};

use super::ImportPorts;
use super::batch::{Batch, Origin};
use super::columns::{Columns, shown_header};
use super::held::{HeldJob, LEASE};
use crate::Shutdown;

/// How many rows one transaction takes in.
const ROWS: usize = 500;
/// How often the worker looks for work of other processes, or whose time has come.
const PATROL: Duration = Duration::from_secs(5);
/// After so many starts a failure of ours is final.
const MOST_TRIES: u32 = 5;
/// After so many starts an import is not begun again, however it ended: one that takes the whole
/// process down with it never gets to report a failure. Shutdowns count too, hence the distance.
const MOST_STARTS: u32 = 20;
/// The wait after the first failure, in seconds; it doubles with each.
const FIRST_DELAY: i64 = 5;
/// The longest wait after a failure, in seconds.
const LONGEST_DELAY: i64 = 300;

/// Imports files, one at a time. Any number of them may run, in any number of processes.
#[derive(Clone)]
pub struct ImportWorker {
    ports: ImportPorts,
    owner: InstanceId,
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

/// An import that was begun.
struct Begun {
    origin: Origin,
    import: ImportedFile,
}

impl ImportWorker {
    /// A worker of the process `owner`.
    pub fn new(ports: ImportPorts, owner: InstanceId) -> Self {
        Self { ports, owner }
    }

    /// Imports whatever is due until the shutdown, woken by uploads and by a timer.
    pub async fn run(&self, shutdown: Shutdown) {
        while !shutdown.requested() {
            match self.run_once(&shutdown).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "imports wait for the store"
                ),
            }
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.ports.wake.notified() => {}
                () = tokio::time::sleep(PATROL) => {}
            }
        }
    }

    /// Works on one import that is due: to its end, to the shutdown, or to a failure, which is
    /// dealt with here. Whether there was one. An error means that the store failed before, or
    /// while the work was being given back; its lease then expires by itself.
    pub async fn run_once(&self, shutdown: &Shutdown) -> Result<bool, StorageError> {
        if shutdown.requested() {
            return Ok(false);
        }
        let Some(mut held) = self.claim().await? else {
            return Ok(false);
        };
        let outcome = self.import(&mut held, shutdown).await;
        self.conclude(&held, outcome).await?;
        Ok(true)
    }

    async fn claim(&self) -> Result<Option<HeldJob>, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let claimed = unit
            .jobs()
            .claim(
                JobKind::ImportContacts,
                self.owner,
                self.ports.clock.now(),
                LEASE,
            )
            .await?;
        unit.commit().await?;
        Ok(claimed.and_then(|(job, lease)| HeldJob::new(job, lease)))
    }

    /// Reads the file to its end, from where it was left.
    async fn import(&self, held: &mut HeldJob, shutdown: &Shutdown) -> Result<(), Stop> {
        if held.job.attempts > MOST_STARTS {
            return Err(Stop::Refused(ImportFailure::Internal));
        }
        let Some(begun) = self.start(held).await? else {
            return Ok(());
        };
        let mut table = self.open(held, shutdown, &begun.import).await?;
        let header = table.header();
        let columns = Columns::recognise(&header).ok_or_else(|| {
            Stop::Refused(ImportFailure::NoKnownColumns {
                header: shown_header(&header),
            })
        })?;
        self.skip(held, shutdown, table.as_mut(), begun.import.progress.read)
            .await?;
        loop {
            let storage = self.ports.storage.as_ref();
            let rows = held
                .during(storage, shutdown, table.next_rows(ROWS))
                .await??;
            if rows.is_empty() {
                return Ok(());
            }
            let batch = Batch::read(
                &rows,
                &columns,
                &begun.origin,
                self.ports.clock.now(),
                self.ports.entropy.as_ref(),
            );
            self.store(held, &begun.origin, &batch).await?;
        }
    }

    /// Marks the import as running; `None` when nothing is left to do.
    async fn start(&self, held: &mut HeldJob) -> Result<Option<Begun>, Stop> {
        let user_id = held.user_id();
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let Some(user) = unit.users().find(user_id).await? else {
            return Ok(None);
        };
        let import_id = import_of(held);
        let Some(mut import) = unit
            .imports()
            .lock(user_id, import_id)
            .await?
            .filter(|import| !import.is_over())
        else {
            return Ok(None);
        };
        import.start(self.ports.clock.now());
        unit.imports().save(&import).await?;
        held.commit(unit).await?;
        tracing::info!(
            %user_id,
            %import_id,
            attempt = held.job.attempts,
            from_row = import.progress.read,
            "an import begins"
        );
        let origin = Origin {
            user_id,
            import_id,
            country: user.default_country,
        };
        Ok(Some(Begun { origin, import }))
    }

    async fn open(
        &self,
        held: &mut HeldJob,
        shutdown: &Shutdown,
        import: &ImportedFile,
    ) -> Result<Box<dyn TableSource>, Stop> {
        let storage = self.ports.storage.as_ref();
        let local_copy = self
            .ports
            .files
            .local_copy(import.user_id, import.id.as_uuid());
        let path = held
            .during(storage, shutdown, local_copy)
            .await??
            .ok_or_else(|| {
                Stop::Refused(ImportFailure::Unreadable {
                    detail: "the file is no longer there".to_owned(),
                })
            })?;
        let open = self.ports.tables.open(path, import.format);
        Ok(held.during(storage, shutdown, open).await??)
    }

    /// Passes over the rows that are accounted for already.
    async fn skip(
        &self,
        held: &mut HeldJob,
        shutdown: &Shutdown,
        table: &mut dyn TableSource,
        mut rows: u64,
    ) -> Result<(), Stop> {
        let storage = self.ports.storage.as_ref();
        while rows > 0 {
            let most = usize::try_from(rows).map_or(ROWS, |rows| rows.min(ROWS));
            let passed = held
                .during(storage, shutdown, table.next_rows(most))
                .await??
                .len();
            if passed == 0 {
                return Ok(());
            }
            rows = rows.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// Takes a batch in. When somebody else adds one of its addresses at the same time, it is
    /// settled once more, now that the address is known.
    async fn store(
        &self,
        held: &mut HeldJob,
        origin: &Origin,
        batch: &Batch,
    ) -> Result<ImportProgress, Stop> {
        match self.store_once(held, origin, batch).await {
            Err(Stop::Storage(StorageError::Duplicate(
                DuplicateKey::ContactPhone | DuplicateKey::ContactEmail,
            ))) => self.store_once(held, origin, batch).await,
            outcome => outcome,
        }
    }

    async fn store_once(
        &self,
        held: &mut HeldJob,
        origin: &Origin,
        batch: &Batch,
    ) -> Result<ImportProgress, Stop> {
        let user = origin.user_id;
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let mut import = unit
            .imports()
            .lock(user, origin.import_id)
            .await?
            .ok_or(Stop::LeaseLost)?;
        let (phones, emails) = batch.addresses();
        let known = if phones.is_empty() && emails.is_empty() {
            Vec::new()
        } else {
            unit.contacts().known(user, &phones, &emails).await?
        };
        let (new, progress) = batch.settle(&known);
        if !new.is_empty() {
            unit.contacts().insert(&new).await?;
        }
        if !batch.errors.is_empty() {
            unit.imports()
                .add_errors(user, origin.import_id, &batch.errors)
                .await?;
        }
        import.advance(progress, self.ports.clock.now());
        unit.imports().save(&import).await?;
        held.commit(unit).await?;
        Ok(progress)
    }

    /// Does what is to be done after the work has ended this way.
    async fn conclude(
        &self,
        held: &HeldJob,
        outcome: Result<(), Stop>,
    ) -> Result<(), StorageError> {
        let (user_id, import_id) = (held.user_id(), import_of(held));
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
            import_id = %import_of(held),
            attempt = held.job.attempts,
            error,
            "an import failed"
        );
        if held.job.attempts >= MOST_TRIES && !passing {
            return self.finish(held, Some(ImportFailure::Internal)).await;
        }
        self.give_back(held, delay_after(held.job.attempts)).await
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
        let (user_id, import_id) = (held.user_id(), import_of(held));
        let mut unit = self.ports.storage.begin().await?;
        if !unit.jobs().hold(&held.lease).await? {
            tracing::warn!(%user_id, %import_id, "an import is somebody else's now, or gone");
            return Ok(());
        }
        if let Some(mut import) = unit.imports().lock(user_id, import_id).await? {
            let now = self.ports.clock.now();
            match failure {
                None => import.complete(now),
                Some(failure) => import.fail(failure, now),
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
        Ok(())
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

fn import_of(held: &HeldJob) -> ImportId {
    held.import_id
}

fn delay_after(attempts: u32) -> TimeDelta {
    let doubled = FIRST_DELAY << attempts.saturating_sub(1).min(10);
    TimeDelta::seconds(doubled.min(LONGEST_DELAY))
}
