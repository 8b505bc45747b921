//! Imports of contacts from files.

use actix_multipart::Multipart;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use nexus_application::Actor;
use nexus_application::imports::{GetImportError, Imports, ListRowErrorsError, UploadError};
use nexus_domain::values::{Language, SortDirection};
use nexus_domain::{ImportFailure, ImportId, ImportStatus, ImportedFile, RowError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};
use crate::errors::{ApiError, Code, describe};
use crate::extract::{ListQuery, Page, Query, SignedIn, language_of};

/// The longest pause within an upload.
const STALLED: std::time::Duration = std::time::Duration::from_secs(20);

/// How many rows came to what; `read` is the sum of the others.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressView {
    #[schema(example = 120)]
    read: u64,
    #[schema(example = 112)]
    created: u64,
    /// Had the phone or e-mail of a contact that was there before, or of an earlier row.
    #[schema(example = 3)]
    known: u64,
    #[schema(example = 1)]
    blank: u64,
    /// Listed under `/errors`.
    #[schema(example = 4)]
    invalid: u64,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    id: Uuid,
    #[schema(example = "clientes.csv")]
    file_name: String,
    /// `csv` or `xlsx`, judged by the content.
    #[schema(example = "csv")]
    format: &'static str,
    #[schema(example = 20480)]
    size: u64,
    /// `queued`, `running`, `completed` or `failed`.
    #[schema(example = "completed")]
    status: &'static str,
    /// Why it failed, in a sentence.
    failure: Option<String>,
    progress: ProgressView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl ImportView {
    fn new(import: &ImportedFile, language: Language) -> Self {
        let (failure, finished_at) = match &import.status {
            ImportStatus::Queued | ImportStatus::Running => (None, None),
            ImportStatus::Completed { at } => (None, Some(*at)),
            ImportStatus::Failed { at, failure } => (Some(explain(failure, language)), Some(*at)),
        };
        let progress = import.progress;
        Self {
            id: import.id.as_uuid(),
            file_name: import.file_name.to_string(),
            format: import.format.as_str(),
            size: import.size,
            status: import.status.as_str(),
            failure,
            progress: ProgressView {
                read: progress.read,
                created: progress.created,
                known: progress.known,
                blank: progress.blank,
                invalid: progress.invalid,
            },
            created_at: import.created_at,
            updated_at: import.updated_at,
            finished_at,
        }
    }
}

fn explain(failure: &ImportFailure, language: Language) -> String {
    match (failure, language) {
        (ImportFailure::Unreadable { .. }, Language::Es) => {
            "El archivo está dañado o no es una tabla.".into()
        }
        (ImportFailure::Unreadable { .. }, Language::En) => {
            "The file is damaged or is not a table.".into()
        }
        (ImportFailure::PasswordProtected, Language::Es) => {
            "El archivo está protegido con contraseña. Guárdalo sin ella y súbelo de nuevo.".into()
        }
        (ImportFailure::PasswordProtected, Language::En) => {
            "The file is protected by a password. Save it without one and upload it again.".into()
        }
        (ImportFailure::NoSuchSheet { sheet }, Language::Es) => {
            format!("El archivo no tiene una hoja llamada «{sheet}».")
        }
        (ImportFailure::NoSuchSheet { sheet }, Language::En) => {
            format!("The file has no sheet called “{sheet}”.")
        }
        (ImportFailure::NoRows, Language::Es) => {
            "El archivo no tiene filas debajo del encabezado.".into()
        }
        (ImportFailure::NoRows, Language::En) => "The file has no rows below its header.".into(),
        (ImportFailure::NoKnownColumns { header }, Language::Es) => format!(
            "No reconocimos las columnas ({}). Hace falta una de nombre y otra de teléfono o correo.",
            header.join(", ")
        ),
        (ImportFailure::NoKnownColumns { header }, Language::En) => format!(
            "We did not recognise the columns ({}). A name and a phone or e-mail column are needed.",
            header.join(", ")
        ),
        (ImportFailure::TooManyRows { max }, Language::Es) => {
            format!("El archivo tiene más de {max} filas, que es el máximo.")
        }
        (ImportFailure::TooManyRows { max }, Language::En) => {
            format!("The file has more than {max} rows, which is the limit.")
        }
        (ImportFailure::TooManyColumns { max }, Language::Es) => {
            format!("El archivo tiene más de {max} columnas, que es el máximo.")
        }
        (ImportFailure::TooManyColumns { max }, Language::En) => {
            format!("The file has more than {max} columns, which is the limit.")
        }
        (ImportFailure::TooLarge { max }, Language::Es) => {
            format!("El archivo descomprimido supera el máximo de {max} bytes.")
        }
        (ImportFailure::TooLarge { max }, Language::En) => {
            format!("The uncompressed file exceeds the limit of {max} bytes.")
        }
        (ImportFailure::Internal, Language::Es) => {
            "Algo falló de nuestro lado; lo ya importado se conserva.".into()
        }
        (ImportFailure::Internal, Language::En) => {
            "Something failed on our side; what was imported is kept.".into()
        }
    }
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportEnvelope {
    import: ImportView,
}

/// Part of the imports.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportList {
    imports: Vec<ImportView>,
    pagination: Page,
}

