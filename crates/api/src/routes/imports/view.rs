//! Imports as the API shows them.

use chrono::{DateTime, Utc};
use nexus_domain::values::Language;
use nexus_domain::{ConsentNote, ImportStatus, ImportUndo, ImportedFile};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::choices::ColumnBody;
use super::words::explain;

/// How many rows came to what; `read` is the sum of `created`, `updated`, `unchanged`, `skipped`,
/// `blank` and `invalid`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgressView {
    #[schema(example = 120)]
    read: u64,
    #[schema(example = 106)]
    created: u64,
    /// Changed a contact that was there before, or that an earlier row brought in.
    #[schema(example = 4)]
    updated: u64,
    /// Met such a contact, which had everything already.
    #[schema(example = 2)]
    unchanged: u64,
    /// Met such a contact, and the plan is to skip these.
    #[schema(example = 3)]
    skipped: u64,
    /// `updated`, `unchanged` and `skipped` together.
    #[schema(example = 9)]
    known: u64,
    #[schema(example = 1)]
    blank: u64,
    /// Listed under `/errors`.
    #[schema(example = 4)]
    invalid: u64,
    /// Of all these, rows that asked for another status for a contact that unsubscribed: no import
    /// ever changes that.
    #[schema(example = 1)]
    still_unsubscribed: u64,
    /// Rows below the header; null while they are not counted, and when the file breaks somewhere.
    #[schema(example = 120)]
    total_rows: Option<u64>,
    /// `read` in percent of `total_rows`; null while that is not known.
    #[schema(example = 100)]
    percent: Option<u8>,
    /// Since the import began, while it runs.
    #[schema(example = 4200)]
    rows_per_second: Option<u64>,
}

/// What the user chose.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    sheet: Option<String>,
    header_line: Option<u64>,
    /// Null when the columns are understood by their headers.
    mapping: Option<Vec<ColumnBody>>,
    keep_unmapped: bool,
    /// `skip`, `update_empty` or `overwrite`.
    #[schema(example = "skip")]
    known_contacts: &'static str,
    tags: Vec<String>,
    /// Null: that of the profile.
    default_country: Option<String>,
    consent_note: Option<String>,
}

/// What came of undoing an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoView {
    /// Contacts that were deleted.
    #[schema(example = 104)]
    deleted: u64,
    /// Contacts that were kept, since something has touched them.
    #[schema(example = 2)]
    kept: u64,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    id: Uuid,
    #[schema(example = "clientes.csv")]
    file_name: String,
    /// `csv`, `xlsx`, `xls` or `ods`, judged by the content.
    #[schema(example = "csv")]
    format: &'static str,
    #[schema(example = 20480)]
    size: u64,
    plan: PlanView,
    /// The names of the columns, once they were read.
    header: Vec<String>,
    /// `previewed`, `queued`, `running`, `completed`, `failed`, `cancelled`, `undoing` or `undone`.
    #[schema(example = "completed")]
    status: &'static str,
    /// Why it failed, in a sentence.
    failure: Option<String>,
    progress: ProgressView,
    /// Null unless it is undone or being undone.
    undo: Option<UndoView>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl ImportView {
    pub(super) fn new(import: &ImportedFile, language: Language) -> Self {
        let (failure, finished_at) = match &import.status {
            ImportStatus::Previewed
            | ImportStatus::Queued
            | ImportStatus::Running
            | ImportStatus::Undoing => (None, None),
            ImportStatus::Completed { at }
            | ImportStatus::Cancelled { at }
            | ImportStatus::Undone { at } => (None, Some(*at)),
            ImportStatus::Failed { at, failure } => (Some(explain(failure, language)), Some(*at)),
        };
        Self {
            id: import.id.as_uuid(),
            file_name: import.file_name.to_string(),
            format: import.format.as_str(),
            size: import.size,
            plan: PlanView::new(import),
            header: import.header.clone(),
            status: import.status.as_str(),
            failure,
            progress: ProgressView::new(import),
            undo: undo(import),
            created_at: import.created_at,
            started_at: import.started_at,
            updated_at: import.updated_at,
            finished_at,
        }
    }
}

impl ProgressView {
    fn new(import: &ImportedFile) -> Self {
        let progress = import.progress;
        Self {
            read: progress.read,
            created: progress.created,
            updated: progress.updated,
            unchanged: progress.unchanged,
            skipped: progress.skipped,
            known: progress.known(),
            blank: progress.blank,
            invalid: progress.invalid,
            still_unsubscribed: progress.still_unsubscribed,
            total_rows: import.total_rows,
            percent: import.percent(),
            rows_per_second: import.rows_per_second(),
        }
    }
}

impl PlanView {
    fn new(import: &ImportedFile) -> Self {
        let plan = &import.plan;
        let mapping = plan.mapping.as_ref();
        Self {
            sheet: plan.sheet.clone(),
            header_line: plan.header_line,
            mapping: mapping.map(|mapping| mapping.columns().iter().map(ColumnBody::of).collect()),
            keep_unmapped: plan.keep_unmapped,
            known_contacts: plan.known.as_str(),
            tags: plan.tags.iter().map(|tag| tag.label().to_owned()).collect(),
            default_country: plan.default_country.map(|country| country.to_string()),
            consent_note: plan.consent_note.as_ref().map(ConsentNote::to_string),
        }
    }
}

fn undo(import: &ImportedFile) -> Option<UndoView> {
    let ImportUndo { deleted, kept, .. } = import.undo;
    let is_undone = matches!(
        import.status,
        ImportStatus::Undoing | ImportStatus::Undone { .. }
    );
    is_undone.then_some(UndoView { deleted, kept })
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportEnvelope {
    pub(super) import: ImportView,
}
