//! Imports of contacts from files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::{Problem, ShortText};
use crate::{ContactId, ImportId, ImportPlan, UserId};

/// The formats that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableFormat {
    /// Text with separators: comma, semicolon, tab or pipe.
    Csv,
    /// Office Open XML workbook.
    Xlsx,
    /// Workbook of Excel 97 to 2003 (BIFF8 in an OLE container).
    Xls,
    /// OpenDocument spreadsheet.
    Ods,
}

impl TableFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Xls, Self::Ods];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Ods => "ods",
        }
    }
}

/// Why a whole import failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ImportFailure {
    /// The file can't be read as a table; `detail` says where it broke.
    Unreadable {
        /// What the reader found, without data of the file.
        detail: String,
    },
    /// It is protected by a password.
    PasswordProtected,
    /// It has no sheet of this name.
    NoSuchSheet {
        /// The name.
        sheet: String,
    },
    /// It has no rows below its header.
    NoRows,
    /// No column was recognised as a name, or none as phone or e-mail.
    NoKnownColumns {
        /// The header as it was read.
        header: Vec<String>,
    },
    /// More than the limit of rows.
    TooManyRows {
        /// The most rows.
        max: u64,
    },
    /// More columns are custom fields than a contact may have of them.
    TooManyFields {
        /// The most fields.
        max: u32,
    },
    /// With its custom fields there would be more names than a user may have.
    TooManyFieldNames {
        /// The most names.
        max: u32,
    },
    /// More than the limit of columns.
    TooManyColumns {
        /// The most columns.
        max: u32,
    },
    /// Inflates to more than the limit of bytes.
    TooLarge {
        /// The most bytes.
        max: u64,
    },
    /// No instance that looked for the file has it.
    FileMissing,
    /// Failed again and again for a reason of ours.
    Internal,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportStatus {
    /// Shown to the user, who has not said yet that it is to begin.
    Previewed,
    /// Waiting for a worker.
    Queued,
    /// Being read.
    Running,
    /// Every row is accounted for.
    Completed {
        /// When.
        at: DateTime<Utc>,
    },
    /// Stopped; what was read before stays.
    Failed {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        failure: ImportFailure,
    },
    /// Stopped by the user; what was read before stays.
    Cancelled {
        /// When.
        at: DateTime<Utc>,
    },
    /// The contacts that it created are being deleted.
    Undoing,
    /// The contacts that it created are deleted, but for those that something has touched since.
    Undone {
        /// When.
        at: DateTime<Utc>,
    },
}

impl ImportStatus {
    /// The word in the API and the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Previewed => "previewed",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::Undoing => "undoing",
            Self::Undone { .. } => "undone",
        }
    }
}

/// How many rows of the file came to what. `read` is always the sum of `created` to `invalid`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Rows below the header that were read, and where a restarted import goes on.
    pub read: u64,
    /// Became a new contact.
    pub created: u64,
    /// Changed a contact that was there before, or that an earlier row brought in.
    pub updated: u64,
    /// Met such a contact, which had everything already.
    pub unchanged: u64,
    /// Met such a contact, and the plan is to skip these.
    pub skipped: u64,
    /// Had nothing in any cell.
    pub blank: u64,
    /// Refused; each is listed with line and reason.
    pub invalid: u64,
    /// Of the rows above, those that asked for another status for a contact that unsubscribed,
    /// which it stays.
    pub still_unsubscribed: u64,
}

impl ImportProgress {
    /// Rows that met a contact which was there before, or one of an earlier row.
    pub fn known(&self) -> u64 {
        self.updated + self.unchanged + self.skipped
    }

    fn add(&mut self, batch: Self) {
        self.read += batch.read;
        self.created += batch.created;
        self.updated += batch.updated;
        self.unchanged += batch.unchanged;
        self.skipped += batch.skipped;
        self.blank += batch.blank;
        self.invalid += batch.invalid;
        self.still_unsubscribed += batch.still_unsubscribed;
    }
}

/// How far the undoing of an import is, and how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportUndo {
    /// Contacts that were deleted.
    pub deleted: u64,
    /// Contacts that were kept, since something has touched them.
    pub kept: u64,
    /// The last contact that was looked at; the next is after it.
    pub after: Option<ContactId>,
}

/// What an import's status does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the import is {status}")]
pub struct ImportTransitionError {
    /// The status.
    pub status: &'static str,
}

