//! Ready-made credentials for new accounts, where the sandbox stands in for the providers.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{UserId, WebhookKey};

/// Credentials of a sender that works at once.
#[derive(Debug, Clone)]
pub struct ProvisionedSender {
    /// The access token.
    pub token: SecretString,
    /// The phone number id.
    pub phone_number_id: String,
    /// The business account id.
    pub business_account_id: String,
    /// The secret that signs webhooks.
    pub app_secret: SecretString,
    /// The word that verifies the webhook's address.
    pub verify_token: SecretString,
}

/// A sender could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no sender could be provisioned: {0}")]
pub struct ProvisioningError(pub String);

/// Makes a sender for a new account. There is none in production: users bring their own.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SenderProvisioner: Send + Sync {
    /// Makes the sender of this user, or makes it again: the same user gets the same one. Its
    /// webhooks go to the address with this key.
    async fn provision(
        &self,
        user: UserId,
        webhook_key: &WebhookKey,
    ) -> Result<ProvisionedSender, ProvisioningError>;
}
