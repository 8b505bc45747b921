//! Some rows of a table, on their way into the store in one transaction.

use std::collections::BTreeSet;

use nexus_domain::ports::TableRow;
use nexus_domain::values::{Country, EmailAddress, FieldName, PhoneNumber, Problem, Tag};
use nexus_domain::{ContactDetails, ImportId, ImportPlan, ImportProgress, RowError, UserId};

use super::columns::Columns;
use super::rows::{ParsedRow, RowErrors, parse};

/// For whom, from what and how rows are read.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) user_id: UserId,
    pub(super) import_id: ImportId,
    pub(super) country: Country,
    pub(super) plan: ImportPlan,
}

/// A row that is a contact.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) row: &'a TableRow,
    pub(super) details: ContactDetails,
}

/// The rows of one transaction, parsed.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    /// The rows that are read, blank and invalid.
    pub(super) progress: ImportProgress,
    /// What is wrong with the invalid rows.
    pub(super) errors: Vec<RowError>,
    /// The other rows, in their order.
    pub(super) entries: Vec<Entry<'a>>,
}

impl<'a> Batch<'a> {
    /// Reads the rows.
    pub(super) fn read(rows: &'a [TableRow], columns: &Columns, origin: &Origin) -> Self {
        let mut batch = Self::default();
        for row in rows {
            batch.progress.read += 1;
            match parse(columns, row, origin.country) {
                ParsedRow::Blank => batch.progress.blank += 1,
                ParsedRow::Invalid(errors) => batch.refuse(errors),
                ParsedRow::Contact(details) => {
                    let mut details = *details;
                    for tag in &origin.plan.tags {
                        if !details.tags.contains(tag) {
                            details.tags.push(tag.clone());
                        }
                    }
                    if details.tags.len() > Tag::MAX_PER_CONTACT {
                        let mut errors = RowErrors::of(row);
                        errors.add(None, "", Problem::TooMany { max: 50 });
                        batch.refuse(errors.errors);
                        continue;
                    }
                    batch.entries.push(Entry { row, details });
                }
            }
        }
        batch
    }

    fn refuse(&mut self, errors: Vec<RowError>) {
        self.progress.invalid += 1;
        self.errors.extend(errors);
    }

    /// The custom fields that some row has, each once.
    pub(super) fn field_names(&self) -> Vec<FieldName> {
        let names: BTreeSet<&FieldName> = self
            .entries
            .iter()
            .flat_map(|entry| entry.details.custom_fields.names())
            .collect();
        names.into_iter().cloned().collect()
    }

    /// Every phone number and e-mail address of the batch, to ask who has them.
    pub(super) fn addresses(&self) -> (Vec<PhoneNumber>, Vec<EmailAddress>) {
        let details = || self.entries.iter().map(|entry| &entry.details);
        (
            details().filter_map(|d| d.phone.clone()).collect(),
            details().filter_map(|d| d.email.clone()).collect(),
        )
    }
}
