//! The sandbox's memory: what was accepted, refused, sent to webhooks and received.
//!
//! On disk it is one JSON object a line. A line is handed to the operating system before the
//! request it records is answered, so it outlives a killed process (a loss of power is out of
//! scope: nothing is fsynced). The file holds the registered accounts with the secrets made up
//! for them, because a restarted sandbox must sign webhooks; it is created with mode 0600.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::entropy;
use crate::locks::lock;
use crate::whatsapp::AccountRegistration;

/// One thing that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Grows by one with each entry; the cursor of `GET /sandbox/journal?since=`.
    pub sequence: u64,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A message was accepted: WhatsApp has taken charge of it.
    Accepted(AcceptedMessage),
    /// A request was answered with an error.
    Refused(RefusedMessage),
    /// A request got no usable answer, on purpose.
    Unanswered(UnansweredMessage),
    /// A webhook was posted, or could not be.
    Webhook(WebhookAttempt),
    /// A customer wrote, tapped a button or changed a preference.
    Inbound(InboundMessage),
    /// The business marked an inbound message as read.
    ReadReceipt {
        phone_number_id: String,
        message_id: String,
    },
    /// A file was uploaded.
    Media(MediaRecord),
    /// A file was deleted.
    MediaDeleted { media_id: String },
}

impl Event {
    /// The `kind` of the JSON form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::Unanswered(_) => "unanswered",
            Self::Webhook(_) => "webhook",
            Self::Inbound(_) => "inbound",
            Self::ReadReceipt { .. } => "read_receipt",
            Self::Media(_) => "media",
            Self::MediaDeleted { .. } => "media_deleted",
        }
    }

    /// The business number this concerns.
    pub fn phone_number_id(&self) -> Option<&str> {
        match self {
            Self::Accepted(m) => Some(&m.phone_number_id),
            Self::Refused(m) => Some(&m.phone_number_id),
            Self::Unanswered(m) => Some(&m.phone_number_id),
            Self::Webhook(w) => Some(&w.phone_number_id),
            Self::Inbound(m) => Some(&m.phone_number_id),
            Self::ReadReceipt {
                phone_number_id, ..
            } => Some(phone_number_id),
            Self::Media(m) => Some(&m.phone_number_id),
            Self::MediaDeleted { .. } => None,
        }
    }

    /// The customer's number as the business wrote it (or, inbound, as WhatsApp did).
    pub fn customer(&self) -> Option<&str> {
        match self {
            Self::Accepted(m) => Some(&m.to),
            Self::Refused(m) => m.to.as_deref(),
            Self::Unanswered(m) => Some(&m.to),
            Self::Inbound(m) => Some(&m.from),
            _ => None,
        }
    }
}

/// A message WhatsApp has taken charge of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcceptedMessage {
    pub wamid: String,
    pub phone_number_id: String,
    /// Digits, as the business wrote them.
    pub to: String,
    /// WhatsApp's id of the customer, which may differ from `to`.
    pub wa_id: String,
    #[serde(rename = "type")]
    pub message_type: String,
    /// What the phone shows.
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Quick replies the phone offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<QuickReply>,
    /// Media id or link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The message this one answers or reacts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// `biz_opaque_callback_data`.
    pub opaque: Option<String>,
    /// Pricing category: marketing, utility, authentication or service.
    pub category: String,
    /// Statuses were switched off when this was accepted.
    #[serde(default)]
    pub silent: bool,
}

/// A button under a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    pub text: String,
    pub payload: String,
}

/// A send that was answered with an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefusedMessage {
    pub phone_number_id: String,
    /// `None` when the request didn't get as far as naming a recipient.
    pub to: Option<String>,
    pub opaque: Option<String>,
    pub http_status: u16,
    pub code: u32,
    pub details: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// A send whose answer was lost on purpose. If `accepted`, an `accepted` entry precedes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnansweredMessage {
    pub phone_number_id: String,
    pub to: String,
    pub opaque: Option<String>,
    pub fault: Fault,
    pub accepted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    Hang,
    Reset,
    HtmlPage,
    Garbled,
    /// An error answer to a message that was accepted.
    FalseRefusal,
}

/// One POST to a webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookAttempt {
    pub phone_number_id: String,
    /// 1 for the first try of this batch.
    pub attempt: u32,
    /// HTTP status, if there was an answer.
    pub answer: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub elapsed_ms: u64,
    pub notices: Vec<NoticeReference>,
}

impl WebhookAttempt {
    /// Meta redelivers everything that isn't answered 200.
    pub fn delivered(&self) -> bool {
        self.answer == Some(200)
    }
}

/// What a webhook told: a status of a sent message, or an inbound message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NoticeReference {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Error code of a `failed` status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

