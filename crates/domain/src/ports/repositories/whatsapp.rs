//! Connections to WhatsApp, and the templates of their accounts.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{StoredTemplate, UserId, WhatsAppConnection};

/// Connections to WhatsApp, and the templates of their accounts. Whoever changes templates locks the
/// connection first.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WhatsAppRepository: Send {
    /// The user's connection; `None` while nothing is known of it.
    async fn connection(
        &mut self,
        user: UserId,
    ) -> Result<Option<WhatsAppConnection>, StorageError>;
    /// The user's connection, added when there is none, kept from change by others.
    async fn lock_connection(&mut self, user: UserId) -> Result<WhatsAppConnection, StorageError>;
    /// Stores what is known of a connection that was locked before, its webhooks aside.
    async fn save_connection(
        &mut self,
        connection: &WhatsAppConnection,
    ) -> Result<(), StorageError>;
    /// Notes that the provider verified the webhooks' address, or that a webhook came.
    async fn note_webhook(
        &mut self,
        user: UserId,
        verified_at: Option<DateTime<Utc>>,
        received_at: Option<DateTime<Utc>>,
    ) -> Result<(), StorageError>;
    /// The templates of an account, by name and language.
    async fn templates(
        &mut self,
        user: UserId,
        account_id: &str,
    ) -> Result<Vec<StoredTemplate>, StorageError>;
    /// The template.
    async fn template(
        &mut self,
        user: UserId,
        account_id: &str,
        name: &str,
        language: &str,
    ) -> Result<Option<StoredTemplate>, StorageError>;
    /// The template, kept from change by others.
    async fn lock_template(
        &mut self,
        user: UserId,
        account_id: &str,
        name: &str,
        language: &str,
    ) -> Result<Option<StoredTemplate>, StorageError>;
    /// Stores templates, new ones as well.
    async fn save_templates(&mut self, templates: &[StoredTemplate]) -> Result<(), StorageError>;
    /// Deletes templates of one account.
    async fn delete_templates(&mut self, templates: &[StoredTemplate]) -> Result<(), StorageError>;
}
