//! Looking at a file before it is imported.

use std::collections::BTreeMap;

use actix_multipart::Multipart;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, post};
use nexus_application::imports::{
    IgnoredBecause, IgnoredColumn, ImportChoices, Imports, Preview, PreviewAgainError,
    PreviewedContact, PreviewedRow, RowPreview,
};
use nexus_domain::values::{EmailAddress, Language, LongText, PhoneNumber};
use nexus_domain::{ContactStatus, ImportId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::browse::RowErrorView;
use super::choices::{ChoicesBody, ColumnBody};
use super::form::{ImportUpload, receive};
use super::upload::refusal;
use super::view::ImportView;
use super::words::{explain_ignored, not_while};
use crate::errors::{ApiError, describe};
use crate::extract::{Body, SignedIn, UploadPace, language_of};
use crate::routes::contacts::fields;
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

/// A contact as a row would become one.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedContactView {
    #[schema(example = "Ana Torres")]
    name: String,
    #[schema(example = "+525512345678")]
    phone: Option<String>,
    #[schema(example = "ana@example.com")]
    email: Option<String>,
    tags: Vec<String>,
    notes: Option<String>,
    #[schema(example = json!({"Ciudad": "Lima"}))]
    custom_fields: BTreeMap<String, String>,
    /// Null when the row does not say: a new contact is then active.
    status: Option<&'static str>,
    /// The contact that is there already.
    known_id: Option<Uuid>,
}

/// One of the first rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedRowView {
    /// The line of the file, counted from 1.
    #[schema(example = 4)]
    line: u64,
    /// Its cells, each cut to 200 characters.
    cells: Vec<String>,
    /// The contact that it would become; null when it is blank, wrong, or not understood.
    contact: Option<PreviewedContactView>,
    /// What is wrong with it.
    errors: Vec<RowErrorView>,
}

/// How the first rows would come out.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleView {
    #[schema(example = 20)]
    rows: usize,
    /// Would be taken in, the known ones among them.
    #[schema(example = 18)]
    valid: u64,
    #[schema(example = 2)]
    invalid: u64,
    /// Meet a contact that is there already, or one of an earlier row.
    #[schema(example = 5)]
    known: u64,
}

/// A column that would be passed over.
#[derive(Debug, Serialize, ToSchema)]
pub struct IgnoredColumnView {
    /// Its place, the first being 0.
    #[schema(example = 4)]
    column: usize,
    #[schema(example = "¿Precio?")]
    header: String,
    /// `chosen`, `unmapped`, `repeated`, `ours` (it was added to a file of ours), or what is wrong with
    /// the header as the name of a custom field.
    #[schema(example = "invalid_field_name")]
    reason: &'static str,
    /// One sentence for a person.
    reason_text: String,
}

impl IgnoredColumnView {
    fn new(column: IgnoredColumn, language: Language) -> Self {
        Self {
            column: column.column,
            header: column.header,
            reason: match &column.because {
                IgnoredBecause::Chosen => "chosen",
                IgnoredBecause::Unmapped => "unmapped",
                IgnoredBecause::BadName(problem) => problem.code(),
                IgnoredBecause::Repeated => "repeated",
                IgnoredBecause::Ours => "ours",
            },
            reason_text: explain_ignored(&column.because, language),
        }
    }
}

/// How a file would be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// The import to begin with `/import/{id}/start`. It is deleted after a day.
    upload_id: Uuid,
    import: ImportView,
    /// `csv`, `xlsx`, `xls` or `ods`, judged by the content.
    #[schema(example = "csv")]
    format: &'static str,
    /// Of separated text.
    #[schema(example = "windows-1252")]
    encoding: Option<String>,
    /// What separates the cells of separated text.
    #[schema(example = ";")]
    separator: Option<String>,
    /// The sheets of a workbook.
    sheets: Vec<String>,
    /// The sheet that is read.
    sheet: Option<String>,
    /// The line that names the columns, counted from 1.
    #[schema(example = 3)]
    header_line: Option<u64>,
    header: Vec<String>,
    /// What each column seems to hold; to be sent back as `mapping`, as it is or corrected.
    suggested_mapping: Vec<ColumnBody>,
    /// The columns that would be passed over, and why; without content in the first rows, those with
    /// a header only. Empty when the columns are not understood.
    ignored_columns: Vec<IgnoredColumnView>,
    /// Whether the import can begin as things are: the columns are understood, and `refusal` is null.
    understood: bool,
    /// Why the import can't begin with these custom fields: there would be too many.
    refusal: Option<String>,
    rows: Vec<PreviewedRowView>,
    sample: SampleView,
}

