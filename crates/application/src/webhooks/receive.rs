//! What the provider's requests come to: an address that is verified, a webhook that is stored.

use nexus_domain::ports::StorageError;
use nexus_domain::{
    SecretField, User, WebhookEvent, WebhookEventId, WebhookKey, WebhookSource, WebhookState,
};
use secrecy::SecretString;

use super::Webhooks;
use crate::accounts::open_secret;
use crate::fault::{self, Bug, Point};

/// Why an address was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No such address, or another word than the one in the user's profile.
    #[error("the verification does not match")]
    Refused,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a webhook was not taken. The provider sends it again, unless it is not the provider's.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No such address, no signature, or one that was not made with the user's app secret.
    #[error("the webhook is not authentic")]
    Forged,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Webhooks {
    /// Whether `token` is the word that the owner of the address `key` gave the provider.
    pub async fn verify(&self, key: &str, token: &str) -> Result<(), VerifyError> {
        let user = self.owner(key).await?.ok_or(VerifyError::Refused)?;
        let known = self
            .secret(&user, SecretField::WhatsappVerifyToken)
            .ok_or(VerifyError::Refused)?;
        if self.ports.reader.is_verify_token(&known, token) {
            tracing::info!(user_id = %user.id, "the provider verified the webhook's address");
            self.note_verified(&user).await;
            Ok(())
        } else {
            Err(VerifyError::Refused)
        }
    }

    /// Stores a webhook for the owner of the address `key`, when `signature` proves that it is the
    /// provider's. It is in the store when this returns.
    pub async fn receive(
        &self,
        key: &str,
        signature: &str,
        body: Vec<u8>,
    ) -> Result<(), ReceiveError> {
        let user = self.owner(key).await?.ok_or(ReceiveError::Forged)?;
        let secret = self
            .secret(&user, SecretField::WhatsappAppSecret)
            .ok_or(ReceiveError::Forged)?;
        let authentic = self.ports.reader.is_authentic(&secret, signature, &body);
        if !authentic && !fault::has(Bug::SkipSignature) {
            return Err(ReceiveError::Forged);
        }
        let now = self.ports.clock.now();
        let event = WebhookEvent {
            id: WebhookEventId::new(now, self.ports.entropy.as_ref()),
            user_id: user.id,
            source: WebhookSource::Whatsapp,
            body,
            state: WebhookState::Pending,
            attempts: 0,
            due_at: now,
            received_at: now,
        };
        fault::at(Point::WebhookStoring);
        self.ports.storage.read().webhooks().insert(&event).await?;
        fault::at(Point::WebhookStored);
        self.ports.wake.notify_one();
        Ok(())
    }

    /// The address is verified without this note as well.
    async fn note_verified(&self, user: &User) {
        let now = self.ports.clock.now();
        let mut read = self.ports.storage.read();
        let noted = read.whatsapp().note_webhook(user.id, Some(now), None).await;
        if let Err(error) = noted {
            tracing::warn!(
                user_id = %user.id,
                error = &error as &dyn std::error::Error,
                "that the webhook's address is verified is not noted"
            );
        }
    }

    async fn owner(&self, key: &str) -> Result<Option<User>, StorageError> {
        let Some(key) = WebhookKey::parse(key) else {
            return Ok(None);
        };
        self.ports
            .storage
            .read()
            .users()
            .find_by_webhook_key(&key)
            .await
    }

    fn secret(&self, user: &User, field: SecretField) -> Option<SecretString> {
        open_secret(self.ports.sealer.as_ref(), user, field)
    }
}
