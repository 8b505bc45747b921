//! Limits on guessing passwords. They are kept in memory: each instance counts for itself.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use nexus_domain::values::fold;

use crate::errors::{ApiError, Code};
use crate::settings::SignInSettings;

/// Counts tries by address, and by account and address together: someone who guesses at an account
/// from elsewhere does not lock its owner out.
pub struct SignInLimit {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_account: DefaultKeyedRateLimiter<(IpAddr, String)>,
    clock: DefaultClock,
}

impl SignInLimit {
    /// Limits of this size.
    pub fn new(settings: &SignInSettings) -> Self {
        let per_minute =
            |count: u32| Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self {
            by_address: RateLimiter::keyed(per_minute(settings.per_address_per_minute)),
            by_account: RateLimiter::keyed(per_minute(settings.per_account_per_minute)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one try at an account, which goes by its e-mail address, or by its id where somebody is
    /// signed in. An IPv6 address counts as its /64, which is what one household has.
    pub fn check(&self, address: IpAddr, account: &str) -> Result<(), ApiError> {
        let address = match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => {
                IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into())
            }
            other => other.to_canonical(),
        };
        let refused = |until: governor::NotUntil<_>| {
            let seconds = until.wait_time_from(self.clock.now()).as_secs() + 1;
            ApiError::new(Code::RateLimited)
                .with("seconds", seconds)
                .retry_after(seconds)
        };
        self.by_address.check_key(&address).map_err(refused)?;
        let account: String = fold(account.trim()).chars().take(254).collect();
        self.by_account
            .check_key(&(address, account))
            .map_err(refused)?;
        Ok(())
    }

    /// Forgets those who have not tried for a while.
    pub fn forget_old(&self) {
        self.by_address.retain_recent();
        self.by_account.retain_recent();
    }
}
