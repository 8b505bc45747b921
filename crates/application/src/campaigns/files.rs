//! Whether the files of a campaign go with its message: one of each kind of message takes, with a text
//! that fits beside it.

use nexus_domain::values::PlaceholderValues;
use nexus_domain::{
    Campaign, CampaignContent, ChannelKind, MAX_CAPTION_CHARS, MediaFile, MediaKind,
};

/// Why the files of a campaign can't be sent with its message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// There is neither a text nor a template nor a file.
    #[error("there is nothing to send")]
    NothingToSend,
    /// A message of the channel carries fewer.
    #[error("{count} files where a message carries {max}")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many go with a message.
        max: usize,
    },
    /// Nothing can be read beside a sound.
    #[error("a text beside a sound")]
    TextBesideSound,
    /// The text is longer than what fits beside a file, whoever it is for.
    #[error("a text of more than {max} characters beside a file")]
    CaptionTooLong {
        /// The most characters.
        max: usize,
    },
    /// It is larger than the provider takes.
    #[error("a file of more than {max_bytes} bytes")]
    TooLarge {
        /// Its name.
        name: String,
        /// The most bytes.
        max_bytes: u64,
    },
    /// The store of files does not have it.
    #[error("the file is not stored any more")]
    Missing {
        /// Its name.
        name: String,
    },
}

/// The first of what stands against sending these files with this campaign, as far as the campaign and
/// what is known of its files says it. Whether a template shows them is for
/// [`template::check`](super::template::check).
pub(super) fn check(campaign: &Campaign, files: &[MediaFile]) -> Result<(), FileProblem> {
    let max = campaign.channel.max_files();
    if files.len() > max {
        let count = files.len();
        return Err(FileProblem::TooMany { count, max });
    }
    if campaign.content == CampaignContent::FileOnly && files.is_empty() {
        return Err(FileProblem::NothingToSend);
    }
    if campaign.channel != ChannelKind::Whatsapp {
        return Ok(());
    }
    for file in files {
        let max_bytes = file.kind().max_bytes();
        if file.size > max_bytes {
            let name = file.file_name.to_string();
            return Err(FileProblem::TooLarge { name, max_bytes });
        }
    }
    let (CampaignContent::Text(text), Some(file)) = (&campaign.content, files.first()) else {
        return Ok(());
    };
    if !file.kind().takes_caption() {
        return Err(FileProblem::TextBesideSound);
    }
    // What is left of it for somebody of whom nothing is known: nobody's is shorter.
    let least = text.render(PlaceholderValues {
        name: "",
        phone: None,
        email: None,
        custom_fields: None,
    });
    if least.chars().count() > MAX_CAPTION_CHARS {
        let max = MAX_CAPTION_CHARS;
        return Err(FileProblem::CaptionTooLong { max });
    }
    Ok(())
}

/// The provider's word for the header of a template that shows a file of this kind. No header plays a
/// sound.
pub(super) fn header_format(kind: MediaKind) -> Option<&'static str> {
    match kind {
        MediaKind::Image => Some("IMAGE"),
        MediaKind::Video => Some("VIDEO"),
        MediaKind::Document => Some("DOCUMENT"),
        MediaKind::Audio => None,
    }
}
