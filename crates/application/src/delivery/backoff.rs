//! Waits that grow.

use std::time::Duration;

use nexus_domain::ports::Entropy;

/// Waits that double with every failure, up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first.
    pub base: Duration,
    /// The longest.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after `failures` failures, without chance.
    pub(crate) fn steady(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after `failures` failures: from half of it to the whole, so that those who failed
    /// together do not try again together.
    pub(crate) fn after(&self, failures: u32, entropy: &dyn Entropy) -> Duration {
        let whole = self.steady(failures);
        let mut random = [0_u8; 2];
        entropy.fill(&mut random);
        let half = whole / 2;
        half + half * u32::from(u16::from_be_bytes(random)) / u32::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::entropy;

    #[test]
    fn waits_double_up_to_the_limit_and_differ() {
        let backoff = Backoff {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(1),
        };
        let steady: Vec<_> = (1..=8).map(|n| backoff.steady(n).as_secs()).collect();
        assert_eq!(steady, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.steady(u32::MAX).as_secs(), 60);
        let random = backoff.after(3, entropy().as_ref());
        assert!(random >= Duration::from_secs(2) && random <= Duration::from_secs(4));
    }
}
