//! The answers that the product gives by itself: decided on together with what they answer, sent once.
//!
//! The intent is committed before the request is made, and what may have been sent is never sent
//! again: whoever asked for silence must not be told twice that they have it. There is no lease as for
//! campaigns, since nothing is ever repeated that was begun: a process that stopped in between and goes
//! on an hour later sends what nobody else did.

#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use nexus_domain::ports::{Clock, Entropy, SecretSealer, Storage};

use crate::delivery::{Backoff, Channels};

pub use worker::ReplyWorker;
pub(crate) use worker::{keep_message, reply_of};

/// What sending automatic replies works with.
#[derive(Clone)]
pub struct ReplyPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// Opens the providers' secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// The channels there are.
    pub channels: Channels,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and waits.
    pub entropy: Arc<dyn Entropy>,
}

/// How automatic replies are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyConfig {
    /// The least time between two replies of one sender, in each process. They go out beside the
    /// sender's campaigns, whose pace does not know of them: it must be a small part of it.
    pub spacing: Duration,
    /// How long to wait for a channel that has its own, shorter limit: the last resort.
    pub send_timeout: Duration,
    /// How long after its intent was committed a reply of which nothing more is heard counts as
    /// possibly sent. Longer than `send_timeout`.
    pub given_up_after: Duration,
    /// The waits before what was certainly not sent is tried again.
    pub backoff: Backoff,
    /// How long replies in flight may take to land when the process ends.
    pub drain_timeout: Duration,
}

/// Of a sender's pace, the part that automatic replies may take.
const PART_OF_PACE: u32 = 16;

impl ReplyConfig {
    /// For senders of so many messages per second.
    pub fn for_pace(messages_per_second: u32) -> Self {
        Self {
            spacing: Duration::from_secs(1) / (messages_per_second / PART_OF_PACE).max(1),
            send_timeout: Duration::from_mins(1),
            given_up_after: Duration::from_mins(2),
            backoff: Backoff {
                base: Duration::from_secs(1),
                cap: Duration::from_mins(5),
            },
            drain_timeout: Duration::from_secs(12),
        }
    }
}
