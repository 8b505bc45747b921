//! Background work that survives a restart.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{BulkChangeId, ImportId, InstanceId, JobId, UserId};

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobWork {
    /// Turns the rows of an uploaded file into contacts.
    ImportContacts {
        /// The import.
        import_id: ImportId,
    },
    /// Deletes the contacts that an import created.
    UndoImport {
        /// The import.
        import_id: ImportId,
    },
    /// Changes more contacts than one transaction takes.
    ChangeContacts {
        /// The change.
        change_id: BulkChangeId,
    },
}

impl JobWork {
    /// Which workers do it.
    pub fn kind(&self) -> JobKind {
        match self {
            Self::ImportContacts { .. } | Self::UndoImport { .. } => JobKind::Imports,
            Self::ChangeContacts { .. } => JobKind::ChangeContacts,
        }
    }
}

/// The kinds of work; each has workers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// [`JobWork::ImportContacts`] and [`JobWork::UndoImport`].
    Imports,
    /// [`JobWork::ChangeContacts`].
    ChangeContacts,
}

impl JobKind {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imports => "import_contacts",
            Self::ChangeContacts => "change_contacts",
        }
    }
}

/// A queued piece of background work. It is removed when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The job's id.
    pub id: JobId,
    /// For whom it works.
    pub user_id: UserId,
    /// What it does.
    pub work: JobWork,
    /// How often it was begun.
    pub attempts: u32,
    /// Not before this.
    pub run_after: DateTime<Utc>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
}

/// The right of one process to do a job, until it expires on the database's clock; see
/// [`crate::SenderLease`] for `epoch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLease {
    /// The job.
    pub job_id: JobId,
    /// The process.
    pub owner: InstanceId,
    /// How many owners the job has had.
    pub epoch: i64,
}