/// Something a customer did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InboundMessage {
    pub id: String,
    pub phone_number_id: String,
    /// WhatsApp's id of the customer.
    pub from: String,
    pub name: String,
    pub content: InboundContent,
    /// The message answered, as quoted on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundContent {
    Text(String),
    Button(QuickReply),
    /// `user_preferences`: marketing messages stopped.
    StopMarketing,
    /// `user_preferences`: marketing messages wanted again.
    ResumeMarketing,
}

impl InboundContent {
    /// What a `user_preferences` webhook says of it; `None` for a message.
    pub(crate) fn preference(&self) -> Option<&'static str> {
        match self {
            Self::StopMarketing => Some("stop"),
            Self::ResumeMarketing => Some("resume"),
            Self::Text(_) | Self::Button(_) => None,
        }
    }
}

/// An uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MediaRecord {
    pub media_id: String,
    pub phone_number_id: String,
    pub mime_type: String,
    pub sha256: String,
    pub file_size: u64,
}

/// A line of the file: an account, or an entry.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line<'a> {
    Account {
        account: std::borrow::Cow<'a, AccountRegistration>,
    },
    Entry(std::borrow::Cow<'a, JournalEntry>),
}

/// Why a journal can't be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal {} can't be used", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the journal {} is in use by another sandbox", .0.display())]
    InUse(PathBuf),
    #[error("line {line} of the journal {} can't be read", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        source: serde_json::Error,
    },
    #[error("the journal is closed")]
    Closed,
}

pub(crate) struct Journal {
    state: Mutex<State>,
    path: Option<PathBuf>,
}

#[derive(Default)]
struct State {
    entries: Vec<Arc<JournalEntry>>,
    file: Option<File>,
    closed: bool,
}

impl Journal {
    pub(crate) fn in_memory() -> Self {
        Self {
            state: Mutex::default(),
            path: None,
        }
    }

    /// Opens or creates the file and reads what it remembers.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<AccountRegistration>), JournalError> {
        let failed = |source| JournalError::File {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => JournalError::InUse(path.to_owned()),
            std::fs::TryLockError::Error(source) => failed(source),
        })?;

        let mut reader = BufReader::new(&file);
        let (mut entries, mut accounts) = (Vec::new(), Vec::new());
        let (mut text, mut whole) = (Vec::new(), 0_u64);
        for line in 1.. {
            text.clear();
            let read = reader.read_until(b'\n', &mut text).map_err(failed)?;
            if read == 0 || text.last() != Some(&b'\n') {
                break;
            }
            whole += read as u64;
            match serde_json::from_slice(&text) {
                Ok(Line::Account { account }) => accounts.push(account.into_owned()),
                Ok(Line::Entry(entry)) => entries.push(Arc::new(entry.into_owned())),
                Err(source) => {
                    return Err(JournalError::Line {
                        path: path.to_owned(),
                        line,
                        source,
                    });
                }
            }
        }
        // A process killed while writing leaves half a line; its request was never answered.
        file.set_len(whole).map_err(failed)?;

        let state = State {
            entries,
            file: Some(file),
            closed: false,
        };
        let journal = Self {
            state: Mutex::new(state),
            path: Some(path.to_owned()),
        };
        Ok((journal, accounts))
    }

    /// Records an event; when this returns, the file has it.
    pub(crate) fn record(&self, event: Event) -> Result<Arc<JournalEntry>, JournalError> {
        let mut state = lock(&self.state);
        let entry = Arc::new(JournalEntry {
            sequence: state.entries.last().map_or(0, |last| last.sequence) + 1,
            at: entropy::now(),
            event,
        });
        self.write(&mut state, &Line::Entry(std::borrow::Cow::Borrowed(&entry)))?;
        state.entries.push(Arc::clone(&entry));
        Ok(entry)
    }

    /// Records an account. It is kept in the file only and never shown.
    pub(crate) fn record_account(&self, account: &AccountRegistration) -> Result<(), JournalError> {
        let account = std::borrow::Cow::Borrowed(account);
        self.write(&mut lock(&self.state), &Line::Account { account })
    }

    fn write(&self, state: &mut State, line: &Line<'_>) -> Result<(), JournalError> {
        if state.closed {
            return Err(JournalError::Closed);
        }
        let (Some(file), Some(path)) = (&mut state.file, &self.path) else {
            return Ok(());
        };
        let failed = |source| JournalError::File {
            path: path.clone(),
            source,
        };
        let mut text = serde_json::to_vec(line).map_err(|e| failed(e.into()))?;
        text.push(b'\n');
        file.write_all(&text).map_err(failed)
    }

    pub(crate) fn entries(&self) -> Vec<Arc<JournalEntry>> {
        lock(&self.state).entries.clone()
    }

    /// Entries after a sequence number.
    pub(crate) fn since(&self, sequence: u64) -> Vec<Arc<JournalEntry>> {
        let state = lock(&self.state);
        let from = state.entries.partition_point(|e| e.sequence <= sequence);
        state.entries[from..].to_vec()
    }

    /// Nothing is recorded or accepted any more; another sandbox may open the file.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.file = None;
    }
}
