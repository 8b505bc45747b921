//! Filters of contacts in bodies, with the words of the list's query.

use chrono::{DateTime, Utc};
use nexus_application::contacts::ContactQuery;
use nexus_domain::{ContactFilter, ContactStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The contacts that the list shows with these conditions; without any, all of them. Other members
/// are refused: a condition that is misspelled would mean everyone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContactFilterBody {
    /// A part of name, phone, e-mail, notes or tags; accents and case don't matter.
    search: Option<String>,
    /// With all of these tags.
    #[schema(example = json!(["clientes"]))]
    tags: Option<Vec<String>>,
    /// `active`, `inactive` or `unsubscribed`.
    #[schema(example = "inactive")]
    status: Option<String>,
    /// `phone`, `email`, or both.
    has: Option<Vec<String>>,
    /// Created at or after this time (RFC 3339).
    created_after: Option<String>,
    /// Created before this time (RFC 3339).
    created_before: Option<String>,
    /// In this segment as it is now, besides the other conditions. A segment can't be made of another.
    #[schema(value_type = Option<uuid::Uuid>)]
    segment: Option<String>,
}

impl From<ContactFilterBody> for ContactQuery {
    fn from(body: ContactFilterBody) -> Self {
        Self {
            search: body.search,
            tags: body.tags.unwrap_or_default(),
            status: body.status,
            has: body.has.unwrap_or_default(),
            created_after: body.created_after,
            created_before: body.created_before,
            segment: body.segment,
        }
    }
}

/// A filter of contacts as it is kept; every condition must hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactFilterView {
    search: Option<String>,
    #[schema(example = json!(["clientes"]))]
    tags: Vec<String>,
    status: Option<&'static str>,
    /// `phone`, `email`, or both.
    has: Vec<&'static str>,
    created_after: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

impl From<&ContactFilter> for ContactFilterView {
    fn from(filter: &ContactFilter) -> Self {
        let has = [(filter.has_phone, "phone"), (filter.has_email, "email")];
        Self {
            search: filter.search.as_ref().map(ToString::to_string),
            tags: filter
                .tags
                .iter()
                .map(|tag| tag.label().to_owned())
                .collect(),
            status: filter.status.map(ContactStatus::as_str),
            has: has
                .into_iter()
                .filter_map(|(wanted, word)| wanted.then_some(word))
                .collect(),
            created_after: filter.created_after,
            created_before: filter.created_before,
        }
    }
}