/// A row that did not become a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowErrorView {
    /// The line of the file, counted from 1, header included.
    #[schema(example = 14)]
    line: u64,
    /// The header of the column; null when the whole row is meant.
    #[schema(example = "Teléfono")]
    column: Option<String>,
    /// What was there, cut to 200 characters.
    #[schema(example = "12-34")]
    value: String,
    /// The reason for a program.
    #[schema(example = "invalid_phone")]
    code: &'static str,
    /// The reason for a person.
    #[schema(
        example = "No es un número de teléfono válido; escribe también la lada o el prefijo del país."
    )]
    reason: String,
}

/// Part of the rows that did not become contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowErrorList {
    errors: Vec<RowErrorView>,
    pagination: Page,
}

/// A file to import.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the document is made from it")]
pub struct ImportUpload {
    /// CSV (separated by commas, semicolons, tabs or pipes) or XLSX. Its first row with content
    /// names the columns, in Spanish or English.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Empty => Self::new(Code::EmptyFile),
            UploadError::TooLarge { max } => {
                Self::new(Code::TooLarge).with("max", format!("{max} bytes"))
            }
            UploadError::NotATable => Self::new(Code::NotATable),
            UploadError::Files(error) => Self::internal(&error),
            UploadError::Storage(error) => error.into(),
        }
    }
}

impl From<GetImportError> for ApiError {
    fn from(error: GetImportError) -> Self {
        match error {
            GetImportError::NotFound => Self::not_found(),
            GetImportError::Storage(error) => error.into(),
        }
    }
}

impl From<ListRowErrorsError> for ApiError {
    fn from(error: ListRowErrorsError) -> Self {
        match error {
            ListRowErrorsError::NotFound => Self::not_found(),
            ListRowErrorsError::Storage(error) => error.into(),
        }
    }
}

/// Receives a file and queues its import. Follow it under the import's id.
#[utoipa::path(
    tag = "imports",
    operation_id = "import_file",
    request_body(content = ImportUpload, content_type = "multipart/form-data"),
    responses(
        (status = 202, description = "Received; being imported", body = ImportEnvelope),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[post("/import/file")]
pub async fn upload(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    form: Multipart,
) -> Result<HttpResponse, ApiError> {
    let import = receive(&imports, &actor, form).await?;
    Ok(HttpResponse::Accepted().json(ImportEnvelope {
        import: ImportView::new(&import, language_of(&request)),
    }))
}

async fn receive(
    imports: &Imports,
    actor: &Actor,
    mut form: Multipart,
) -> Result<ImportedFile, ApiError> {
    let malformed = || ApiError::new(Code::MalformedUpload);
    let late = |_| ApiError::new(Code::BodyTimeout);
    loop {
        let mut field = tokio::time::timeout(STALLED, form.try_next())
            .await
            .map_err(late)?
            .map_err(|_| malformed())?
            .ok_or_else(malformed)?;
        if field.name() != Some("file") {
            continue;
        }
        let file_name = field
            .content_disposition()
            .and_then(|disposition| disposition.get_filename())
            .unwrap_or("contactos")
            .to_owned();
        let mut file = imports.begin(actor, &file_name).await?;
        while let Some(piece) = tokio::time::timeout(STALLED, field.try_next())
            .await
            .map_err(late)?
            .map_err(|_| malformed())?
        {
            file.write(&piece).await?;
        }
        return Ok(file.finish().await?);
    }
}

/// The imports, latest first.
#[utoipa::path(
    tag = "imports",
    operation_id = "list_imports",
    params(ListQuery),
    responses(
        (status = 200, description = "Part of the imports", body = ImportList),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[get("/imports")]
pub async fn list(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    http: HttpRequest,
    Query(part): Query<ListQuery>,
) -> Result<Json<ImportList>, ApiError> {
    let request = part.read(&[("created_at", (), SortDirection::Descending)])?;
    let listing = imports.list(&actor, &request).await?;
    let language = language_of(&http);
    Ok(Json(ImportList {
        pagination: Page::of(&listing, &request),
        imports: listing
            .items
            .iter()
            .map(|import| ImportView::new(import, language))
            .collect(),
    }))
}

/// One import, with its progress.
#[utoipa::path(
    tag = "imports",
    operation_id = "read_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 200, description = "The import", body = ImportEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/imports/{id}")]
pub async fn read(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<ImportEnvelope>, ApiError> {
    let import = imports.get(&actor, ImportId::from_uuid(*id)).await?;
    Ok(Json(ImportEnvelope {
        import: ImportView::new(&import, language_of(&request)),
    }))
}

/// The rows that did not become contacts, by line, each with its reason.
#[utoipa::path(
    tag = "imports",
    operation_id = "list_import_errors",
    params(("id" = Uuid, Path, description = "The import"), ListQuery),
    responses(
        (status = 200, description = "Part of the rows", body = RowErrorList),
        AnyFailure, NeedsSession, NeedsObject, TakesValues,
    )
)]
#[get("/imports/{id}/errors")]
pub async fn errors(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    http: HttpRequest,
    id: Path<Uuid>,
    Query(part): Query<ListQuery>,
) -> Result<Json<RowErrorList>, ApiError> {
    let request = part.read(&[("line", (), SortDirection::Ascending)])?;
    let listing = imports
        .errors(&actor, ImportId::from_uuid(*id), &request)
        .await?;
    let language = language_of(&http);
    let view = |error: &RowError| RowErrorView {
        line: error.line,
        column: error.column.clone(),
        value: error.value.clone(),
        code: error.problem.code(),
        reason: describe(&error.problem, language),
    };
    Ok(Json(RowErrorList {
        pagination: Page::of(&listing, &request),
        errors: listing.items.iter().map(view).collect(),
    }))
}
