//! One recipient of one campaign, and everything that happened to it: a row of the delivery ledger.
//!
//! ```text
//! queued ─begin─▶ dispatching ─accept─▶ accepted ─▶ delivered ─▶ read
//!   ▲  ▲              │ │ └──refuse──▶ failed ◀── (status webhook)
//!   │  └──postpone────┘ └───doubt────▶ in_doubt ──▶ unconfirmed
//!   └───────────not sent───────────────┘
//! queued ─▶ skipped, cancelled
//! failed ─retry─▶ queued, unconfirmed ─send again─▶ queued      (a person says so)
//! ```
//!
//! What the provider reports moves a recipient forward only, and whichever order the reports come
//! in, the end is the same: `sent < failed < delivered < read`.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::Problem;
use crate::{CampaignContactId, CampaignId, ContactId, Decision, DecisionFilter, SenderId, UserId};

/// Where a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waiting for its turn.
    Queued,
    /// The intent to send is committed; the request may be on its way.
    Dispatching,
    /// The provider took it.
    Accepted,
    /// It reached the person.
    Delivered,
    /// The person read it.
    Read,
    /// Refused for good.
    Failed,
    /// Passed over, with a reason.
    Skipped,
    /// The request may have reached the provider and no answer came: never sent again blindly.
    InDoubt,
    /// In doubt past the grace time; listed for the user.
    Unconfirmed,
    /// The campaign was cancelled first.
    Cancelled,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Dispatching,
        Self::Accepted,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Skipped,
        Self::InDoubt,
        Self::Unconfirmed,
        Self::Cancelled,
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
            Self::Queued => "queued",
            Self::Dispatching => "dispatching",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::InDoubt => "in_doubt",
            Self::Unconfirmed => "unconfirmed",
            Self::Cancelled => "cancelled",
        }
    }

    /// How far the provider is known to have brought it.
    fn progress(self) -> u8 {
        match self {
            Self::Queued
            | Self::Dispatching
            | Self::InDoubt
            | Self::Unconfirmed
            | Self::Skipped
            | Self::Cancelled => 0,
            Self::Accepted => 1,
            Self::Failed => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }
}

/// Why a recipient was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The contact asked not to be written to.
    OptedOut,
    /// The user set the contact aside.
    Inactive,
    /// The contact has no address on this channel.
    NoAddress,
    /// Another recipient of the campaign has the same address.
    DuplicateAddress,
    /// The contact was deleted before its turn.
    ContactDeleted,
    /// A value that the message needs is empty for this contact, and there is no fallback.
    VariableEmpty,
    /// A text of the user's own, and the person has not written within 24 hours.
    OutsideWindow,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::OptedOut,
        Self::Inactive,
        Self::NoAddress,
        Self::DuplicateAddress,
        Self::ContactDeleted,
        Self::VariableEmpty,
        Self::OutsideWindow,
    ];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Inactive => "inactive",
            Self::NoAddress => "no_address",
            Self::DuplicateAddress => "duplicate_address",
            Self::ContactDeleted => "contact_deleted",
            Self::VariableEmpty => "variable_empty",
            Self::OutsideWindow => "outside_window",
        }
    }
}

/// What a definite failure means, whatever the provider's code for it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The address can't receive messages on this channel.
    Unreachable,
    /// More than 24 hours since the person last wrote: only a template may be sent.
    TemplateRequired,
    /// The person does not want marketing messages.
    OptedOut,
    /// The provider holds back marketing messages to this person for now.
    RecipientLimited,
    /// The provider can't accept this message as it is.
    InvalidMessage,
    /// The text for this recipient is longer than the provider takes.
    MessageTooLong,
    /// The template does not exist, or is not approved, paused or disabled.
    TemplateUnusable,
    /// The template has other variables than the campaign gives.
    TemplateParameters,
    /// The provider does not take the file, or can't use it.
    MediaUnusable,
    /// The file is not there any more.
    MediaMissing,
    /// The key is wrong, expired or lacks a permission.
    CredentialInvalid,
    /// The provider has blocked or limited the account; a person must act there.
    AccountBlocked,
    /// The provider rates the template so low that it is about to stop it.
    TemplateQuality,
    /// The provider rates the number so low that it is about to limit it.
    NumberQuality,
    /// The provider was busy each time until the number of tries ran out.
    RetriesExhausted,
    /// Of a campaign: so many of its messages were refused that it was stopped.
    TooManyFailures,
    /// Anything else; the provider's code says more.
    Other,
}

