//! Media files of campaigns, and what the channels take.
//!
//! Types and sizes are those of WhatsApp's Cloud API, as the page "Media" of its reference lists them
//! (Graph API v23.0; the sizes seen as VTEX repeats them, and not tried at Meta). They hold for every
//! channel, so that a campaign can change its channel without losing its files.

use chrono::{DateTime, Utc};

use crate::values::ShortText;
use crate::{CampaignId, ChannelKind, MediaId, UserId};

const MEGABYTE: u64 = 1_024 * 1_024;

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
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::Document];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    /// The most bytes that WhatsApp takes of a file of this kind.
    pub fn max_bytes(self) -> u64 {
        match self {
            Self::Image => 5 * MEGABYTE,
            Self::Video | Self::Audio => 16 * MEGABYTE,
            Self::Document => 100 * MEGABYTE,
        }
    }

    /// Whether a WhatsApp message with such a file can say something besides, as its caption.
    pub fn takes_caption(self) -> bool {
        match self {
            Self::Image | Self::Video | Self::Document => true,
            Self::Audio => false,
        }
    }
}

/// The most characters of a caption on WhatsApp (the same reference, "Messages").
pub const MAX_CAPTION_CHARS: usize = 1_024;

/// A type of file that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// A JPEG picture.
    Jpeg,
    /// A PNG picture.
    Png,
    /// AAC sound (ADTS).
    Aac,
    /// AMR sound.
    Amr,
    /// Sound in MPEG-4.
    Mp4Audio,
    /// MP3 sound.
    Mp3,
    /// Opus sound in Ogg. Other sound in Ogg is not taken.
    OggOpus,
    /// A video in MPEG-4.
    Mp4,
    /// A video in 3GPP.
    ThreeGpp,
    /// PDF.
    Pdf,
    /// Plain text.
    Text,
    /// Word, before 2007.
    Doc,
    /// Excel, before 2007.
    Xls,
    /// PowerPoint, before 2007.
    Ppt,
    /// Word.
    Docx,
    /// Excel.
    Xlsx,
    /// PowerPoint.
    Pptx,
}

impl MediaType {
    /// Every type.
    pub const ALL: [Self; 17] = [
        Self::Jpeg,
        Self::Png,
        Self::Aac,
        Self::Amr,
        Self::Mp4Audio,
        Self::Mp3,
        Self::OggOpus,
        Self::Mp4,
        Self::ThreeGpp,
        Self::Pdf,
        Self::Text,
        Self::Doc,
        Self::Xls,
        Self::Ppt,
        Self::Docx,
        Self::Xlsx,
        Self::Pptx,
    ];

    /// The media type as WhatsApp names it, without parameters. In the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Aac => "audio/aac",
            Self::Amr => "audio/amr",
            Self::Mp4Audio => "audio/mp4",
            Self::Mp3 => "audio/mpeg",
            Self::OggOpus => "audio/ogg",
            Self::Mp4 => "video/mp4",
            Self::ThreeGpp => "video/3gpp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Doc => "application/msword",
            Self::Xls => "application/vnd.ms-excel",
            Self::Ppt => "application/vnd.ms-powerpoint",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
        }
    }

    /// The usual end of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Aac => "aac",
            Self::Amr => "amr",
            Self::Mp4Audio => "m4a",
            Self::Mp3 => "mp3",
            Self::OggOpus => "ogg",
            Self::Mp4 => "mp4",
            Self::ThreeGpp => "3gp",
            Self::Pdf => "pdf",
            Self::Text => "txt",
            Self::Doc => "doc",
            Self::Xls => "xls",
            Self::Ppt => "ppt",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
        }
    }

    /// Other ends that names of such files have, without the dot, in small letters. Sheets of text are
    /// text for WhatsApp, and are opened by their end.
    fn other_extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpeg"],
            Self::Mp4Audio => &["mp4", "m4b"],
            Self::OggOpus => &["opus", "oga"],
            Self::Mp4 => &["m4v"],
            Self::ThreeGpp => &["3gpp"],
            Self::Text => &["csv", "tsv", "text", "md", "log"],
            Self::Doc => &["dot"],
            Self::Xls => &["xlt"],
            Self::Ppt => &["pps", "pot"],
            Self::Png
            | Self::Aac
            | Self::Amr
            | Self::Mp3
            | Self::Pdf
            | Self::Docx
            | Self::Xlsx
            | Self::Pptx => &[],
        }
    }

    /// The name with an end by which programs, and people on WhatsApp, know what the file is: one that
    /// ends in no usual way for its type gets the usual end, after what it has.
    pub fn named(self, name: &str) -> String {
        let known = name.rsplit_once('.').is_some_and(|(_, end)| {
            let mut others = self.other_extensions().iter();
            end.eq_ignore_ascii_case(self.extension())
                || others.any(|other| end.eq_ignore_ascii_case(other))
        });
        if known {
            return name.to_owned();
        }
        let name = name.trim_end_matches(['.', ' ']);
        format!("{name}.{}", self.extension())
    }

    /// What kind of message such a file becomes.
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png => MediaKind::Image,
            Self::Mp4 | Self::ThreeGpp => MediaKind::Video,
            Self::Aac | Self::Amr | Self::Mp4Audio | Self::Mp3 | Self::OggOpus => MediaKind::Audio,
            Self::Pdf
            | Self::Text
            | Self::Doc
            | Self::Xls
            | Self::Ppt
            | Self::Docx
            | Self::Xlsx
            | Self::Pptx => MediaKind::Document,
        }
    }
}

/// The SHA-256 of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// A file that goes with a campaign's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// The file's id, and its name in the file store.
    pub id: MediaId,
    /// Whose file this is.
    pub user_id: UserId,
    /// The campaign it goes with.
    pub campaign_id: CampaignId,
    /// The name that the user gave it, for show only.
    pub file_name: ShortText,
    /// Its type, judged by its content.
    pub media_type: MediaType,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: ContentHash,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl MediaFile {
    /// What kind of message it becomes.
    pub fn kind(&self) -> MediaKind {
        self.media_type.kind()
    }

    /// Its name for those who get it, with an end that is usual for its type.
    pub fn sent_name(&self) -> String {
        self.media_type.named(self.file_name.as_str())
    }
}

impl ChannelKind {
    /// The most files that go with one message: WhatsApp's carries one. For e-mails it is a limit of
    /// ours.
    pub fn max_files(self) -> usize {
        match self {
            Self::Whatsapp => 1,
            Self::Gmail => 10,
        }
    }
}
