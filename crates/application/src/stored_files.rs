//! Deleting files of the file store that nobody needs.

use nexus_domain::UserId;
use nexus_domain::ports::{FileStore, Storage, UnneededFile};

/// Deletes these files, which are noted as unneeded, and their notes. What can't be deleted now is
/// left to housekeeping. How many were deleted.
pub(crate) async fn delete_unneeded(
    storage: &dyn Storage,
    store: &dyn FileStore,
    user_id: UserId,
    files: &[UnneededFile],
) -> u64 {
    let mut deleted = 0;
    for file in files {
        let gone = match file {
            UnneededFile::One(id) => store.delete(user_id, *id).await,
            UnneededFile::All => store.delete_all(user_id).await,
        };
        if let Err(error) = gone {
            tracing::error!(
                %user_id,
                ?file,
                error = &error as &dyn std::error::Error,
                "a file that nobody needs is left"
            );
            continue;
        }
        let forgotten = storage.read().stored_files().forget(user_id, *file).await;
        if let Err(error) = forgotten {
            tracing::warn!(
                %user_id,
                ?file,
                error = &error as &dyn std::error::Error,
                "a deleted file is still noted"
            );
            continue;
        }
        deleted += 1;
    }
    deleted
}
