//! The pace of a sender account.

use std::time::Duration;

use tokio::time::Instant;

/// Hands out the moments at which messages may leave, evenly spaced. What was not used is lost:
/// no burst makes up for a pause.
#[derive(Debug)]
pub(super) struct Pacing {
    interval: Duration,
    next: Instant,
}

impl Pacing {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            next: now,
        }
    }

    /// The next moment, now or later.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        let slot = self.next.max(now);
        self.next = slot + self.interval;
        slot
    }

    /// How many moments there are from now until `ahead` of now.
    pub(super) fn room(&self, now: Instant, ahead: Duration) -> usize {
        let end = now + ahead;
        let start = self.next.max(now);
        if start >= end {
            return 0;
        }
        let moments = (end - start).as_nanos().div_ceil(self.interval.as_nanos());
        usize::try_from(moments).unwrap_or(usize::MAX)
    }

    /// How many moments `ahead` has when nothing was taken.
    pub(super) fn most(&self, ahead: Duration) -> usize {
        let moments = ahead.as_nanos().div_ceil(self.interval.as_nanos());
        usize::try_from(moments).unwrap_or(usize::MAX)
    }

    /// When there will be room for `wanted`.
    pub(super) fn roomy_at(&self, wanted: usize, ahead: Duration, now: Instant) -> Instant {
        let before_last = u32::try_from(wanted.saturating_sub(1)).unwrap_or(u32::MAX);
        let needed = self.next + self.interval.saturating_mul(before_last);
        // Strictly within `ahead`.
        (needed + Duration::from_nanos(1))
            .checked_sub(ahead)
            .map_or(now, |at| at.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn messages_leave_evenly_and_a_pause_is_not_made_up_for() {
        let start = Instant::now();
        let mut pacing = Pacing::new(10, start);
        let first: Vec<_> = (0..3)
            .map(|_| (pacing.take(start) - start).as_millis())
            .collect();
        assert_eq!(first, [0, 100, 200]);
        let later = start + Duration::from_secs(10);
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
}
