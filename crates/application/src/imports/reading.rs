//! Reading a file to its end.

use std::path::Path;

use nexus_domain::ports::{DuplicateKey, LocalCopy, StorageError, TableSource, UnitOfWork};
use nexus_domain::values::Problem;
use nexus_domain::{Contact, ImportFailure, ImportedFile, KnownContacts};

use super::batch::{Batch, Origin};
use super::columns::{Columns, whole_header};
use super::held::HeldJob;
use super::layout::Layout;
use super::meeting::Meeting;
use super::taking::take;
use super::worker::{ImportWorker, Stop};
use crate::Shutdown;
use crate::custom_fields::register;
use crate::opt_outs::opted_out_by_address;

/// How many rows one transaction takes in: enough that its commit costs little of it, and few enough
/// that nobody else waits long for it to write.
pub(super) const ROWS: usize = 2_000;

/// An import that was begun.
struct Begun {
    origin: Origin,
    import: ImportedFile,
}

impl ImportWorker {
    /// Reads the file to its end, from where it was left.
    pub(super) async fn import(&self, held: &mut HeldJob, shutdown: &Shutdown) -> Result<(), Stop> {
        let Some(begun) = self.start(held).await? else {
            return Ok(());
        };
        let Begun { origin, import } = begun;
        // Held until the last row is read.
        let copy = self.local_copy(held, shutdown, &import).await?;
        let path = copy.path();
        let mut table = self.open(held, shutdown, path, &import).await?;
        let columns = table.columns(&import.plan).map_err(Stop::Refused)?;
        self.check_fields(held, &columns).await?;
        if import.total_rows.is_none() {
            let total = self.count(held, shutdown, path, &import).await?;
            self.describe(held, whole_header(&table.header), total)
                .await?;
        }
        let read = import.progress.read;
        self.skip(held, shutdown, table.source.as_mut(), read)
            .await?;
        loop {
            let storage = self.ports.storage.as_ref();
            let rows = held
                .during(storage, shutdown, table.source.next_rows(ROWS))
                .await??;
            if rows.is_empty() {
                return Ok(());
            }
            let batch = Batch::read(&rows, &columns, &origin);
            if !self.store(held, &origin, &batch).await? {
                return Ok(());
            }
        }
    }

