//! What a provider says by itself of an account, its numbers and its templates.

use chrono::{DateTime, Utc};

/// How the provider stands towards an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountStanding {
    /// Nothing is held against it, or no longer.
    Good,
    /// It was told that it broke a rule, or will be closed; it may still send.
    Warned,
    /// It may not begin conversations.
    Restricted,
    /// It is closed.
    Disabled,
}

impl AccountStanding {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Good, Self::Warned, Self::Restricted, Self::Disabled];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warned => "warned",
            Self::Restricted => "restricted",
            Self::Disabled => "disabled",
        }
    }

    /// Whether nothing is sent while it stands so.
    pub fn stops_messages(self) -> bool {
        self >= Self::Restricted
    }
}

/// What the news is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewsSubject {
    /// A template has another status.
    TemplateStatus {
        /// Its name.
        name: String,
        /// Its language.
        language: String,
        /// The provider's word for its status; unknown words are kept.
        status: String,
        /// Why, in the provider's words.
        reason: Option<String>,
    },
    /// A template has another quality.
    TemplateQuality {
        /// Its name.
        name: String,
        /// Its language.
        language: String,
        /// The provider's word for its quality.
        quality: String,
    },
    /// A number is judged anew.
    Number {
        /// The number that people see, in digits.
        display_number: String,
        /// Whether its quality is so low that it is at risk; `None` when this says nothing of it.
        flagged: Option<bool>,
        /// The provider's word for how many people it may write to in a day.
        limit: Option<String>,
    },
    /// The provider stands differently towards the account.
    Account {
        /// How.
        standing: AccountStanding,
        /// The provider's own words for it.
        words: String,
        /// Until when, if it ends by itself.
        until: Option<DateTime<Utc>>,
    },
}

/// Something that a provider says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderNews {
    /// The business account, by the provider's id.
    pub account_id: String,
    /// Since when, by the provider's clock.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub subject: NewsSubject,
}
