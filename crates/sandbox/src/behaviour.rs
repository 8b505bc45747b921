//! How the simulated provider behaves at the moment: pace, faults and what phones do.

use serde::{Deserialize, Serialize};

/// Settings that may be changed while the sandbox runs, from code or over
/// `POST /sandbox/behaviour`. They are not kept across a restart.
///
/// Latency, throughput and the percentages concern `POST …/messages` only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a simulator, each documented on its own"
)]
pub struct Behaviour {
    /// Time from the request to the answer of a send. The message is accepted halfway, so that
    /// a client killed while waiting meets both cases.
    pub latency_ms: u64,
    /// Messages a second for each phone number id; above, 130429. 0 = unlimited.
    pub throughput: u32,
    /// Time between acceptance, `sent`, `delivered`, `read` and an automatic reply.
    pub status_delay_ms: u64,
    /// Whether status webhooks are sent for messages accepted from now on.
    pub statuses: bool,
    /// Whether some ordinary numbers (about one in ten) answer. Scripted repliers always do.
    pub replies: bool,
    /// Whether the test numbers of [`crate::TEST_NUMBERS`] act out their outcome.
    pub scripted_numbers: bool,
    /// Whether free-form messages need an inbound message within the last 24 hours (131047).
    pub enforce_window: bool,
    /// Whether `biz_opaque_callback_data` comes back in `failed` statuses too. Meta's older
    /// text promises the echo for sent, delivered and read only.
    pub opaque_on_failed: bool,
    /// Percentage of sends answered 429 with `Retry-After` (never accepted).
    pub throttle_percent: u8,
    /// What `Retry-After` says in these answers, in seconds.
    pub retry_after_seconds: u32,
    /// Percentage of sends answered 503 with an HTML page.
    pub server_error_percent: u8,
    /// Percentage of sends never answered.
    pub hang_percent: u8,
    /// Percentage of sends whose connection is reset before the answer.
    pub reset_percent: u8,
    /// Of the server errors, hangs and resets: the percentage whose message was nevertheless
    /// accepted and is delivered.
    pub accepted_despite_fault_percent: u8,
    /// Names the series of random draws.
    pub seed: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            latency_ms: 20,
            throughput: 0,
            status_delay_ms: 700,
            statuses: true,
            replies: true,
            scripted_numbers: true,
            enforce_window: false,
            opaque_on_failed: true,
            throttle_percent: 0,
            retry_after_seconds: 1,
            server_error_percent: 0,
            hang_percent: 0,
            reset_percent: 0,
            accepted_despite_fault_percent: 50,
            seed: 1,
        }
    }
}

/// A change to a [`Behaviour`]: fields left out stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BehaviourChange {
    pub latency_ms: Option<u64>,
    pub throughput: Option<u32>,
    pub status_delay_ms: Option<u64>,
    pub statuses: Option<bool>,
    pub replies: Option<bool>,
    pub scripted_numbers: Option<bool>,
    pub enforce_window: Option<bool>,
    pub opaque_on_failed: Option<bool>,
    pub throttle_percent: Option<u8>,
    pub retry_after_seconds: Option<u32>,
    pub server_error_percent: Option<u8>,
    pub hang_percent: Option<u8>,
    pub reset_percent: Option<u8>,
    pub accepted_despite_fault_percent: Option<u8>,
    pub seed: Option<u64>,
}

/// The percentages of a [`Behaviour`] don't add up.
#[derive(Debug, thiserror::Error)]
#[error("the fault percentages must not exceed 100 in total, nor the accepted share 100")]
pub struct ImpossibleBehaviour;

impl Behaviour {
    /// Every number is ordinary, nothing is slow, nobody replies: for load and crash tests.
    pub fn plain() -> Self {
        Self {
            latency_ms: 0,
            status_delay_ms: 20,
            replies: false,
            scripted_numbers: false,
            ..Self::default()
        }
    }

    /// Applies a change, or leaves all as it was when the result would be impossible.
    pub fn change(&mut self, change: &BehaviourChange) -> Result<(), ImpossibleBehaviour> {
        let mut next = self.clone();
        macro_rules! take {
            ($($field:ident),+ $(,)?) => {$(
                if let Some(value) = change.$field {
                    next.$field = value;
                }
            )+};
        }
        take!(
            latency_ms,
            throughput,
            status_delay_ms,
            statuses,
            replies,
            scripted_numbers,
            enforce_window,
            opaque_on_failed,
            throttle_percent,
            retry_after_seconds,
            server_error_percent,
            hang_percent,
            reset_percent,
            accepted_despite_fault_percent,
            seed,
        );
        next.check()?;
        *self = next;
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<(), ImpossibleBehaviour> {
        let faults = [
            self.throttle_percent,
            self.server_error_percent,
            self.hang_percent,
            self.reset_percent,
        ];
        let total: u32 = faults.into_iter().map(u32::from).sum();
        if total > 100 || self.accepted_despite_fault_percent > 100 {
            return Err(ImpossibleBehaviour);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_touches_only_what_it_names_and_impossible_ones_touch_nothing() {
        let mut behaviour = Behaviour::default();
        let change: BehaviourChange =
            serde_json::from_str(r#"{"latency_ms":5,"hang_percent":60}"#).unwrap();
        behaviour.change(&change).unwrap();
        assert_eq!((behaviour.latency_ms, behaviour.hang_percent), (5, 60));
        assert_eq!(behaviour.status_delay_ms, 700);

        let impossible: BehaviourChange =
            serde_json::from_str(r#"{"latency_ms":9,"reset_percent":41}"#).unwrap();
        assert!(behaviour.change(&impossible).is_err());
        assert_eq!((behaviour.latency_ms, behaviour.reset_percent), (5, 0));
        assert!(serde_json::from_str::<BehaviourChange>(r#"{"latencyms":5}"#).is_err());
    }
}
