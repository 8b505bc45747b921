//! From what is stored to what the domain knows.

use nexus_domain::ports::StorageError;
use sea_orm::FromQueryResult;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A stored row, to be named when it can't be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) table: &'static str,
    pub(super) id: Uuid,
}

impl Row {
    /// `value`, or the error that names `column` of this row. The value itself is not named: it
    /// may be anybody's.
    pub(super) fn need<T>(self, column: &str, value: Option<T>) -> Result<T, StorageError> {
        value.ok_or_else(|| {
            StorageError::Unreadable(format!("{} {}: {column}", self.table, self.id))
        })
    }

    /// A text that is parsed again, as it was when it came in.
    pub(super) fn parse<T, E>(
        self,
        column: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, StorageError> {
        self.need(column, parse(text).ok())
    }

    /// As [`Self::parse`], where there may be none.
    pub(super) fn parse_some<T, E>(
        self,
        column: &str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, StorageError> {
        text.map(|text| self.parse(column, text, parse)).transpose()
    }

    /// The one of `all` whose word is stored.
    pub(super) fn word<T: Copy>(
        self,
        column: &str,
        word: &str,
        all: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> Result<T, StorageError> {
        let found = all.iter().copied().find(|value| as_str(*value) == word);
        self.need(column, found)
    }

    /// What a JSON text says.
    pub(super) fn json<T: DeserializeOwned>(
        self,
        column: &str,
        text: &str,
    ) -> Result<T, StorageError> {
        self.need(column, serde_json::from_str(text).ok())
    }

    /// A number that is never negative.
    pub(super) fn unsigned<T: TryFrom<i64>>(
        self,
        column: &str,
        number: i64,
    ) -> Result<T, StorageError> {
        self.need(column, T::try_from(number).ok())
    }
}

/// `value` as JSON text.
pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|error| StorageError::Failed(Box::new(error)))
}

/// A row of one number called `number`.
#[derive(FromQueryResult)]
pub(super) struct Number {
    pub(super) number: i64,
}

impl Number {
    /// A count, which is never negative.
    pub(super) fn count(row: Option<Self>) -> u64 {
        row.and_then(|row| u64::try_from(row.number).ok())
            .unwrap_or_default()
    }
}

/// A row of one id.
#[derive(FromQueryResult)]
pub(super) struct IdRow {
    pub(super) id: Uuid,
}