impl FailureCode {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::Unreachable,
        Self::TemplateRequired,
        Self::OptedOut,
        Self::RecipientLimited,
        Self::InvalidMessage,
        Self::MessageTooLong,
        Self::TemplateUnusable,
        Self::TemplateParameters,
        Self::MediaUnusable,
        Self::MediaMissing,
        Self::CredentialInvalid,
        Self::AccountBlocked,
        Self::TemplateQuality,
        Self::NumberQuality,
        Self::RetriesExhausted,
        Self::TooManyFailures,
        Self::Other,
    ];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TemplateRequired => "template_required",
            Self::OptedOut => "opted_out",
            Self::RecipientLimited => "recipient_limited",
            Self::InvalidMessage => "invalid_message",
            Self::MessageTooLong => "message_too_long",
            Self::TemplateUnusable => "template_unusable",
            Self::TemplateParameters => "template_parameters",
            Self::MediaUnusable => "media_unusable",
            Self::MediaMissing => "media_missing",
            Self::CredentialInvalid => "credential_invalid",
            Self::AccountBlocked => "account_blocked",
            Self::TemplateQuality => "template_quality",
            Self::NumberQuality => "number_quality",
            Self::RetriesExhausted => "retries_exhausted",
            Self::TooManyFailures => "too_many_failures",
            Self::Other => "other",
        }
    }
}

/// A definite failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// What it means.
    pub code: FailureCode,
    /// The provider's own code.
    pub provider_code: Option<i64>,
    /// The provider's own words, cut to 300 characters.
    pub detail: Option<String>,
}

/// One try to send to one recipient: the recipient and the number of the try. It travels to the
/// provider as opaque data (WhatsApp: `biz_opaque_callback_data`) and comes back in its reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptId {
    /// The recipient.
    pub recipient: CampaignContactId,
    /// Counted from 1.
    pub number: u32,
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.recipient.as_uuid().simple(), self.number)
    }
}

/// A text that is no attempt's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an attempt")]
pub struct NotAnAttempt;

impl FromStr for AttemptId {
    type Err = NotAnAttempt;

    fn from_str(text: &str) -> Result<Self, NotAnAttempt> {
        let (recipient, number) = text.split_once('.').ok_or(NotAnAttempt)?;
        let attempt = Self {
            recipient: CampaignContactId::from_uuid(
                Uuid::try_parse(recipient).map_err(|_| NotAnAttempt)?,
            ),
            number: number.parse().map_err(|_| NotAnAttempt)?,
        };
        // An attempt has one spelling: opaque data of others is not taken for ours.
        (attempt.number > 0 && attempt.to_string() == text)
            .then_some(attempt)
            .ok_or(NotAnAttempt)
    }
}

/// What the provider says became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusUpdate {
    /// It left the provider.
    Sent,
    /// It reached the person.
    Delivered,
    /// The person read it (or played it).
    Read,
    /// It did not and will not reach the person.
    Failed(Failure),
}

/// A report of the provider on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// The attempt, when the report carries our opaque data.
    pub attempt: Option<AttemptId>,
    /// The provider's id of the message.
    pub message_id: String,
    /// What it says.
    pub update: StatusUpdate,
    /// When it happened, by the provider's clock.
    pub at: DateTime<Utc>,
}

