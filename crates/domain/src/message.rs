//! Messages of conversations.

use chrono::{DateTime, Utc};

use crate::{CampaignContactId, ChannelKind, ContactId, MessageId, UserId};

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From a customer to the user.
    Inbound,
    /// From the user, by hand or by the assistant, to a customer.
    Outbound,
}

impl Direction {
    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageBody {
    /// Text, or the label of a button that was pressed.
    Text(String),
    /// Something else, by the provider's name for it: `image`, `location`, `unsupported`.
    Other(String),
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's id.
    pub id: MessageId,
    /// Whose conversation this is.
    pub user_id: UserId,
    /// The contact, when the address belongs to one.
    pub contact_id: Option<ContactId>,
    /// The recipient of a campaign that it answers.
    pub answers: Option<CampaignContactId>,
    /// What it came or went over.
    pub channel: ChannelKind,
    /// Which way it went.
    pub direction: Direction,
    /// The customer's address: a phone number in E.164, a WhatsApp user id, an e-mail address.
    pub address: String,
    /// The provider's id of it; unique per user and channel, so that a repeated webhook adds nothing.
    pub provider_id: String,
    /// What it says.
    pub body: MessageBody,
    /// When it was sent, by the provider's clock.
    pub sent_at: DateTime<Utc>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
}
