//! What stands between a committed intent and the request: the lease, the shutdown, and what the
//! provider said meanwhile.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nexus_domain::CampaignId;
use nexus_domain::ports::Entropy;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::lease::LeaseWatch;
use super::outcome::Outcome;
use crate::Shutdown;

/// Shared by all messages of one account that are in flight: what one of them learns holds the
/// others back at once, before anything of it is recorded.
pub(super) struct Gate {
    lease: Arc<LeaseWatch>,
    shutdown: Shutdown,
    backoff: Backoff,
    state: Mutex<State>,
}

struct State {
    /// The account is too fast until then.
    closed_until: Option<Instant>,
    /// How often in a row it was.
    strikes: u32,
    /// When it was last: answers to requests that left before say nothing new.
    struck_at: Option<Instant>,
    /// How many messages in a row may or may not have been taken.
    doubts: u32,
    refused_campaigns: BTreeSet<CampaignId>,
    account_refused: bool,
}

/// So many doubts in a row mean that the provider is in trouble: going on at full pace would leave
/// a whole campaign in doubt.
const DOUBTS_IN_A_ROW: u32 = 5;

impl Gate {
    pub(super) fn new(lease: Arc<LeaseWatch>, shutdown: Shutdown, backoff: Backoff) -> Self {
        Self {
            lease,
            shutdown,
            backoff,
            state: Mutex::new(State {
                closed_until: None,
                strikes: 0,
                struck_at: None,
                doubts: 0,
                refused_campaigns: BTreeSet::new(),
                account_refused: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request of `campaign` may leave now.
    pub(super) fn lets_out(&self, campaign: CampaignId) -> bool {
        let state = self.state();
        !self.shutdown.requested()
            && self.lease.is_valid()
            && !state.account_refused
            && !state.refused_campaigns.contains(&campaign)
            && state
                .closed_until
                .is_none_or(|until| until <= Instant::now())
    }

    /// Takes in the outcome of a request that left at `left_at`.
    pub(super) fn learn(
        &self,
        campaign: CampaignId,
        left_at: Instant,
        outcome: &Outcome,
        entropy: &dyn Entropy,
    ) {
        let mut state = self.state();
        let news = state.struck_at.is_none_or(|struck_at| left_at >= struck_at);
        state.doubts = match outcome {
            Outcome::InDoubt { .. } => state.doubts.saturating_add(1),
            Outcome::HeldBack => state.doubts,
            _ => 0,
        };
        match outcome {
            Outcome::InDoubt { .. } if state.doubts >= DOUBTS_IN_A_ROW => {
                self.slow_down(&mut state, news, None, entropy);
            }
            Outcome::Throttled {
                retry_after,
                recipient_only: false,
            } => self.slow_down(&mut state, news, *retry_after, entropy),
            Outcome::NotConnected => self.slow_down(&mut state, news, None, entropy),
            Outcome::Accepted { .. } if news => state.strikes = 0,
            Outcome::CampaignRefused(_) => {
                state.refused_campaigns.insert(campaign);
            }
            Outcome::AccountRefused(_) => state.account_refused = true,
            _ => {}
        }
    }

    fn slow_down(
        &self,
        state: &mut State,
        news: bool,
        retry_after: Option<Duration>,
        entropy: &dyn Entropy,
    ) {
        let now = Instant::now();
        let mut wait = retry_after.unwrap_or_default();
        if news {
            state.strikes = state.strikes.saturating_add(1);
            state.struck_at = Some(now);
            wait = wait.max(self.backoff.after(state.strikes, entropy));
        }
        let until = now + wait;
        if state.closed_until.is_none_or(|closed| closed < until) {
            state.closed_until = Some(until);
        }
    }

    /// When the account may go on, if it is too fast now.
    pub(super) fn closed_until(&self) -> Option<Instant> {
        self.state()
            .closed_until
            .filter(|until| *until > Instant::now())
    }

    pub(super) fn is_account_refused(&self) -> bool {
        self.state().account_refused
    }

    pub(super) fn is_refused(&self, campaign: CampaignId) -> bool {
        self.state().refused_campaigns.contains(&campaign)
    }

    /// The campaign is paused in the store and nothing of it is in flight: whoever resumes it may
    /// send again.
    pub(super) fn reopen_campaign(&self, campaign: CampaignId) {
        self.state().refused_campaigns.remove(&campaign);
    }

    /// As [`Self::reopen_campaign`], for the account.
    pub(super) fn reopen_account(&self) {
        self.state().account_refused = false;
    }
}