impl PreviewedContactView {
    fn new(contact: PreviewedContact) -> Self {
        let details = contact.details;
        Self {
            name: details.name.to_string(),
            phone: details
                .phone
                .as_ref()
                .map(PhoneNumber::as_str)
                .map(str::to_owned),
            email: details
                .email
                .as_ref()
                .map(EmailAddress::as_str)
                .map(str::to_owned),
            tags: details
                .tags
                .iter()
                .map(|tag| tag.label().to_owned())
                .collect(),
            notes: details.notes.as_ref().map(LongText::to_string),
            custom_fields: fields::view(&details.custom_fields),
            status: details.status.map(ContactStatus::as_str),
            known_id: contact.known.map(|id| id.as_uuid()),
        }
    }
}

impl PreviewedRowView {
    fn new(row: PreviewedRow, language: Language) -> Self {
        let (contact, errors) = match row.outcome {
            RowPreview::Blank | RowPreview::Unread => (None, Vec::new()),
            RowPreview::Contact(contact) => (Some(PreviewedContactView::new(*contact)), Vec::new()),
            RowPreview::Invalid(errors) => {
                let view = |error| RowErrorView::new(error, language);
                (None, errors.iter().map(view).collect())
            }
        };
        Self {
            line: row.line,
            cells: row.cells,
            contact,
            errors,
        }
    }
}

impl PreviewView {
    fn new(preview: Preview, language: Language) -> Self {
        let import = preview.import;
        let columns = import.header.iter().zip(&preview.suggested).enumerate();
        let mapping = columns
            .map(|(place, (header, meaning))| ColumnBody::new(place, header, meaning))
            .collect();
        Self {
            upload_id: import.id.as_uuid(),
            format: import.format.as_str(),
            encoding: preview.outline.encoding,
            separator: preview.outline.separator.map(String::from),
            sheets: preview.outline.sheets,
            sheet: preview.outline.sheet,
            header_line: preview.header_line,
            header: import.header.clone(),
            suggested_mapping: mapping,
            ignored_columns: preview
                .ignored
                .into_iter()
                .map(|column| IgnoredColumnView::new(column, language))
                .collect(),
            understood: preview.is_understood && preview.refusal.is_none(),
            refusal: preview.refusal.map(|problem| describe(&problem, language)),
            sample: SampleView {
                rows: preview.rows.len(),
                valid: preview.valid,
                invalid: preview.invalid,
                known: preview.known,
            },
            rows: preview
                .rows
                .into_iter()
                .map(|row| PreviewedRowView::new(row, language))
                .collect(),
            import: ImportView::new(&import, language),
        }
    }
}

impl From<(PreviewAgainError, Language)> for ApiError {
    fn from((error, language): (PreviewAgainError, Language)) -> Self {
        match error {
            PreviewAgainError::NotFound => Self::not_found(),
            PreviewAgainError::Status(refused) => not_while(refused.status, language),
            PreviewAgainError::Unshown(error) => refusal(error, language),
            PreviewAgainError::Storage(error) => error.into(),
        }
    }
}

/// Receives a file and shows how it would be read: format, columns, the first rows as contacts or
/// with what is wrong with them. The file is kept for a day: look at it again with other choices with
/// `/import/{id}/preview`, begin its import with `/import/{id}/start`.
#[utoipa::path(
    tag = "imports",
    operation_id = "preview_import",
    request_body(content = ImportUpload, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "How the file would be read", body = PreviewView),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[post("/import/preview")]
pub async fn show(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    pace: Data<UploadPace>,
    form: Multipart,
) -> Result<Json<PreviewView>, ApiError> {
    let language = language_of(&request);
    let (file, choices) = receive(&imports, &actor, language, **pace, form).await?;
    let plan = choices.parse().map_err(|wrong| ApiError::invalid(&wrong))?;
    let preview = file
        .preview(plan)
        .await
        .map_err(|error| refusal(error, language))?;
    Ok(Json(PreviewView::new(preview, language)))
}

/// Shows how a file that was previewed would be read with other choices, without another upload. What
/// was chosen before does not count any more; the file is kept for another day.
#[utoipa::path(
    tag = "imports",
    operation_id = "preview_import_again",
    params(("id" = Uuid, Path, description = "The preview's `upload_id`")),
    request_body = ChoicesBody,
    responses(
        (status = 200, description = "How the file would be read", body = PreviewView),
        AnyFailure, NeedsSession, NeedsObject, CanConflict, TakesValues,
    )
)]
#[post("/import/{id}/preview")]
pub async fn show_again(
    imports: Data<Imports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    Body(body): Body<ChoicesBody>,
) -> Result<Json<PreviewView>, ApiError> {
    let language = language_of(&request);
    let choices = ImportChoices::from(body);
    let plan = choices.parse().map_err(|wrong| ApiError::invalid(&wrong))?;
    let preview = imports
        .preview_again(&actor, ImportId::from_uuid(*id), plan)
        .await
        .map_err(|error| ApiError::from((error, language)))?;
    Ok(Json(PreviewView::new(preview, language)))
}
