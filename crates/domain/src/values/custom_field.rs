//! What a user knows of contacts besides what every contact has: fields with names of the user's
//! own, which messages use as placeholders.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use unicode_normalization::char::is_combining_mark;

use super::text::is_invisible;
use super::{Problem, fold};
use crate::ColumnMeaning;

/// The name of a custom field, which is the name of its placeholder too: 1 to 40 letters, digits,
/// underscores and single spaces, the first a letter or a digit. Two spellings that differ in case
/// or accents are one name. What already means something of a contact (`nombre`, `phone`, …) is
/// no name.
#[derive(Debug, Clone)]
pub struct FieldName {
    label: String,
    key: String,
}

impl FieldName {
    /// The most characters a name may have.
    pub const MAX: usize = 40;
    /// The most names a user may have.
    pub const MAX_PER_USER: usize = 50;

    /// Accepts a name; any run of spaces and line breaks in it is one space.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let label = one_line(raw);
        if label.is_empty() {
            return Err(Problem::Required);
        }
        if label.chars().count() > Self::MAX {
            return Err(Problem::TooLong { max: 40 });
        }
        let name = Self::from_stored(&label);
        // Of nothing but marks no key is left.
        if !is_placeholder_name(&label) || name.key.is_empty() {
            return Err(Problem::InvalidFieldName);
        }
        if ColumnMeaning::of_header(&label).is_some() {
            return Err(Problem::ReservedFieldName);
        }
        Ok(name)
    }

    /// The name that was stored, or that a text has where a name is: what names may be today is
    /// not asked of it.
    pub fn from_stored(label: &str) -> Self {
        let label = one_line(label);
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

    /// How a message names it: `{Ciudad}`.
    pub fn placeholder(&self) -> String {
        format!("{{{}}}", self.label)
    }
}

impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for FieldName {}

impl PartialOrd for FieldName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FieldName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// Whether a text between braces is a name, and so a placeholder.
pub(super) fn is_placeholder_name(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().count() <= FieldName::MAX
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || is_combining_mark(c) || c == '_' || c == ' ')
}

/// Whether a person who put this between braces meant a name: it begins like one and has no signs
/// but those that headers of tables have.
pub(super) fn looks_like_a_name(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphabetic)
        && text.chars().all(|c| {
            c.is_alphanumeric()
                || is_combining_mark(c)
                || c.is_whitespace()
                || "_-.'’/:#".contains(c)
        })
}

/// The text without line breaks, runs of spaces and characters that nobody sees.
pub(super) fn as_seen(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    one_line(&seen)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a contact has in a custom field: one line of 1 to 500 characters, with single spaces.
/// WhatsApp takes neither line breaks nor runs of spaces in the variables of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldValue(String);

impl FieldValue {
    /// The most characters a value may have.
    pub const MAX: usize = 500;

    /// Accepts a value; any run of spaces and line breaks in it is one space.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let text = one_line(raw);
        if text.is_empty() {
            return Err(Problem::Required);
        }
        if text.chars().count() > Self::MAX {
            return Err(Problem::TooLong { max: 500 });
        }
        if text.chars().any(char::is_control) {
            return Err(Problem::ControlCharacter);
        }
        Ok(Self(text))
    }

    /// The value that was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The custom fields of a contact: each name once, in the order of the names, at most
/// [`Self::MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomFields(BTreeMap<FieldName, FieldValue>);

impl CustomFields {
    /// The most fields a contact may have.
    pub const MAX: usize = 30;

    /// The fields that were stored.
    pub fn from_stored(fields: impl IntoIterator<Item = (FieldName, FieldValue)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// Gives a field a value; one too many is refused.
    pub fn set(&mut self, name: FieldName, value: FieldValue) -> Result<(), Problem> {
        if self.0.len() >= Self::MAX && !self.0.contains_key(&name) {
            return Err(Problem::TooManyFields { max: 30 });
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// Takes a field away. Whether it was there.
    pub fn remove(&mut self, name: &FieldName) -> bool {
        self.0.remove(name).is_some()
    }

    /// Takes away all fields but those with these names.
    pub fn keep(&mut self, names: &[FieldName]) {
        self.0.retain(|name, _| names.contains(name));
    }

    /// Takes all fields away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The value of a field.
    pub fn get(&self, name: &FieldName) -> Option<&FieldValue> {
        self.0.get(name)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &FieldName> {
        self.0.keys()
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldName, &FieldValue)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes these fields over: all of them, or only those that are not there. Too many together are
    /// refused; then nothing has changed.
    pub fn take(&mut self, given: &Self, overwrites: bool) -> Result<(), Problem> {
        let new = given.names().filter(|name| !self.0.contains_key(name));
        if self.0.len() + new.count() > Self::MAX {
            return Err(Problem::TooManyFields { max: 30 });
        }
        for (name, value) in given.iter() {
            if overwrites || !self.0.contains_key(name) {
                self.0.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// The same fields, with their names spelled as in `names`.
    #[must_use]
    pub fn spelled_as(self, names: &[FieldName]) -> Self {
        let spelled = |name: FieldName| names.iter().find(|known| **known == name).cloned();
        Self(
            self.0
                .into_iter()
                .map(|(name, value)| (spelled(name.clone()).unwrap_or(name), value))
                .collect(),
        )
    }
}
