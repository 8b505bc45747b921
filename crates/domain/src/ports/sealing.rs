//! Sealing of providers' secrets.

use secrecy::SecretString;

use crate::{SealedSecret, SecretField, UserId};

/// A sealed value that can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key it was sealed with is not on the ring.
    #[error("the key that sealed this is not on the ring")]
    UnknownKey,
    /// It was altered, or belongs to another user or field.
    #[error("the sealed value does not belong here or was altered")]
    Forged,
}

/// Seals secrets with the first key of a ring and opens them with any: authenticated encryption,
/// bound to the user and the field.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretSealer: Send + Sync {
    /// The sealed value.
    fn seal(&self, user: UserId, field: SecretField, secret: &SecretString) -> SealedSecret;

    /// The secret.
    fn open(
        &self,
        user: UserId,
        field: SecretField,
        sealed: &SealedSecret,
    ) -> Result<SecretString, SealError>;
}
