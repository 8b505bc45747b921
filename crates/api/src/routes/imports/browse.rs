//! Looking at imports and at the rows that were refused.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, get};
use nexus_application::imports::{GetImportError, Imports, ListRowErrorsError};
use nexus_domain::values::{Language, Problem, SortDirection};
use nexus_domain::{ImportId, RowError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{ImportEnvelope, ImportView};
use crate::errors::{ApiError, describe};
use crate::extract::{ListQuery, Page, Query, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

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
    /// With `meets_two_contacts`: the contact that has the phone, and the one that has the e-mail.
    contact_ids: Option<[Uuid; 2]>,
}

/// Part of the rows that did not become contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowErrorList {
    errors: Vec<RowErrorView>,
    pagination: Page,
}

impl RowErrorView {
    pub(super) fn new(error: &RowError, language: Language) -> Self {
        let contact_ids = match &error.problem {
            Problem::MeetsTwoContacts { phone, email } => Some([phone.as_uuid(), email.as_uuid()]),
            _ => None,
        };
        Self {
            line: error.line,
            column: error.column.clone(),
            value: error.value.clone(),
            code: error.problem.code(),
            reason: describe(&error.problem, language),
            contact_ids,
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
    Ok(Json(RowErrorList {
        pagination: Page::of(&listing, &request),
        errors: listing
            .items
            .iter()
            .map(|error| RowErrorView::new(error, language))
            .collect(),
    }))
}
