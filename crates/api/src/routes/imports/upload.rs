//! Receiving files to be imported.

use actix_multipart::Multipart;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, post};
use nexus_application::imports::{Imports, UploadError};
use nexus_domain::values::Language;

use super::form::{ImportUpload, receive};
use super::view::{ImportEnvelope, ImportView};
use super::words::unreadable;
use crate::errors::{ApiError, Code, size};
use crate::extract::{SignedIn, UploadPace, language_of};
use crate::routes::shared::{AnyFailure, NeedsSession, TakesValues};

/// Why an upload was not taken, for the client.
pub(super) fn refusal(error: UploadError, language: Language) -> ApiError {
    match error {
        UploadError::Empty => ApiError::new(Code::EmptyFile),
        UploadError::TooLarge { max } => ApiError::new(Code::TooLarge).with("max", size(max)),
        UploadError::NotATable => ApiError::new(Code::NotATable),
        UploadError::Invalid(violations) => ApiError::invalid(&violations),
        UploadError::Unreadable(failure) => unreadable(&failure, language),
        UploadError::Files(error) => error.into(),
        UploadError::Storage(error) => error.into(),
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
pub async fn import_file(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    pace: Data<UploadPace>,
    form: Multipart,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let (file, choices) = receive(&imports, &actor, language, **pace, form).await?;
    let plan = choices.parse().map_err(|wrong| ApiError::invalid(&wrong))?;
    let import = file
        .finish(plan)
        .await
        .map_err(|error| refusal(error, language))?;
    Ok(HttpResponse::Accepted().json(ImportEnvelope {
        import: ImportView::new(&import, language),
    }))
}
