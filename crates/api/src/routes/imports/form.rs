//! Multipart forms with a file and what is chosen for it.

use actix_multipart::{Field, Multipart, MultipartError};
use futures_util::TryStreamExt;
use nexus_application::Actor;
use nexus_application::imports::{ColumnChoice, ImportChoices, Imports, IncomingFile};
use nexus_domain::values::{Language, Problem, Violations};
use utoipa::ToSchema;

use super::choices::ColumnBody;
use super::upload::refusal;
use crate::errors::{ApiError, Code, size};
use crate::extract::{SlowUpload, UploadPace};

/// The longest text of a field, in bytes: a mapping of 200 columns fits.
const LONGEST_TEXT: u64 = 128 * 1024;
/// The most fields besides the file.
const MOST_FIELDS: usize = 100;

/// A file to import.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the document is made from it")]
pub struct ImportUpload {
    /// CSV (separated by commas, semicolons, tabs or pipes), XLSX, XLS or ODS.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The sheet of a workbook; without it, the first that has content.
    sheet: Option<String>,
    /// The line with the names of the columns, counted from 1; without it, the first of the first 20
    /// that is understood, in Spanish or English.
    header_line: Option<u64>,
    /// What the columns hold, as the JSON of a list of columns; without it, their headers say so.
    #[schema(example = r#"[{"column": 0, "header": "Cliente", "field": "name"}]"#)]
    mapping: Option<String>,
    /// `true` when a column that nothing is said of is to become a custom field with the name of its
    /// header.
    keep_unmapped: Option<bool>,
    /// `skip`, `update_empty` or `overwrite`.
    known_contacts: Option<String>,
    /// Tags, separated by commas; the field may be there more than once.
    tags: Option<String>,
    /// For phone numbers without prefix; without it, the profile's.
    default_country: Option<String>,
    /// Why you may write to these contacts; up to 500 characters.
    consent_note: Option<String>,
}

/// Reads the whole form. The fields may stand before or after the file.
pub(super) async fn receive(
    imports: &Imports,
    actor: &Actor,
    language: Language,
    pace: UploadPace,
    mut form: Multipart,
) -> Result<(IncomingFile, ImportChoices), ApiError> {
    let mut file = None;
    let mut choices = ImportChoices::default();
    let mut violations = Violations::new();
    let mut fields = 0;
    let mut upload = pace.begin();
    while let Some(mut field) = next(&upload, form.try_next()).await? {
        let Some(name) = field.name().map(str::to_owned) else {
            continue;
        };
        if name == "file" {
            if file.is_some() {
                return Err(malformed());
            }
            file = Some(receive_file(imports, actor, language, &mut upload, &mut field).await?);
            continue;
        }
        fields += 1;
        if fields > MOST_FIELDS {
            return Err(malformed());
        }
        let text = receive_text(&mut upload, &mut field).await?;
        choose(&mut choices, &name, text, &mut violations);
    }
    if !violations.is_empty() {
        return Err(ApiError::invalid(&violations));
    }
    Ok((file.ok_or_else(malformed)?, choices))
}

fn malformed() -> ApiError {
    ApiError::new(Code::MalformedUpload)
}

async fn next<T>(
    upload: &SlowUpload,
    step: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, ApiError> {
    upload.wait_for(step).await?.map_err(|_| malformed())
}

async fn receive_file(
    imports: &Imports,
    actor: &Actor,
    language: Language,
    upload: &mut SlowUpload,
    field: &mut Field,
) -> Result<IncomingFile, ApiError> {
    let file_name = field
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .unwrap_or("contactos")
        .to_owned();
    let refused = |error| refusal(error, language);
    let mut file = imports.begin(actor, &file_name).await.map_err(refused)?;
    while let Some(piece) = next(upload, field.try_next()).await? {
        upload.received(piece.len());
        file.write(&piece).await.map_err(refused)?;
    }
    Ok(file)
}

async fn receive_text(upload: &mut SlowUpload, field: &mut Field) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(upload, field.try_next()).await? {
        upload.received(piece.len());
        if u64::try_from(bytes.len() + piece.len()).is_ok_and(|length| length > LONGEST_TEXT) {
            return Err(ApiError::new(Code::TooLarge).with("max", size(LONGEST_TEXT)));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// Notes what a field says; an empty one says nothing, and unknown ones are passed over.
fn choose(choices: &mut ImportChoices, name: &str, text: String, violations: &mut Violations) {
    if text.trim().is_empty() {
        return;
    }
    match name {
        "sheet" => choices.sheet = Some(text),
        "header_line" => match text.trim().parse() {
            Ok(line) => choices.header_line = Some(line),
            Err(_) => violations.add("header_line", expected("1, 2, 3…")),
        },
        "mapping" => match serde_json::from_str::<Vec<ColumnBody>>(&text) {
            Ok(columns) => {
                let columns = columns.into_iter().map(ColumnChoice::from);
                choices.mapping = Some(columns.collect());
            }
            Err(_) => violations.add("mapping", expected(r#"[{"column": 0, "field": "name"}]"#)),
        },
        "keep_unmapped" => match text.trim() {
            "true" | "1" => choices.keep_unmapped = true,
            "false" | "0" => choices.keep_unmapped = false,
            _ => violations.add("keep_unmapped", expected("a boolean")),
        },
        "known_contacts" => choices.known_contacts = Some(text),
        "tags" => choices.tags.extend(text.split(',').map(str::to_owned)),
        "default_country" => choices.default_country = Some(text),
        "consent_note" => choices.consent_note = Some(text),
        _ => {}
    }
}

fn expected(example: &str) -> Problem {
    Problem::Malformed {
        expected: example.to_owned(),
    }
}
