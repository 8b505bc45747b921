//! Reading of providers' webhooks.

use secrecy::SecretString;

use crate::ChannelEvent;

/// A body that is no webhook of this provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the webhook can't be read: {0}")]
pub struct UnreadableWebhook(pub String);

/// Checks and reads the webhooks of one provider.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait WebhookReader: Send + Sync {
    /// Whether `signature` (the value of `X-Hub-Signature-256`) was made with `secret` over
    /// exactly these bytes; compared in constant time.
    fn is_authentic(&self, secret: &SecretString, signature: &str, body: &[u8]) -> bool;
    /// Whether `token` (of `hub.verify_token`) is `known`; compared in constant time.
    fn is_verify_token(&self, known: &SecretString, token: &str) -> bool;
    /// Everything that the body says, in its order.
    fn read(&self, body: &[u8]) -> Result<Vec<ChannelEvent>, UnreadableWebhook>;
}
