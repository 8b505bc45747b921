//! How the dispatcher works.

use std::time::Duration;

use super::backoff::Backoff;
use super::failures::FailureLimits;

/// How the dispatcher works; every figure is for one sender account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchConfig {
    /// How many messages are begun and not recorded at once. What is claimed ahead of the pace is
    /// bounded too, to what goes out within a quarter of a second.
    pub window: usize,
    /// The most messages per second; at least 1. The provider may slow an account down below it.
    pub messages_per_second: u32,
    /// To how many new people an account may write within 24 hours that has no limit of its own;
    /// `None`: to as many as there are.
    pub daily_people: Option<u32>,
    /// From when on refused messages stop a campaign.
    pub failures: FailureLimits,
    /// The longest wait for a person who is written to too often.
    pub longest_put_off: Duration,
    /// How long a process that stopped keeps an account from the others.
    pub lease_ttl: Duration,
    /// How long a message in doubt waits for a status. It must be longer than the provider takes
    /// to repeat a webhook that we could not take: a message whose status is still to come would
    /// be sent again.
    pub grace: Duration,
    /// After so many answers that its recipient is written to too often, a message is given up.
    pub retry_max_attempts: u32,
    /// A message is given up after that many attempts once its account has been throttled or not
    /// connected at each of them for so long, without anything else between.
    pub retry_max_age: Duration,
    /// The waits between tries, of one message and of an account that is too fast.
    pub backoff: Backoff,
    /// How long to wait for a channel that has its own, shorter limit: the last resort.
    pub send_timeout: Duration,
    /// How long messages in flight may take to land when the process ends; what has not landed
    /// then is in doubt.
    pub drain_timeout: Duration,
    /// Whether texts go only to people who wrote within 24 hours, as WhatsApp demands.
    pub keeps_window: bool,
    /// How long an outcome may wait for others to be recorded with it. Never longer than recording
    /// took the last time.
    pub linger: Duration,
}

impl Default for DispatchConfig {
    fn default() -> Self {
        Self {
            window: 256,
            messages_per_second: 80,
            daily_people: None,
            failures: FailureLimits {
                in_a_row: 20,
                of_last_hundred: 50,
            },
            longest_put_off: Duration::from_hours(1),
            lease_ttl: Duration::from_secs(15),
            grace: Duration::from_mins(10),
            retry_max_attempts: 30,
            retry_max_age: Duration::from_hours(24),
            backoff: Backoff {
                base: Duration::from_secs(1),
                cap: Duration::from_mins(1),
            },
            send_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(12),
            keeps_window: false,
            linger: Duration::from_millis(20),
        }
    }
}
