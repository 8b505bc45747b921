//! A table of campaigns, and pages that follow them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{ChangeMark, Entropy, MarkedCampaign, ProgressSource, StorageError};
use nexus_domain::values::{MessageText, ShortText};
use nexus_domain::{
    Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState, CampaignStatus,
    ChannelKind, OutsideWindow, SessionKeyHash, UserId,
};

use crate::events::{Event, EventId, EventLimits, EventPorts, Events, FollowError, Follower};
use crate::fixtures::{actor, clock, entropy, now, user};
use crate::{Actor, Shutdown};

/// The minute in which the tests begin.
pub(super) const START: i64 = 29_000_000;

pub(super) const SESSION: SessionKeyHash = SessionKeyHash([1; 32]);

/// What is committed.
#[derive(Default)]
pub(super) struct Table {
    campaigns: Mutex<BTreeMap<CampaignId, MarkedCampaign>>,
    sessions: Mutex<Vec<SessionKeyHash>>,
    /// How often sessions were asked for: once a look.
    looks: AtomicUsize,
    is_away: AtomicBool,
    is_stuck: AtomicBool,
}

impl Table {
    async fn answer<T>(&self, answer: T) -> Result<T, StorageError> {
        if self.is_stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable("away".into()));
        }
        Ok(answer)
    }

    fn select(
        &self,
        user: UserId,
        most: u32,
        is_meant: impl Fn(&MarkedCampaign) -> bool,
    ) -> Vec<MarkedCampaign> {
        let campaigns = self.campaigns.lock().expect("no test panics meanwhile");
        let mut found: Vec<_> = campaigns
            .values()
            .filter(|found| found.campaign.user_id == user && is_meant(found))
            .cloned()
            .collect();
        found.sort_by_key(|found| -found.mark.0);
        found.truncate(most as usize);
        found
    }
}

#[async_trait]
impl ProgressSource for Table {
    async fn unfinished(
        &self,
        user: UserId,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError> {
        use CampaignStatus::{Active, Paused, Scheduled};
        let latest = self.select(user, 1, |_| true);
        let latest = latest.first().map_or(ChangeMark(0), |found| found.mark);
        let found = self.select(user, most, |found| {
            matches!(found.campaign.status(), Scheduled | Active | Paused)
                || found.mark >= latest.settled()
        });
        self.answer(found).await
    }

    async fn changed_since(
        &self,
        user: UserId,
        since: ChangeMark,
        most: u32,
    ) -> Result<Vec<MarkedCampaign>, StorageError> {
        let found = self.select(user, most, |found| found.mark >= since);
        self.answer(found).await
    }

    async fn sessions(
        &self,
        _: UserId,
        _: DateTime<Utc>,
    ) -> Result<Vec<SessionKeyHash>, StorageError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        let sessions = self.sessions.lock().expect("free").clone();
        self.answer(sessions).await
    }
}

pub(super) struct World {
    pub(super) events: Events,
    pub(super) shutdown: Shutdown,
    table: Arc<Table>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    /// Where one session of the user of the tests is.
    pub(super) fn new() -> Self {
        Self::with(EventLimits {
            per_user: 3,
            in_all: 5,
        })
    }

    pub(super) fn with(limits: EventLimits) -> Self {
        let table = Arc::new(Table::default());
        let shutdown = Shutdown::new();
        let ports = EventPorts {
            source: Arc::clone(&table) as Arc<dyn ProgressSource>,
            clock: clock(),
            entropy: entropy(),
        };
        let entropy = entropy();
        // The first id of every entropy is that of the user of the tests.
        UserId::new(now(), entropy.as_ref());
        let world = Self {
            events: Events::new(ports, limits, shutdown.clone()),
            shutdown,
            table,
            entropy,
        };
        world.sign_in(SESSION);
        world
    }

    pub(super) fn sign_in(&self, session: SessionKeyHash) {
        self.table.sessions.lock().expect("free").push(session);
    }

    pub(super) fn sign_out(&self, session: SessionKeyHash) {
        let mut sessions = self.table.sessions.lock().expect("free");
        sessions.retain(|known| *known != session);
    }

    /// An active campaign of the user, marked with so many minutes after the start.
    pub(super) fn campaign(&self, minute: i64) -> CampaignId {
        self.campaign_of(user().id, minute)
    }

