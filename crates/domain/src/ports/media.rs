//! Judging files that users gave us to send.

use std::path::Path;

use async_trait::async_trait;

use super::FileStoreError;
use crate::{ContentHash, MediaKind, MediaType};

/// What a file is that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecognisedMedia {
    /// Its type.
    pub media_type: MediaType,
    /// The SHA-256 of its content.
    pub sha256: ContentHash,
}

/// Why a file is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefusal {
    /// It is of no type that is taken, or damaged.
    #[error("the file is of no type that is taken")]
    OtherType,
    /// It is a picture of which nobody knows what showing it would cost.
    #[error("a picture of {width} by {height} pixels")]
    TooManyPixels {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
}

/// Judges files by their content alone: names and types that come with them say nothing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaRecogniser: Send + Sync {
    /// What kind of file begins with these bytes, some kilobytes of it or all there are;
    /// `None` when it is of no type that is taken. The whole file may still be refused, and is
    /// of another kind only where a video turns out to be sound alone.
    fn kind_of(&self, first_bytes: &[u8]) -> Option<MediaKind>;
    /// What a whole file is.
    async fn recognise(
        &self,
        path: &Path,
    ) -> Result<Result<RecognisedMedia, MediaRefusal>, FileStoreError>;
}
