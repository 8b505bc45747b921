//! Beginning imports that were previewed, stopping imports, and taking them back.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use nexus_application::imports::{
    CancelImportError, ImportChoices, Imports, StartImportError, UndoImportError,
};
use nexus_domain::ImportId;
use nexus_domain::values::Language;
use uuid::Uuid;

use super::choices::ChoicesBody;
use super::view::{ImportEnvelope, ImportView};
use super::words::{not_while, unreadable};
use crate::errors::ApiError;
use crate::extract::{Body, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

impl From<(StartImportError, Language)> for ApiError {
    fn from((error, language): (StartImportError, Language)) -> Self {
        match error {
            StartImportError::NotFound => Self::not_found(),
            StartImportError::Status(refused) => not_while(refused.status, language),
            StartImportError::Invalid(violations) => Self::invalid(&violations),
            StartImportError::Unreadable(failure) => unreadable(&failure, language),
            StartImportError::Files(error) => error.into(),
            StartImportError::Storage(error) => error.into(),
        }
    }
}

impl From<(CancelImportError, Language)> for ApiError {
    fn from((error, language): (CancelImportError, Language)) -> Self {
        match error {
            CancelImportError::NotFound => Self::not_found(),
            CancelImportError::Status(refused) => not_while(refused.status, language),
            CancelImportError::Storage(error) => error.into(),
        }
    }
}

impl From<(UndoImportError, Language)> for ApiError {
    fn from((error, language): (UndoImportError, Language)) -> Self {
        match error {
            UndoImportError::NotFound => Self::not_found(),
            UndoImportError::Status(refused) => not_while(refused.status, language),
            UndoImportError::Storage(error) => error.into(),
        }
    }
}

/// Begins the import of a file that was previewed, as chosen here; what was chosen for the preview
/// does not count any more.
#[utoipa::path(
    tag = "imports",
    operation_id = "start_import",
    params(("id" = Uuid, Path, description = "The preview's `upload_id`")),
    request_body = ChoicesBody,
    responses(
        (status = 202, description = "Being imported", body = ImportEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict, TakesValues,
    )
)]
#[post("/import/{id}/start")]
pub async fn start(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    Body(body): Body<ChoicesBody>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let choices = ImportChoices::from(body);
    let plan = choices.parse().map_err(|wrong| ApiError::invalid(&wrong))?;
    let import = imports
        .start(&actor, ImportId::from_uuid(*id), plan)
        .await
        .map_err(|error| ApiError::from((error, language)))?;
    Ok(HttpResponse::Accepted().json(ImportEnvelope {
        import: ImportView::new(&import, language),
    }))
}

/// Stops an import; what was taken in before stays, and can be undone. Once more is no error.
#[utoipa::path(
    tag = "imports",
    operation_id = "cancel_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 200, description = "Cancelled", body = ImportEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[post("/imports/{id}/cancel")]
pub async fn cancel(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<ImportEnvelope>, ApiError> {
    let language = language_of(&request);
    let import = imports
        .cancel(&actor, ImportId::from_uuid(*id))
        .await
        .map_err(|error| ApiError::from((error, language)))?;
    Ok(Json(ImportEnvelope {
        import: ImportView::new(&import, language),
    }))
}

/// Deletes the contacts that an import created, but for those that something has touched since: a
/// change, a message, a campaign. Contacts that it only updated stay as they are. It happens in the
/// background: the import's `undo` says how many were deleted and kept. Once more is no error.
#[utoipa::path(
    tag = "imports",
    operation_id = "undo_import",
    params(("id" = Uuid, Path, description = "The import")),
    responses(
        (status = 202, description = "Being undone", body = ImportEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[post("/imports/{id}/undo")]
pub async fn undo(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let import = imports
        .undo(&actor, ImportId::from_uuid(*id))
        .await
        .map_err(|error| ApiError::from((error, language)))?;
    Ok(HttpResponse::Accepted().json(ImportEnvelope {
        import: ImportView::new(&import, language),
    }))
}
