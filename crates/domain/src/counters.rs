//! Counts that are kept in the transaction that changes what they count.

use chrono::{DateTime, Utc};

use crate::{Delivery, DeliveryStatus};

/// How many recipients of a campaign are where. `sent`, `delivered` and `opened` include those
/// that came further: a read message was also delivered and sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CampaignCounters {
    /// All recipients.
    pub total: i64,
    /// Not settled: queued, being sent, or in doubt.
    pub pending: i64,
    /// Accepted by the provider, or further.
    pub sent: i64,
    /// Delivered, or read.
    pub delivered: i64,
    /// Read.
    pub opened: i64,
    /// Followed a link.
    pub clicked: i64,
    /// Answered.
    pub replied: i64,
    /// Refused for good.
    pub failed: i64,
    /// Passed over, with a reason.
    pub skipped: i64,
    /// Whether they got it can't be known.
    pub unconfirmed: i64,
    /// Of the unconfirmed, those that the user decided to leave so.
    pub unconfirmed_left: i64,
}

/// A change of [`CampaignCounters`].
pub type CounterDelta = CampaignCounters;

impl CampaignCounters {
    /// What one recipient in `status` adds.
    pub fn of(status: DeliveryStatus) -> Self {
        use DeliveryStatus as S;
        let count = |yes: bool| i64::from(yes);
        Self {
            total: 1,
            pending: count(matches!(status, S::Queued | S::Dispatching | S::InDoubt)),
            sent: count(matches!(status, S::Accepted | S::Delivered | S::Read)),
            delivered: count(matches!(status, S::Delivered | S::Read)),
            opened: count(matches!(status, S::Read)),
            failed: count(matches!(status, S::Failed)),
            skipped: count(matches!(status, S::Skipped)),
            unconfirmed: count(matches!(status, S::Unconfirmed)),
            clicked: 0,
            replied: 0,
            unconfirmed_left: 0,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            pending: self.pending + other.pending,
            sent: self.sent + other.sent,
            delivered: self.delivered + other.delivered,
            opened: self.opened + other.opened,
            clicked: self.clicked + other.clicked,
            replied: self.replied + other.replied,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
            unconfirmed: self.unconfirmed + other.unconfirmed,
            unconfirmed_left: self.unconfirmed_left + other.unconfirmed_left,
        }
    }

    /// How many recipients are in this status, where that can be told: each counter of its own.
    pub fn in_status(&self, status: DeliveryStatus) -> Option<i64> {
        use DeliveryStatus as S;
        match status {
            S::Accepted => Some(self.sent - self.delivered),
            S::Delivered => Some(self.delivered - self.opened),
            S::Read => Some(self.opened),
            S::Failed => Some(self.failed),
            S::Skipped => Some(self.skipped),
            S::Unconfirmed => Some(self.unconfirmed),
            S::Queued | S::Dispatching | S::InDoubt | S::Cancelled => None,
        }
    }

    /// The change of one recipient that went from `before` to `after`. What is left unconfirmed is
    /// counted by those who know that it was.
    pub fn shift(before: DeliveryStatus, after: DeliveryStatus) -> Self {
        let (from, to) = (Self::of(before), Self::of(after));
        Self {
            total: 0,
            pending: to.pending - from.pending,
            sent: to.sent - from.sent,
            delivered: to.delivered - from.delivered,
            opened: to.opened - from.opened,
            clicked: 0,
            replied: 0,
            failed: to.failed - from.failed,
            skipped: to.skipped - from.skipped,
            unconfirmed: to.unconfirmed - from.unconfirmed,
            unconfirmed_left: 0,
        }
    }
}

/// Messages that changed state within one quarter of an hour, for the charts. Each is counted
/// once per state, at the time when it reached it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageDelta {
    /// Accepted by the provider.
    pub sent: i64,
    /// Delivered.
    pub delivered: i64,
    /// Read.
    pub read: i64,
    /// Refused for good.
    pub failed: i64,
    /// Answered.
    pub replied: i64,
}

impl MessageDelta {
    /// Where a recipient that is in `status` is counted: in each state that it reached, at the time
    /// when it did. The charts are the sum of these over all recipients, so whatever moves one takes
    /// back what it was counted before and adds what it is counted then: no quarter of an hour ever
    /// has less than nothing, and nothing is counted twice.
    pub fn of(
        status: DeliveryStatus,
        delivery: &Delivery,
    ) -> impl Iterator<Item = (DateTime<Utc>, Self)> {
        use DeliveryStatus as S;
        let sent = Self {
            sent: 1,
            ..Self::default()
        };
        let delivered = Self {
            delivered: 1,
            ..Self::default()
        };
        let read = Self {
            read: 1,
            ..Self::default()
        };
        let failed = Self {
            failed: 1,
            ..Self::default()
        };
        [
            (
                matches!(status, S::Accepted | S::Delivered | S::Read),
                delivery.accepted_at,
                sent,
            ),
            (
                matches!(status, S::Delivered | S::Read),
                delivery.delivered_at,
                delivered,
            ),
            (status == S::Read, delivery.read_at, read),
            (status == S::Failed, delivery.failed_at, failed),
        ]
        .into_iter()
        .filter_map(|(reached, at, count)| reached.then_some((at?, count)))
    }

    /// The same with the other sign.
    #[must_use]
    pub fn taken_back(self) -> Self {
        Self {
            sent: -self.sent,
            delivered: -self.delivered,
            read: -self.read,
            failed: -self.failed,
            replied: -self.replied,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            delivered: self.delivered + other.delivered,
            read: self.read + other.read,
            failed: self.failed + other.failed,
            replied: self.replied + other.replied,
        }
    }
}
