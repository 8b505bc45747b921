//! What a driver knows of its account's daily limit.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::{CampaignId, DailyBudget};
use tokio::time::Instant;

/// How long it is believed that there is no limit, and that a budget is used up.
pub(super) const BELIEVED: Duration = Duration::from_secs(5);

/// How often a campaign is asked, while a budget is used up, for people who count already. Few more
/// of them can come: those who were put off, and those whom a person sends to once more.
const LOOKS: Duration = Duration::from_secs(30);

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
    /// When campaigns in which nobody due counts already are asked again.
    asked_again_at: BTreeMap<CampaignId, Instant>,
}

impl Limits {
    pub(super) fn learn(&mut self, budget: &DailyBudget, at: DateTime<Utc>, now: Instant) {
        self.learned_at = Some(now);
        self.limit = budget.limit;
        self.left = budget.limit.map(|_| budget.left(at));
        if self.left != Some(0) {
            self.used_up_until = None;
            self.asked_again_at.clear();
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

    /// Nobody new may be written to before `until`, and all of this campaign who are due are new.
    pub(super) fn use_up(&mut self, campaign: CampaignId, until: Instant, now: Instant) {
        self.used_up_until = Some(until);
        self.asked_again_at.insert(campaign, now + LOOKS);
    }

    /// The campaigns that may have somebody to write to; or until when none has. Once nobody new is
    /// left, that are those in which people may be due who count already.
    pub(super) fn worth_asking(
        &mut self,
        active: Vec<CampaignId>,
        now: Instant,
    ) -> Result<Vec<CampaignId>, Instant> {
        let Some(renews_at) = self.used_up_until.filter(|until| *until > now) else {
            return Ok(active);
        };
        self.asked_again_at
            .retain(|campaign, at| *at > now && active.contains(campaign));
        let asked_again_at = self.asked_again_at.values().min();
        let until = asked_again_at.map_or(renews_at, |at| renews_at.min(*at));
        let mut worth = active;
        worth.retain(|campaign| !self.asked_again_at.contains_key(campaign));
        if worth.is_empty() {
            return Err(until);
        }
        Ok(worth)
    }

    /// How much of `room` may be claimed, shared by all campaigns.
    pub(super) fn room(&self, room: usize) -> usize {
        let left = self.left.filter(|left| *left > 0);
        left.map_or(room, |left| {
            room.min(usize::try_from(left).unwrap_or(usize::MAX))
        })
    }
}
