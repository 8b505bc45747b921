//! One row of a table as a contact, or everything that is wrong with it.

use nexus_domain::ports::TableRow;
use nexus_domain::values::{
    Country, CustomFields, EmailAddress, FieldValue, LongText, PersonName, PhoneNumber, Problem,
    Tag, fold,
};
use nexus_domain::{ColumnMeaning, ContactDetails, ContactStatus, RowError};

use super::cell::{kept, shown};
use super::columns::{Cell, Columns};
use crate::field::optional;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParsedRow {
    /// Nothing in any cell.
    Blank,
    /// Every cell that is wrong.
    Invalid(Vec<RowError>),
    /// A contact.
    Contact(Box<ContactDetails>),
}

/// Reads a row; phone numbers without prefix are of `country`.
pub(super) fn parse(columns: &Columns, row: &TableRow, country: Country) -> ParsedRow {
    if row.cells.iter().all(|cell| cell.trim().is_empty()) {
        return ParsedRow::Blank;
    }
    let cell = |meaning: ColumnMeaning| columns.cell(&meaning, &row.cells);
    let mut errors = RowErrors::of(row);
    let name = errors.check(name_cell(columns, row), |_| {
        PersonName::parse(&full_name(columns, row))
    });
    let phone = errors.check(cell(ColumnMeaning::Phone), |text| {
        optional(Some(text), |raw| PhoneNumber::parse(raw, country))
    });
    let email = errors.check(cell(ColumnMeaning::Email), |text| {
        optional(Some(text), EmailAddress::parse)
    });
    if let (Some(None), Some(None)) = (&phone, &email) {
        errors.add(None, "", Problem::PhoneOrEmailRequired);
    }
    let tags = errors.check(cell(ColumnMeaning::Tags), |text| {
        Tag::parse_list(text.split([',', ';', '|']))
    });
    let notes = errors.check(cell(ColumnMeaning::Notes), LongText::parse_optional);
    let status = errors.check(cell(ColumnMeaning::Status), |text| {
        optional(Some(text), status)
    });
    let custom_fields = custom_fields(columns, row, &mut errors);
    match (name, phone, email, tags, notes, status) {
        (Some(name), Some(phone), Some(email), Some(tags), Some(notes), Some(status))
            if errors.errors.is_empty() =>
        {
            ParsedRow::Contact(Box::new(ContactDetails {
                name,
                phone,
                email,
                tags,
                notes,
                custom_fields,
                status,
            }))
        }
        _ => ParsedRow::Invalid(errors.errors),
    }
}

/// The custom fields whose cells are filled and right.
fn custom_fields(columns: &Columns, row: &TableRow, errors: &mut RowErrors<'_>) -> CustomFields {
    let mut fields = CustomFields::default();
    for (name, cell) in columns.custom_cells(&row.cells) {
        let value = errors.check(cell, |text| optional(Some(text), FieldValue::parse));
        if let Some(Some(value)) = value
            && let Err(problem) = fields.set(name.clone(), value)
        {
            errors.add(cell.column, cell.text, problem);
        }
    }
    fields
}

/// The cell to name when something is wrong with the name.
fn name_cell<'a>(columns: &'a Columns, row: &'a TableRow) -> Cell<'a> {
    let name = columns.cell(&ColumnMeaning::Name, &row.cells);
    match name.column {
        Some(_) => name,
        None => columns.cell(&ColumnMeaning::LastName, &row.cells),
    }
}

/// First and last name, with single spaces: line breaks within cells are common in sheets.
fn full_name(columns: &Columns, row: &TableRow) -> String {
    let part = |meaning: ColumnMeaning| columns.cell(&meaning, &row.cells).text.split_whitespace();
    part(ColumnMeaning::Name)
        .chain(part(ColumnMeaning::LastName))
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
pub(super) struct RowErrors<'a> {
    row: &'a TableRow,
    pub(super) errors: Vec<RowError>,
}

impl<'a> RowErrors<'a> {
    pub(super) fn of(row: &'a TableRow) -> Self {
        Self {
            row,
            errors: Vec::new(),
        }
    }

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

    pub(super) fn add(&mut self, column: Option<&str>, value: &str, problem: Problem) {
        let cells = if self.errors.is_empty() {
            kept(&self.row.cells)
        } else {
            Vec::new()
        };
        self.errors.push(RowError {
            line: self.row.line,
            column: column.map(str::to_owned),
            value: shown(value),
            problem,
            cells,
        });
    }
}
