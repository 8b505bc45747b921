//! The durable inbox of webhooks, and what a webhook can say.

use chrono::{DateTime, Utc};

use crate::{MessageBody, ProviderNews, StatusReport, UserId, WebhookEventId, Wish};

/// Who sent a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookSource {
    /// WhatsApp's Cloud API.
    Whatsapp,
}

impl WebhookSource {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
        }
    }
}

/// How far a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookState {
    /// To be applied, now or when `due_at` comes.
    Pending,
    /// Everything in it was applied.
    Applied,
    /// Kept, but it said something of nothing that is known here, for as long as it was held.
    Unmatched,
    /// Kept, but not readable.
    Unreadable,
}

impl WebhookState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Pending,
        Self::Applied,
        Self::Unmatched,
        Self::Unreadable,
    ];

    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Unmatched => "unmatched",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A webhook as it was received, stored before it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The event's id.
    pub id: WebhookEventId,
    /// Whose webhook this is.
    pub user_id: UserId,
    /// Who sent it.
    pub source: WebhookSource,
    /// The body, byte by byte; its signature was checked before it was stored.
    pub body: Vec<u8>,
    /// How far it is.
    pub state: WebhookState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried (again).
    pub due_at: DateTime<Utc>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

/// A message from a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundMessage {
    /// The provider's id of it.
    pub provider_id: String,
    /// Which of the user's numbers it came to: the phone number id.
    pub sender_external_id: String,
    /// The customer's number as the provider writes it (`wa_id`), absent for users known only by
    /// a business-scoped id.
    pub from_number: Option<String>,
    /// The customer's business-scoped id (`MX.…`).
    pub from_user_id: Option<String>,
    /// The name in the customer's profile.
    pub profile_name: Option<String>,
    /// What it says.
    pub body: MessageBody,
    /// What the business put behind the button that was pressed, when it is one.
    pub payload: Option<String>,
    /// The provider's id of the message that it answers.
    pub answers: Option<String>,
    /// When it was sent, by the provider's clock.
    pub sent_at: DateTime<Utc>,
}

/// A person told the provider whether a business may send them marketing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreferenceChange {
    /// Which of the user's numbers it concerns, when it says so: the phone number id.
    pub sender_external_id: Option<String>,
    /// The person's number as the provider writes it, absent for those known only by an id.
    pub from_number: Option<String>,
    /// The person's business-scoped id.
    pub from_user_id: Option<String>,
    /// What they want.
    pub wish: Wish,
    /// When they said so, by the provider's clock.
    pub at: DateTime<Utc>,
}

/// One thing that a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelEvent {
    /// What became of a message of ours.
    Status(StatusReport),
    /// A customer wrote.
    Inbound(InboundMessage),
    /// The provider says something of the account, its numbers or its templates.
    News(ProviderNews),
    /// A customer told the provider whether they want marketing.
    Preference(PreferenceChange),
    /// Something that has no meaning here yet, by the provider's name for it.
    Other(String),
}
