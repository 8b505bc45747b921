//! Files on their way to a provider: handed over once, then carried by messages.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Failure, MediaKind, MediaType};

/// A file to hand over, whole on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingFile {
    /// Where it can be read.
    pub path: PathBuf,
    /// Its type.
    pub media_type: MediaType,
    /// Its name, of which the provider sees no more than the ending.
    pub name: String,
}

/// A file that the provider has, as a message carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedFile {
    /// The provider's id of it.
    pub id: String,
    /// What kind of message it makes.
    pub kind: MediaKind,
    /// The name that people see of a document, and by the end of which their phones open it.
    pub name: String,
}

/// Why a file was not taken: what to do next. Handing a file over reaches nobody and may be done
/// twice, so that nothing is in doubt after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandOverError {
    /// Not taken, or nobody knows: the same may be tried again.
    #[error("the file was not taken this time")]
    Later {
        /// Not before this long, when the provider said so.
        retry_after: Option<Duration>,
    },
    /// This file is not taken, however often it is tried.
    #[error("the file is refused (provider code {:?})", .0.provider_code)]
    FileRefused(Failure),
    /// Nothing is taken of this account until a person acts.
    #[error("the account is refused (provider code {:?})", .0.provider_code)]
    AccountRefused(Failure),
    /// The file is not here any more.
    #[error("the file is gone")]
    Missing,
    /// The file can't be read here, for a reason that may pass.
    #[error("the file can't be read: {reason}")]
    Unreadable {
        /// Why, without the file's name.
        reason: String,
    },
}
