//! A field of an update: absent is not empty.

use nexus_domain::values::{Problem, Violations};

/// What an update says of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// It was absent: the value stays.
    #[default]
    Keep,
    /// It was `null` or `""`: the value goes.
    Clear,
    /// The new value.
    Set(T),
}

impl<T> Field<T> {
    /// Reads absent / `null` / value, as a deserializer tells them apart.
    pub fn from_nullable(value: Option<Option<T>>) -> Self {
        match value {
            None => Self::Keep,
            Some(None) => Self::Clear,
            Some(Some(value)) => Self::Set(value),
        }
    }
}

impl Field<String> {
    /// As it is, but a text of nothing but spaces clears too.
    #[must_use]
    pub fn blank_clears(self) -> Self {
        match self {
            Self::Set(text) if text.trim().is_empty() => Self::Clear,
            other => other,
        }
    }

    /// As it is, but what is there already is kept: a stored value is not judged again by rules
    /// that may have changed since.
    #[must_use]
    pub(crate) fn unless_already(self, current: Option<&str>) -> Self {
        match self {
            Self::Set(text) if Some(text.trim()) == current => Self::Keep,
            other => other,
        }
    }

    /// Changes a value that must be there.
    pub(crate) fn replace<T>(
        self,
        name: &str,
        current: &mut T,
        violations: &mut Violations,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) {
        match self.blank_clears() {
            Self::Keep => {}
            Self::Clear => violations.add(name, Problem::Required),
            Self::Set(raw) => {
                if let Some(value) = violations.check(name, parse(&raw)) {
                    *current = value;
                }
            }
        }
    }

    /// Changes a value that may be missing.
    pub(crate) fn replace_optional<T>(
        self,
        name: &str,
        current: &mut Option<T>,
        violations: &mut Violations,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) {
        match self.blank_clears() {
            Self::Keep => {}
            Self::Clear => *current = None,
            Self::Set(raw) => {
                if let Some(value) = violations.check(name, parse(&raw)) {
                    *current = Some(value);
                }
            }
        }
    }
}

/// Parses a text that may be missing; a blank one is missing.
pub(crate) fn optional<T>(
    raw: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    match raw {
        Some(text) if !text.trim().is_empty() => parse(text).map(Some),
        _ => Ok(None),
    }
}
