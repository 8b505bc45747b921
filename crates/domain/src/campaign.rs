//! Campaigns and their life cycle.
//!
//! ```text
//! draft ◀─schedule, unschedule─▶ scheduled ──start──▶ active ──complete──▶ completed
//!   └──────────────start────────────┼──────────────▶  │ ▲ ▲───reopen────────┘
//!                                   │           pause ▼ │ resume
//!                                   └─miss─▶ missed  paused
//! (draft, scheduled, active, paused) ──cancel──▶ cancelled
//! missed ─▶ as a draft
//! ```

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::{FieldName, MessageText, Problem, SendWindow, ShortText, Tag};
use crate::{
    CampaignCounters, CampaignId, ContactFilter, ContactStatus, FailureCode, Schedule, Segment,
    SegmentId, SenderId, StartPlan, StartProblem, TemplateMessage, UserId,
};

/// What a campaign is sent over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// WhatsApp's Cloud API.
    Whatsapp,
    /// Gmail.
    Gmail,
}

impl ChannelKind {
    /// Reads `whatsapp` or `gmail`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        match raw.trim() {
            "whatsapp" => Ok(Self::Whatsapp),
            "gmail" => Ok(Self::Gmail),
            _ => Err(Problem::NotOneOf {
                accepted: ["whatsapp", "gmail"].map(String::from).to_vec(),
            }),
        }
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Gmail => "gmail",
        }
    }
}

/// What a campaign says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignContent {
    /// A text of the user's own.
    Text(MessageText),
    /// An approved template; the text, if any, is the user's note of what it says.
    Template {
        /// The template and its values.
        template: TemplateMessage,
        /// A text for the user's own lists.
        note: Option<MessageText>,
    },
    /// Nothing but the file that goes with it.
    FileOnly,
}

impl CampaignContent {
    /// The text for people's eyes: the message, or the note on a template.
    pub fn message(&self) -> Option<&MessageText> {
        match self {
            Self::Text(text) => Some(text),
            Self::Template { note, .. } => note.as_ref(),
            Self::FileOnly => None,
        }
    }

    /// The template, if it is one.
    pub fn template(&self) -> Option<&TemplateMessage> {
        match self {
            Self::Text(_) | Self::FileOnly => None,
            Self::Template { template, .. } => Some(template),
        }
    }

    /// The custom fields that it uses.
    pub fn custom_fields(&self) -> impl Iterator<Item = &FieldName> {
        let values = self
            .template()
            .into_iter()
            .flat_map(TemplateMessage::custom_fields);
        let message = self.message().into_iter();
        values.chain(message.flat_map(MessageText::custom_fields))
    }
}

/// What becomes of recipients whom WhatsApp would not let a text of the user's own reach, because
/// they have not written within 24 hours. Nothing of it concerns templates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum OutsideWindow {
    /// They are passed over when their turn comes, with a reason of its own.
    #[default]
    Skip,
    /// The campaign does not start while there is one; who falls outside later is passed over.
    Refuse,
}

impl OutsideWindow {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Skip, Self::Refuse];

    /// Reads `skip` or `refuse`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|choice| choice.as_str().to_owned()).to_vec(),
            })
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Refuse => "refuse",
        }
    }
}

/// Recipients chosen by a rule, resolved when the campaign starts; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Contacts in this segment, as it is then.
    pub segment: Option<SegmentId>,
    /// Contacts with all of these tags.
    pub tags: Vec<Tag>,
    /// Contacts with this status.
    pub status: Option<ContactStatus>,
    /// Contacts that this search finds.
    pub search: Option<ShortText>,
}

impl Audience {
    /// The rule as a filter of contacts. `None`, and so nobody, when it names a segment and
    /// `segment` is not that one: without it the rule would let too many through.
    pub fn filter(&self, segment: Option<&Segment>) -> Option<ContactFilter> {
        let own = ContactFilter {
            search: self.search.clone(),
            tags: self.tags.clone(),
            status: self.status,
            ..ContactFilter::default()
        };
        match self.segment {
            None => Some(own),
            Some(id) => segment
                .filter(|segment| segment.id == id)
                .map(|segment| own.and(segment.filter.clone())),
        }
    }
}

/// Where a campaign is in its life, with what belongs to it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignState {
    /// Being written; may be changed freely.
    Draft,
    /// Will start by itself.
    Scheduled {
        /// When, and what came of it so far.
        plan: StartPlan,
    },
    /// Being sent.
    Active {
        /// Since when.
        started_at: DateTime<Utc>,
    },
    /// Stopped for now; nothing new is sent.
    Paused {
        /// When it was started.
        started_at: DateTime<Utc>,
        /// `None` when the user paused it, else what went wrong.
        reason: Option<FailureCode>,
    },
    /// Every recipient is settled.
    Completed {
        /// When it was started.
        started_at: DateTime<Utc>,
        /// When the last recipient was settled.
        at: DateTime<Utc>,
    },
    /// Given up by the user.
    Cancelled {
        /// When it was started, if it ever was.
        started_at: Option<DateTime<Utc>>,
        /// When it was cancelled.
        at: DateTime<Utc>,
    },
    /// Scheduled, but it could not be started, or not in time.
    Missed {
        /// When it should have started.
        schedule: Schedule,
        /// Why it did not.
        problem: StartProblem,
    },
}