    /// Marks the import as running; `None` when nothing is left to do.
    async fn start(&self, held: &mut HeldJob) -> Result<Option<Begun>, Stop> {
        let (user_id, import_id) = (held.user_id(), held.import_id());
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let Some(user) = unit.users().find(user_id).await? else {
            return Ok(None);
        };
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
            country: import.plan.default_country.unwrap_or(user.default_country),
            plan: import.plan.clone(),
        };
        Ok(Some(Begun { origin, import }))
    }

    /// Whether there is room for the custom fields of these columns.
    async fn check_fields(&self, held: &HeldJob, columns: &Columns) -> Result<(), Stop> {
        if !columns.has_custom_fields() {
            return Ok(());
        }
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let known = unit.fields().list(held.user_id()).await?;
        columns
            .check_fields(&known)
            .map_err(|problem| without_fields(&problem))
    }

    async fn local_copy(
        &self,
        held: &mut HeldJob,
        shutdown: &Shutdown,
        import: &ImportedFile,
    ) -> Result<LocalCopy, Stop> {
        let storage = self.ports.storage.as_ref();
        let local_copy = self
            .ports
            .files
            .local_copy(import.user_id, import.id.as_uuid());
        held.during(storage, shutdown, local_copy)
            .await??
            .ok_or(Stop::FileMissing)
    }

    async fn open(
        &self,
        held: &mut HeldJob,
        shutdown: &Shutdown,
        path: &Path,
        import: &ImportedFile,
    ) -> Result<Layout, Stop> {
        let tables = self.ports.tables.as_ref();
        let open = Layout::open(tables, path.to_path_buf(), import.format, &import.plan);
        let storage = self.ports.storage.as_ref();
        Ok(held.during(storage, shutdown, open).await??)
    }

    /// How many rows there are, so that people see how long it takes: reading them is quick next
    /// to taking them in. `None` when the file breaks somewhere: what is before that place is
    /// taken in all the same.
    async fn count(
        &self,
        held: &mut HeldJob,
        shutdown: &Shutdown,
        path: &Path,
        import: &ImportedFile,
    ) -> Result<Option<u64>, Stop> {
        let mut table = self.open(held, shutdown, path, import).await?;
        let storage = self.ports.storage.as_ref();
        let mut total: u64 = 0;
        loop {
            let rows = held.during(storage, shutdown, table.source.next_rows(ROWS));
            match rows.await? {
                Ok(rows) if rows.is_empty() => return Ok(Some(total)),
                Ok(rows) => total += u64::try_from(rows.len()).unwrap_or_default(),
                Err(_) => return Ok(None),
            }
        }
    }

    async fn describe(
        &self,
        held: &mut HeldJob,
        header: Vec<String>,
        total: Option<u64>,
    ) -> Result<(), Stop> {
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let (user_id, import_id) = (held.user_id(), held.import_id());
        if let Some(mut import) = unit.imports().lock(user_id, import_id).await? {
            import.describe(header, total);
            unit.imports().save(&import).await?;
        }
        held.commit(unit).await
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

    /// Takes a batch in; `false` when the import was cancelled meanwhile. When somebody else adds
    /// one of its addresses at the same time, it is settled once more, now that the address is
    /// known.
    async fn store(
        &self,
        held: &mut HeldJob,
        origin: &Origin,
        batch: &Batch<'_>,
    ) -> Result<bool, Stop> {
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
        batch: &Batch<'_>,
    ) -> Result<bool, Stop> {
        let user = origin.user_id;
        let mut unit = held.begin(self.ports.storage.as_ref()).await?;
        let mut import = unit
            .imports()
            .lock(user, origin.import_id)
            .await?
            .ok_or(Stop::LeaseLost)?;
        if import.is_over() {
            return Ok(false);
        }
        let now = self.ports.clock.now();
        // Before contacts are locked, as all who give contacts fields do.
        let fields = register(unit.as_mut(), user, &batch.field_names(), now)
            .await?
            .map_err(|problem| without_fields(&problem))?;
        let known = known(unit.as_mut(), origin, batch).await?;
        let settled = Meeting::settle(batch, known, origin, now, self.ports.entropy.as_ref());
        let settled = settled.spelled_as(&fields);
        let wishes = opted_out_by_address(unit.as_mut(), user, settled.contacts()).await?;
        let settled = settled.held_to(&wishes);
        take(unit.contacts(), settled.steps).await?;
        if !settled.errors.is_empty() {
            unit.imports()
                .add_errors(user, origin.import_id, &settled.errors)
                .await?;
        }
        import.advance(settled.progress, now);
        unit.imports().save(&import).await?;
        held.commit(unit).await?;
        Ok(true)
    }
}

/// How an import ends, or waits, that can't have its custom fields.
fn without_fields(problem: &Problem) -> Stop {
    if matches!(problem, Problem::FieldBeingDeleted { .. }) {
        return Stop::Later;
    }
    Stop::Refused(match problem {
        Problem::TooManyFieldNames { max } => ImportFailure::TooManyFieldNames { max: *max },
        Problem::TooManyFields { max } => ImportFailure::TooManyFields { max: *max },
        _ => ImportFailure::Internal,
    })
}

/// The contacts that rows of the batch may meet, kept from change by others when the rows may
/// change them.
async fn known(
    unit: &mut dyn UnitOfWork,
    origin: &Origin,
    batch: &Batch<'_>,
) -> Result<Vec<Contact>, StorageError> {
    let (phones, emails) = batch.addresses();
    if phones.is_empty() && emails.is_empty() {
        return Ok(Vec::new());
    }
    let contacts = unit.contacts();
    let known = contacts.known(origin.user_id, &phones, &emails).await?;
    let ids: Vec<_> = known.into_iter().map(|known| known.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match origin.plan.known {
        KnownContacts::Skip => contacts.find_many(origin.user_id, &ids).await,
        KnownContacts::UpdateEmpty | KnownContacts::Overwrite => {
            contacts.lock_many(origin.user_id, &ids).await
        }
    }
}
