//! The sandbox's only doors to the wall clock and to randomness.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

/// The present. The sandbox plays an outside provider, which has a clock of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox plays an outside provider and shares no clock with the product"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox plays an outside provider, which draws its own ids"
)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a source of randomness");
    bytes
}

/// A message id as Meta writes it: opaque, unique across restarts.
pub(crate) fn message_id() -> String {
    format!("wamid.HBgM{}", STANDARD.encode(random::<27>()))
}

/// `fbtrace_id` of an error answer.
pub(crate) fn trace_id() -> String {
    format!("A{}", URL_SAFE_NO_PAD.encode(random::<16>()))
}

/// A numeric Graph object id of sixteen digits, as media ids are.
pub(crate) fn object_id() -> String {
    let digits = u64::from_le_bytes(random()) % 9_000_000_000_000_000;
    (1_000_000_000_000_000 + digits).to_string()
}

/// Names one run of the sandbox, so that a page can tell that its cursors are stale.
pub(crate) fn run_id() -> String {
    hex::encode(random::<8>())
}

/// FNV-1a: the same number behaves the same way in every run and on every machine.
pub(crate) fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// SplitMix64: the `index`-th draw, 0..100, of the series that `seed` names.
pub(crate) fn percent_draw(seed: u64, index: u64) -> u8 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    u8::try_from(z % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_for_a_seed_and_differ_between_seeds() {
        let series = |seed| (0..50).map(|i| percent_draw(seed, i)).collect::<Vec<_>>();
        assert_eq!(series(7), series(7));
        assert_ne!(series(7), series(8));
        let low = (0..10_000).filter(|i| percent_draw(7, *i) < 30).count();
        assert!((2_700..3_300).contains(&low), "{low} of 10,000 under 30 %");
    }

    #[test]
    fn message_ids_do_not_repeat() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(|_| message_id()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
