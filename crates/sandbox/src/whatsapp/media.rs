//! Uploaded files. Meta Graph API v23.0, "Media".

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use axum::body::Bytes;
use sha2::{Digest, Sha256};

use super::errors::GraphError;
use crate::entropy;
use crate::journal::MediaRecord;
use crate::locks::lock;

const MEGABYTE: usize = 1024 * 1024;

/// The types Meta takes, with the largest size of each.
const TYPES: &[(&str, usize)] = &[
    ("image/jpeg", 5 * MEGABYTE),
    ("image/png", 5 * MEGABYTE),
    ("image/webp", 500 * 1024),
    ("audio/aac", 16 * MEGABYTE),
    ("audio/amr", 16 * MEGABYTE),
    ("audio/mp4", 16 * MEGABYTE),
    ("audio/mpeg", 16 * MEGABYTE),
    ("audio/ogg", 16 * MEGABYTE),
    ("video/3gpp", 16 * MEGABYTE),
    ("video/mp4", 16 * MEGABYTE),
    ("text/plain", 100 * MEGABYTE),
    ("application/pdf", 100 * MEGABYTE),
    ("application/msword", 100 * MEGABYTE),
    ("application/vnd.ms-excel", 100 * MEGABYTE),
    ("application/vnd.ms-powerpoint", 100 * MEGABYTE),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        100 * MEGABYTE,
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        100 * MEGABYTE,
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        100 * MEGABYTE,
    ),
];

/// The largest request an upload may be.
pub(crate) const LARGEST_UPLOAD: usize = 101 * MEGABYTE;

/// Where uploaded files are kept: in memory, or beside the journal that remembers them.
pub(crate) struct MediaShelf {
    folder: Option<PathBuf>,
    files: Mutex<HashMap<String, Shelved>>,
}

#[derive(Clone)]
struct Shelved {
    record: MediaRecord,
    bytes: Option<Bytes>,
}

impl MediaShelf {
    pub(crate) fn in_memory() -> Self {
        Self {
            folder: None,
            files: Mutex::default(),
        }
    }

    /// Files go to a folder named after the journal.
    pub(crate) fn beside(journal: &Path) -> Self {
        Self {
            folder: Some(journal.with_extension("media")),
            files: Mutex::default(),
        }
    }

    /// Takes back what a journal remembers.
    pub(crate) fn remember(&self, record: MediaRecord) {
        let shelved = Shelved {
            record,
            bytes: None,
        };
        lock(&self.files).insert(shelved.record.media_id.clone(), shelved);
    }

    /// Checks and stores an upload.
    pub(crate) async fn store(
        &self,
        phone_number_id: &str,
        mime_type: &str,
        bytes: Bytes,
    ) -> Result<MediaRecord, GraphError> {
        // `audio/ogg; codecs=opus` is the type with a parameter.
        let essence = mime_type.split(';').next().unwrap_or_default().trim();
        let Some((_, limit)) = TYPES.iter().find(|(known, _)| *known == essence) else {
            let types: Vec<_> = TYPES.iter().map(|(known, _)| *known).collect();
            return Err(GraphError::invalid(format!(
                "Param file must be a file with one of the following types: {}. Received file of type '{essence}'.",
                types.join(", ")
            )));
        };
        if bytes.is_empty() || bytes.len() > *limit {
            return Err(GraphError::with_details(
                131_053,
                format!(
                    "File size {} is not between 1 and {limit} bytes",
                    bytes.len()
                ),
            ));
        }
        let record = MediaRecord {
            media_id: entropy::object_id(),
            phone_number_id: phone_number_id.to_owned(),
            mime_type: essence.to_owned(),
            sha256: hex::encode(Sha256::digest(&bytes)),
            file_size: bytes.len() as u64,
        };
        let kept = if let Some(folder) = self.folder.clone() {
            let path = folder.join(&record.media_id);
            let written = tokio::task::spawn_blocking(move || {
                std::fs::create_dir_all(folder)?;
                std::fs::write(path, bytes)
            })
            .await;
            if !matches!(written, Ok(Ok(()))) {
                return Err(GraphError::of(131_000));
            }
            None
        } else {
            Some(bytes)
        };
        let shelved = Shelved {
            record: record.clone(),
            bytes: kept,
        };
        lock(&self.files).insert(record.media_id.clone(), shelved);
        Ok(record)
    }

    /// Every file that it has.
    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.files).keys().cloned().collect()
    }

    pub(crate) fn record(&self, media_id: &str) -> Option<MediaRecord> {
        lock(&self.files).get(media_id).map(|s| s.record.clone())
    }

    pub(crate) async fn bytes(&self, media_id: &str) -> Option<Bytes> {
        let shelved = lock(&self.files).get(media_id).cloned()?;
        if let Some(bytes) = shelved.bytes {
            return Some(bytes);
        }
        // The name is the id this shelf gave, never one from a request.
        let path = self.folder.as_ref()?.join(&shelved.record.media_id);
        tokio::task::spawn_blocking(move || std::fs::read(path))
            .await
            .ok()?
            .ok()
            .map(Bytes::from)
    }

    pub(crate) fn remove(&self, media_id: &str) -> bool {
        let removed = lock(&self.files).remove(media_id).is_some();
        if let (true, Some(folder)) = (removed, &self.folder) {
            // A file that stays behind is unreachable and harmless.
            let _ = std::fs::remove_file(folder.join(media_id));
        }
        removed
    }
}