/// The outcome of an attempt that is not the recipient's current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the recipient is no longer in this attempt")]
pub struct StaleAttempt;

/// What happened to a recipient so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it is.
    pub status: DeliveryStatus,
    /// How often sending was begun; the current attempt's number.
    pub attempts: u32,
    /// Of these, how many certainly never left this server.
    pub never_left: u32,
    /// How often the provider said that this person is written to too often.
    pub put_off: u32,
    /// Queued, but not before this.
    pub not_before: Option<DateTime<Utc>>,
    /// The provider's id of the message.
    pub message_id: Option<String>,
    /// Why it failed, while it is failed.
    pub failure: Option<Failure>,
    /// Why it was passed over, while it is skipped.
    pub skipped: Option<SkipReason>,
    /// When the current attempt's intent was committed.
    pub dispatched_at: Option<DateTime<Utc>>,
    /// When the provider took it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it reached the person.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// When it failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// When the person answered.
    pub replied_at: Option<DateTime<Utc>>,
    /// The attempts up to this number are known to have failed for good, and it is sent once more.
    pub failed_through: u32,
    /// What the user decided when it could not be confirmed.
    pub decision: Option<Decision>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Waiting for its turn.
    pub fn queued() -> Self {
        Self {
            status: DeliveryStatus::Queued,
            attempts: 0,
            never_left: 0,
            put_off: 0,
            not_before: None,
            message_id: None,
            failure: None,
            skipped: None,
            dispatched_at: None,
            accepted_at: None,
            delivered_at: None,
            read_at: None,
            failed_at: None,
            replied_at: None,
            failed_through: 0,
            decision: None,
            decided_at: None,
        }
    }

    /// How often the message left, or may have.
    pub fn tries(&self) -> u32 {
        self.attempts.saturating_sub(self.never_left)
    }

    /// Passed over from the start.
    pub fn skipped(reason: SkipReason) -> Self {
        Self {
            status: DeliveryStatus::Skipped,
            skipped: Some(reason),
            ..Self::queued()
        }
    }
}

/// One recipient of one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignContact {
    /// The recipient's id.
    pub id: CampaignContactId,
    /// Whose campaign it is.
    pub user_id: UserId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The account that sends.
    pub sender_id: SenderId,
    /// The contact; `None` once it was deleted.
    pub contact_id: Option<ContactId>,
    /// The contact's name when the campaign started.
    pub name: String,
    /// Where it is sent: a phone number in E.164, an e-mail address; none when it was skipped for
    /// want of one, or because another recipient has it. Unique within the campaign.
    pub address: Option<String>,
    /// What happened to it.
    pub delivery: Delivery,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

fn earliest(known: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    known.map_or(at, |known| known.min(at))
}

impl CampaignContact {
    /// The current attempt, once there was one.
    pub fn attempt(&self) -> Option<AttemptId> {
        (self.delivery.attempts > 0).then_some(AttemptId {
            recipient: self.id,
            number: self.delivery.attempts,
        })
    }

    fn is_current(&self, attempt: AttemptId) -> bool {
        self.attempt() == Some(attempt)
    }

    /// Enters `status` and forgets what belonged to the one before.
    pub(crate) fn enter(&mut self, status: DeliveryStatus, now: DateTime<Utc>) {
        let delivery = &mut self.delivery;
        delivery.status = status;
        if status != DeliveryStatus::Queued {
            delivery.not_before = None;
        }
        if status != DeliveryStatus::Skipped {
            delivery.skipped = None;
        }
        if status != DeliveryStatus::Failed {
            delivery.failure = None;
            delivery.failed_at = None;
        }
        self.updated_at = now;
    }

    /// The intent to send: from queued only.
    pub fn begin_attempt(&mut self, now: DateTime<Utc>) -> Result<AttemptId, StaleAttempt> {
        if self.delivery.status != DeliveryStatus::Queued {
            return Err(StaleAttempt);
        }
        self.delivery.attempts += 1;
        self.delivery.dispatched_at = Some(now);
        self.enter(DeliveryStatus::Dispatching, now);
        Ok(AttemptId {
            recipient: self.id,
            number: self.delivery.attempts,
        })
    }

