//! Channels: how a message leaves.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::hand_over::{CarriedFile, HandOverError, OutgoingFile};
use crate::{ApprovedTemplate, AttemptId, ButtonKind, ChannelKind, Failure, HeaderMedia};

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
        /// Variable of the body (name, or number from 1) and value.
        variables: Vec<(String, String)>,
        /// What goes into its header and buttons.
        parts: OutgoingParts,
    },
    /// A file that the provider has.
    Media {
        /// The file.
        file: CarriedFile,
        /// The rendered text beside it; a sound has none.
        caption: Option<String>,
    },
}

/// What goes into the header of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutgoingHeader {
    /// Its one variable (name, or number) and the value.
    Text(String, String),
    /// The file that it shows.
    Media(HeaderMedia),
}

/// What goes into one button of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingButton {
    /// Which button, counted from 0.
    pub index: u32,
    /// What it takes.
    pub kind: ButtonKind,
    /// The value.
    pub value: String,
}

/// What goes into a template besides the variables of its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutgoingParts {
    /// Its header.
    pub header: Option<OutgoingHeader>,
    /// Its buttons.
    pub buttons: Vec<OutgoingButton>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SenderProfile {
    /// The number or address that people see.
    pub display_address: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The provider's rating of its quality.
    pub quality: Option<String>,
    /// The provider's word for how many people it may write to in a day.
    pub limit: Option<String>,
    /// Whether it belongs to the account in the credentials; `None` when they name none, or when
    /// that could not be found out.
    pub in_account: Option<bool>,
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

    /// Hands a file over, so that messages can carry it. The provider's id of it, which it knows for
    /// this sender only, and not for ever.
    async fn hand_over(
        &self,
        sender: &SenderCredentials,
        file: &OutgoingFile,
    ) -> Result<String, HandOverError>;

    /// Asks the provider whether these credentials work.
    async fn check(&self, sender: &SenderCredentials) -> Result<SenderProfile, ChannelError>;

    /// The templates of the account, all pages.
    async fn templates(
        &self,
        sender: &SenderCredentials,
    ) -> Result<Vec<ApprovedTemplate>, ChannelError>;
}
