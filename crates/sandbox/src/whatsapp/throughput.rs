//! Messages a second for each business number (Meta: 80, upgraded to 1,000; above, 130429).

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::locks::lock;

/// A token bucket for each phone number id. It holds one second's worth, so a client that
/// keeps the pace is never refused for jitter.
#[derive(Default)]
pub(crate) struct Throughput(Mutex<HashMap<String, Bucket>>);

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throughput {
    /// Whether one more message is within `per_second` (0 = no limit).
    pub(crate) fn admits(&self, phone_number_id: &str, per_second: u32, now: Instant) -> bool {
        if per_second == 0 {
            return true;
        }
        let rate = f64::from(per_second);
        let mut buckets = lock(&self.0);
        let bucket = buckets.entry(phone_number_id.to_owned()).or_insert(Bucket {
            tokens: rate,
            at: now,
        });
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * rate).min(rate);
        bucket.at = now;
        let admitted = bucket.tokens >= 1.0;
        if admitted {
            bucket.tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_rate_is_held_for_each_number_by_itself() {
        let throughput = Throughput::default();
        let start = Instant::now();
        let admitted = |id: &str, now| (0..50).filter(|_| throughput.admits(id, 10, now)).count();
        assert_eq!(admitted("1", start), 10);
        assert_eq!(admitted("2", start), 10);
        assert_eq!(admitted("1", start + Duration::from_millis(500)), 5);
        assert_eq!(admitted("1", start + Duration::from_mins(1)), 10);
        assert!((0..1000).all(|_| throughput.admits("3", 0, start)));
    }
}
