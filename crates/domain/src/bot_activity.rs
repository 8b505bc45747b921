//! What the assistant did.

use chrono::{DateTime, Utc};

use crate::{BotActivityId, ContactId, UserId};

/// What kind of thing the assistant did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BotActivityKind {
    /// Answered a customer.
    Replied,
    /// Handed a conversation to a person.
    HandedOver,
    /// Could not answer.
    Failed,
}

impl BotActivityKind {
    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replied => "replied",
            Self::HandedOver => "handed_over",
            Self::Failed => "failed",
        }
    }
}

/// One thing that the assistant did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotActivity {
    /// Its id.
    pub id: BotActivityId,
    /// Whose assistant this is.
    pub user_id: UserId,
    /// The contact it was about.
    pub contact_id: Option<ContactId>,
    /// What kind of thing it was.
    pub kind: BotActivityKind,
    /// One sentence about it.
    pub summary: String,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}
