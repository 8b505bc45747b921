//! How a file would be read.

use std::collections::HashMap;

use nexus_domain::ports::{StorageError, TableError, TableOutline, TableRow};
use nexus_domain::values::Problem;
use nexus_domain::{ColumnMeaning, Contact, ContactDetails, ContactId, ImportedFile, RowError};

use super::batch::{Batch, Origin};
use super::columns::{IgnoredColumn, suggested, whole_header};
use super::meeting::Meeting;
use super::upload::UploadError;
use super::{Imports, cell};

/// How many rows below the header are shown.
const SAMPLE: usize = 20;

/// A contact that a row would become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewedContact {
    /// What the row says.
    pub details: ContactDetails,
    /// The contact that is there already.
    pub known: Option<ContactId>,
}

/// What a row would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowPreview {
    /// Nothing in any cell.
    Blank,
    /// A contact.
    Contact(Box<PreviewedContact>),
    /// Everything that is wrong with it.
    Invalid(Vec<RowError>),
    /// Nobody knows yet what the columns hold.
    Unread,
}

/// One of the first rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewedRow {
    /// The line of the file, counted from 1.
    pub line: u64,
    /// Its cells, as they are shown.
    pub cells: Vec<String>,
    /// What it would come to.
    pub outcome: RowPreview,
}

/// How a file would be read.
#[derive(Debug)]
pub struct Preview {
    /// The import that may follow; it waits for the user.
    pub import: ImportedFile,
    /// What the file looks like.
    pub outline: TableOutline,
    /// The line of the header.
    pub header_line: Option<u64>,
    /// What each column seems to hold, one for each of the import's header.
    pub suggested: Vec<ColumnMeaning>,
    /// The columns that are passed over, as far as they have a name or, in the first rows, content.
    pub ignored: Vec<IgnoredColumn>,
    /// Why the import can't begin with these custom fields.
    pub refusal: Option<Problem>,
    /// Whether the columns are understood, by the user's mapping or by the header.
    pub is_understood: bool,
    /// The first rows.
    pub rows: Vec<PreviewedRow>,
    /// Rows of these that would be taken in, the known ones among them.
    pub valid: u64,
    /// Rows of these that would be refused.
    pub invalid: u64,
    /// Rows of these that meet a contact which is there, or an earlier row.
    pub known: u64,
}

impl Imports {
    /// How the file of `import` would be read by its plan.
    pub(super) async fn preview_of(
        &self,
        mut import: ImportedFile,
    ) -> Result<Preview, UploadError> {
        let mut layout = self.inspect(&import, &import.plan).await?;
        let rows = layout
            .source
            .next_rows(SAMPLE)
            .await
            .map_err(|TableError(failure)| UploadError::Unreadable(failure))?;
        import.header = whole_header(&layout.header);
        let shown = |outcome: RowPreview, row: &TableRow| PreviewedRow {
            line: row.line,
            cells: row.cells.iter().map(|cell| cell::shown(cell)).collect(),
            outcome,
        };
        let mut preview = Preview {
            suggested: suggested(&layout.header, import.plan.keep_unmapped),
            ignored: Vec::new(),
            refusal: None,
            is_understood: false,
            header_line: layout.header_line,
            rows: Vec::new(),
            valid: 0,
            invalid: 0,
            known: 0,
            outline: layout.outline.clone(),
            import,
        };
        let Ok(columns) = layout.columns(&preview.import.plan) else {
            let unread = |row| shown(RowPreview::Unread, row);
            preview.rows = rows.iter().map(unread).collect();
            return Ok(preview);
        };
        preview.is_understood = true;
        let is_seen = |column: &&IgnoredColumn| {
            let filled = |row: &TableRow| {
                let cell = row.cells.get(column.column);
                cell.is_some_and(|cell| !cell.trim().is_empty())
            };
            !column.header.is_empty() || rows.iter().any(filled)
        };
        preview.ignored = columns.ignored().iter().filter(is_seen).cloned().collect();
        if columns.has_custom_fields() {
            let user = preview.import.user_id;
            let known = self.ports.storage.read().fields().list(user).await?;
            preview.refusal = columns.check_fields(&known).err();
        }
        let origin = self.origin(&preview.import).await?;
        let batch = Batch::read(&rows, &columns, &origin);
        let known = self.known_to(&batch, &origin).await?;
        let now = self.ports.clock.now();
        let entropy = self.ports.entropy.as_ref();
        let settled = Meeting::settle(&batch, known.clone(), &origin, now, entropy);
        preview.known = settled.progress.known();
        preview.valid = settled.progress.created + preview.known;
        preview.invalid = settled.progress.invalid;
        let mut errors: HashMap<u64, Vec<RowError>> = HashMap::new();
        for error in settled.errors {
            errors.entry(error.line).or_default().push(error);
        }
        let mut contacts: HashMap<u64, PreviewedContact> = batch
            .entries
            .into_iter()
            .map(|entry| {
                let known = known
                    .iter()
                    .find(|contact| has_address_of(contact, &entry.details));
                let contact = PreviewedContact {
                    known: known.map(|contact| contact.id),
                    details: entry.details,
                };
                (entry.row.line, contact)
            })
            .collect();
        preview.rows = rows
            .iter()
            .map(|row| {
                let outcome = match (errors.remove(&row.line), contacts.remove(&row.line)) {
                    (Some(errors), _) => RowPreview::Invalid(errors),
                    (None, Some(contact)) => RowPreview::Contact(Box::new(contact)),
                    (None, None) => RowPreview::Blank,
                };
                shown(outcome, row)
            })
            .collect();
        Ok(preview)
    }

    async fn origin(&self, import: &ImportedFile) -> Result<Origin, UploadError> {
        let mut repositories = self.ports.storage.read();
        let user = repositories.users().find(import.user_id).await?;
        let user = user.ok_or(StorageError::Orphaned)?;
        let country = import.plan.default_country.unwrap_or(user.default_country);
        Ok(Origin {
            user_id: import.user_id,
            import_id: import.id,
            country,
            plan: import.plan.clone(),
        })
    }

    async fn known_to(
        &self,
        batch: &Batch<'_>,
        origin: &Origin,
    ) -> Result<Vec<Contact>, UploadError> {
        let (phones, emails) = batch.addresses();
        if phones.is_empty() && emails.is_empty() {
            return Ok(Vec::new());
        }
        let mut repositories = self.ports.storage.read();
        let contacts = repositories.contacts();
        let known = contacts.known(origin.user_id, &phones, &emails).await?;
        let ids: Vec<_> = known.into_iter().map(|known| known.id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(contacts.find_many(origin.user_id, &ids).await?)
    }
}

fn has_address_of(contact: &Contact, details: &ContactDetails) -> bool {
    (details.phone.is_some() && contact.phone == details.phone)
        || (details.email.is_some() && contact.email == details.email)
}