    pub(super) fn campaign_of(&self, user: UserId, minute: i64) -> CampaignId {
        let id = CampaignId::new(now(), self.entropy.as_ref());
        let mut campaigns = self.table.campaigns.lock().expect("free");
        let campaign = Campaign {
            id,
            user_id: user,
            name: ShortText::parse("Rebajas").expect("a name"),
            channel: ChannelKind::Whatsapp,
            subject: None,
            content: CampaignContent::Text(MessageText::from_stored("Hola").expect("a text")),
            audience: None,
            outside_window: OutsideWindow::default(),
            send_window: None,
            sender_id: None,
            state: CampaignState::Active { started_at: now() },
            counters: CampaignCounters {
                total: 100,
                pending: 100,
                ..CampaignCounters::default()
            },
            created_at: now(),
            updated_at: now(),
        };
        let mark = ChangeMark(START + minute);
        campaigns.insert(id, MarkedCampaign { campaign, mark });
        id
    }

    /// So many were sent by then.
    pub(super) fn sent(&self, id: CampaignId, sent: i64, minute: i64) {
        self.change(id, minute, |campaign| {
            campaign.counters.sent = sent;
            campaign.counters.pending = campaign.counters.total - sent;
        });
    }

    pub(super) fn change(&self, id: CampaignId, minute: i64, change: impl FnOnce(&mut Campaign)) {
        let mut campaigns = self.table.campaigns.lock().expect("free");
        let found = campaigns.get_mut(&id).expect("a campaign");
        change(&mut found.campaign);
        found.mark = ChangeMark(START + minute);
    }

    pub(super) fn another_user(&self) -> UserId {
        UserId::new(now(), self.entropy.as_ref())
    }

    pub(super) fn looks(&self) -> usize {
        self.table.looks.load(Ordering::SeqCst)
    }

    pub(super) fn lose_database(&self, is_away: bool) {
        self.table.is_away.store(is_away, Ordering::SeqCst);
    }

    pub(super) fn stick(&self, is_stuck: bool) {
        self.table.is_stuck.store(is_stuck, Ordering::SeqCst);
    }

    pub(super) async fn try_follow(&self, last: Option<&str>) -> Result<Follower, FollowError> {
        self.events.follow(&actor(), SESSION, last).await
    }

    pub(super) async fn follow(&self) -> Follower {
        self.try_follow(None).await.expect("a place")
    }

    /// Comes back after the event with this id.
    pub(super) async fn come_back(&self, last: EventId) -> Follower {
        let follower = self.try_follow(Some(&last.to_string())).await;
        follower.expect("a place")
    }

    pub(super) async fn follow_as(&self, user: UserId) -> Result<Follower, FollowError> {
        let actor = Actor::on_behalf_of(user);
        self.events.follow(&actor, SESSION, None).await
    }
}

/// What comes within so many seconds.
pub(super) async fn within(follower: &mut Follower, seconds: u64) -> Vec<Event> {
    let mut told = Vec::new();
    let all = async {
        while let Some(events) = follower.next().await {
            told.extend(events);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(seconds), all).await;
    told
}

/// The next events. That it has not ended.
pub(super) async fn next(follower: &mut Follower) -> Vec<Event> {
    follower.next().await.expect("it goes on")
}

/// Each campaign with how many were sent.
pub(super) fn progress(events: &[Event]) -> Vec<(CampaignId, i64)> {
    let progress = events.iter().filter_map(|event| match event {
        Event::Campaign { progress, .. } => Some((progress.id, progress.counters.sent)),
        Event::Reset { .. } | Event::Heartbeat => None,
    });
    progress.collect()
}

pub(super) fn event_ids(events: &[Event]) -> Vec<EventId> {
    let ids = events.iter().filter_map(|event| match event {
        Event::Campaign { id, .. } | Event::Reset { id } => Some(*id),
        Event::Heartbeat => None,
    });
    ids.collect()
}

pub(super) fn is_reset(events: &[Event]) -> bool {
    matches!(events.first(), Some(Event::Reset { .. }))
}

pub(super) fn resets(events: &[Event]) -> usize {
    let resets = events
        .iter()
        .filter(|event| matches!(event, Event::Reset { .. }));
    resets.count()
}
