//! Imports of contacts from files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::{Problem, ShortText};
use crate::{ImportId, UserId};

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
    /// Failed again and again for a reason of ours.
    Internal,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportStatus {
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
}

impl ImportStatus {
    /// The word in the API and the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
        }
    }
}

/// How many rows of the file came to what. `read` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Rows below the header that were read, and where a restarted import goes on.
    pub read: u64,
    /// Became a new contact.
    pub created: u64,
    /// Had the phone or e-mail of a contact that was there before, or of an earlier row.
    pub known: u64,
    /// Had nothing in any cell.
    pub blank: u64,
    /// Refused; each is listed with line and reason.
    pub invalid: u64,
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
    /// How far it is.
    pub status: ImportStatus,
    /// How many rows came to what.
    pub progress: ImportProgress,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ImportedFile {
    /// A worker has begun, or begun again after a restart.
    pub fn start(&mut self, now: DateTime<Utc>) {
        if self.is_over() {
            return;
        }
        self.status = ImportStatus::Running;
        self.updated_at = now;
    }

    /// Adds the rows of one batch.
    pub fn advance(&mut self, batch: ImportProgress, now: DateTime<Utc>) {
        self.progress.read += batch.read;
        self.progress.created += batch.created;
        self.progress.known += batch.known;
        self.progress.blank += batch.blank;
        self.progress.invalid += batch.invalid;
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

    /// Whether nothing more happens to it.
    pub fn is_over(&self) -> bool {
        matches!(
            self.status,
            ImportStatus::Completed { .. } | ImportStatus::Failed { .. }
        )
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
}
