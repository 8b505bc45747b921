//! An answer that the product gives by itself, and what became of it: a promise like the ledger's.
//!
//! ```text
//! queued ─begin─▶ dispatching ─accept─▶ accepted
//!   ▲  │               │ ├──refuse──▶ failed
//!   │  └─expire─▶ expired│ └──doubt───▶ unconfirmed ─(status)─▶ accepted
//!   └────postpone──────┘
//! ```
//!
//! It is worth less than never to be said twice: one that may have been sent is not sent again.

use chrono::{DateTime, Utc};

use crate::{
    AttemptId, CampaignContactId, ChannelKind, ContactId, FailureCode, ReplyId, StaleAttempt,
    StatusReport, StatusUpdate, UserId, Wish,
};

/// Where an automatic reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyStatus {
    /// To be sent.
    Queued,
    /// The intent to send is committed; the request may be on its way.
    Dispatching,
    /// The provider took it.
    Accepted,
    /// Refused for good.
    Failed,
    /// It may have been sent.
    Unconfirmed,
    /// It could not be sent while the person's window was open.
    Expired,
}

impl ReplyStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Dispatching,
        Self::Accepted,
        Self::Failed,
        Self::Unconfirmed,
        Self::Expired,
    ];

    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dispatching => "dispatching",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unconfirmed => "unconfirmed",
            Self::Expired => "expired",
        }
    }
}

/// An answer to a person's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomaticReply {
    /// The reply's id; also what its attempts are of, where recipients have theirs.
    pub id: ReplyId,
    /// Whose customer is answered.
    pub user_id: UserId,
    /// What it goes over.
    pub channel: ChannelKind,
    /// The user's sender that the person wrote to: the phone number id.
    pub sender_external_id: String,
    /// The person's address.
    pub address: String,
    /// The contact, when the address belongs to one.
    pub contact_id: Option<ContactId>,
    /// The wish that it confirms.
    pub confirms: Wish,
    /// What it says.
    pub text: String,
    /// Where it is.
    pub status: ReplyStatus,
    /// How often sending was begun.
    pub attempts: u32,
    /// Queued, but not before this.
    pub not_before: DateTime<Utc>,
    /// Until when it may be sent.
    pub window_ends_at: DateTime<Utc>,
    /// The provider's id of it.
    pub message_id: Option<String>,
    /// Why it failed.
    pub failure: Option<FailureCode>,
    /// When it was decided on.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl AutomaticReply {
    fn attempt(&self) -> AttemptId {
        AttemptId {
            recipient: CampaignContactId::from_uuid(self.id.as_uuid()),
            number: self.attempts,
        }
    }

    fn enter(&mut self, status: ReplyStatus, now: DateTime<Utc>) {
        self.status = status;
        self.updated_at = now;
    }

    /// The intent to send, unless its time is over: then it expires.
    pub fn begin(&mut self, now: DateTime<Utc>) -> Result<AttemptId, StaleAttempt> {
        if self.status != ReplyStatus::Queued {
            return Err(StaleAttempt);
        }
        if self.window_ends_at <= now {
            self.enter(ReplyStatus::Expired, now);
            return Err(StaleAttempt);
        }
        self.attempts += 1;
        self.enter(ReplyStatus::Dispatching, now);
        Ok(self.attempt())
    }

    fn dispatching(&self, attempt: AttemptId) -> Result<(), StaleAttempt> {
        (self.status == ReplyStatus::Dispatching && self.attempt() == attempt)
            .then_some(())
            .ok_or(StaleAttempt)
    }

    /// The provider took it. Its answer may come after the reply was given up as unconfirmed.
    pub fn accept(
        &mut self,
        attempt: AttemptId,
        message_id: String,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        let open = matches!(
            self.status,
            ReplyStatus::Dispatching | ReplyStatus::Unconfirmed
        );
        if !open || self.attempt() != attempt {
            return Err(StaleAttempt);
        }
        self.message_id = Some(message_id);
        self.enter(ReplyStatus::Accepted, now);
        Ok(())
    }

    /// The provider refused it for good.
    pub fn refuse(
        &mut self,
        attempt: AttemptId,
        code: FailureCode,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.failure = Some(code);
        self.enter(ReplyStatus::Failed, now);
        Ok(())
    }

    /// The provider certainly did not take it and may take it later.
    pub fn postpone(
        &mut self,
        attempt: AttemptId,
        not_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StaleAttempt> {
        self.dispatching(attempt)?;
        self.not_before = not_before;
        self.enter(ReplyStatus::Queued, now);
        Ok(())
    }

    /// It may have been sent, which nobody will know unless the provider reports on it.
    pub fn give_up_confirming(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.status != ReplyStatus::Dispatching {
            return Err(StaleAttempt);
        }
        self.enter(ReplyStatus::Unconfirmed, now);
        Ok(())
    }

    /// Takes in what the provider reports of it. Whether it is known only now that it was sent.
    pub fn apply(&mut self, report: &StatusReport, now: DateTime<Utc>) -> bool {
        let on_it = report.attempt == Some(self.attempt());
        let sent = !matches!(report.update, StatusUpdate::Failed(_));
        on_it
            && sent
            && self
                .accept(self.attempt(), report.message_id.clone(), now)
                .is_ok()
    }
}
