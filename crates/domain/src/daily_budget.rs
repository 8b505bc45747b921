//! How many new people an account may write to within a day.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::MessageBucket;
use crate::values::Problem;

/// Meta's messaging limits: how many new people a number may write to within 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DailyLimit {
    /// 250 people.
    Of250,
    /// 2,000 people.
    Of2000,
    /// 10,000 people.
    Of10000,
    /// 100,000 people.
    Of100000,
    /// As many as there are.
    Unlimited,
}

impl DailyLimit {
    /// Every limit.
    pub const ALL: [Self; 5] = [
        Self::Of250,
        Self::Of2000,
        Self::Of10000,
        Self::Of100000,
        Self::Unlimited,
    ];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|limit| limit.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|limit| limit.as_str().to_owned()).to_vec(),
            })
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Of250 => "250",
            Self::Of2000 => "2000",
            Self::Of10000 => "10000",
            Self::Of100000 => "100000",
            Self::Unlimited => "unlimited",
        }
    }

    /// How many; `None`: as many as there are.
    pub fn people(self) -> Option<u32> {
        match self {
            Self::Of250 => Some(250),
            Self::Of2000 => Some(2_000),
            Self::Of10000 => Some(10_000),
            Self::Of100000 => Some(100_000),
            Self::Unlimited => None,
        }
    }
}

/// A person counts for a day. Counted are quarters of an hour, and each whole one until its end is a
/// day ago: never sooner than the provider lets go.
const COUNTS: TimeDelta = TimeDelta::minutes(24 * 60 + 15);

/// What is beyond so many renewals is not foreseen.
const FORESEEN: usize = 10_000;

/// How many new people an account may write to within 24 hours, at any time, and how many of them it
/// has. Whoever was written to already within that time does not count again: what is limited are
/// unique people (Meta's messaging limits).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyBudget {
    /// New people within 24 hours; `None`: as many as there are.
    pub limit: Option<u32>,
    /// How many began to count in each quarter of an hour, named by its start; the earliest first.
    pub quarters: Vec<(DateTime<Utc>, u32)>,
}

impl DailyBudget {
    /// The quarter in which whoever is written to now begins to count.
    pub fn quarter(now: DateTime<Utc>) -> DateTime<Utc> {
        MessageBucket::start_of(now)
    }

    /// Quarters that started after this still count.
    pub fn counting_after(now: DateTime<Utc>) -> DateTime<Utc> {
        now - COUNTS
    }

    fn counting(&self, now: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, u32)> {
        let after = Self::counting_after(now);
        let quarters = self.quarters.iter().copied();
        quarters.filter(move |(start, people)| *start > after && *people > 0)
    }

    /// How many new people may still be written to now.
    pub fn left(&self, now: DateTime<Utc>) -> u32 {
        let Some(limit) = self.limit else {
            return u32::MAX;
        };
        let used = self.counting(now).map(|(_, people)| people);
        limit.saturating_sub(used.fold(0, u32::saturating_add))
    }

