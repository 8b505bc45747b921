//! Media files of campaigns.

use chrono::{DateTime, Utc};

use crate::values::ShortText;
use crate::{CampaignId, MediaId, UserId};

/// What kind of message a file becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A sound.
    Audio,
    /// Any other document.
    Document,
}

impl MediaKind {
    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }
}

/// A file that goes with a campaign's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// The file's id, and its name in the file store.
    pub id: MediaId,
    /// Whose file this is.
    pub user_id: UserId,
    /// The campaign it goes with.
    pub campaign_id: CampaignId,
    /// What kind of message it becomes.
    pub kind: MediaKind,
    /// The name that the user gave it, for show only.
    pub file_name: ShortText,
    /// Its media type, judged by its content.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}
