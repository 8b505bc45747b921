//! The rows that were refused as a file, to be corrected and imported again.

use actix_web::http::header;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use futures_util::stream;
use nexus_application::Actor;
use nexus_application::imports::{Imports, ListRowErrorsError};
use nexus_domain::values::{Language, ListRequest, Paging, SortDirection};
use nexus_domain::{ImportId, RowError};
use uuid::Uuid;

use crate::errors::{ApiError, describe};
use crate::extract::{SignedIn, language_of};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession};

/// How many errors are read at a time.
const ERRORS: u32 = 500;

/// A row with everything that is wrong with it.
struct RefusedRow {
    line: u64,
    cells: Vec<String>,
    reasons: Vec<String>,
}

/// What is left to be written.
struct Rest {
    imports: Data<Imports>,
    actor: Actor,
    id: ImportId,
    language: Language,
    /// How many columns the table has, when that is known.
    columns: Option<usize>,
    /// Where the errors go on; `None` at the end.
    next: Option<Paging>,
    /// A row whose errors may go on in the next part.
    row: Option<RefusedRow>,
}

/// The rows that did not become contacts, as they were in the file, with the columns `línea` and
/// `motivo` (`line` and `reason`) added: correct them and import the file again. Cells that a
/// spreadsheet would take for a formula begin with an apostrophe, which an import passes over.
#[utoipa::path(
    tag = "imports",
    operation_id = "download_import_errors",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (
            status = 200,
            description = "UTF-8 with byte order mark, separated by commas",
            content_type = "text/csv",
            body = String,
        ),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/imports/{id}/errors.csv")]
pub async fn download(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let id = ImportId::from_uuid(*id);
    let language = language_of(&request);
    let import = imports.get(&actor, id).await?;
    let (line, reason, name) = match language {
        Language::Es => ("línea", "motivo", "errores.csv"),
        Language::En => ("line", "reason", "errors.csv"),
    };
    let mut beginning = String::from('\u{feff}');
    let extra = [line, reason].map(str::to_owned);
    write_row(&mut beginning, import.header.iter().chain(&extra));
    let rest = Rest {
        imports,
        actor,
        id,
        language,
        columns: Some(import.header.len()).filter(|columns| *columns > 0),
        next: Some(Paging::After { cursor: None }),
        row: None,
    };
    let rows = stream::try_unfold(rest, |mut rest| async {
        let text = rest.text().await.map_err(ApiError::from)?;
        let Some(text) = text else {
            return Ok::<_, actix_web::Error>(None);
        };
        Ok(Some((Bytes::from(text), rest)))
    });
    let beginning = stream::iter([Ok(Bytes::from(beginning))]);
    let body = futures_util::StreamExt::chain(beginning, rows);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(body))
}

impl Rest {
    /// The next rows; `None` when there are no more.
    async fn text(&mut self) -> Result<Option<String>, ListRowErrorsError> {
        let Some(paging) = self.next.take() else {
            return Ok(self.row.take().map(|row| self.line_of(row)));
        };
        let request = ListRequest {
            paging,
            size: ERRORS,
            sort: (),
            direction: SortDirection::Ascending,
        };
        let part = self.imports.errors(&self.actor, self.id, &request).await?;
        let after = |cursor| Paging::After {
            cursor: Some(cursor),
        };
        self.next = part.next.map(after);
        let mut text = String::new();
        for error in part.items {
            text.push_str(&self.add(error));
        }
        Ok(Some(text))
    }

    /// Adds an error; the row before it, when that has ended.
    fn add(&mut self, error: RowError) -> String {
        let problem = describe(&error.problem, self.language);
        let reason = match &error.column {
            Some(column) => format!("{column}: {problem}"),
            None => problem,
        };
        if let Some(row) = self.row.as_mut().filter(|row| row.line == error.line) {
            row.reasons.push(reason);
            return String::new();
        }
        let before = self.row.replace(RefusedRow {
            line: error.line,
            cells: error.cells,
            reasons: vec![reason],
        });
        before.map_or_else(String::new, |row| self.line_of(row))
    }

    fn line_of(&self, mut row: RefusedRow) -> String {
        if let Some(columns) = self.columns {
            // The two columns that are added stand under their headers, however long the row is.
            row.cells.resize(columns, String::new());
        }
        let extra = [row.line.to_string(), row.reasons.join("; ")];
        let mut text = String::new();
        write_row(&mut text, row.cells.iter().chain(&extra));
        text
    }
}

/// One line of separated text (RFC 4180).
fn write_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push('"');
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}