    /// When somebody new may be written to again; `None` when somebody may now.
    pub fn renews_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let limit = self.limit?;
        let used = self.counting(now).map(|(_, people)| people);
        let mut used = used.fold(0, u32::saturating_add);
        if used < limit {
            return None;
        }
        for (start, people) in self.counting(now) {
            used -= people.min(used);
            if used < limit {
                return Some(start + COUNTS);
            }
        }
        None
    }

    /// When so many people will have been written to who are all new, at this pace from now on.
    /// `None` when that is too far away to be foreseen.
    pub fn finishes_at(
        &self,
        people: u64,
        per_second: f64,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let takes = |people: u64| {
            let people = u32::try_from(people).map_or(f64::from(u32::MAX), f64::from);
            let seconds = people / per_second.max(0.001);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float is cut to the range"
            )]
            TimeDelta::milliseconds((seconds * 1000.0) as i64)
        };
        if self.limit.is_none() {
            return now.checked_add_signed(takes(people));
        }
        let mut renewals: VecDeque<(DateTime<Utc>, u32)> = self
            .counting(now)
            .map(|(start, people)| (start + COUNTS, people))
            .collect();
        let (mut at, mut left, mut people) = (now, u64::from(self.left(now)), people);
        // A limit that was lowered: so many have to renew before the first is free.
        let used: u64 = self
            .counting(now)
            .map(|(_, people)| u64::from(people))
            .sum();
        let mut beyond = used.saturating_sub(self.limit.map_or(u64::MAX, u64::from));
        for _ in 0..FORESEEN {
            if people <= left {
                return at.checked_add_signed(takes(people));
            }
            people -= left;
            if left > 0 {
                let written = u32::try_from(left).unwrap_or(u32::MAX);
                renewals.push_back((Self::quarter(at) + COUNTS, written));
                at = at.checked_add_signed(takes(left))?;
            }
            let (renewed_at, renewed) = renewals.pop_front()?;
            at = at.max(renewed_at);
            left = u64::from(renewed).saturating_sub(beyond);
            beyond = beyond.saturating_sub(u64::from(renewed));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        let midnight = DateTime::from_timestamp(1_800_000_000 - 1_800_000_000 % 86_400, 0);
        midnight.expect("a time") + TimeDelta::minutes(minute)
    }

    fn budget(limit: u32, quarters: &[(i64, u32)]) -> DailyBudget {
        DailyBudget {
            limit: Some(limit),
            quarters: quarters.iter().map(|(m, n)| (at(*m), *n)).collect(),
        }
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn what_is_left_comes_back_a_day_after_its_quarter() {
        let budget = budget(250, &[(600, 200), (630, 50)]);
        assert_eq!(budget.left(at(640)), 0);
        assert_eq!(budget.renews_at(at(640)), Some(at(DAY + 615)));
        assert_eq!(budget.left(at(DAY + 614)), 0);
        assert_eq!(budget.left(at(DAY + 615)), 200);
        assert_eq!(budget.renews_at(at(DAY + 615)), None);
        assert_eq!(budget.left(at(DAY + 645)), 250);
    }

    #[test]
    fn a_limit_that_was_lowered_renews_when_enough_has_come_back() {
        let budget = budget(100, &[(0, 200), (60, 90)]);
        assert_eq!(budget.left(at(70)), 0);
        assert_eq!(budget.renews_at(at(70)), Some(at(DAY + 15)));
        let budget = budget_of_ninety_at_once();
        assert_eq!(budget.renews_at(at(70)), Some(at(DAY + 75)));
    }

    fn budget_of_ninety_at_once() -> DailyBudget {
        budget(90, &[(0, 200), (60, 90)])
    }

    #[test]
    fn without_a_limit_nothing_is_waited_for() {
        let budget = DailyBudget::default();
        assert_eq!(budget.left(at(0)), u32::MAX);
        assert_eq!(budget.renews_at(at(0)), None);
        assert_eq!(budget.finishes_at(600, 10.0, at(0)), Some(at(1)));
    }

    #[test]
    fn the_finish_counts_the_days_that_are_waited_for() {
        let fresh = budget(250, &[]);
        assert_eq!(fresh.finishes_at(240, 4.0, at(0)), Some(at(1)));
        // 250 today, 250 tomorrow, 120 the day after.
        assert_eq!(
            fresh.finishes_at(620, 4.0, at(0)),
            Some(at(2 * (DAY + 15)) + TimeDelta::seconds(30))
        );
        let used = budget(250, &[(0, 250)]);
        assert_eq!(used.finishes_at(240, 4.0, at(600)), Some(at(DAY + 16)));
        assert_eq!(budget(1, &[]).finishes_at(1_000_000, 4.0, at(0)), None);
    }

    #[test]
    fn the_finish_waits_until_a_lowered_limit_has_room_again() {
        let lowered = budget_of_ninety_at_once();
        assert_eq!(lowered.renews_at(at(70)), Some(at(DAY + 75)));
        assert_eq!(lowered.finishes_at(60, 1.0, at(70)), Some(at(DAY + 76)));
        // What is beyond the limit comes back in two parts, and only then somebody is free.
        let lowered = budget(90, &[(0, 100), (30, 100), (60, 90)]);
        assert_eq!(lowered.finishes_at(60, 1.0, at(70)), Some(at(DAY + 76)));
        // Of the 200 that come back first, 100 are beyond the limit.
        let lowered = budget(190, &[(0, 200), (60, 90)]);
        assert_eq!(lowered.finishes_at(60, 1.0, at(70)), Some(at(DAY + 16)));
        assert_eq!(
            lowered.finishes_at(160, 1.0, at(70)),
            Some(at(DAY + 76)),
            "100 then, and the rest when the others have come back"
        );
    }
}