    /// The provider took the message. A report that came before this answer is not undone, and one by
    /// which it failed that a person has answered with another try stands.
    pub fn accept(
        &mut self,
        attempt: AttemptId,
        message_id: String,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        if !self.is_current(attempt) || attempt.number <= self.delivery.failed_through {
            return Err(StaleAttempt);
        }
        self.delivery.message_id = Some(message_id);
        self.delivery.accepted_at = Some(earliest(self.delivery.accepted_at, now));
        self.advance(DeliveryStatus::Accepted, now);
        Ok(())
    }

    fn dispatching(&self, attempt: AttemptId) -> Result<(), StaleAttempt> {
        (self.is_current(attempt) && self.delivery.status == DeliveryStatus::Dispatching)
            .then_some(())
            .ok_or(StaleAttempt)
    }

    /// The provider refused the message for good.
    pub fn refuse(
        &mut self,
        attempt: AttemptId,
        failure: Failure,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.delivery.failure = Some(failure);
        self.delivery.failed_at = Some(now);
        self.enter(DeliveryStatus::Failed, now);
        Ok(())
    }

    /// The provider certainly did not take the message and may take it later.
    pub fn postpone(
        &mut self,
        attempt: AttemptId,
        not_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.delivery.not_before = Some(not_before);
        self.enter(DeliveryStatus::Queued, now);
        Ok(())
    }

    /// The provider certainly did not take the message, because this person is written to too often.
    pub fn put_off(
        &mut self,
        attempt: AttemptId,
        not_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.postpone(attempt, not_before, now)?;
        self.delivery.put_off = self.delivery.put_off.saturating_add(1);
        Ok(())
    }

    /// The request was never made. Its number is used up, but it does not count as a try.
    pub fn take_back(
        &mut self,
        attempt: AttemptId,
        not_before: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.delivery.never_left = self.delivery.never_left.saturating_add(1);
        self.delivery.not_before = not_before;
        self.enter(DeliveryStatus::Queued, now);
        Ok(())
    }

    /// The request may have reached the provider, and no answer came.
    pub fn doubt(&mut self, attempt: AttemptId, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.enter(DeliveryStatus::InDoubt, now);
        Ok(())
    }

    /// It is now known that the message in doubt never reached the provider: it is sent again.
    pub fn settle_as_not_sent(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.delivery.status != DeliveryStatus::InDoubt {
            return Err(StaleAttempt);
        }
        self.enter(DeliveryStatus::Queued, now);
        Ok(())
    }

    /// As [`Self::settle_as_not_sent`], by the process that knows that it never made the request.
    pub fn settle_as_never_left(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        self.settle_as_not_sent(now)?;
        self.delivery.never_left = self.delivery.never_left.saturating_add(1);
        Ok(())
    }

    /// The grace time is over and nothing is known.
    pub fn give_up_confirming(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.delivery.status != DeliveryStatus::InDoubt {
            return Err(StaleAttempt);
        }
        self.enter(DeliveryStatus::Unconfirmed, now);
        Ok(())
    }

    /// Passes over a recipient whose turn had not come.
    pub fn skip(&mut self, reason: SkipReason, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.delivery.status != DeliveryStatus::Queued {
            return Err(StaleAttempt);
        }
        self.delivery.skipped = Some(reason);
        self.enter(DeliveryStatus::Skipped, now);
        Ok(())
    }

    /// The campaign was cancelled before this recipient's turn.
    pub fn cancel(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.delivery.status != DeliveryStatus::Queued {
            return Err(StaleAttempt);
        }
        self.enter(DeliveryStatus::Cancelled, now);
        Ok(())
    }

