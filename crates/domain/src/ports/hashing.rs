//! Hashing of passwords.

use async_trait::async_trait;
use secrecy::SecretString;

/// Hashing did not work: not enough memory, or a stored hash that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("passwords can't be hashed: {0}")]
pub struct HashingError(pub String);

/// Hashes passwords, off the threads that serve requests and a bounded number at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The PHC string of `password` with a new salt.
    async fn hash(&self, password: SecretString) -> Result<String, HashingError>;

    /// Whether `password` is that of `hash`. Without a hash it takes the same time and is `false`,
    /// so that an unknown e-mail address can't be told from a wrong password.
    async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, HashingError>;
}
