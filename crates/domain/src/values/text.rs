//! Bounded pieces of plain text.

use super::Problem;

/// Whether nobody sees anything of a text: it has nothing but spaces and characters that are not shown,
/// such as those of width zero.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// The characters that Unicode calls default ignorable (`DerivedCoreProperties.txt`, version 16), and
/// the empty pattern of Braille. Within a text they have their uses, as between parts of an emoji.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text of 1 to `MAX` characters, of which some can be seen, trimmed, without control characters (line breaks and tabs are
/// kept when `LINES`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const MAX: usize, const LINES: bool>(String);

impl<const MAX: usize, const LINES: bool> Text<MAX, LINES> {
    /// The most characters.
    pub const MAX_CHARS: usize = MAX;

    /// Accepts `raw` after trimming it.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let trimmed = raw.trim();
        if is_blank(trimmed) {
            return Err(Problem::Required);
        }
        if trimmed.chars().count() > MAX {
            return Err(Problem::TooLong {
                max: u32::try_from(MAX).unwrap_or(u32::MAX),
            });
        }
        let refused = |c: char| c.is_control() && !(LINES && matches!(c, '\n' | '\r' | '\t'));
        if trimmed.chars().any(refused) {
            return Err(Problem::ControlCharacter);
        }
        Ok(Self(trimmed.to_owned()))
    }

    /// As [`Self::parse`], where an empty text means none.
    pub fn parse_optional(raw: &str) -> Result<Option<Self>, Problem> {
        if is_blank(raw) {
            return Ok(None);
        }
        Self::parse(raw).map(Some)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize, const LINES: bool> std::fmt::Display for Text<MAX, LINES> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a person or a campaign: one line of up to 200 characters.
pub type PersonName = Text<200, false>;
/// The name of a company: one line of up to 200 characters.
pub type CompanyName = Text<200, false>;
/// The name of a segment: one line of up to 120 characters.
pub type SegmentName = Text<120, false>;
/// An identifier or a subject: one line of up to 255 characters.
pub type ShortText = Text<255, false>;
/// Notes: up to 5,000 characters in several lines.
pub type LongText = Text<5_000, true>;
