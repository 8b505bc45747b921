//! Contacts as files for spreadsheets, which an import takes back.

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::{StreamExt, stream};
use nexus_application::contacts::{ContactExport, Contacts, ExportContactsError};
use nexus_domain::values::{
    EmailAddress, FieldName, FieldValue, Language, LongText, PhoneNumber, Tag,
};
use nexus_domain::{Contact, ContactStatus};
use nexus_infrastructure::tables::WorkbookStream;

use super::ContactFilterQuery;
use crate::errors::{ApiError, Code};
use crate::extract::{Query, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, NeedsSession, TakesValues};

/// How many columns an export has besides the custom fields.
const COLUMNS: usize = 9;

/// Tells programs for spreadsheets that a CSV file is in UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl From<ExportContactsError> for ApiError {
    fn from(error: ExportContactsError) -> Self {
        match error {
            ExportContactsError::Invalid(violations) => Self::invalid(&violations),
            ExportContactsError::NoSuchUser => Self::new(Code::NotSignedIn),
            ExportContactsError::Storage(error) => error.into(),
        }
    }
}

/// The names of the columns: those of the first six are known to imports, which pass over the three
/// after them and may keep the custom fields, the rest.
fn header_row(fields: &[FieldName], language: Language) -> Vec<String> {
    let fixed = fixed_header(language).into_iter();
    fixed
        .chain(fields.iter().map(FieldName::label))
        .map(str::to_owned)
        .collect()
}

fn fixed_header(language: Language) -> [&'static str; COLUMNS] {
    match language {
        Language::Es => [
            "Nombre",
            "Teléfono",
            "Correo",
            "Etiquetas",
            "Notas",
            "Estado",
            "Baja desde",
            "Último mensaje",
            "Creado",
        ],
        Language::En => [
            "Name",
            "Phone",
            "Email",
            "Tags",
            "Notes",
            "Status",
            "Unsubscribed since",
            "Last message",
            "Created",
        ],
    }
}

fn status_word(status: ContactStatus, language: Language) -> &'static str {
    match (status, language) {
        (ContactStatus::Active, Language::Es) => "activo",
        (ContactStatus::Inactive, Language::Es) => "inactivo",
        (ContactStatus::Unsubscribed, Language::Es) => "baja",
        (status, Language::En) => status.as_str(),
    }
}

fn row(contact: &Contact, fields: &[FieldName], language: Language) -> Vec<String> {
    let mut row = fixed_cells(contact, language).to_vec();
    row.extend(fields.iter().map(|name| {
        let value = contact.custom_fields.get(name).map(FieldValue::as_str);
        value.unwrap_or_default().to_owned()
    }));
    row
}

fn fixed_cells(contact: &Contact, language: Language) -> [String; COLUMNS] {
    let labels: Vec<&str> = contact.tags.iter().map(Tag::label).collect();
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%SZ").to_string();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    [
        contact.name.to_string(),
        text(contact.phone.as_ref().map(PhoneNumber::as_str)),
        text(contact.email.as_ref().map(EmailAddress::as_str)),
        labels.join(", "),
        text(contact.notes.as_ref().map(LongText::as_str)),
        status_word(contact.status, language).to_owned(),
        contact
            .opt_out
            .as_ref()
            .map(|opt_out| time(opt_out.at))
            .unwrap_or_default(),
        contact.last_message_at.map(time).unwrap_or_default(),
        time(contact.created_at),
    ]
}

