//! What a list of contacts is asked for.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::values::{Problem, Tag, Violations};
use nexus_domain::{ContactFilter, ContactStatus, SegmentId, UserId};

use crate::field::optional;

/// The conditions of a list as they were asked for; all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct ContactQuery {
    /// A part of name, phone, e-mail, notes or tags.
    pub search: Option<String>,
    /// All of these tags.
    pub tags: Vec<String>,
    /// `active`, `inactive` or `unsubscribed`.
    pub status: Option<String>,
    /// `phone`, `email`, or both.
    pub has: Vec<String>,
    /// Created at or after, RFC 3339.
    pub created_after: Option<String>,
    /// Created before, RFC 3339.
    pub created_before: Option<String>,
    /// In this segment.
    pub segment: Option<String>,
}

/// Why a query does not say which contacts are meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryError {
    /// Conditions that can't be understood.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ContactQuery {
    /// The filter that is meant, with what its segment is now, or every condition that can't be
    /// understood.
    pub(crate) async fn resolve(
        &self,
        storage: &dyn Storage,
        user: UserId,
    ) -> Result<ContactFilter, QueryError> {
        let mut violations = Violations::new();
        let own = self.read(&mut violations);
        let mut segment = None;
        if let Some(id) = self.segment() {
            // What is no id is the id of nobody's segment.
            if let Ok(id) = id.parse::<SegmentId>() {
                segment = storage.read().segments().find(user, id).await?;
            }
            if segment.is_none() {
                violations.add("segment", Problem::UnknownSegment);
            }
        }
        violations.into_result().map_err(QueryError::Invalid)?;
        Ok(match segment {
            Some(segment) => own.and(segment.filter),
            None => own,
        })
    }

    /// The conditions in the member `name` of a body, for a filter that is kept: it can't be made
    /// of a segment, which may change. `None` with what can't be accepted noted.
    pub(crate) fn conditions(
        &self,
        name: &str,
        violations: &mut Violations,
    ) -> Option<ContactFilter> {
        let mut refused = Violations::new();
        let filter = self.read(&mut refused);
        if self.segment().is_some() {
            refused.add("segment", Problem::SegmentOfSegment);
        }
        let accepted = refused.is_empty();
        note_in(name, &refused, violations);
        accepted.then_some(filter)
    }

    fn segment(&self) -> Option<&str> {
        let id = self.segment.as_deref()?.trim();
        (!id.is_empty()).then_some(id)
    }

    /// Every condition but the segment.
    fn read(&self, violations: &mut Violations) -> ContactFilter {
        let mut filter = ContactFilter::default();
        let search = optional(self.search.as_deref(), ContactFilter::parse_search);
        filter.search = violations.check("search", search).flatten();
        let tags = Tag::parse_list(self.tags.iter().map(String::as_str));
        filter.tags = violations.check("tag", tags).unwrap_or_default();
        let status = optional(self.status.as_deref(), ContactStatus::parse);
        filter.status = violations.check("status", status).flatten();
        for has in self
            .has
            .iter()
            .map(|has| has.trim())
            .filter(|has| !has.is_empty())
        {
            match has {
                "phone" => filter.has_phone = true,
                "email" => filter.has_email = true,
                _ => violations.add(
                    "has",
                    Problem::NotOneOf {
                        accepted: ["phone", "email"].map(String::from).to_vec(),
                    },
                ),
            }
        }
        let after = optional(self.created_after.as_deref(), instant);
        filter.created_after = violations.check("created_after", after).flatten();
        let before = optional(self.created_before.as_deref(), instant);
        filter.created_before = violations.check("created_before", before).flatten();
        filter
    }
}

/// Notes what was refused of a query that is the member `name` of a body. There, tags are a list.
pub(crate) fn note_in(name: &str, refused: &Violations, violations: &mut Violations) {
    for (field, problem) in refused.iter() {
        let field = if field == "tag" { "tags" } else { field };
        violations.add(format!("{name}.{field}"), problem.clone());
    }
}

fn instant(raw: &str) -> Result<DateTime<Utc>, Problem> {
    DateTime::parse_from_rfc3339(raw.trim())
        .map(|at| at.to_utc())
        .map_err(|_| Problem::Malformed {
            expected: "2026-11-23T10:00:00Z".to_owned(),
        })
}
