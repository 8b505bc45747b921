//! Receiving a file.

use nexus_domain::ports::{FileStoreError, FileUpload, StorageError};
use nexus_domain::values::{ShortText, Violations};
use nexus_domain::{
    ImportFailure, ImportId, ImportPlan, ImportProgress, ImportStatus, ImportUndo, ImportedFile,
    JobWork, TableFormat, UserId,
};

use super::Imports;
use super::inspection::InspectionError;
use super::preview::Preview;
use crate::Actor;
use crate::file_name::shown_name;

/// How much of a file's beginning is kept to recognise its format, in bytes.
const RECOGNISED_BY: usize = 8_192;

/// Why an upload was not taken; nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// The file is too large.
    #[error("the file has more than {max} bytes")]
    TooLarge {
        /// The most bytes.
        max: u64,
    },
    /// The file is of no format that is read.
    #[error("the file is no table")]
    NotATable,
    /// The choices don't fit the file.
    #[error("the choices don't fit the file: {0}")]
    Invalid(Violations),
    /// The part of the file that was chosen can't be read.
    #[error("the file can't be read: {0:?}")]
    Unreadable(ImportFailure),
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<InspectionError> for UploadError {
    fn from(error: InspectionError) -> Self {
        match error {
            InspectionError::Invalid(violations) => Self::Invalid(violations),
            InspectionError::Unreadable(failure) => Self::Unreadable(failure),
            InspectionError::Files(error) => Self::Files(error),
        }
    }
}

/// A file that is being received. Dropped without [`IncomingFile::finish`], it leaves nothing.
pub struct IncomingFile {
    imports: Imports,
    id: ImportId,
    user_id: UserId,
    file_name: ShortText,
    upload: Box<dyn FileUpload>,
    beginning: Vec<u8>,
    size: u64,
}

impl Imports {
    /// Begins to receive a file; its pieces follow with [`IncomingFile::write`].
    pub async fn begin(&self, actor: &Actor, file_name: &str) -> Result<IncomingFile, UploadError> {
        let user_id = actor.user_id();
        let id = ImportId::new(self.ports.clock.now(), self.ports.entropy.as_ref());
        Ok(IncomingFile {
            imports: self.clone(),
            id,
            user_id,
            file_name: shown_name(file_name),
            upload: self.ports.files.create(user_id, id.as_uuid()).await?,
            beginning: Vec::new(),
            size: 0,
        })
    }
}

impl IncomingFile {
    /// Takes the next piece; an error is the end of the upload.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), UploadError> {
        let max = self.imports.max_bytes;
        self.size = self
            .size
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if self.size > max {
            return Err(UploadError::TooLarge { max });
        }
        let missing = RECOGNISED_BY - self.beginning.len();
        self.beginning
            .extend_from_slice(&piece[..missing.min(piece.len())]);
        Ok(self.upload.write(piece).await?)
    }

    /// The file is whole: recognises it by its content and queues its import. Choices that say
    /// where the table is are compared with it first.
    pub async fn finish(self, plan: ImportPlan) -> Result<ImportedFile, UploadError> {
        let (imports, import) = self.receive(ImportStatus::Queued, plan).await?;
        let queued = imports.queue_new(&import).await;
        imports.or_forget(&import, queued).await?;
        Ok(import)
    }

    /// The file is whole: shows how it would be read. It is kept, so that its import can follow.
    pub async fn preview(self, plan: ImportPlan) -> Result<Preview, UploadError> {
        let (imports, import) = self.receive(ImportStatus::Previewed, plan).await?;
        let previewed = imports.preview_new(import.clone()).await;
        imports.or_forget(&import, previewed).await
    }

    async fn receive(
        self,
        status: ImportStatus,
        plan: ImportPlan,
    ) -> Result<(Imports, ImportedFile), UploadError> {
        let max = self.imports.max_bytes;
        if self.size == 0 {
            return Err(UploadError::Empty);
        }
        if self.size > max {
            return Err(UploadError::TooLarge { max });
        }
        let tables = &self.imports.ports.tables;
        let format = tables
            .recognise(&self.beginning)
            .ok_or(UploadError::NotATable)?;
        self.upload.finish().await?;
        let now = self.imports.ports.clock.now();
        let import = ImportedFile {
            id: self.id,
            user_id: self.user_id,
            file_name: self.file_name,
            format,
            size: self.size,
            plan,
            header: Vec::new(),
            status,
            progress: ImportProgress::default(),
            total_rows: None,
            undo: ImportUndo::default(),
            created_at: now,
            started_at: None,
            updated_at: now,
        };
        Ok((self.imports, import))
    }
}

impl Imports {
    /// Refuses a file that begins like a table and is none.
    async fn check_whole(&self, import: &ImportedFile) -> Result<(), UploadError> {
        if import.format != TableFormat::Xls {
            return Ok(());
        }
        let (files, tables) = (&self.ports.files, &self.ports.tables);
        let Some(copy) = files
            .local_copy(import.user_id, import.id.as_uuid())
            .await?
        else {
            return Ok(());
        };
        match tables
            .is_table(copy.path().to_path_buf(), import.format)
            .await
        {
            Ok(false) => Err(UploadError::NotATable),
            // What is damaged is said where it is opened.
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// Stores an import whose file is in the file store, and wakes a worker.
    async fn queue_new(&self, import: &ImportedFile) -> Result<(), UploadError> {
        self.check_whole(import).await?;
        if import.plan.depends_on_file() {
            let layout = self.inspect(import, &import.plan).await?;
            let columns = layout
                .columns(&import.plan)
                .map_err(UploadError::Unreadable)?;
            self.check_fields(import.user_id, &columns, &import.plan)
                .await?
                .map_err(UploadError::Invalid)?;
        }
        let mut unit = self.ports.storage.begin().await?;
        unit.imports().insert(import).await?;
        let work = JobWork::ImportContacts {
            import_id: import.id,
        };
        self.enqueue(unit.as_mut(), import.user_id, work).await?;
        unit.commit().await?;
        self.ports.wake.notify_one();
        let (user_id, import_id, size) = (import.user_id, import.id, import.size);
        let format = import.format.as_str();
        tracing::info!(%user_id, %import_id, size, format, "an import is queued");
        Ok(())
    }

    async fn preview_new(&self, import: ImportedFile) -> Result<Preview, UploadError> {
        self.check_whole(&import).await?;
        let preview = self.preview_of(import).await?;
        let mut unit = self.ports.storage.begin().await?;
        unit.imports().insert(&preview.import).await?;
        unit.commit().await?;
        Ok(preview)
    }

    /// Nothing is left of an upload that came to nothing.
    async fn or_forget<T>(
        &self,
        import: &ImportedFile,
        outcome: Result<T, UploadError>,
    ) -> Result<T, UploadError> {
        if outcome.is_err() {
            self.forget_file(import.user_id, import.id).await;
        }
        outcome
    }

    /// Deletes a file that nothing needs any more.
    pub(super) async fn forget_file(&self, user_id: UserId, id: ImportId) {
        if let Err(error) = self.ports.files.delete(user_id, id.as_uuid()).await {
            tracing::error!(
                %user_id,
                import_id = %id,
                error = &error as &dyn std::error::Error,
                "the file of an import is left"
            );
        }
    }
}
