//! The pace of a sender account: what is allowed, and what the provider bears at the moment.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of the pace after the provider said that it is too fast.
const SLOWER: f64 = 0.7;
/// How much faster it becomes with every second without that: from half to the whole in 15 s.
const FASTER_PER_SECOND: f64 = 1.05;
/// The slowest pace, in messages per second.
const SLOWEST: f64 = 1.0;

/// Hands out the moments at which messages may leave, evenly spaced. What was not used is lost:
/// no burst makes up for a pause.
///
/// It slows down by a factor whenever the provider says that the account is too fast, and recovers
/// by itself. So it finds the pace that the provider bears, whatever that is and whenever it changes.
#[derive(Debug)]
pub(super) struct Pacing {
    /// The pace that is never exceeded, in messages per second.
    most: f64,
    /// The pace at `grows_from`, since when it has been growing.
    pace: f64,
    grows_from: Instant,
    next: Instant,
}

impl Pacing {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let most = f64::from(per_second.max(1));
        Self {
            most,
            pace: most,
            grows_from: now,
            next: now,
        }
    }

    /// Messages per second at `at`.
    pub(super) fn pace(&self, at: Instant) -> f64 {
        let growing = at.saturating_duration_since(self.grows_from);
        let pace = self.pace * FASTER_PER_SECOND.powf(growing.as_secs_f64());
        pace.min(self.most)
    }

    /// The provider said at `now` that the account is too fast, and is left alone until `until`;
    /// from then on the pace grows again.
    pub(super) fn slow_down(&mut self, now: Instant, until: Instant) {
        self.pace = (self.pace(now) * SLOWER).max(SLOWEST.min(self.most));
        self.grows_from = until.max(now);
    }

    fn interval(&self, at: Instant) -> Duration {
        Duration::from_secs_f64(self.pace(at).recip()).max(Duration::from_nanos(1))
    }

    /// The next moment, now or later.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let slot = self.next.max(now);
        self.next = slot + self.interval(slot);
        slot
    }

    /// How many moments there are from now until `ahead` of now.
    pub(super) fn room(&self, now: Instant, ahead: Duration) -> usize {
        let end = now + ahead;
        let start = self.next.max(now);
        if start >= end {
            return 0;
        }
        moments(end - start, self.interval(now))
    }

    /// How many moments `ahead` has when nothing was taken.
    pub(super) fn most(&self, now: Instant, ahead: Duration) -> usize {
        moments(ahead, self.interval(now))
    }

    /// When there will be room for `wanted`.
    pub(super) fn roomy_at(&self, wanted: usize, ahead: Duration, now: Instant) -> Instant {
        let before_last = u32::try_from(wanted.saturating_sub(1)).unwrap_or(u32::MAX);
        let needed = self.next + self.interval(now).saturating_mul(before_last);
        // Strictly within `ahead`.
        (needed + Duration::from_nanos(1))
            .checked_sub(ahead)
            .map_or(now, |at| at.max(now))
    }
}

fn moments(time: Duration, interval: Duration) -> usize {
    usize::try_from(time.as_nanos().div_ceil(interval.as_nanos())).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[tokio::test(start_paused = true)]
    async fn messages_leave_evenly_and_a_pause_is_not_made_up_for() {
        let start = Instant::now();
        let mut pacing = Pacing::new(10, start);
        let first: Vec<_> = (0..3)
            .map(|_| (pacing.take(start) - start).as_millis())
            .collect();
        assert_eq!(first, [0, 100, 200]);
        let later = start + seconds(10);
        let after_pause: Vec<_> = (0..3)
            .map(|_| (pacing.take(later) - later).as_millis())
            .collect();
        assert_eq!(after_pause, [0, 100, 200]);
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_bounded_by_what_leaves_soon() {
        let start = Instant::now();
        let ahead = Duration::from_millis(250);
        let mut pacing = Pacing::new(10, start);
        assert_eq!(pacing.room(start, ahead), 3);
        for _ in 0..3 {
            pacing.take(start);
        }
        assert_eq!(pacing.room(start, ahead), 0);
        let at = pacing.roomy_at(2, ahead, start);
        assert!(pacing.room(at, ahead) >= 2);
        assert!(pacing.room(at - Duration::from_millis(1), ahead) < 2);
    }

    #[tokio::test(start_paused = true)]
    async fn too_fast_it_slows_down_each_time_and_never_stands_still() {
        let start = Instant::now();
        let mut pacing = Pacing::new(80, start);
        pacing.slow_down(start, start);
        assert!((pacing.pace(start) - 56.0).abs() < 0.01);
        pacing.slow_down(start, start);
        assert!((pacing.pace(start) - 39.2).abs() < 0.01);
        for _ in 0..50 {
            pacing.slow_down(start, start);
        }
        assert!((pacing.pace(start) - 1.0).abs() < 0.001);
    }

    #[tokio::test(start_paused = true)]
    async fn left_in_peace_it_recovers_up_to_what_is_allowed() {
        let start = Instant::now();
        let mut pacing = Pacing::new(80, start);
        let rested = start + seconds(60);
        pacing.slow_down(start, rested);
        // Not while the provider is left alone.
        assert!((pacing.pace(rested) - 56.0).abs() < 0.01);
        let soon = pacing.pace(rested + seconds(4));
        assert!(soon > 66.0 && soon < 72.0, "{soon}");
        assert!((pacing.pace(rested + seconds(8)) - 80.0).abs() < 0.01);
        assert!((pacing.pace(rested + seconds(100_000)) - 80.0).abs() < 0.01);
    }

    /// A provider that bears fewer than are allowed, second after second.
    #[tokio::test(start_paused = true)]
    async fn it_finds_the_pace_that_the_provider_bears() {
        let start = Instant::now();
        let mut pacing = Pacing::new(1_000, start);
        let (mut now, mut sent, mut refused) = (start, 0, 0);
        let mut window_start = start;
        let mut in_window = 0;
        while now < start + seconds(600) {
            now = pacing.take(now);
            if now >= window_start + seconds(1) {
                window_start = now;
                in_window = 0;
            }
            in_window += 1;
            if in_window > 80 {
                refused += 1;
                pacing.slow_down(now, now + seconds(1));
                now += seconds(1);
            } else {
                sent += 1;
            }
        }
        // 48,000 would be all that it bears.
        assert!(sent > 33_000, "{sent}");
        assert!(refused < 130, "{refused}");
    }
}
