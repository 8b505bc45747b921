//! What a list of contacts is asked for.

use chrono::{DateTime, Utc};
use nexus_domain::values::{Problem, ShortText, Tag, Violations};
use nexus_domain::{ContactFilter, ContactStatus};

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
}

impl ContactQuery {
    /// The filter that is meant, or every condition that can't be understood.
    pub fn parse(&self) -> Result<ContactFilter, Violations> {
        let mut violations = Violations::new();
        let mut filter = ContactFilter::default();
        let search = optional(self.search.as_deref(), ShortText::parse);
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
        violations.into_result().map(|()| filter)
    }
}

fn instant(raw: &str) -> Result<DateTime<Utc>, Problem> {
    DateTime::parse_from_rfc3339(raw.trim())
        .map(|at| at.to_utc())
        .map_err(|_| Problem::Malformed {
            expected: "2026-11-23T10:00:00Z".to_owned(),
        })
}