/// [`CampaignState`] without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignStatus {
    /// Being written.
    Draft,
    /// Will start by itself.
    Scheduled,
    /// Being sent.
    Active,
    /// Stopped for now.
    Paused,
    /// Every recipient is settled.
    Completed,
    /// Given up.
    Cancelled,
    /// Could not start in time.
    Missed,
}

impl CampaignStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Scheduled,
        Self::Active,
        Self::Paused,
        Self::Completed,
        Self::Cancelled,
        Self::Missed,
    ];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|status| status.as_str().to_owned()).to_vec(),
            })
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
        }
    }
}

impl CampaignState {
    /// Where it is.
    pub fn status(&self) -> CampaignStatus {
        match self {
            Self::Draft => CampaignStatus::Draft,
            Self::Scheduled { .. } => CampaignStatus::Scheduled,
            Self::Active { .. } => CampaignStatus::Active,
            Self::Paused { .. } => CampaignStatus::Paused,
            Self::Completed { .. } => CampaignStatus::Completed,
            Self::Cancelled { .. } => CampaignStatus::Cancelled,
            Self::Missed { .. } => CampaignStatus::Missed,
        }
    }

    /// When it was started, if it was.
    pub fn started_at(&self) -> Option<DateTime<Utc>> {
        match *self {
            Self::Active { started_at }
            | Self::Paused { started_at, .. }
            | Self::Completed { started_at, .. } => Some(started_at),
            Self::Cancelled { started_at, .. } => started_at,
            Self::Draft | Self::Scheduled { .. } | Self::Missed { .. } => None,
        }
    }

    /// When it was completed, if it was.
    pub fn completed_at(&self) -> Option<DateTime<Utc>> {
        match *self {
            Self::Completed { at, .. } => Some(at),
            _ => None,
        }
    }

    /// When it should start or should have started, if it was scheduled and did not.
    pub fn schedule(&self) -> Option<Schedule> {
        match *self {
            Self::Scheduled { plan } => Some(plan.schedule),
            Self::Missed { schedule, .. } => Some(schedule),
            _ => None,
        }
    }

    /// Why it did not start at its time, so far or for good.
    pub fn start_problem(&self) -> Option<StartProblem> {
        match *self {
            Self::Scheduled { plan } => plan.problem,
            Self::Missed { problem, .. } => Some(problem),
            _ => None,
        }
    }
}

/// An action that a campaign's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {} does not allow this", .status.as_str())]
pub struct CampaignTransitionError {
    /// Where the campaign is.
    pub status: CampaignStatus,
}

