//! Tables with rows to import.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::{ImportFailure, TableFormat};

/// A table that can't be read, or not further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the table can't be read: {0:?}")]
pub struct TableError(pub ImportFailure);

/// One row below the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The line of the file it begins on (the row of the sheet), counted from 1.
    pub line: u64,
    /// Its cells as text, as many as the row has: rows may be shorter or longer than the header.
    pub cells: Vec<String>,
}

/// A table as a stream of rows, in bounded memory.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TableSource: Send {
    /// The names of its columns.
    fn header(&self) -> Vec<String>;
    /// The next rows, at most `most`; none at the end.
    async fn next_rows(&mut self, most: usize) -> Result<Vec<TableRow>, TableError>;
}

/// Opens tables.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TableReader: Send + Sync {
    /// The format of a file, judged by its first bytes; `None` when it is no table.
    fn recognise(&self, first_bytes: &[u8]) -> Option<TableFormat>;
    /// Opens a file; its header has been read when this returns.
    async fn open(
        &self,
        path: PathBuf,
        format: TableFormat,
    ) -> Result<Box<dyn TableSource>, TableError>;
}
