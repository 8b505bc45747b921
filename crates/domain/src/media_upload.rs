//! Files that a provider has: handed over once, then used by every message that carries them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{ContentHash, MediaFile, MediaType, SenderId, UserId};

/// How long an id is used. Meta keeps files for 30 days; the last of them is left for the messages of
/// a claim to leave, and for clocks that differ.
const USED_FOR: TimeDelta = TimeDelta::days(29);
/// Two ids of one content that are refused within this time were refused in a row: an id lives for
/// weeks.
const IN_A_ROW: TimeDelta = TimeDelta::days(1);

/// A content, whatever the files with it are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaContent {
    /// Its SHA-256.
    pub sha256: ContentHash,
    /// The type that it is handed over as.
    pub media_type: MediaType,
}

impl From<&MediaFile> for MediaContent {
    fn from(file: &MediaFile) -> Self {
        Self {
            sha256: file.sha256,
            media_type: file.media_type,
        }
    }
}

/// A content that was handed over by a sender account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUpload {
    /// Whose account it is.
    pub user_id: UserId,
    /// The account: a provider knows the id for it only.
    pub sender_id: SenderId,
    /// The content.
    pub content: MediaContent,
    /// The provider's id, unless it refused the last one.
    pub provider_id: Option<String>,
    /// When it was handed over.
    pub uploaded_at: DateTime<Utc>,
    /// When the provider last refused an id of it.
    pub refused_at: Option<DateTime<Utc>>,
}

/// What follows when the provider refuses the id of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedId {
    /// It was replaced meanwhile: nothing.
    Replaced,
    /// The file is to be handed over again.
    HandOverAgain,
    /// It was handed over again already, and refused again: a person must look at it.
    GiveUp,
}

impl MediaUpload {
    /// Nothing was handed over yet.
    pub fn never(user_id: UserId, sender_id: SenderId, content: MediaContent) -> Self {
        Self {
            user_id,
            sender_id,
            content,
            provider_id: None,
            uploaded_at: DateTime::UNIX_EPOCH,
            refused_at: None,
        }
    }

    /// The provider took it under this id.
    pub fn taken(&mut self, provider_id: String, now: DateTime<Utc>) {
        self.provider_id = Some(provider_id);
        self.uploaded_at = now;
    }

    /// The id that messages may carry, and until when. `None`: it must be handed over first.
    pub fn usable(&self, now: DateTime<Utc>) -> Option<(&str, DateTime<Utc>)> {
        let until = self.uploaded_at + USED_FOR;
        let id = self.provider_id.as_deref()?;
        (now < until).then_some((id, until))
    }

    /// The provider does not know this id, or can't use what is behind it. Who is asked to look at it
    /// gets as many tries as there were before.
    pub fn refused(&mut self, id: &str, now: DateTime<Utc>) -> RefusedId {
        if self.provider_id.as_deref() != Some(id) {
            return RefusedId::Replaced;
        }
        self.provider_id = None;
        let in_a_row = self.refused_at.is_some_and(|last| now < last + IN_A_ROW);
        self.refused_at = (!in_a_row).then_some(now);
        if in_a_row {
            RefusedId::GiveUp
        } else {
            RefusedId::HandOverAgain
        }
    }
}
