//! What a user chooses for an import.

use nexus_application::imports::{ColumnChoice, ImportChoices};
use nexus_domain::{ColumnMeaning, MappedColumn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one column holds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ColumnBody {
    /// Its place, the first being 0.
    #[schema(example = 0)]
    column: usize,
    /// The header that was seen above it; when it is there, the import is refused if the file has
    /// another.
    #[schema(example = "Nombre del cliente")]
    header: Option<String>,
    /// `name`, `last_name`, `phone`, `email`, `tags`, `notes`, `status`, `custom` or `ignore`. Columns
    /// that are not mentioned are ignored, unless `keep_unmapped` is chosen; only `tags`, `ignore` and
    /// `custom` under different names may be there more than once.
    #[schema(example = "name")]
    field: String,
    /// The name of the custom field, with `custom`; without it, the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ciudad")]
    custom: Option<String>,
}

impl ColumnBody {
    pub(super) fn new(column: usize, header: &str, meaning: &ColumnMeaning) -> Self {
        Self {
            column,
            header: Some(header.to_owned()),
            field: meaning.as_str().to_owned(),
            custom: custom_name(meaning),
        }
    }

    pub(super) fn of(column: &MappedColumn) -> Self {
        Self {
            column: column.index,
            header: column.header.clone(),
            field: column.meaning.as_str().to_owned(),
            custom: custom_name(&column.meaning),
        }
    }
}

fn custom_name(meaning: &ColumnMeaning) -> Option<String> {
    let name = meaning.custom_field()?;
    Some(name.label().to_owned())
}

impl From<ColumnBody> for ColumnChoice {
    fn from(body: ColumnBody) -> Self {
        Self {
            column: body.column,
            header: body.header,
            field: body.field,
            custom: body.custom,
        }
    }
}

/// What is chosen for an import; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ChoicesBody {
    /// The sheet of a workbook; without it, the first that has content.
    sheet: Option<String>,
    /// The line with the names of the columns, counted from 1; without it, the first of the first 20
    /// that is understood.
    header_line: Option<u64>,
    /// What the columns hold; without it, their headers say so.
    mapping: Option<Vec<ColumnBody>>,
    /// Whether a column that nothing is said of becomes a custom field with the name of its header.
    #[serde(default)]
    keep_unmapped: Option<bool>,
    /// What happens to contacts that are there already: `skip` (the default), `update_empty` takes
    /// what they lack, `overwrite` takes all that the row has. Nothing is ever emptied, tags are only
    /// added, and who unsubscribed stays so.
    #[schema(example = "skip")]
    known_contacts: Option<String>,
    /// Given to every contact that is created or updated.
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// For phone numbers without prefix; without it, the profile's.
    #[schema(example = "MX")]
    default_country: Option<String>,
    /// Why you may write to these contacts; up to 500 characters, kept with the import.
    consent_note: Option<String>,
}

impl From<ChoicesBody> for ImportChoices {
    fn from(body: ChoicesBody) -> Self {
        let columns =
            |columns: Vec<ColumnBody>| columns.into_iter().map(ColumnChoice::from).collect();
        Self {
            sheet: body.sheet,
            header_line: body.header_line,
            mapping: body.mapping.map(columns),
            keep_unmapped: body.keep_unmapped.unwrap_or_default(),
            known_contacts: body.known_contacts,
            tags: body.tags.unwrap_or_default(),
            default_country: body.default_country,
            consent_note: body.consent_note,
        }
    }
}
