//! Delivery: how the recipients of campaigns get their messages, each once.
//!
//! A [`Dispatcher`] looks for sender accounts with something to do and drives each under its lease.
//! For every message the intent is committed before the request is made (`claims`), and what became
//! of it after (`outcomes`). What nobody can know is a doubt (`doubts`), settled by the provider's
//! reports or left to a person.

mod backoff;
mod budget;
mod channels;
mod claims;
mod config;
mod consequences;
mod dispatcher;
mod doubts;
mod driver;
mod failures;
mod flights;
mod gate;
mod lease;
mod limits;
mod media;
mod open_campaigns;
mod outcome;
mod outcomes;
mod pacing;
mod permission;
#[cfg(test)]
pub(crate) mod tests;
mod unrecordable;

use std::sync::Arc;

use nexus_domain::ports::{Clock, Entropy, FileStore, SecretSealer, Storage};
use tokio::sync::Notify;

pub use backoff::Backoff;
pub use channels::Channels;
pub use config::DispatchConfig;
pub use dispatcher::Dispatcher;
pub use failures::FailureLimits;

pub(crate) use channels::credentials_for;
pub(crate) use claims::values_of;
pub(crate) use consequences::Consequences;

/// What the dispatcher works with.
#[derive(Clone)]
pub struct DispatchPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Opens the providers' secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// The channels there are.
    pub channels: Channels,
    /// The files of campaigns.
    pub files: Arc<dyn FileStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for waits.
    pub entropy: Arc<dyn Entropy>,
    /// Notified when there is something to send.
    pub wake: Arc<Notify>,
}

/// What all accounts that one process drives have in common.
struct Desk {
    storage: Arc<dyn Storage>,
    sealer: Arc<dyn SecretSealer>,
    channels: Channels,
    files: Arc<dyn FileStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    config: DispatchConfig,
}