/// A message to many contacts of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// The campaign's id.
    pub id: CampaignId,
    /// Whose campaign this is.
    pub user_id: UserId,
    /// Its name.
    pub name: ShortText,
    /// What it is sent over.
    pub channel: ChannelKind,
    /// The subject of its e-mails.
    pub subject: Option<ShortText>,
    /// What it says.
    pub content: CampaignContent,
    /// Recipients chosen by a rule, besides those chosen one by one.
    pub audience: Option<Audience>,
    /// When it may be sent; at any time without one.
    pub send_window: Option<SendWindow>,
    /// What becomes of recipients who have not written within 24 hours.
    pub outside_window: OutsideWindow,
    /// The account that sends it, since it started.
    pub sender_id: Option<SenderId>,
    /// Where it is in its life.
    pub state: CampaignState,
    /// How many recipients are where. Changed only through the store, in the transaction that
    /// changes the recipients.
    pub counters: CampaignCounters,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Campaign {
    /// Where it is.
    pub fn status(&self) -> CampaignStatus {
        self.state.status()
    }

    pub(crate) fn refuse<T>(&self) -> Result<T, CampaignTransitionError> {
        Err(CampaignTransitionError {
            status: self.status(),
        })
    }

    pub(crate) fn enter(&mut self, state: CampaignState, now: DateTime<Utc>) {
        self.state = state;
        self.updated_at = now;
    }

    /// Whether it goes only to people who wrote within 24 hours: WhatsApp lets nothing else but
    /// approved templates through to the others.
    pub fn needs_window(&self) -> bool {
        self.channel == ChannelKind::Whatsapp && self.content.template().is_none()
    }

    /// Whether its text and recipients may still be changed: until it starts.
    pub fn check_editable(&self) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Draft
            | CampaignState::Scheduled { .. }
            | CampaignState::Missed { .. } => Ok(()),
            _ => self.refuse(),
        }
    }

    /// The segment by which its recipients will be chosen. Once it has started it needs none: its
    /// recipients are written down.
    pub fn awaited_segment(&self) -> Option<SegmentId> {
        self.check_editable().ok()?;
        self.audience.as_ref()?.segment
    }

    /// Whether its own rule chooses recipients by this tag; that of its segment aside.
    pub fn names_tag(&self, tag: &Tag) -> bool {
        self.audience
            .as_ref()
            .is_some_and(|audience| audience.tags.contains(tag))
    }

    /// The tag is called otherwise. What has started stays as it was. Whether that made a
    /// difference.
    pub fn rename_tag(&mut self, from: &Tag, to: &Tag, now: DateTime<Utc>) -> bool {
        if self.check_editable().is_err() {
            return false;
        }
        let Some(audience) = &mut self.audience else {
            return false;
        };
        let changed = Tag::rename(&mut audience.tags, from, to);
        if changed {
            self.updated_at = now;
        }
        changed
    }

    /// Whether it may be deleted: not while messages may be on their way.
    pub fn check_deletable(&self) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Active { .. } | CampaignState::Paused { .. } => self.refuse(),
            // Cancelled, and what was in flight then has not landed yet.
            _ if self.counters.pending > 0 => self.refuse(),
            _ => Ok(()),
        }
    }

    /// Starts to be sent by `sender`.
    pub fn start(
        &mut self,
        sender: SenderId,
        now: DateTime<Utc>,
    ) -> Result<(), CampaignTransitionError> {
        self.check_editable()?;
        self.sender_id = Some(sender);
        self.enter(CampaignState::Active { started_at: now }, now);
        Ok(())
    }

    /// Stops for now: `reason` is `None` when the user wants it.
    pub fn pause(
        &mut self,
        reason: Option<FailureCode>,
        now: DateTime<Utc>,
    ) -> Result<(), CampaignTransitionError> {
        let CampaignState::Active { started_at } = self.state else {
            return self.refuse();
        };
        self.enter(CampaignState::Paused { started_at, reason }, now);
        Ok(())
    }

    /// Goes on.
    pub fn resume(&mut self, now: DateTime<Utc>) -> Result<(), CampaignTransitionError> {
        let CampaignState::Paused { started_at, .. } = self.state else {
            return self.refuse();
        };
        self.enter(CampaignState::Active { started_at }, now);
        Ok(())
    }

    /// Some of its recipients wait again. What was completed is being sent once more; what is paused
    /// stays so until it is resumed.
    pub fn reopen(&mut self, now: DateTime<Utc>) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Completed { started_at, .. } => {
                self.enter(CampaignState::Active { started_at }, now);
                Ok(())
            }
            CampaignState::Active { .. } | CampaignState::Paused { .. } => Ok(()),
            _ => self.refuse(),
        }
    }

    /// Is completed when it is being sent and nobody is left. Whether that made a difference.
    pub fn complete_if_settled(&mut self, now: DateTime<Utc>) -> bool {
        let is_settled = self.status() == CampaignStatus::Active && self.counters.pending <= 0;
        is_settled && self.complete(now).is_ok()
    }

    /// Until when it waits for its window, while it is being sent and that is closed.
    pub fn waiting_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let window = self.send_window.filter(|window| !window.is_open(now))?;
        (self.status() == CampaignStatus::Active).then(|| window.opens_at(now))
    }

    /// Is given up. Recipients still queued are cancelled with it, by the use case.
    pub fn cancel(&mut self, now: DateTime<Utc>) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Draft
            | CampaignState::Scheduled { .. }
            | CampaignState::Active { .. }
            | CampaignState::Paused { .. } => {
                let started_at = self.state.started_at();
                self.enter(
                    CampaignState::Cancelled {
                        started_at,
                        at: now,
                    },
                    now,
                );
                Ok(())
            }
            _ => self.refuse(),
        }
    }

    /// Every recipient is settled. A paused campaign whose last message in flight was settled is
    /// complete as well.
    pub fn complete(&mut self, now: DateTime<Utc>) -> Result<(), CampaignTransitionError> {
        match self.state {
            CampaignState::Active { started_at } | CampaignState::Paused { started_at, .. } => {
                self.enter(
                    CampaignState::Completed {
                        started_at,
                        at: now,
                    },
                    now,
                );
                Ok(())
            }
            _ => self.refuse(),
        }
    }
}

/// Which campaigns are meant; every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignFilter {
    /// A part of the name; accents and case aside.
    pub search: Option<ShortText>,
    /// This status.
    pub status: Option<CampaignStatus>,
    /// This channel.
    pub channel: Option<ChannelKind>,
}
