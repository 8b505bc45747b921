//! Webhooks: stored as they come, before they are acknowledged, and applied after.

mod apply;
mod inbound;
mod news;
mod receive;
mod replay;
#[cfg(test)]
pub(crate) mod tests;
mod worker;

use std::sync::Arc;

use nexus_domain::ports::{Clock, Entropy, SecretSealer, Storage, WebhookReader};
use tokio::sync::Notify;

pub use receive::{ReceiveError, VerifyError};
pub use replay::{Replay, ReplayError, Replayed};
pub use worker::WebhookWorker;

/// What webhooks work with, the worker included.
#[derive(Clone)]
pub struct WebhookPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Opens the secrets that webhooks are signed with.
    pub sealer: Arc<dyn SecretSealer>,
    /// Checks and reads the provider's webhooks.
    pub reader: Arc<dyn WebhookReader>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
    /// Wakes a worker of this process when there is something to apply.
    pub wake: Arc<Notify>,
}

/// The use cases on webhooks.
#[derive(Clone)]
pub struct Webhooks {
    ports: WebhookPorts,
}

impl Webhooks {
    /// The use cases over these ports.
    pub fn new(ports: WebhookPorts) -> Self {
        Self { ports }
    }
}
