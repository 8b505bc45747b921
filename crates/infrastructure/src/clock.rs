//! The system's clock.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use nexus_domain::ports::Clock;

/// The time of the machine, in whole microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the adapter behind the port through which everyone else asks"
        )]
        let now = Utc::now();
        // PostgreSQL keeps microseconds and SQLite whatever it gets: what is compared later must
        // not be finer than what is stored.
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_has_no_fraction_of_a_microsecond() {
        for _ in 0..100 {
            assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
        }
    }
}
