//! The dispatcher over a store and a provider made for these tests, in time that does not pass by
//! itself.

mod bench;
mod carrying;
mod claims;
mod daily_limit;
mod doubting;
mod ending;
mod failing;
mod fencing;
mod outcomes;
mod ownership;
mod passing_over;
pub(crate) mod process;
pub(crate) mod provider;
mod refusals;
mod repositories;
mod sending;
mod steering;
mod store_failures;
pub(crate) mod tables;
pub(crate) mod units;
mod waiting;
mod whatever_happens;
mod windows;
pub(crate) mod world;

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::Clock;
use tokio::time::Instant;

/// What an asynchronous method of a port returns.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A clock that goes with the runtime's.
pub(crate) struct VirtualClock {
    start: Instant,
    /// How far it was moved ahead of that, in seconds.
    ahead: AtomicI64,
}

impl VirtualClock {
    pub(crate) fn starting_now() -> Self {
        Self {
            start: Instant::now(),
            ahead: AtomicI64::new(0),
        }
    }

    /// So many hours pass at once.
    pub(crate) fn move_ahead(&self, hours: i64) {
        self.ahead.fetch_add(hours * 3_600, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        let elapsed = i64::try_from(self.start.elapsed().as_micros()).expect("not that long");
        let ahead = TimeDelta::seconds(self.ahead.load(Ordering::SeqCst));
        crate::fixtures::now() + TimeDelta::microseconds(elapsed) + ahead
    }
}
