//! Users.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::values::EmailAddress;
use crate::{User, UserId, WebhookKey};

/// Users.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Adds a user; `Duplicate(UserEmail)` when the address is taken.
    async fn insert(&mut self, user: &User) -> Result<(), StorageError>;
    /// The user with this id.
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StorageError>;
    /// The user, kept from change by others.
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StorageError>;
    /// The user who signs in with this address.
    async fn find_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StorageError>;
    /// The user whose webhooks arrive under this key.
    async fn find_by_webhook_key(&mut self, key: &WebhookKey)
    -> Result<Option<User>, StorageError>;
    /// Stores every field but the id and `created_at`.
    async fn save(&mut self, user: &User) -> Result<(), StorageError>;
    /// Deletes the user and everything of theirs. Whether there was one.
    async fn delete(&mut self, id: UserId) -> Result<bool, StorageError>;
}
