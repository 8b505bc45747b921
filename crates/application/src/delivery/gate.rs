//! What stands between a committed intent and the request: the lease, the shutdown, and what the
//! provider said meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nexus_domain::CampaignId;
use nexus_domain::ports::Entropy;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::config::DispatchConfig;
use super::failures::{FailureLimits, FailureRun};
use super::lease::LeaseWatch;
use super::outcome::Outcome;
use super::pacing::Pacing;
use crate::Shutdown;

/// Shared by all messages of one account that are in flight: what one of them learns holds the
/// others back at once, before anything of it is recorded.
pub(super) struct Gate {
    lease: Arc<LeaseWatch>,
    shutdown: Shutdown,
    backoff: Backoff,
    failures: FailureLimits,
    state: Mutex<State>,
}

struct State {
    pacing: Pacing,
    /// The account is too fast until then.
    closed_until: Option<Instant>,
    /// How often in a row it was.
    strikes: u32,
    /// When it was last: answers to requests that left before say nothing new.
    struck_at: Option<Instant>,
    /// How many messages in a row may or may not have been taken.
    doubts: u32,
    /// Since when every answer was that the account is too fast, or there was no connection.
    in_vain_since: Option<Instant>,
    refused_campaigns: BTreeSet<CampaignId>,
    account_refused: bool,
    runs: BTreeMap<CampaignId, FailureRun>,
    /// Of which too many messages were refused, and that is not recorded yet.
    stopped: BTreeSet<CampaignId>,
}

/// What the messages of an account heard together, which is recorded with what became of them.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Campaigns of which too many messages were refused, and that is not recorded yet.
    pub(super) stopped: BTreeSet<CampaignId>,
    /// For how long the account has got nowhere by now: it was throttled or not connected each time.
    /// This process alone knows, so another begins anew; that gives nobody up too early.
    pub(super) in_vain_for: Duration,
}

/// So many doubts in a row mean that the provider is in trouble: going on at full pace would leave
/// a whole campaign in doubt.
const DOUBTS_IN_A_ROW: u32 = 5;

impl Gate {
    pub(super) fn new(lease: Arc<LeaseWatch>, shutdown: Shutdown, config: &DispatchConfig) -> Self {
        Self {
            lease,
            shutdown,
            backoff: config.backoff,
            failures: config.failures,
            state: Mutex::new(State {
                pacing: Pacing::new(config.messages_per_second, Instant::now()),
                closed_until: None,
                strikes: 0,
                struck_at: None,
                doubts: 0,
                in_vain_since: None,
                refused_campaigns: BTreeSet::new(),
                account_refused: false,
                runs: BTreeMap::new(),
                stopped: BTreeSet::new(),
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
            Outcome::NotConnected
            | Outcome::Throttled {
                recipient_only: false,
                ..
            } => {
                state.in_vain_since.get_or_insert(left_at);
            }
            Outcome::HeldBack | Outcome::InDoubt { .. } => {}
            _ => state.in_vain_since = None,
        }
        match outcome {
            Outcome::InDoubt { .. } if state.doubts >= DOUBTS_IN_A_ROW => {
                self.close(&mut state, news, None, entropy);
            }
            Outcome::Throttled {
                retry_after,
                recipient_only: false,
            } => {
                self.close(&mut state, news, *retry_after, entropy);
                if news {
                    let now = Instant::now();
                    let until = state.closed_until.unwrap_or(now);
                    state.pacing.slow_down(now, until);
                }
            }
            Outcome::NotConnected => self.close(&mut state, news, None, entropy),
            Outcome::Accepted { .. } => {
                if news {
                    state.strikes = 0;
                }
                self.count(&mut state, campaign, false);
            }
            Outcome::Refused(_) => self.count(&mut state, campaign, true),
            // The others that carry the file wait until it is handed over again.
            Outcome::CampaignRefused(_) | Outcome::FileRefused { .. } => {
                state.refused_campaigns.insert(campaign);
            }
            Outcome::AccountRefused(_) => state.account_refused = true,
            _ => {}
        }
    }

    /// Counts a message that was taken or refused. One too many that was refused holds the others
    /// of its campaign back.
    fn count(&self, state: &mut State, campaign: CampaignId, refused: bool) {
        let run = state.runs.entry(campaign).or_default();
        run.note(refused);
        if run.is_too_long(self.failures) && state.refused_campaigns.insert(campaign) {
            state.stopped.insert(campaign);
        }
    }

    fn close(
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
        let mut state = self.state();
        state.refused_campaigns.remove(&campaign);
        state.runs.remove(&campaign);
    }

    /// These campaigns are being sent; of others nothing is remembered, so that one that was paused
    /// begins to count anew when it is resumed. While none is, no time is spent in vain.
    pub(super) fn remember_only(&self, active: &[CampaignId]) {
        let mut state = self.state();
        if active.is_empty() {
            state.in_vain_since = None;
        }
        state.runs.retain(|campaign, _| active.contains(campaign));
    }

    /// What is to be recorded with the messages that have landed.
    pub(super) fn heard(&self) -> Heard {
        let state = self.state();
        let in_vain_for = state.in_vain_since.map(|since| since.elapsed());
        Heard {
            stopped: state.stopped.clone(),
            in_vain_for: in_vain_for.unwrap_or_default(),
        }
    }

    /// That these are stopped is in the store.
    pub(super) fn note_stopped(&self, campaigns: &BTreeSet<CampaignId>) {
        let mut state = self.state();
        state
            .stopped
            .retain(|campaign| !campaigns.contains(campaign));
    }

    /// Leaves the provider alone until then.
    pub(super) fn close_until(&self, until: Instant) {
        let mut state = self.state();
        state.closed_until = state.closed_until.max(Some(until));
    }

    /// The next moment at which a message may leave.
    pub(super) fn take(&self, now: Instant) -> Instant {
        self.state().pacing.take(now)
    }

    /// How many messages may leave within `ahead` of now.
    pub(super) fn room(&self, now: Instant, ahead: Duration) -> usize {
        self.state().pacing.room(now, ahead)
    }

    /// How many may when none is waiting for its moment.
    pub(super) fn most(&self, now: Instant, ahead: Duration) -> usize {
        self.state().pacing.most(now, ahead)
    }

    /// When there will be room for `wanted`.
    pub(super) fn roomy_at(&self, wanted: usize, ahead: Duration, now: Instant) -> Instant {
        self.state().pacing.roomy_at(wanted, ahead, now)
    }

    /// As [`Self::reopen_campaign`], for the account.
    pub(super) fn reopen_account(&self) {
        self.state().account_refused = false;
    }
}
