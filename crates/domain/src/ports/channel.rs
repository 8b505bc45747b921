//! Channels: how a message leaves.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{AttemptId, ChannelKind, Failure};

/// What a channel needs to send for a user, opened for the moment of use.
#[derive(Debug, Clone)]
pub struct SenderCredentials {
    /// The access token.
    pub token: SecretString,
    /// The provider's name for the sender: WhatsApp's phone number id, the mailbox.
    pub external_id: String,
    /// The account that owns it: WhatsApp's business account id.
    pub business_account_id: Option<String>,
}

/// What a message says, for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutgoingContent {
    /// Plain text.
    Text {
        /// The rendered text.
        body: String,
    },
    /// An approved template.
    Template {
        /// Its name.
        name: String,
        /// Its language.
        language: String,
        /// Variable (name, or number from 1) and value.
        variables: Vec<(String, String)>,
    },
}

/// A message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// The attempt; travels with the message and comes back in reports.
    pub attempt: AttemptId,
    /// The recipient's address: a phone number in E.164, an e-mail address.
    pub to: String,
    /// The subject, for channels that have one.
    pub subject: Option<String>,
    /// What it says.
    pub content: OutgoingContent,
}

/// The provider took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's id of it.
    pub message_id: String,
}

/// Why a message was not taken, as far as is known: what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// Certainly not sent; the sender is too fast or the provider is busy. Try again.
    #[error("throttled (provider code {code:?})")]
    Throttled {
        /// Not before this long, when the provider said so.
        retry_after: Option<Duration>,
        /// The provider's code.
        code: Option<i64>,
        /// Only this recipient is to wait, not the sender.
        recipient_only: bool,
    },
    /// Certainly not sent: no connection. Try again.
    #[error("no connection to the provider")]
    NotConnected,
    /// Certainly not sent and never will be to this recipient as it is.
    #[error("refused (provider code {:?})", .0.provider_code)]
    Refused(Failure),
    /// Certainly not sent, and no other message of this campaign would be.
    #[error("the campaign is refused (provider code {:?})", .0.provider_code)]
    CampaignRefused(Failure),
    /// Certainly not sent, and nothing will be from this account until a person acts.
    #[error("the account is refused (provider code {:?})", .0.provider_code)]
    AccountRefused(Failure),
    /// The request may have reached the provider: time-out, reset, 5xx, unreadable answer.
    #[error("in doubt: {reason}")]
    InDoubt {
        /// What happened, without data of the message.
        reason: String,
    },
}

/// What the provider says of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderProfile {
    /// The number or address that people see.
    pub display_address: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The provider's rating of its quality.
    pub quality: Option<String>,
}

/// A template as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedTemplate {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The provider's word for its status: `APPROVED`, `PAUSED`, …; unknown words are kept.
    pub status: String,
    /// The provider's word for its category: `MARKETING`, `UTILITY`, ….
    pub category: String,
    /// The text of its body, with `{{1}}` or `{{name}}`.
    pub body: String,
    /// The variables of its body, in order.
    pub variables: Vec<String>,
    /// The other parts that need a value of their own, by the provider's names: `HEADER` (a file or
    /// a variable), `BUTTONS`.
    pub other_values: Vec<String>,
}

/// A way to send messages.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MessageChannel: Send + Sync {
    /// Which channel this is.
    fn kind(&self) -> ChannelKind;

    /// Sends one message, once: it never tries again by itself.
    async fn send(
        &self,
        sender: &SenderCredentials,
        message: &OutgoingMessage,
    ) -> Result<Accepted, ChannelError>;

    /// Asks the provider whether these credentials work.
    async fn check(&self, sender: &SenderCredentials) -> Result<SenderProfile, ChannelError>;

    /// The templates of the account, all pages.
    async fn templates(
        &self,
        sender: &SenderCredentials,
    ) -> Result<Vec<ApprovedTemplate>, ChannelError>;
}
