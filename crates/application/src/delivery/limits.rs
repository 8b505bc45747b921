//! What a driver knows of its account's daily limit.

use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::DailyBudget;
use tokio::time::Instant;

/// How long it is believed that there is no limit, and that a budget is used up.
pub(super) const BELIEVED: Duration = Duration::from_secs(5);

/// What is known of an account's limit.
#[derive(Debug, Default)]
pub(super) struct Limits {
    learned_at: Option<Instant>,
    /// New people a day; `None`: as many as there are.
    limit: Option<u32>,
    /// How many new people were left then; `None` without a limit.
    left: Option<u32>,
    /// Nobody new may be written to before this.
    used_up_until: Option<Instant>,
}

impl Limits {
    pub(super) fn learn(&mut self, budget: &DailyBudget, at: DateTime<Utc>, now: Instant) {
        self.learned_at = Some(now);
        self.limit = budget.limit;
        self.left = budget.limit.map(|_| budget.left(at));
        if self.left != Some(0) {
            self.used_up_until = None;
        }
    }

    /// Whether it need not be looked at again yet.
    pub(super) fn are_known(&self, now: Instant) -> bool {
        let believed = self.learned_at.is_some_and(|at| at + BELIEVED > now);
        believed && (self.left.is_none() || self.used_up_until.is_some())
    }

    /// New people a day; `None`: as many as there are.
    pub(super) fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// Whoever is due is somebody new.
    pub(super) fn use_up(&mut self, until: Instant) {
        self.used_up_until = Some(until);
    }

    /// How much of `room` may be claimed, shared by all campaigns; or until when nothing may. Once
    /// nobody new is left, those who count already may still be written to.
    pub(super) fn room(&self, room: usize, now: Instant) -> Result<usize, Instant> {
        if let Some(until) = self.used_up_until.filter(|until| *until > now) {
            return Err(until);
        }
        let left = self.left.filter(|left| *left > 0);
        Ok(left.map_or(room, |left| {
            room.min(usize::try_from(left).unwrap_or(usize::MAX))
        }))
    }
}
