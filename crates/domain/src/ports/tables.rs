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

/// Which part of a file is the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChoice {
    /// The sheet of a workbook, by its name; `None` is the first that has content.
    pub sheet: Option<String>,
    /// The line that names the columns, counted from 1; `None` is the first that has content.
    pub header_line: Option<u64>,
}

/// What a file looks like before anything of it is imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOutline {
    /// The encoding of separated text, by its name: `UTF-8`, `windows-1252`, `UTF-16LE`.
    pub encoding: Option<String>,
    /// What separates the cells of separated text.
    pub separator: Option<char>,
    /// The sheets of a workbook that people can see, in their order.
    pub sheets: Vec<String>,
    /// The sheet that `rows` are from.
    pub sheet: Option<String>,
    /// The first rows that have content, the header and what stands above it among them.
    pub rows: Vec<TableRow>,
    /// Whether there are no more rows than these.
    pub is_whole: bool,
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
    /// Whether a whole file is a table, where its first bytes don't tell: an old workbook begins like any
    /// document of its time. One that is damaged or protected may be; opening it tells.
    async fn is_table(&self, path: PathBuf, format: TableFormat) -> Result<bool, TableError>;
    /// Looks at the beginning of a file: at most `most` rows of the sheet called `sheet`, or of the
    /// first that has content. No such sheet is [`ImportFailure::NoSuchSheet`].
    async fn outline(
        &self,
        path: PathBuf,
        format: TableFormat,
        sheet: Option<String>,
        most: usize,
    ) -> Result<TableOutline, TableError>;
    /// Opens a file; its header has been read when this returns. Rows above the header are passed
    /// over.
    async fn open(
        &self,
        path: PathBuf,
        format: TableFormat,
        choice: TableChoice,
    ) -> Result<Box<dyn TableSource>, TableError>;
}
