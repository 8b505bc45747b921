//! One page that follows its user's campaigns.

use std::sync::Arc;
use std::time::Duration;

use nexus_domain::SessionKeyHash;
use nexus_domain::ports::{ChangeMark, MarkedCampaign};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::event::{CampaignProgress, Event, EventId};
use super::feed::Known;
use super::seats::TakenSeat;

/// Proxies close connections on which nothing comes for a minute or so.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// When a page whose connection broke comes back: after this and up to twice as long, so that not all
/// come at once when an instance ends.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What a follower is told first.
pub(super) struct Beginning {
    pub(super) campaigns: Vec<MarkedCampaign>,
    /// Whether what the page had before may be out of date.
    pub(super) is_reset: bool,
    /// How far it is before it has all of this.
    pub(super) position: ChangeMark,
    /// The number of the last event that it has.
    pub(super) number: u64,
}

/// One page that follows its user's campaigns. What it does not take in time is replaced by what is
/// newer, so a slow one holds nothing back and gathers nothing.
pub struct Follower {
    shared: Arc<Shared>,
    seat: TakenSeat,
    session: SessionKeyHash,
    /// The first events, until they are taken.
    beginning: Vec<Event>,
    /// The version of the feed up to which it was told.
    seen: u64,
    resets: u64,
    position: ChangeMark,
    number: u64,
    next_look: Instant,
    told_at: Instant,
    calls: watch::Receiver<()>,
}

impl Follower {
    pub(super) fn new(
        shared: Arc<Shared>,
        seat: TakenSeat,
        session: SessionKeyHash,
        known: &Known,
        beginning: Beginning,
    ) -> Self {
        let mut follower = Self {
            shared,
            calls: seat.feed().calls(),
            seat,
            session,
            beginning: Vec::new(),
            seen: known.version(),
            resets: known.resets(),
            position: beginning.position,
            number: beginning.number,
            next_look: known.next_look(),
            told_at: Instant::now(),
        };
        let marks = beginning.campaigns.iter().map(|found| found.mark);
        let mark = marks.max().unwrap_or_default();
        let mut campaigns: Vec<_> = beginning
            .campaigns
            .into_iter()
            .map(|found| Arc::new(CampaignProgress::of(found.campaign)))
            .collect();
        campaigns.sort_unstable_by_key(|progress| progress.id);
        follower.beginning = follower.tell(beginning.is_reset, campaigns, mark);
        follower
    }

    /// When the page should come back should its connection break.
    pub fn retry_after(&self) -> Duration {
        let mut byte = [0];
        self.shared.ports.entropy.fill(&mut byte);
        RETRY_AFTER + RETRY_AFTER * u32::from(byte[0]) / u32::from(u8::MAX)
    }

    /// The next events, as soon as there are any; `None` once the session is over, the process is about
    /// to end, or nobody has asked for long. May be dropped before it is done: nothing is lost.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            if !self.seat.keep() || self.shared.shutdown.requested() {
                return None;
            }
            if !self.beginning.is_empty() {
                return Some(self.told(|follower| std::mem::take(&mut follower.beginning)));
            }
            tokio::select! {
                biased;
                () = self.shared.shutdown.wait() => return None,
                _ = self.calls.changed() => return Some(self.told(|_| vec![Event::Heartbeat])),
                () = tokio::time::sleep_until(self.next_look) => {}
            }
            // The time may have been up long ago, and nobody there to see it.
            if !self.seat.keep() {
                return None;
            }
            let events = self.look().await?;
            if !events.is_empty() {
                return Some(self.told(|_| events));
            }
            if self.told_at.elapsed() >= HEARTBEAT_EVERY {
                return Some(self.told(|_| vec![Event::Heartbeat]));
            }
        }
    }

    fn told(&mut self, events: impl FnOnce(&mut Self) -> Vec<Event>) -> Vec<Event> {
        self.told_at = Instant::now();
        events(self)
    }

    /// What has changed, as far as the feed knows, which is brought up to date when it is time. `None`
    /// once the session is over.
    async fn look(&mut self) -> Option<Vec<Event>> {
        let feed = Arc::clone(self.seat.feed());
        let mut known = feed.known().await;
        if known.is_stale() {
            let outcome = self.shared.look(&feed, &mut known).await;
            // While the database is away nobody is signed out, and the next look finds what this one
            // would have.
            known.note_outcome(feed.user(), &outcome);
        }
        self.next_look = known.next_look();
        if !known.has_session(self.session) {
            return None;
        }
        let is_reset = known.resets() != self.resets;
        let campaigns = known.changed_after(self.seen);
        let mark = known.mark();
        self.seen = known.version();
        self.resets = known.resets();
        drop(known);
        Some(self.tell(is_reset, campaigns, mark))
    }

    /// Numbers what is told. Only the last event says how far all of them reach: a page that got but
    /// some is told all again.
    fn tell(
        &mut self,
        is_reset: bool,
        campaigns: Vec<Arc<CampaignProgress>>,
        mark: ChangeMark,
    ) -> Vec<Event> {
        let mut events = Vec::with_capacity(campaigns.len() + usize::from(is_reset));
        if is_reset {
            let id = self.next_id();
            events.push(Event::Reset { id });
        }
        let mut left = campaigns.len();
        for progress in campaigns {
            left -= 1;
            if left == 0 {
                self.position = self.position.max(mark);
            }
            let id = self.next_id();
            events.push(Event::Campaign { id, progress });
        }
        events
    }

    fn next_id(&mut self) -> EventId {
        // It begins with what the client says.
        self.number = self.number.wrapping_add(1);
        EventId {
            mark: self.position,
            number: self.number,
        }
    }
}