    /// Goes on to `status`, unless the recipient is there already or further.
    fn advance(&mut self, status: DeliveryStatus, now: DateTime<Utc>) {
        if status.progress() > self.delivery.status.progress() {
            self.enter(status, now);
        }
    }

    /// Takes in a report of the provider. Returns whether it changed anything.
    ///
    /// A report of an older attempt counts when it says that the message is on its way or came;
    /// that an older attempt failed says nothing of the current one.
    pub fn apply(&mut self, report: &StatusReport, now: DateTime<Utc>) -> bool {
        let before = self.delivery.clone();
        match &report.update {
            // Of an attempt that failed for good it is no news that it once left.
            StatusUpdate::Sent if self.has_failed(report) => {}
            StatusUpdate::Sent => self.reach(DeliveryStatus::Accepted, report, now),
            StatusUpdate::Delivered => self.reach(DeliveryStatus::Delivered, report, now),
            StatusUpdate::Read => self.reach(DeliveryStatus::Read, report, now),
            StatusUpdate::Failed(failure) => self.fail_later(failure, report, now),
        }
        let changed = self.delivery != before;
        if changed {
            self.updated_at = now;
        }
        changed
    }

    /// Whether the report is of an attempt that was sent once more because it failed.
    fn has_failed(&self, report: &StatusReport) -> bool {
        report
            .attempt
            .is_some_and(|attempt| attempt.number <= self.delivery.failed_through)
    }

    /// The id shown is that of the current attempt's message; an older one only until then.
    fn note_message_id(&mut self, report: &StatusReport) {
        let current = report
            .attempt
            .is_some_and(|attempt| self.is_current(attempt));
        if current || self.delivery.message_id.is_none() {
            self.delivery.message_id = Some(report.message_id.clone());
        }
    }

    fn reach(&mut self, status: DeliveryStatus, report: &StatusReport, now: DateTime<Utc>) {
        self.note_message_id(report);
        let delivery = &mut self.delivery;
        delivery.accepted_at = Some(earliest(delivery.accepted_at, report.at));
        if status >= DeliveryStatus::Delivered {
            delivery.delivered_at = Some(earliest(delivery.delivered_at, report.at));
        }
        if status == DeliveryStatus::Read {
            delivery.read_at = Some(earliest(delivery.read_at, report.at));
        }
        self.advance(status, now);
    }

    fn fail_later(&mut self, failure: &Failure, report: &StatusReport, now: DateTime<Utc>) {
        let of_this_attempt = match report.attempt {
            Some(attempt) => self.is_current(attempt),
            None => self.delivery.message_id.as_deref() == Some(report.message_id.as_str()),
        };
        if !of_this_attempt || self.has_failed(report) {
            return;
        }
        if self.delivery.waits_after_decision() {
            self.delivery.failed_through = self.delivery.attempts;
            return;
        }
        self.note_message_id(report);
        self.advance(DeliveryStatus::Failed, now);
        if self.delivery.status == DeliveryStatus::Failed {
            // Of several failures the first stays, whichever is heard of first.
            let reported = (report.at, failure);
            let known = self.delivery.failed_at.zip(self.delivery.failure.as_ref());
            if known.is_none_or(|known| reported < known) {
                self.delivery.failed_at = Some(report.at);
                self.delivery.failure = Some(failure.clone());
            }
        }
    }

    /// The person answered. Returns whether this is the first answer that is heard of, which is
    /// the one that is counted; the time kept is that of the earliest.
    pub fn reply(&mut self, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let known = self.delivery.replied_at;
        let replied_at = Some(earliest(known, at));
        if replied_at != known {
            self.delivery.replied_at = replied_at;
            self.updated_at = now;
        }
        known.is_none()
    }
}

/// Which recipients are meant; every condition that is set must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecipientFilter {
    /// This status.
    pub status: Option<DeliveryStatus>,
    /// This decision, or none.
    pub decision: Option<DecisionFilter>,
}
