//! Tags of contacts.

use super::text::is_blank;
use super::{Problem, fold};

/// A label of up to 50 characters; two spellings that differ in case or accents are one tag.
#[derive(Debug, Clone)]
pub struct Tag {
    label: String,
    key: String,
}

impl Tag {
    /// The most characters a tag may have.
    pub const MAX: usize = 50;
    /// The most tags a contact may have.
    pub const MAX_PER_CONTACT: usize = 50;

    /// Accepts one tag, trimmed.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let label = raw.trim();
        if is_blank(label) {
            return Err(Problem::Required);
        }
        if label.chars().count() > Self::MAX {
            return Err(Problem::TooLong { max: 50 });
        }
        if label.contains([',', ';']) {
            return Err(Problem::TagWithComma);
        }
        if label.chars().any(char::is_control) {
            return Err(Problem::ControlCharacter);
        }
        Ok(Self::from_stored(label.to_owned()))
    }

    /// Accepts a list, each spelling once, in the order given.
    pub fn parse_list<'a>(raw: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Problem> {
        let mut tags: Vec<Self> = Vec::new();
        for text in raw.into_iter().filter(|text| !is_blank(text)) {
            let tag = Self::parse(text)?;
            if tags.contains(&tag) {
                continue;
            }
            // Within the loop: each tag is compared with those before, which must stay few.
            if tags.len() == Self::MAX_PER_CONTACT {
                return Err(Problem::TooMany { max: 50 });
            }
            tags.push(tag);
        }
        Ok(tags)
    }

    /// Gives a tag of a list another name, in its place; a list that has both keeps one. Whether
    /// the list changed, be it only the spelling.
    pub fn rename(tags: &mut Vec<Self>, from: &Self, to: &Self) -> bool {
        let Some(place) = tags.iter().position(|tag| tag == from) else {
            return false;
        };
        if from != to && tags.contains(to) {
            tags.remove(place);
            return true;
        }
        let changed = tags[place].label() != to.label();
        tags[place] = to.clone();
        changed
    }

    /// The tag that was stored.
    pub fn from_stored(label: String) -> Self {
        let key = fold(&label);
        Self { label, key }
    }

    /// As written.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What its spellings have in common.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Tag {}
