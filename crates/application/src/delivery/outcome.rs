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
    /// Certainly not sent: the provider does not know the id of the file that it carried, or can't use
    /// it. The file is handed over again.
    FileRefused { id: String, failure: Failure },
    /// It may have been sent.
    InDoubt { reason: String },
}

impl Outcome {
    /// The outcome of a message that carried the file with this id, if it carried one.
    pub(super) fn carrying(self, id: Option<&str>) -> Self {
        match (self, id) {
            // Refused here, the id was not looked at.
            (Self::Refused(failure), Some(id))
                if failure.code == FailureCode::MediaUnusable
                    && failure.provider_code.is_some() =>
            {
                let id = id.to_owned();
                Self::FileRefused { id, failure }
            }
            (other, _) => other,
        }
    }
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
    /// For how long the account has got nowhere by now.
    pub(super) in_vain_for: Duration,
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
            Outcome::HeldBack | Outcome::NotConnected if is_doubted(recipient, attempt) => {
                recipient.settle_as_never_left(now)
            }
            _ if is_doubted(recipient, attempt) => recipient.settle_as_not_sent(now),
            Outcome::Refused(failure) | Outcome::CampaignRefused(failure) => {
                recipient.refuse(attempt, failure.clone(), now)
            }
            Outcome::AccountRefused(_) | Outcome::FileRefused { .. } => {
                recipient.postpone(attempt, now, now)
            }
            Outcome::HeldBack => recipient.take_back(attempt, None, now),
            Outcome::Throttled {
                retry_after,
                recipient_only: true,
            } => self.put_off(recipient, attempt, *retry_after),
            Outcome::Throttled {
                retry_after,
                recipient_only: false,
            } => {
                if self.is_exhausted(recipient.tries_since_failure()) {
                    return self.exhaust(recipient, attempt);
                }
                let wait = self.config.backoff.after(attempt.number, self.entropy);
                let wait = wait.max(retry_after.unwrap_or_default());
                recipient.postpone(attempt, self.after(wait), now)
            }
            Outcome::NotConnected => {
                if self.is_exhausted(recipient.attempts_since_failure()) {
                    return self.exhaust(recipient, attempt);
                }
                let wait = self.config.backoff.after(attempt.number, self.entropy);
                recipient.take_back(attempt, Some(self.after(wait)), now)
            }
        }
    }

    fn after(&self, wait: Duration) -> DateTime<Utc> {
        self.now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1))
    }

    /// Whether a message is given up of which so many attempts were in vain for a reason that holds
    /// for the whole account. The number alone says little then, and so does the recipient's age: a
    /// campaign may wait for days before its turn comes. It is the account that has to have got
    /// nowhere for long, and the recipient to have had its share of that.
    fn is_exhausted(&self, attempts: u32) -> bool {
        attempts >= self.config.retry_max_attempts && self.in_vain_for >= self.config.retry_max_age
    }

    /// This person alone is written to too often (WhatsApp: 131056).
    fn put_off(
        &self,
        recipient: &mut CampaignContact,
        attempt: AttemptId,
        retry_after: Option<Duration>,
    ) -> Result<(), StaleAttempt> {
        let times = recipient.delivery.put_off + 1;
        if times >= self.config.retry_max_attempts {
            return self.exhaust(recipient, attempt);
        }
        let wait = put_off_for(times, self.config.longest_put_off, self.entropy);
        let wait = wait.max(retry_after.unwrap_or_default());
        recipient.put_off(attempt, self.after(wait), self.now)
    }

    fn exhaust(
        &self,
        recipient: &mut CampaignContact,
        attempt: AttemptId,
    ) -> Result<(), StaleAttempt> {
        let failure = Failure {
            code: FailureCode::RetriesExhausted,
            provider_code: None,
            detail: None,
        };
        recipient.refuse(attempt, failure, self.now)
    }
}

/// How long a person is left alone who was written to too often `times` times: 4^n seconds, as Meta
/// asks for, and up to a quarter more, so that those put off together do not come back together.
fn put_off_for(times: u32, longest: Duration, entropy: &dyn Entropy) -> Duration {
    let whole = Duration::from_secs(4_u64.saturating_pow(times)).min(longest);
    let mut random = [0_u8; 2];
    entropy.fill(&mut random);
    whole + whole / 4 * u32::from(u16::from_be_bytes(random)) / u32::from(u16::MAX)
}

fn is_doubted(recipient: &CampaignContact, attempt: AttemptId) -> bool {
    recipient.delivery.status == DeliveryStatus::InDoubt && recipient.attempt() == Some(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::entropy;

    #[test]
    fn a_person_is_put_off_four_times_as_long_each_time() {
        let longest = Duration::from_hours(1);
        for (times, least) in [(1, 4), (2, 16), (3, 64), (4, 256), (5, 1_024), (6, 3_600)] {
            let wait = put_off_for(times, longest, entropy().as_ref()).as_secs_f64();
            let least = f64::from(least);
            assert!((least..=least * 1.25).contains(&wait), "{times}: {wait}");
        }
        assert!(put_off_for(u32::MAX, longest, entropy().as_ref()) <= longest * 5 / 4);
    }
}
