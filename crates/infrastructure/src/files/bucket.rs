//! Files in a bucket of an S3-compatible store: `<prefix>/<user>/<file>`, both UUIDs. No name that a
//! user gave is ever part of a key.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use nexus_domain::UserId;
use nexus_domain::ports::{
    Entropy, FileDownload, FileStore, FileStoreError, FileUpload, LocalCopy,
};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, Error, GetResult, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::failed;
use crate::{SystemEntropy, install_tls_provider, private_folder};

/// How much of a file is kept in memory until it is sent. S3 takes no smaller parts than 5 MiB but the
/// last ("Amazon S3 multipart upload limits").
const PART: usize = 5 * 1024 * 1024;

/// A store that says nothing for so long is not waited for.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a request is repeated that the store was too busy for, and for how long.
const RETRIES: usize = 3;
const RETRY_FOR: Duration = Duration::from_secs(30);

/// A local copy that is older belongs to a process that died: nothing reads a file for so long.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

/// Where the bucket is, and how to get in.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// Its name.
    pub bucket: String,
    /// The address of the service, `None` for Amazon's own.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// The secret of who asks.
    pub secret_access_key: SecretString,
    /// Whether the bucket's name is part of the path; else it is part of the host's name.
    pub path_style: bool,
    /// What every key begins with; may be empty.
    pub prefix: String,
}

/// A bucket as the store of files.
#[derive(Debug, Clone)]
pub struct BucketFileStore {
    bucket: Arc<AmazonS3>,
    prefix: String,
    copies: PathBuf,
}

/// As the port has it; object_store's errors name the request and never the secret. What is not a
/// refusal may be otherwise in a moment.
fn refused(context: &'static str) -> impl FnOnce(Error) -> FileStoreError {
    move |error| {
        let kind = match &error {
            Error::Unauthenticated { .. } | Error::PermissionDenied { .. } => {
                io::ErrorKind::PermissionDenied
            }
            Error::Generic { .. } => io::ErrorKind::ResourceBusy,
            _ => io::ErrorKind::Other,
        };
        let source = io::Error::new(kind, error);
        FileStoreError { context, source }
    }
}

impl BucketFileStore {
    /// Does not ask the bucket for anything yet. Local copies are made in `copies`, and what dead
    /// processes left there is deleted. Blocks; called once at start.
    pub fn open(config: &BucketConfig, copies: impl Into<PathBuf>) -> Result<Self, FileStoreError> {
        install_tls_provider();
        let client = ClientOptions::new()
            // Of a whole request, which may be a large file to a slow browser: silence ends it.
            .with_timeout_disabled()
            .with_connect_timeout(SILENCE)
            .with_read_timeout(SILENCE)
            .with_allow_http(true);
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_FOR,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(client)
            .with_retry(retry)
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_access_key_id(&config.access_key_id)
            .with_secret_access_key(config.secret_access_key.expose_secret())
            .with_virtual_hosted_style_request(!config.path_style)
            // Not every compatible store takes deletions of many at once.
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let bucket = builder.build().map_err(refused("opening the bucket"))?;
        let copies = copies.into();
        private_folder(&copies).map_err(failed("making the folder of local copies"))?;
        remove_abandoned(&copies).map_err(failed("cleaning up local copies"))?;
        Ok(Self {
            bucket: Arc::new(bucket),
            prefix: config.prefix.trim_matches('/').to_owned(),
            copies,
        })
    }

    fn folder(&self, user: UserId) -> Key {
        Key::from(format!("{}/{user}", self.prefix))
    }

    fn key(&self, user: UserId, file: Uuid) -> Key {
        Key::from(format!("{}/{user}/{file}", self.prefix))
    }

    async fn get(&self, user: UserId, file: Uuid) -> Result<Option<GetResult>, FileStoreError> {
        match self.bucket.get(&self.key(user, file)).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused("opening a file")(error)),
        }
    }

    async fn delete_key(&self, key: &Key) -> Result<(), FileStoreError> {
        match self.bucket.delete(key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(refused("deleting a file")(error)),
        }
    }
}

