//! A change of many contacts, as it was asked for.

use std::collections::BTreeSet;

use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::values::{Problem, Tag, Violations};
use nexus_domain::{BulkAction, ContactEdit, ContactId, ContactSelection, ContactStatus, UserId};

use super::BulkError;
use crate::contacts::{ContactQuery, QueryError, note_in};

/// The most contacts that can be named one by one.
const MOST_IDS: usize = 10_000;
const ACTIONS: [&str; 4] = ["delete", "tag", "untag", "set_status"];

/// What is to happen to which contacts, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct BulkRequest {
    /// `delete`, `tag`, `untag` or `set_status`.
    pub action: String,
    /// The tags to give or to take.
    pub tags: Vec<String>,
    /// The status to set.
    pub status: Option<String>,
    /// The contacts, one by one: these or a filter.
    pub contact_ids: Option<Vec<String>>,
    /// The contacts, by the conditions of the list; without any condition, all of them.
    pub filter: Option<ContactQuery>,
}

impl BulkRequest {
    /// What is meant, with what the filter's segment is now, or every field that can't be accepted.
    pub(super) async fn resolve(
        &self,
        storage: &dyn Storage,
        user: UserId,
    ) -> Result<(BulkAction, ContactSelection), BulkError> {
        let mut violations = Violations::new();
        let action = self.action(&mut violations);
        let selection = self.selection(storage, user, &mut violations).await?;
        match (action, selection) {
            (Some(action), Some(selection)) if violations.is_empty() => Ok((action, selection)),
            _ => Err(BulkError::Invalid(violations)),
        }
    }

    fn action(&self, violations: &mut Violations) -> Option<BulkAction> {
        match self.action.trim() {
            "delete" => Some(BulkAction::Delete),
            "tag" => self
                .tags(violations)
                .map(|tags| BulkAction::Edit(ContactEdit::Tag(tags))),
            "untag" => self
                .tags(violations)
                .map(|tags| BulkAction::Edit(ContactEdit::Untag(tags))),
            "set_status" => {
                let status = match &self.status {
                    Some(status) => ContactStatus::parse(status),
                    None => Err(Problem::Required),
                };
                violations
                    .check("status", status)
                    .map(|status| BulkAction::Edit(ContactEdit::SetStatus(status)))
            }
            "" => {
                violations.add("action", Problem::Required);
                None
            }
            _ => {
                let accepted = ACTIONS.map(str::to_owned).to_vec();
                violations.add("action", Problem::NotOneOf { accepted });
                None
            }
        }
    }

    fn tags(&self, violations: &mut Violations) -> Option<Vec<Tag>> {
        let tags = Tag::parse_list(self.tags.iter().map(String::as_str)).and_then(|tags| {
            if tags.is_empty() {
                Err(Problem::Required)
            } else {
                Ok(tags)
            }
        });
        violations.check("tags", tags)
    }

    async fn selection(
        &self,
        storage: &dyn Storage,
        user: UserId,
        violations: &mut Violations,
    ) -> Result<Option<ContactSelection>, StorageError> {
        Ok(match (&self.contact_ids, &self.filter) {
            (Some(ids), None) => {
                let ids = ids_of(ids);
                violations
                    .check("contact_ids", ids)
                    .map(ContactSelection::Ids)
            }
            (None, Some(query)) => match query.resolve(storage, user).await {
                Ok(filter) => Some(ContactSelection::Filter(filter)),
                Err(QueryError::Invalid(refused)) => {
                    note_in("filter", &refused, violations);
                    None
                }
                Err(QueryError::Storage(error)) => return Err(error),
            },
            (None, None) => {
                violations.add("contact_ids", Problem::Required);
                None
            }
            (Some(_), Some(_)) => {
                let expected = "contact_ids | filter".to_owned();
                violations.add("filter", Problem::Malformed { expected });
                None
            }
        })
    }
}

/// Each id once, by id. What is no id is the id of nobody.
fn ids_of(typed: &[String]) -> Result<Vec<ContactId>, Problem> {
    if typed.is_empty() {
        return Err(Problem::Required);
    }
    if typed.len() > MOST_IDS {
        return Err(Problem::TooMany { max: 10_000 });
    }
    let ids: BTreeSet<ContactId> = typed
        .iter()
        .filter_map(|id| id.trim().parse().ok())
        .collect();
    Ok(ids.into_iter().collect())
}
