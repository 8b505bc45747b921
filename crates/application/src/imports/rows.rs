//! One row of a table as a contact, or everything that is wrong with it.

use nexus_domain::ports::TableRow;
use nexus_domain::values::{
    Country, EmailAddress, LongText, PersonName, PhoneNumber, Problem, Tag, fold,
};
use nexus_domain::{ContactStatus, RowError};

use super::cell::shown;
use super::columns::{Cell, Columns, Meaning};
use crate::field::optional;

/// What a row says of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedContact {
    pub(super) name: PersonName,
    pub(super) phone: Option<PhoneNumber>,
    pub(super) email: Option<EmailAddress>,
    pub(super) tags: Vec<Tag>,
    pub(super) notes: Option<LongText>,
    pub(super) status: ContactStatus,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParsedRow {
    /// Nothing in any cell.
    Blank,
    /// Every cell that is wrong.
    Invalid(Vec<RowError>),
    /// A contact.
    Contact(Box<ParsedContact>),
}

/// Reads a row; phone numbers without prefix are of `country`.
pub(super) fn parse(columns: &Columns, row: &TableRow, country: Country) -> ParsedRow {
    if row.cells.iter().all(|cell| cell.trim().is_empty()) {
        return ParsedRow::Blank;
    }
    let cell = |meaning| columns.cell(meaning, &row.cells);
    let mut errors = RowErrors {
        line: row.line,
        errors: Vec::new(),
    };
    let name = errors.check(name_cell(columns, row), |_| {
        PersonName::parse(&full_name(columns, row))
    });
    let phone = errors.check(cell(Meaning::Phone), |text| {
        optional(Some(text), |raw| PhoneNumber::parse(raw, country))
    });
    let email = errors.check(cell(Meaning::Email), |text| {
        optional(Some(text), EmailAddress::parse)
    });
    if let (Some(None), Some(None)) = (&phone, &email) {
        errors.add(None, "", Problem::PhoneOrEmailRequired);
    }
    let tags = errors.check(cell(Meaning::Tags), |text| {
        Tag::parse_list(text.split([',', ';', '|']))
    });
    let notes = errors.check(cell(Meaning::Notes), LongText::parse_optional);
    let status = errors.check(cell(Meaning::Status), |text| optional(Some(text), status));
    match (name, phone, email, tags, notes, status) {
        (Some(name), Some(phone), Some(email), Some(tags), Some(notes), Some(status))
            if errors.errors.is_empty() =>
        {
            ParsedRow::Contact(Box::new(ParsedContact {
                name,
                phone,
                email,
                tags,
                notes,
                status: status.unwrap_or_default(),
            }))
        }
        _ => ParsedRow::Invalid(errors.errors),
    }
}

/// The cell to name when something is wrong with the name.
fn name_cell<'a>(columns: &'a Columns, row: &'a TableRow) -> Cell<'a> {
    let name = columns.cell(Meaning::Name, &row.cells);
    match name.column {
        Some(_) => name,
        None => columns.cell(Meaning::LastName, &row.cells),
    }
}

/// First and last name, with single spaces: line breaks within cells are common in sheets.
fn full_name(columns: &Columns, row: &TableRow) -> String {
    let part = |meaning| columns.cell(meaning, &row.cells).text.split_whitespace();
    part(Meaning::Name)
        .chain(part(Meaning::LastName))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words for a status that people write in lists.
fn status(text: &str) -> Result<ContactStatus, Problem> {
    match fold(text).as_str() {
        "active" | "activo" | "activa" | "alta" => Ok(ContactStatus::Active),
        "inactive" | "inactivo" | "inactiva" => Ok(ContactStatus::Inactive),
        "unsubscribed" | "baja" | "dado de baja" | "dada de baja" | "desuscrito" | "desuscrita" => {
            Ok(ContactStatus::Unsubscribed)
        }
        other => ContactStatus::parse(other),
    }
}

/// What is wrong with one row.
struct RowErrors {
    line: u64,
    errors: Vec<RowError>,
}

impl RowErrors {
    fn check<T>(
        &mut self,
        cell: Cell<'_>,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        match parse(cell.text) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(cell.column, cell.text, problem);
                None
            }
        }
    }

    fn add(&mut self, column: Option<&str>, value: &str, problem: Problem) {
        self.errors.push(RowError {
            line: self.line,
            column: column.map(str::to_owned),
            value: shown(value),
            problem,
        });
    }
}