/// A file whose rows become contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// The import's id, and the file's name in the file store.
    pub id: ImportId,
    /// Whose import this is.
    pub user_id: UserId,
    /// The name that the user gave the file, for show only.
    pub file_name: ShortText,
    /// Its format, judged by its content.
    pub format: TableFormat,
    /// Its size in bytes.
    pub size: u64,
    /// What the user chose.
    pub plan: ImportPlan,
    /// The names of the columns, once they were read.
    pub header: Vec<String>,
    /// How far it is.
    pub status: ImportStatus,
    /// How many rows came to what.
    pub progress: ImportProgress,
    /// How many rows there are below the header, when that is known.
    pub total_rows: Option<u64>,
    /// How far its undoing is.
    pub undo: ImportUndo,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When a worker first began with it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ImportedFile {
    /// The user looks at the file again, with other choices.
    pub fn plan_again(
        &mut self,
        plan: ImportPlan,
        now: DateTime<Utc>,
    ) -> Result<(), ImportTransitionError> {
        if self.status != ImportStatus::Previewed {
            return Err(self.refusal());
        }
        self.plan = plan;
        self.updated_at = now;
        Ok(())
    }

    /// The user has seen the preview and chosen.
    pub fn queue(
        &mut self,
        plan: ImportPlan,
        now: DateTime<Utc>,
    ) -> Result<(), ImportTransitionError> {
        self.plan_again(plan, now)?;
        self.status = ImportStatus::Queued;
        Ok(())
    }

    /// A worker has begun, or begun again after a restart.
    pub fn start(&mut self, now: DateTime<Utc>) {
        if self.is_over() {
            return;
        }
        self.status = ImportStatus::Running;
        self.started_at.get_or_insert(now);
        self.updated_at = now;
    }

    /// What is now known of the table in the file.
    pub fn describe(&mut self, header: Vec<String>, total_rows: Option<u64>) {
        self.header = header;
        self.total_rows = total_rows;
    }

    /// Adds the rows of one batch.
    pub fn advance(&mut self, batch: ImportProgress, now: DateTime<Utc>) {
        self.progress.add(batch);
        self.updated_at = now;
    }

    /// Every row is accounted for. A file without rows has failed. An import that is over stays
    /// as it is.
    pub fn complete(&mut self, now: DateTime<Utc>) {
        if self.is_over() {
            return;
        }
        if self.progress.read == self.progress.blank {
            self.fail(ImportFailure::NoRows, now);
            return;
        }
        self.status = ImportStatus::Completed { at: now };
        self.updated_at = now;
    }

    /// The rest of the file can't be read. An import that is over stays as it is.
    pub fn fail(&mut self, failure: ImportFailure, now: DateTime<Utc>) {
        if self.is_over() {
            return;
        }
        self.status = ImportStatus::Failed { at: now, failure };
        self.updated_at = now;
    }

    /// Stops it, before or while it is read; what was taken in stays. Once more is no error.
    pub fn cancel(&mut self, now: DateTime<Utc>) -> Result<(), ImportTransitionError> {
        match self.status {
            ImportStatus::Cancelled { .. } => Ok(()),
            ImportStatus::Previewed | ImportStatus::Queued | ImportStatus::Running => {
                self.status = ImportStatus::Cancelled { at: now };
                self.updated_at = now;
                Ok(())
            }
            _ => Err(self.refusal()),
        }
    }

    /// Begins to delete the contacts that it created. Whether that is new; once more is no error.
    pub fn begin_undo(&mut self, now: DateTime<Utc>) -> Result<bool, ImportTransitionError> {
        match self.status {
            ImportStatus::Undoing | ImportStatus::Undone { .. } => Ok(false),
            ImportStatus::Completed { .. }
            | ImportStatus::Failed { .. }
            | ImportStatus::Cancelled { .. } => {
                self.status = ImportStatus::Undoing;
                self.updated_at = now;
                Ok(true)
            }
            ImportStatus::Previewed | ImportStatus::Queued | ImportStatus::Running => {
                Err(self.refusal())
            }
        }
    }

    /// Some of its contacts were looked at, up to `last`.
    pub fn advance_undo(&mut self, deleted: u64, kept: u64, last: ContactId, now: DateTime<Utc>) {
        self.undo.deleted += deleted;
        self.undo.kept += kept;
        self.undo.after = Some(last);
        self.updated_at = now;
    }

    /// All of its contacts were looked at. Only an undoing ends.
    pub fn end_undo(&mut self, now: DateTime<Utc>) {
        if self.status == ImportStatus::Undoing {
            self.status = ImportStatus::Undone { at: now };
            self.updated_at = now;
        }
    }

    /// Whether its file is read no further.
    pub fn is_over(&self) -> bool {
        match self.status {
            ImportStatus::Previewed | ImportStatus::Queued | ImportStatus::Running => false,
            ImportStatus::Completed { .. }
            | ImportStatus::Failed { .. }
            | ImportStatus::Cancelled { .. }
            | ImportStatus::Undoing
            | ImportStatus::Undone { .. } => true,
        }
    }

    /// How much of it is read, in percent of its rows; `None` while their number is not known.
    pub fn percent(&self) -> Option<u8> {
        if matches!(self.status, ImportStatus::Completed { .. }) {
            return Some(100);
        }
        let total = self.total_rows?;
        let part = self.progress.read.saturating_mul(100).checked_div(total)?;
        u8::try_from(part.min(100)).ok()
    }

    /// How many rows a second were taken in since it began, restarts included, while it runs.
    pub fn rows_per_second(&self) -> Option<u64> {
        let started_at = self
            .started_at
            .filter(|_| self.status == ImportStatus::Running)?;
        let millis = (self.updated_at - started_at).num_milliseconds();
        let millis = u64::try_from(millis).ok()?;
        self.progress.read.saturating_mul(1_000).checked_div(millis)
    }

    fn refusal(&self) -> ImportTransitionError {
        ImportTransitionError {
            status: self.status.as_str(),
        }
    }
}

/// A row that did not become a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The line of the file, counted from 1, header included.
    pub line: u64,
    /// The header of the column, `None` when the whole row is meant.
    pub column: Option<String>,
    /// The cell's content, cut to 200 characters.
    pub value: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// The row as it was, cut to what is kept; with the first error of a row only.
    pub cells: Vec<String>,
}
