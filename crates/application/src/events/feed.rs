//! What is known of one user's campaigns at this instance, for all who follow them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{ChangeMark, MarkedCampaign, ProgressSource, StorageError};
use nexus_domain::{CampaignId, SessionKeyHash, UserId};
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::Instant;

use super::event::CampaignProgress;

/// The time between two looks of a feed.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many campaigns are read at once. Hardly anybody has as many that change within some minutes.
pub(super) const MOST_CAMPAIGNS: u32 = 500;

/// The campaigns of a user, as those who follow them know them. It does nothing by itself: whoever
/// follows looks when it is time, and the others find what was found.
pub(super) struct Feed {
    user: UserId,
    known: Mutex<Known>,
    calls: watch::Sender<()>,
}

/// What the looks so far have found.
#[derive(Default)]
pub(super) struct Known {
    looked_at: Option<Instant>,
    has_begun: bool,
    /// The latest mark that was seen: the next look begins some minutes before.
    mark: ChangeMark,
    /// Counts the looks that found something.
    version: u64,
    /// What has changed within some minutes of the latest change.
    campaigns: HashMap<CampaignId, Noted>,
    sessions: HashSet<SessionKeyHash>,
    /// Whether the last look found more than it may read.
    is_too_much: bool,
    /// How often that began or ended: something may have been missed then.
    resets: u64,
    is_failing: bool,
}

struct Noted {
    progress: Arc<CampaignProgress>,
    /// The version that this came with.
    version: u64,
}

impl Feed {
    pub(super) fn of(user: UserId) -> Self {
        Self {
            user,
            known: Mutex::default(),
            calls: watch::Sender::new(()),
        }
    }

    /// Has everyone who follows send something, so that it is known who is there.
    pub(super) fn call(&self) {
        self.calls.send_replace(());
    }

    pub(super) fn calls(&self) -> watch::Receiver<()> {
        self.calls.subscribe()
    }

    pub(super) fn user(&self) -> UserId {
        self.user
    }

    /// What is known, kept from change: of several who want to look, one does.
    pub(super) async fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().await
    }

    /// Looks at what is committed.
    pub(super) async fn look(
        &self,
        known: &mut Known,
        source: &dyn ProgressSource,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        // Before as well: a look that fails, or whose follower leaves, was one.
        known.looked_at = Some(Instant::now());
        let found = known.read(self.user, source, now).await;
        known.looked_at = Some(Instant::now());
        found
    }
}

impl Known {
    /// Whether it is time to look.
    pub(super) fn is_stale(&self) -> bool {
        self.next_look() <= Instant::now()
    }

    /// When it is time to look.
    pub(super) fn next_look(&self) -> Instant {
        self.looked_at
            .map_or_else(Instant::now, |at| at + LOOK_EVERY)
    }

    /// Whether the session was there at the last look.
    pub(super) fn has_session(&self, session: SessionKeyHash) -> bool {
        self.sessions.contains(&session)
    }

    pub(super) fn mark(&self) -> ChangeMark {
        self.mark
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn resets(&self) -> u64 {
        self.resets
    }

    /// The newest state of what has changed after `version`, by id.
    pub(super) fn changed_after(&self, version: u64) -> Vec<Arc<CampaignProgress>> {
        let mut changed: Vec<_> = self
            .campaigns
            .values()
            .filter(|noted| noted.version > version)
            .map(|noted| Arc::clone(&noted.progress))
            .collect();
        changed.sort_unstable_by_key(|progress| progress.id);
        changed
    }

    /// Notes how a look went, and says so when that is news.
    pub(super) fn note_outcome(&mut self, user: UserId, outcome: &Result<(), StorageError>) {
        let failed = outcome.as_ref().err();
        if let Some(error) = failed.filter(|_| !self.is_failing) {
            tracing::warn!(
                user_id = %user,
                error = error as &dyn std::error::Error,
                "a user's campaigns can't be followed for now"
            );
        }
        self.is_failing = failed.is_some();
    }

    async fn read(
        &mut self,
        user: UserId,
        source: &dyn ProgressSource,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.sessions = source.sessions(user, now).await?.into_iter().collect();
        let found = if self.has_begun {
            let since = self.mark.settled();
            source.changed_since(user, since, MOST_CAMPAIGNS).await?
        } else {
            source.unfinished(user, MOST_CAMPAIGNS).await?
        };
        self.take(found);
        Ok(())
    }

    fn take(&mut self, found: Vec<MarkedCampaign>) {
        let is_too_much = found.len() >= MOST_CAMPAIGNS as usize;
        if self.has_begun && is_too_much != self.is_too_much {
            self.resets += 1;
        }
        self.is_too_much = is_too_much;
        self.has_begun = true;
        let version = self.version + 1;
        let mut before = std::mem::take(&mut self.campaigns);
        for MarkedCampaign { campaign, mark } in found {
            self.mark = self.mark.max(mark);
            let progress = CampaignProgress::of(campaign);
            let unchanged = before
                .remove(&progress.id)
                .filter(|noted| *noted.progress == progress);
            if unchanged.is_none() {
                self.version = version;
            }
            let id = progress.id;
            let noted = unchanged.unwrap_or_else(|| Noted {
                progress: Arc::new(progress),
                version,
            });
            self.campaigns.insert(id, noted);
        }
    }
}
