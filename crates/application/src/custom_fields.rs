//! Custom fields as people type them, and the names that a user has.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::{CustomFields, FieldName, FieldValue, Problem, Violations};
use nexus_domain::{BulkChange, UserId};

/// How many characters of a name are repeated where its problems are named.
const SHOWN_OF_NAME: usize = 60;

/// A custom field of one contact, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldInput {
    /// Its name.
    pub name: String,
    /// Its value; none, or a blank one, takes the field away.
    pub value: Option<String>,
}

/// What is to change of a contact's custom fields.
#[derive(Debug, Default)]
pub(crate) struct FieldChanges {
    set: Vec<(FieldName, FieldValue)>,
    removed: Vec<FieldName>,
}

impl FieldChanges {
    /// What was typed, as far as it can be accepted; the rest is noted under
    /// `custom_fields.` and the name.
    pub(crate) fn parse(typed: &[CustomFieldInput], violations: &mut Violations) -> Self {
        let mut changes = Self::default();
        for CustomFieldInput { name, value } in typed {
            let shown: String = name.chars().take(SHOWN_OF_NAME).collect();
            let place = format!("custom_fields.{shown}");
            let Some(value) = value.as_ref().filter(|value| !value.trim().is_empty()) else {
                changes.removed.push(FieldName::from_stored(name));
                continue;
            };
            let name = violations.check(&place, FieldName::parse(name));
            let value = violations.check(&place, FieldValue::parse(value));
            let (Some(name), Some(value)) = (name, value) else {
                continue;
            };
            if changes.set.iter().any(|(other, _)| *other == name) {
                violations.add(place, Problem::MappedTwice);
            } else {
                changes.set.push((name, value));
            }
        }
        changes
    }

    /// The names that get a value.
    pub(crate) fn names(&self) -> Vec<FieldName> {
        self.set.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Makes the changes, with names spelled as in `known`; one field too many is noted.
    pub(crate) fn apply(
        self,
        fields: &mut CustomFields,
        known: &[FieldName],
        violations: &mut Violations,
    ) {
        for name in &self.removed {
            fields.remove(name);
        }
        for (name, value) in self.set {
            let spelled = known.iter().find(|known| **known == name).cloned();
            if let Err(problem) = fields.set(spelled.unwrap_or(name), value) {
                violations.add("custom_fields", problem);
                return;
            }
        }
    }
}

/// Adds names to those of the user and holds them, before contacts get them in the same
/// transaction. All the names as they are spelled, or why they can't be added: then the transaction
/// is to be dropped.
pub(crate) async fn register(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    names: &[FieldName],
    now: DateTime<Utc>,
) -> Result<Result<Vec<FieldName>, Problem>, StorageError> {
    if names.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let known = unit.fields().register(user, names, now).await?;
    if let Err(problem) = check_count(known.len()) {
        return Ok(Err(problem));
    }
    // Now that the names are held: a deletion that was being decided is over, and so among these.
    let changes = unit.bulk_changes().unfinished(user).await?;
    let deleted = changes
        .iter()
        .filter_map(BulkChange::removed_field)
        .find(|deleted| names.contains(deleted));
    Ok(match deleted {
        // The worker would take the new values as well.
        Some(name) => Err(Problem::FieldBeingDeleted {
            name: name.label().to_owned(),
        }),
        None => Ok(known),
    })
}

/// Whether a user may have so many names.
pub(crate) fn check_count(names: usize) -> Result<(), Problem> {
    if names > FieldName::MAX_PER_USER {
        return Err(Problem::TooManyFieldNames { max: 50 });
    }
    Ok(())
}
