//! Sending to a recipient once more because a person says so: what failed, and what nobody could
//! know.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::values::Problem;
use crate::{CampaignContact, Delivery, DeliveryStatus, FailureCode, StaleAttempt};

/// How long the provider holds back marketing messages to a person at least (Meta's error codes
/// 131049 and 130472: not this recipient for 24 hours).
const HELD_BACK: TimeDelta = TimeDelta::hours(24);

/// Whether what failed can be sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same would fail again.
    Never,
    /// Not before this long after the failure.
    After(TimeDelta),
}

impl FailureCode {
    /// Whether a message that failed so can be sent once more as it is.
    pub fn retry(self) -> Retry {
        match self {
            // The number has no account there, or can't have messages of this kind: each further try
            // costs the sender's reputation. The person's will is not argued with. A text outside of
            // the 24 hours is refused until the person writes, and what the provider does not take
            // as it is stays as it is: a started campaign can't be changed. A copy of it can.
            Self::Unreachable
            | Self::OptedOut
            | Self::TemplateRequired
            | Self::InvalidMessage
            | Self::MediaUnusable
            | Self::MediaMissing => Retry::Never,
            Self::RecipientLimited => Retry::After(HELD_BACK),
            // The contact's values may have become shorter, the template approved or put right, the
            // key replaced, the account unblocked, the provider less busy. Of what is not known by
            // its code a person may know more than we do.
            Self::MessageTooLong
            | Self::TemplateUnusable
            | Self::TemplateQuality
            | Self::NumberQuality
            | Self::TooManyFailures
            | Self::TemplateParameters
            | Self::CredentialInvalid
            | Self::AccountBlocked
            | Self::RetriesExhausted
            | Self::Other => Retry::After(TimeDelta::zero()),
        }
    }
}

/// What a person decided about a message of which nobody knows whether it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is sent once more; the person may get it twice.
    SendAgain,
    /// It stays as it is; the person may have got nothing.
    Leave,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 2] = [Self::SendAgain, Self::Leave];

    /// Reads the word of the API.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let wanted = raw.trim();
        Self::ALL
            .into_iter()
            .find(|decision| decision.as_str() == wanted)
            .ok_or_else(|| Problem::NotOneOf {
                accepted: Self::ALL.map(|known| known.as_str().to_owned()).to_vec(),
            })
    }

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendAgain => "send_again",
            Self::Leave => "leave",
        }
    }
}

impl Delivery {
    /// Whether it waits to be sent once more after its current attempt, which nobody could confirm.
    /// That attempt is over then: that it failed after all is no news.
    pub(crate) fn waits_after_decision(&self) -> bool {
        self.status == DeliveryStatus::Queued
            && self.decision == Some(Decision::SendAgain)
            && self.decided_at >= self.dispatched_at
    }

    /// Whether it is unconfirmed and a person decided to leave it so.
    pub fn is_left(&self) -> bool {
        self.status == DeliveryStatus::Unconfirmed && self.decision == Some(Decision::Leave)
    }
}

impl CampaignContact {
    /// How often sending was begun since it was last known to have failed for good, whether anything
    /// left or not.
    pub fn attempts_since_failure(&self) -> u32 {
        let delivery = &self.delivery;
        delivery.attempts.saturating_sub(delivery.failed_through)
    }

    /// How often the message left, or may have, since it was last known to have failed for good. Of
    /// the attempts of before it is not kept which left: it is never more than there were at all.
    pub fn tries_since_failure(&self) -> u32 {
        self.attempts_since_failure().min(self.delivery.tries())
    }

    /// Waits for another attempt after it failed, as long as the failure asks for. What is heard of
    /// the attempts that failed changes nothing any more, unless it reached the person after all.
    pub fn retry(&mut self, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        let delivery = &self.delivery;
        let (DeliveryStatus::Failed, Some(failure)) = (delivery.status, &delivery.failure) else {
            return Err(StaleAttempt);
        };
        let Retry::After(wait) = failure.code.retry() else {
            return Err(StaleAttempt);
        };
        let due = delivery.failed_at.unwrap_or(now) + wait;
        self.enter(DeliveryStatus::Queued, now);
        let delivery = &mut self.delivery;
        delivery.put_off = 0;
        delivery.not_before = (due > now).then_some(due);
        delivery.failed_through = delivery.attempts;
        delivery.message_id = None;
        delivery.accepted_at = None;
        // What was decided about an attempt of before says nothing of the next.
        delivery.decision = None;
        delivery.decided_at = None;
        Ok(())
    }

    /// A person decided about a message that nobody could confirm, or decided otherwise.
    pub fn decide(&mut self, decision: Decision, now: DateTime<Utc>) -> Result<(), StaleAttempt> {
        if self.delivery.status != DeliveryStatus::Unconfirmed {
            return Err(StaleAttempt);
        }
        if decision == Decision::Leave && self.delivery.is_left() {
            return Ok(());
        }
        self.delivery.decision = Some(decision);
        self.delivery.decided_at = Some(now);
        self.updated_at = now;
        if decision == Decision::SendAgain {
            self.enter(DeliveryStatus::Queued, now);
        }
        Ok(())
    }
}

/// Which recipients are meant, by what was decided about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionFilter {
    /// They are unconfirmed and wait for a decision.
    Pending,
    /// This was decided last.
    Made(Decision),
}

impl DecisionFilter {
    /// Reads `pending`, `send_again` or `leave`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        match raw.trim() {
            "pending" => Ok(Self::Pending),
            other => Decision::parse(other)
                .map(Self::Made)
                .map_err(|_| Problem::NotOneOf {
                    accepted: ["pending", "send_again", "leave"]
                        .map(String::from)
                        .to_vec(),
                }),
        }
    }
}
