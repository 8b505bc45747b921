//! Files in a folder: `<root>/<user>/<file>`, both UUIDs. No name that a user gave is ever part of
//! a path.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use nexus_domain::UserId;
use nexus_domain::ports::{
    Entropy, FileDownload, FileStore, FileStoreError, FileUpload, LocalCopy,
};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::failed;
use crate::{SystemEntropy, private_folder};

/// A file that is being written ends in this; a whole one has no extension.
const UNFINISHED: &str = "part";

/// An unfinished file that nobody wrote to for this long is the leftover of a process that died.
/// Younger ones may belong to another process on the same folder.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);

/// How much of a file is read at a time.
const PIECE: usize = 64 * 1024;

/// A folder of this machine as the store of files. Only the user that runs the process can read it.
#[derive(Debug, Clone)]
pub struct FolderFileStore {
    root: PathBuf,
}

/// Deleting what is not there is no error.
fn or_absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl FolderFileStore {
    /// Makes the folder when it is missing, and deletes what dead processes left unfinished. Blocks;
    /// called once at start.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, FileStoreError> {
        let root = root.into();
        private_folder(&root).map_err(failed("making the folder"))?;
        remove_abandoned(&root).map_err(failed("cleaning up the folder"))?;
        Ok(Self { root })
    }

    fn folder(&self, user: UserId) -> PathBuf {
        self.root.join(user.as_uuid().to_string())
    }

    fn path(&self, user: UserId, file: Uuid) -> PathBuf {
        self.folder(user).join(file.to_string())
    }
}

/// Deletes what nobody will finish. How many files.
fn remove_abandoned(root: &Path) -> io::Result<u64> {
    let mut removed = 0;
    for user in std::fs::read_dir(root)? {
        let user = user?;
        if !user.file_type()?.is_dir() {
            continue;
        }
        let files = match std::fs::read_dir(user.path()) {
            // The account was deleted meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            files => files?,
        };
        for file in files {
            let file = file?;
            let unfinished = file.path().extension().is_some_and(|ext| ext == UNFINISHED);
            if unfinished && is_abandoned(&file).unwrap_or(false) {
                or_absent(std::fs::remove_file(file.path()))?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn is_abandoned(file: &std::fs::DirEntry) -> io::Result<bool> {
    let written = file.metadata()?.modified()?;
    // A time in the future is an error here, and such a file stays.
    Ok(written.elapsed().is_ok_and(|since| since > ABANDONED_AFTER))
}

/// What a folder lists is on the disk only once the folder itself is.
async fn sync_folder(path: PathBuf) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path).await?.sync_all().await?;
    #[cfg(not(unix))]
    drop(path);
    Ok(())
}

#[async_trait]
impl FileStore for FolderFileStore {
    async fn create(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Box<dyn FileUpload>, FileStoreError> {
        let folder = self.folder(user);
        let made = folder.clone();
        tokio::task::spawn_blocking(move || private_folder(&made))
            .await
            .map_err(io::Error::other)
            .and_then(|made| made)
            .map_err(failed("making the user's folder"))?;
        // Two uploads under one id, or the leftover of one that died, never meet.
        let mut random = [0_u8; 8];
        SystemEntropy.fill(&mut random);
        let unfinished = folder.join(format!("{file}.{}.{UNFINISHED}", hex::encode(random)));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let open = options
            .open(&unfinished)
            .await
            .map_err(failed("creating a file"))?;
        Ok(Box::new(FolderUpload {
            file: open,
            unfinished: Unfinished(unfinished),
            finished: self.path(user, file),
            root: self.root.clone(),
        }))
    }

    async fn open(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<Box<dyn FileDownload>>, FileStoreError> {
        match File::open(self.path(user, file)).await {
            Ok(file) => Ok(Some(Box::new(FolderDownload { file }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opening a file")(error)),
        }
    }

    async fn local_copy(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<LocalCopy>, FileStoreError> {
        let path = self.path(user, file);
        let there = tokio::fs::try_exists(&path)
            .await
            .map_err(failed("looking for a file"))?;
        Ok(there.then(|| LocalCopy::of(path)))
    }

    async fn delete(&self, user: UserId, file: Uuid) -> Result<(), FileStoreError> {
        or_absent(tokio::fs::remove_file(self.path(user, file)).await)
            .map_err(failed("deleting a file"))
    }

    async fn delete_all(&self, user: UserId) -> Result<(), FileStoreError> {
        or_absent(tokio::fs::remove_dir_all(self.folder(user)).await)
            .map_err(failed("deleting a user's files"))
    }

    async fn delete_abandoned(&self) -> Result<u64, FileStoreError> {
        let root = self.root.clone();
        tokio::task::spawn_blocking(move || remove_abandoned(&root))
            .await
            .map_err(io::Error::other)
            .and_then(|removed| removed)
            .map_err(failed("cleaning up the folder"))
    }
}

/// The name of an unfinished file, which goes when this is dropped with it.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A finished file has left this name.
        if let Err(error) = or_absent(std::fs::remove_file(&self.0)) {
            tracing::warn!(path = %self.0.display(), %error, "an unfinished file stays behind");
        }
    }
}

#[derive(Debug)]
struct FolderDownload {
    file: File,
}

#[async_trait]
impl FileDownload for FolderDownload {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        let mut piece = Vec::with_capacity(PIECE);
        self.file
            .read_buf(&mut piece)
            .await
            .map_err(failed("reading a file"))?;
        Ok((!piece.is_empty()).then_some(piece))
    }
}

#[derive(Debug)]
struct FolderUpload {
    file: File,
    unfinished: Unfinished,
    finished: PathBuf,
    root: PathBuf,
}

#[async_trait]
impl FileUpload for FolderUpload {
    async fn write(&mut self, piece: &[u8]) -> Result<(), FileStoreError> {
        self.file
            .write_all(piece)
            .await
            .map_err(failed("writing a file"))
    }

    async fn finish(mut self: Box<Self>) -> Result<(), FileStoreError> {
        self.file.flush().await.map_err(failed("writing a file"))?;
        self.file
            .sync_all()
            .await
            .map_err(failed("bringing a file to the disk"))?;
        tokio::fs::rename(&self.unfinished.0, &self.finished)
            .await
            .map_err(failed("naming a file"))?;
        for folder in [self.finished.parent(), Some(self.root.as_path())] {
            let folder = folder.map(Path::to_path_buf).unwrap_or_default();
            sync_folder(folder)
                .await
                .map_err(failed("bringing a folder to the disk"))?;
        }
        Ok(())
    }
}
