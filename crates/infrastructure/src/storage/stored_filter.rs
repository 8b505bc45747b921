//! Filters of contacts as they are stored: JSON objects.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::{FieldName, ShortText, Tag};
use nexus_domain::{ContactFilter, ContactStatus};
use serde::{Deserialize, Serialize};

use super::rows::Row;

/// A filter of contacts, with every condition.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredFilter {
    search: Option<String>,
    tags: Vec<String>,
    status: Option<ContactStatus>,
    has_phone: bool,
    has_email: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_field: Option<String>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<Self>,
}

impl StoredFilter {
    pub(super) fn of(filter: &ContactFilter) -> Self {
        // Taken apart by name, so that no condition that is added can be forgotten here.
        let ContactFilter {
            search,
            tags,
            status,
            has_phone,
            has_email,
            has_field,
            created_after,
            created_before,
            also,
        } = filter;
        Self {
            search: search.as_ref().map(|text| text.as_str().to_owned()),
            tags: labels(tags),
            status: *status,
            has_phone: *has_phone,
            has_email: *has_email,
            has_field: has_field.as_ref().map(|name| name.label().to_owned()),
            created_after: *created_after,
            created_before: *created_before,
            also: also.iter().map(Self::of).collect(),
        }
    }

    /// The filter, from `column` of `row`.
    pub(super) fn filter(self, row: Row, column: &str) -> Result<ContactFilter, StorageError> {
        Ok(ContactFilter {
            search: row.parse_some(column, self.search.as_deref(), ShortText::parse)?,
            tags: stored_tags(self.tags),
            status: self.status,
            has_phone: self.has_phone,
            has_email: self.has_email,
            has_field: self.has_field.as_deref().map(FieldName::from_stored),
            created_after: self.created_after,
            created_before: self.created_before,
            also: self
                .also
                .into_iter()
                .map(|stored| stored.filter(row, column))
                .collect::<Result<_, _>>()?,
        })
    }
}

pub(super) fn labels(tags: &[Tag]) -> Vec<String> {
    tags.iter().map(|tag| tag.label().to_owned()).collect()
}

pub(super) fn stored_tags(labels: Vec<String>) -> Vec<Tag> {
    labels.into_iter().map(Tag::from_stored).collect()
}