/// Deletes local copies whose process died. How many.
fn remove_abandoned(copies: &Path) -> io::Result<u64> {
    let mut removed = 0;
    for copy in std::fs::read_dir(copies)? {
        let copy = copy?;
        let Ok(metadata) = copy.metadata() else {
            continue;
        };
        let written = metadata.modified()?;
        // A time in the future is an error here, and such a copy stays.
        let abandoned = written.elapsed().is_ok_and(|since| since > ABANDONED_AFTER);
        if metadata.is_file() && abandoned && std::fs::remove_file(copy.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

#[async_trait]
impl FileStore for BucketFileStore {
    async fn create(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Box<dyn FileUpload>, FileStoreError> {
        Ok(Box::new(BucketUpload {
            bucket: Arc::clone(&self.bucket),
            key: self.key(user, file),
            part: Vec::new(),
            parts: None,
        }))
    }

    async fn open(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<Box<dyn FileDownload>>, FileStoreError> {
        let found = self.get(user, file).await?;
        Ok(found.map(|found| {
            let pieces = found
                .into_stream()
                .map(|piece| piece.map(|bytes| bytes.to_vec()))
                .boxed();
            Box::new(BucketDownload { pieces }) as Box<dyn FileDownload>
        }))
    }

    async fn local_copy(
        &self,
        user: UserId,
        file: Uuid,
    ) -> Result<Option<LocalCopy>, FileStoreError> {
        let Some(found) = self.get(user, file).await? else {
            return Ok(None);
        };
        let mut random = [0_u8; 16];
        SystemEntropy.fill(&mut random);
        let path = self.copies.join(hex::encode(random));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut copy = options
            .open(&path)
            .await
            .map_err(failed("making a local copy"))?;
        let kept = Copied(path.clone());
        let mut pieces = found.into_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(refused("fetching a file"))?;
            copy.write_all(&piece)
                .await
                .map_err(failed("writing a local copy"))?;
        }
        copy.flush().await.map_err(failed("writing a local copy"))?;
        Ok(Some(LocalCopy::kept_by(path, kept)))
    }

    async fn delete(&self, user: UserId, file: Uuid) -> Result<(), FileStoreError> {
        self.delete_key(&self.key(user, file)).await
    }

    async fn delete_all(&self, user: UserId) -> Result<(), FileStoreError> {
        let mut files = self.bucket.list(Some(&self.folder(user)));
        while let Some(file) = files.next().await {
            let file = file.map_err(refused("listing a user's files"))?;
            self.delete_key(&file.location).await?;
        }
        Ok(())
    }

    /// Local copies. What is left of uploads the store deletes itself, by a rule of the bucket.
    async fn delete_abandoned(&self) -> Result<u64, FileStoreError> {
        let copies = self.copies.clone();
        tokio::task::spawn_blocking(move || remove_abandoned(&copies))
            .await
            .map_err(io::Error::other)
            .and_then(|removed| removed)
            .map_err(failed("cleaning up local copies"))
    }
}

/// A local copy, which goes when this is dropped.
struct Copied(PathBuf);

impl Drop for Copied {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a local copy stays behind");
        }
    }
}

struct BucketDownload {
    pieces: BoxStream<'static, object_store::Result<Vec<u8>>>,
}

#[async_trait]
impl FileDownload for BucketDownload {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, FileStoreError> {
        let piece = self.pieces.next().await.transpose();
        piece.map_err(refused("fetching a file"))
    }
}

/// A file on its way. One that fits into a part is sent as a whole at its end; of a larger one, parts are
/// sent as they fill, one at a time, and the file is there once they are put together.
struct BucketUpload {
    bucket: Arc<AmazonS3>,
    key: Key,
    part: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
}

impl BucketUpload {
    async fn send_part(&mut self) -> Result<(), Error> {
        let part = std::mem::take(&mut self.part);
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => none.insert(self.bucket.put_multipart(&self.key).await?),
        };
        parts.put_part(part.into()).await
    }
}

#[async_trait]
impl FileUpload for BucketUpload {
    async fn write(&mut self, mut piece: &[u8]) -> Result<(), FileStoreError> {
        while !piece.is_empty() {
            // Only when more follows: the last part is never empty.
            if self.part.len() == PART {
                self.send_part()
                    .await
                    .map_err(refused("sending part of a file"))?;
            }
            let taken = piece.len().min(PART - self.part.len());
            self.part.extend_from_slice(&piece[..taken]);
            piece = &piece[taken..];
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), FileStoreError> {
        if self.parts.is_none() {
            let whole = std::mem::take(&mut self.part);
            let sent = self.bucket.put(&self.key, whole.into()).await;
            return sent.map(drop).map_err(refused("sending a file"));
        }
        self.send_part()
            .await
            .map_err(refused("sending part of a file"))?;
        if let Some(parts) = &mut self.parts {
            parts
                .complete()
                .await
                .map_err(refused("putting a file together"))?;
        }
        self.parts = None;
        Ok(())
    }
}

impl Drop for BucketUpload {
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = parts.abort().await {
                tracing::warn!(%error, "parts of a file stay behind in the bucket");
            }
        });
    }
}
