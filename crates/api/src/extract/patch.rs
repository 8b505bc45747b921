//! Fields of a PUT: an absent one is unchanged, `null` or `""` clears it.

use nexus_application::Field;
use serde::{Deserialize, Deserializer};

/// A field of a PUT. The document has it as an optional field (`value_type = Option<…>`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent as `null`.
    Null,
    /// Sent.
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl From<Patch<String>> for Field<String> {
    fn from(patch: Patch<String>) -> Self {
        match patch {
            Patch::Absent => Self::Keep,
            Patch::Value(text) if !text.trim().is_empty() => Self::Set(text),
            Patch::Null | Patch::Value(_) => Self::Clear,
        }
    }
}

impl<T> Patch<T> {
    /// As a [`Field`], where only `null` clears.
    pub fn into_field(self) -> Field<T> {
        match self {
            Self::Absent => Field::Keep,
            Self::Null => Field::Clear,
            Self::Value(value) => Field::Set(value),
        }
    }

    /// The value, if one was sent.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}
