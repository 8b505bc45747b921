//! The files that go with campaigns' messages: received, shown, copied, taken away.
//!
//! A file is written whole before its row is; what dies in between leaves a note by which
//! housekeeping deletes it ([`nexus_domain::ports::StoredFileRepository`]).

mod copy;
mod download;
mod removal;
mod upload;

use std::sync::Arc;

use nexus_domain::ports::{FileStore, FileStoreError, MediaRecogniser, StorageError, UnneededFile};
use nexus_domain::{MediaFile, MediaId, UserId};

use super::Campaigns;
use crate::stored_files::delete_unneeded;

pub(super) use copy::add_copies;
pub use download::{MediaContent, OpenMediaError};
pub use removal::RemoveMediaError;
pub use upload::{AddMediaError, IncomingMedia};

/// What files of campaigns are kept with.
#[derive(Clone)]
pub struct MediaPorts {
    /// The store of files.
    pub files: Arc<dyn FileStore>,
    /// Judges what users send.
    pub recogniser: Arc<dyn MediaRecogniser>,
    /// The most bytes that the files of one user may have together.
    pub quota: u64,
}

/// A user's files would be more than they may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{used} of {quota} bytes are used")]
pub struct QuotaExceeded {
    /// The most bytes.
    pub quota: u64,
    /// How many there are already.
    pub used: u64,
}

/// Why a file is not in the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoringError {
    #[error(transparent)]
    Files(#[from] FileStoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl MediaPorts {
    /// Whether `more` bytes fit beside those that are `used`.
    pub(super) fn check_quota(&self, used: u64, more: u64) -> Result<(), QuotaExceeded> {
        let quota = self.quota;
        if used.saturating_add(more) > quota {
            return Err(QuotaExceeded { quota, used });
        }
        Ok(())
    }
}

/// Files as they are noted when nobody needs them.
pub(super) fn unneeded(files: &[MediaFile]) -> Vec<UnneededFile> {
    let ids = files.iter().map(|file| file.id.as_uuid());
    ids.map(UnneededFile::One).collect()
}

impl Campaigns {
    /// Notes a file that is about to be written.
    async fn note_incoming(&self, user: UserId, id: MediaId) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let mut store = self.ports.storage.read();
        store
            .stored_files()
            .note_incoming(user, id.as_uuid(), now)
            .await
    }

    /// Deletes a file that came to nothing. Where the end of its transaction is not known it may have
    /// got an owner; it is spared then.
    async fn discard(&self, user_id: UserId, media_id: MediaId) {
        let file = media_id.as_uuid();
        let refused = {
            let mut store = self.ports.storage.read();
            store.stored_files().note_refused(user_id, file).await
        };
        match refused {
            Ok(true) => {
                self.delete_unneeded(user_id, &[UnneededFile::One(file)])
                    .await;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(
                %user_id,
                %media_id,
                error = &error as &dyn std::error::Error,
                "a file that came to nothing is left to housekeeping"
            ),
        }
    }

    /// Deletes files that are noted as unneeded.
    pub(super) async fn delete_unneeded(&self, user: UserId, files: &[UnneededFile]) {
        let (storage, store) = (self.ports.storage.as_ref(), &self.ports.media.files);
        delete_unneeded(storage, store.as_ref(), user, files).await;
    }
}