/// A cell of a CSV file (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe
/// in front, which imports take off again.
fn write_cell(line: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = cell.contains([',', ';', '"', '\r', '\n', '\t']);
    if quoted {
        line.push('"');
    }
    if formula {
        line.push('\'');
    }
    if quoted {
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

fn write_line(text: &mut String, cells: impl IntoIterator<Item = impl AsRef<str>>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_cell(text, cell.as_ref());
    }
    text.push_str("\r\n");
}

fn lines(contacts: &[Contact], fields: &[FieldName], language: Language) -> String {
    let mut text = String::new();
    for contact in contacts {
        write_line(&mut text, row(contact, fields, language));
    }
    text
}

/// The lines of the next contacts; `None` at the end.
async fn next_lines(
    export: &mut ContactExport,
    language: Language,
) -> Result<Option<Bytes>, ApiError> {
    let part = export.next_part().await?;
    Ok((!part.is_empty()).then(|| Bytes::from(lines(&part, export.fields(), language))))
}

/// `contactos-2026-11-23.csv`, in the language of the person.
fn file_name(language: Language, date: NaiveDate, extension: &str) -> String {
    let word = match language {
        Language::Es => "contactos",
        Language::En => "contacts",
    };
    format!("{word}-{date}.{extension}")
}

/// The answer that a browser keeps as a file.
fn attachment(content_type: &str, file_name: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.content_type(content_type).insert_header((
        header::CONTENT_DISPOSITION,
        format!("attachment; filename=\"{file_name}\""),
    ));
    answer
}

/// The contacts that the list shows with the same conditions, oldest first, as a CSV file in UTF-8,
/// with a column for each custom field.
/// Text that a spreadsheet would take for a formula, phone numbers among it, has an apostrophe in
/// front.
#[utoipa::path(
    tag = "contacts",
    operation_id = "export_contacts_csv",
    params(ContactFilterQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[get("/export.csv")]
pub async fn csv(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    Query(filter): Query<ContactFilterQuery>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let mut export = contacts.export(&actor, &filter.into()).await?;
    let name = file_name(language, export.date(), "csv");
    // Before the answer begins: a failure can still be told.
    let first = next_lines(&mut export, language).await?;
    let mut head = BYTE_ORDER_MARK.to_owned();
    write_line(&mut head, header_row(export.fields(), language));
    let head = [Some(Bytes::from(head)), first].into_iter().flatten();
    let rest = stream::try_unfold(export, move |mut export| async move {
        // Now it can only end the file early.
        let lines = next_lines(&mut export, language).await?;
        Ok::<_, actix_web::Error>(lines.map(|lines| (lines, export)))
    });
    let body = stream::iter(head.map(Ok::<_, actix_web::Error>)).chain(rest);
    Ok(attachment("text/csv; charset=utf-8", &name).streaming(Box::pin(body)))
}

/// An export whose file is a workbook.
struct WorkbookExport {
    contacts: ContactExport,
    workbook: WorkbookStream,
    language: Language,
}

impl WorkbookExport {
    /// The next piece of the file, and what follows it: nothing after the last piece.
    async fn next_piece(mut self) -> Result<(Bytes, Option<Self>), ApiError> {
        let part = self.contacts.next_part().await?;
        let unwritten = |error: std::io::Error| ApiError::internal(&error);
        if part.is_empty() {
            let piece = self.workbook.finish().map_err(unwritten)?;
            return Ok((piece.into(), None));
        }
        let fields = self.contacts.fields();
        let rows = part
            .iter()
            .map(|contact| row(contact, fields, self.language));
        let piece = self.workbook.add(rows).map_err(unwritten)?;
        Ok((piece.into(), Some(self)))
    }
}

/// The contacts that the list shows with the same conditions, oldest first, as an Excel workbook,
/// with a column for each custom field.
/// Every cell is a text; more than a million contacts go on in a next sheet.
#[utoipa::path(
    tag = "contacts",
    operation_id = "export_contacts_xlsx",
    params(ContactFilterQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>,
         content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[get("/export.xlsx")]
pub async fn xlsx(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    Query(filter): Query<ContactFilterQuery>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let contacts = contacts.export(&actor, &filter.into()).await?;
    let name = file_name(language, contacts.date(), "xlsx");
    let export = WorkbookExport {
        workbook: WorkbookStream::new(header_row(contacts.fields(), language)),
        contacts,
        language,
    };
    // Before the answer begins: a failure can still be told.
    let (first, rest) = export.next_piece().await?;
    let rest = stream::try_unfold(rest, |rest| async move {
        match rest {
            Some(export) => Ok::<_, actix_web::Error>(Some(export.next_piece().await?)),
            None => Ok(None),
        }
    });
    let body = stream::iter([Ok::<_, actix_web::Error>(first)]).chain(rest);
    let content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(content_type, &name).streaming(Box::pin(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut text = String::new();
        write_line(&mut text, cells);
        text
    }

    #[test]
    fn cells_are_quoted_only_where_they_must_be() {
        assert_eq!(line(&["Ana", "", "a@b.mx"]), "Ana,,a@b.mx\r\n");
        assert_eq!(
            line(&["a, b", "dijo \"sí\"", "uno\ndos", "x;y"]),
            "\"a, b\",\"dijo \"\"sí\"\"\",\"uno\ndos\",\"x;y\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+525512345678", "-1", "@SUM(A1)"] {
            assert_eq!(line(&[cell]), format!("'{cell}\r\n"));
        }
        assert_eq!(line(&["\t=1"]), "\"'\t=1\"\r\n");
        assert_eq!(line(&["=\"a\""]), "\"'=\"\"a\"\"\"\r\n");
    }
}
