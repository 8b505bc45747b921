//! Receiving a file.

use nexus_domain::ports::{FileStoreError, FileUpload, StorageError};
use nexus_domain::values::ShortText;
use nexus_domain::{
    ImportId, ImportProgress, ImportStatus, ImportedFile, Job, JobId, JobWork, TableFormat, UserId,
};

use super::Imports;
use crate::Actor;

/// How much of a file's beginning is kept to recognise its format, in bytes.
const RECOGNISED_BY: usize = 8_192;
/// The longest file name that is kept, in characters.
const LONGEST_NAME: usize = 255;

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
    /// The file is neither CSV nor XLSX.
    #[error("the file is no table")]
    NotATable,
    /// The file store failed.
    #[error(transparent)]
    Files(#[from] FileStoreError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
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

    /// Queues a file that is in the file store, and wakes a worker.
    async fn queue(
        &self,
        id: ImportId,
        user_id: UserId,
        file_name: ShortText,
        format: TableFormat,
        size: u64,
    ) -> Result<ImportedFile, StorageError> {
        let now = self.ports.clock.now();
        let import = ImportedFile {
            id,
            user_id,
            file_name,
            format,
            size,
            status: ImportStatus::Queued,
            progress: ImportProgress::default(),
            created_at: now,
            updated_at: now,
        };
        let job = Job {
            id: JobId::new(now, self.ports.entropy.as_ref()),
            user_id,
            work: JobWork::ImportContacts { import_id: id },
            attempts: 0,
            run_after: now,
            created_at: now,
        };
        let mut unit = self.ports.storage.begin().await?;
        unit.imports().insert(&import).await?;
        unit.jobs().enqueue(&job).await?;
        unit.commit().await?;
        self.ports.wake.notify_one();
        tracing::info!(%user_id, import_id = %id, size, format = format.as_str(), "an import is queued");
        Ok(import)
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

    /// The file is whole: recognises it by its content and queues its import.
    pub async fn finish(self) -> Result<ImportedFile, UploadError> {
        let max = self.imports.max_bytes;
        if self.size == 0 {
            return Err(UploadError::Empty);
        }
        if self.size > max {
            return Err(UploadError::TooLarge { max });
        }
        let format = self
            .imports
            .ports
            .tables
            .recognise(&self.beginning)
            .ok_or(UploadError::NotATable)?;
        self.upload.finish().await?;
        let queued = self
            .imports
            .queue(self.id, self.user_id, self.file_name, format, self.size)
            .await;
        match queued {
            Ok(import) => Ok(import),
            Err(error) => {
                self.imports.forget_file(self.user_id, self.id).await;
                Err(error.into())
            }
        }
    }
}

impl Imports {
    async fn forget_file(&self, user_id: UserId, id: ImportId) {
        if let Err(error) = self.ports.files.delete(user_id, id.as_uuid()).await {
            tracing::error!(
                %user_id,
                import_id = %id,
                error = &error as &dyn std::error::Error,
                "a file that was not queued is left"
            );
        }
    }
}

/// The name for show: the last part of a path, without what would change how a page or a terminal
/// reads (control characters, marks of direction), cut to what is kept.
fn shown_name(given: &str) -> ShortText {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_direction_mark(*c))
        .collect();
    let cut: String = clean.trim().chars().take(LONGEST_NAME).collect();
    ShortText::parse(&cut)
        .or_else(|_| ShortText::parse("file"))
        .unwrap_or_else(|_| unreachable!("a plain word is a short text"))
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
