//! Sender accounts, and the lease that lets one process drive one.

use chrono::{DateTime, Utc};

use crate::{ChannelKind, DailyBudget, InstanceId, SenderId, UserId};

/// One WhatsApp number, or one mailbox, of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderAccount {
    /// The account's id.
    pub id: SenderId,
    /// Whose account this is.
    pub user_id: UserId,
    /// What it sends over.
    pub channel: ChannelKind,
    /// The provider's name for it: the phone number id, the mailbox.
    pub external_id: String,
    /// The latest time of dispatch among the messages that a status was seen for. A message
    /// dispatched before this, of which nothing was heard, did not reach the provider.
    pub confirmed_through: Option<DateTime<Utc>>,
    /// When it was first used.
    pub created_at: DateTime<Utc>,
}

/// What bounds an account at the moment, besides its pace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SenderLimits {
    /// The provider asked for no request before this.
    pub rests_until: Option<DateTime<Utc>>,
    /// The quarters of [`DailyBudget`](crate::DailyBudget), the earliest first.
    pub quarters: Vec<(DateTime<Utc>, u32)>,
}

impl SenderLimits {
    /// The budget of an account that may write to so many new people a day.
    pub fn budget(self, limit: Option<u32>) -> DailyBudget {
        DailyBudget {
            limit,
            quarters: self.quarters,
        }
    }
}

/// The right of one process to drive a sender account, until it expires on the database's clock.
/// Every change of state made under it checks `epoch`, which grows with every owner: a process
/// that was stopped past its lease and wakes up can change nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderLease {
    /// The account.
    pub sender_id: SenderId,
    /// Whose account it is.
    pub user_id: UserId,
    /// The process.
    pub owner: InstanceId,
    /// How many owners the account has had.
    pub epoch: i64,
}
