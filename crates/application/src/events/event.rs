//! What a page is told.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use nexus_domain::ports::ChangeMark;
use nexus_domain::values::ShortText;
use nexus_domain::{Campaign, CampaignCounters, CampaignId, CampaignState, ChannelKind};

/// How far a follower is: everything that was committed up to `mark` has been told, apart from what
/// [`ChangeMark::settled`] looks at again. The number counts a follower's events, over interruptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    pub(super) mark: ChangeMark,
    pub(super) number: u64,
}

impl EventId {
    /// Reads what [`ToString`] wrote: `29404163-17`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mark, number) = text.trim().split_once('-')?;
        let id = Self {
            mark: ChangeMark(mark.parse().ok()?),
            number: number.parse().ok()?,
        };
        (id.mark >= ChangeMark::default()).then_some(id)
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.mark.0, self.number)
    }
}

/// What is shown of a campaign while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignProgress {
    /// The campaign.
    pub id: CampaignId,
    /// Its name.
    pub name: ShortText,
    /// What it is sent over.
    pub channel: ChannelKind,
    /// Where it is in its life.
    pub state: CampaignState,
    /// How many recipients are where.
    pub counters: CampaignCounters,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed, its counters aside.
    pub updated_at: DateTime<Utc>,
}

impl CampaignProgress {
    pub(super) fn of(campaign: Campaign) -> Self {
        Self {
            id: campaign.id,
            name: campaign.name,
            channel: campaign.channel,
            state: campaign.state,
            counters: campaign.counters,
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
        }
    }
}

/// Something that a page is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The newest state of a campaign.
    Campaign {
        /// How far the page is with this.
        id: EventId,
        /// The campaign.
        progress: Arc<CampaignProgress>,
    },
    /// What the page shows may be out of date, beyond the campaigns that it is told of next.
    Reset {
        /// How far the page is with this.
        id: EventId,
    },
    /// Nothing; but the connection is alive.
    Heartbeat,
}
