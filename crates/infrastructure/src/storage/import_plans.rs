//! The plans of imports as they are stored, in JSON.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{Country, FieldName, Problem, Tag};
use nexus_domain::{
    ColumnMapping, ColumnMeaning, ConsentNote, ImportPlan, KnownContacts, MappedColumn,
};
use serde::{Deserialize, Serialize};

use super::rows::Row;

#[derive(Serialize, Deserialize)]
struct ColumnJson {
    index: usize,
    header: Option<String>,
    meaning: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PlanJson {
    sheet: Option<String>,
    header_line: Option<u64>,
    mapping: Option<Vec<ColumnJson>>,
    #[serde(default)]
    keep_unmapped: bool,
    known: String,
    tags: Vec<String>,
    default_country: Option<String>,
    consent_note: Option<String>,
}

impl PlanJson {
    pub(super) fn of(plan: &ImportPlan) -> Self {
        let column = |column: &MappedColumn| ColumnJson {
            index: column.index,
            header: column.header.clone(),
            meaning: column.meaning.as_str().to_owned(),
            field: column
                .meaning
                .custom_field()
                .map(|name| name.label().to_owned()),
        };
        let mapping = plan.mapping.as_ref();
        Self {
            sheet: plan.sheet.clone(),
            header_line: plan.header_line,
            mapping: mapping.map(|mapping| mapping.columns().iter().map(column).collect()),
            keep_unmapped: plan.keep_unmapped,
            known: plan.known.as_str().to_owned(),
            tags: plan.tags.iter().map(|tag| tag.label().to_owned()).collect(),
            default_country: plan.default_country.map(|country| country.to_string()),
            consent_note: plan.consent_note.as_ref().map(ConsentNote::to_string),
        }
    }
}

/// The plan of an import from its column; one from before there were plans has none.
pub(super) fn plan(row: Row, stored: Option<&str>) -> Result<ImportPlan, StorageError> {
    let Some(stored) = stored else {
        return Ok(ImportPlan::default());
    };
    let json: PlanJson = row.json("plan", stored)?;
    let column = |column: ColumnJson| {
        Ok(MappedColumn {
            index: column.index,
            header: column.header,
            meaning: row.parse("plan", &column.meaning, |word| {
                ColumnMeaning::parse(word, || {
                    let field = column.field.as_deref().ok_or(Problem::Required)?;
                    Ok(FieldName::from_stored(field))
                })
            })?,
        })
    };
    let columns = |columns: Vec<ColumnJson>| columns.into_iter().map(column).collect();
    let mapping: Option<Vec<MappedColumn>> = json.mapping.map(columns).transpose()?;
    let (country, note) = (json.default_country, json.consent_note);
    Ok(ImportPlan {
        sheet: json.sheet,
        header_line: json.header_line,
        mapping: mapping.map(ColumnMapping::from_stored),
        keep_unmapped: json.keep_unmapped,
        known: row.parse("plan", &json.known, KnownContacts::parse)?,
        tags: json.tags.into_iter().map(Tag::from_stored).collect(),
        default_country: row.parse_some("plan", country.as_deref(), Country::parse)?,
        consent_note: row.parse_some("plan", note.as_deref(), ConsentNote::parse)?,
    })
}
