//! What became of one attempt, and what that does to the recipient.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{Accepted, ChannelError, Entropy};
use nexus_domain::{
    AttemptId, CampaignContact, CampaignId, ContactId, DeliveryStatus, Failure, FailureCode,
    StaleAttempt,
};

use super::config::DispatchConfig;

/// An attempt whose intent is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) attempt: AttemptId,
    pub(super) campaign: CampaignId,
    pub(super) contact: Option<ContactId>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider took it.
    Accepted { message_id: String },
    /// Certainly not sent, for good.
    Refused(Failure),
    /// As [`Self::Refused`], and so would be the rest of the campaign.
    CampaignRefused(Failure),
    /// Certainly not sent, and nothing else of the account will be.
    AccountRefused(Failure),
    /// Certainly not sent: too fast.
    Throttled {
        retry_after: Option<Duration>,
        recipient_only: bool,
    },
    /// Certainly not sent: no connection.
    NotConnected,
    /// Certainly not sent: the request was never made, or its intent may not even be committed.
    HeldBack,
    /// It may have been sent.
    InDoubt { reason: String },
}

impl From<Result<Accepted, ChannelError>> for Outcome {
    fn from(answer: Result<Accepted, ChannelError>) -> Self {
        match answer {
            Ok(Accepted { message_id }) => Self::Accepted { message_id },
            Err(ChannelError::Refused(failure)) => Self::Refused(failure),
            Err(ChannelError::CampaignRefused(failure)) => Self::CampaignRefused(failure),
            Err(ChannelError::AccountRefused(failure)) => Self::AccountRefused(failure),
            Err(ChannelError::Throttled {
                retry_after,
                recipient_only,
                ..
            }) => Self::Throttled {
                retry_after,
                recipient_only,
            },
            Err(ChannelError::NotConnected) => Self::NotConnected,
            Err(ChannelError::InDoubt { reason }) => Self::InDoubt { reason },
        }
    }
}

/// An attempt and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Landed {
    pub(super) ticket: Ticket,
    pub(super) outcome: Outcome,
}

/// How outcomes are judged.
pub(super) struct Judge<'a> {
    pub(super) config: &'a DispatchConfig,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) now: DateTime<Utc>,
}

impl Judge<'_> {
    /// Moves the recipient to where the outcome of `attempt` leaves it.
    pub(super) fn settle(
        &self,
        recipient: &mut CampaignContact,
        attempt: AttemptId,
        outcome: &Outcome,
    ) -> Result<(), StaleAttempt> {
        let now = self.now;
        match outcome {
            Outcome::Accepted { message_id } => recipient.accept(attempt, message_id.clone(), now),
            Outcome::InDoubt { .. } => recipient.doubt(attempt, now),
            // Whoever took this account over could not know that this never left.
            _ if is_doubted(recipient, attempt) => recipient.settle_as_not_sent(now),
            Outcome::Refused(failure) | Outcome::CampaignRefused(failure) => {
                recipient.refuse(attempt, failure.clone(), now)
            }
            Outcome::AccountRefused(_) | Outcome::HeldBack => recipient.postpone(attempt, now, now),
            Outcome::Throttled {
                retry_after,
                recipient_only,
            } => {
                let exhausted = self.is_exhausted(recipient, attempt, *recipient_only);
                self.postpone(recipient, attempt, *retry_after, exhausted)
            }
            Outcome::NotConnected => {
                let exhausted = self.is_exhausted(recipient, attempt, false);
                self.postpone(recipient, attempt, None, exhausted)
            }
        }
    }

    /// Whether a message is given up that can't be sent now, for a reason of its own recipient or
    /// for one that holds for the whole account. In the second case the number alone says little:
    /// attempts that were held back behind another's count too. Nor does the time: the campaign
    /// may have been paused for days.
    fn is_exhausted(
        &self,
        recipient: &CampaignContact,
        attempt: AttemptId,
        recipient_only: bool,
    ) -> bool {
        let age = self.now - recipient.created_at;
        let too_old = age.to_std().unwrap_or_default() >= self.config.retry_max_age;
        let tries = recipient.tries_up_to(attempt.number);
        tries >= self.config.retry_max_attempts && (recipient_only || too_old)
    }

    fn postpone(
        &self,
        recipient: &mut CampaignContact,
        attempt: AttemptId,
        retry_after: Option<Duration>,
        exhausted: bool,
    ) -> Result<(), StaleAttempt> {
        if exhausted {
            let failure = Failure {
                code: FailureCode::RetriesExhausted,
                provider_code: None,
                detail: None,
            };
            return recipient.refuse(attempt, failure, self.now);
        }
        let wait = self
            .config
            .backoff
            .after(attempt.number, self.entropy)
            .max(retry_after.unwrap_or_default());
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1));
        recipient.postpone(attempt, self.now + wait, self.now)
    }
}

fn is_doubted(recipient: &CampaignContact, attempt: AttemptId) -> bool {
    recipient.delivery.status == DeliveryStatus::InDoubt && recipient.attempt() == Some(attempt)
}
