//! How large a table may be.

use nexus_domain::ImportFailure;
use nexus_domain::ports::TableError;

/// What a table may have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLimits {
    /// Rows below the header. More are refused when they are reached; those before were read.
    pub max_rows: u64,
    /// Columns with content.
    pub max_columns: u32,
    /// Bytes of one cell; the rest of its text is cut off. No contact has a field as long.
    pub max_cell_bytes: usize,
    /// Bytes that are inflated from a workbook, and bytes of text that are given out from any table.
    pub max_inflated_bytes: u64,
}

impl Default for TableLimits {
    fn default() -> Self {
        Self {
            max_rows: 1_000_000,
            max_columns: 256,
            max_cell_bytes: 32 * 1024,
            max_inflated_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// The text of one row, and of one record of separated text. A quote that is never closed makes a
/// record of all that follows it.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;

/// Sheets of a workbook. Excel has no limit of its own; a person does.
pub(super) const MAX_SHEETS: usize = 1_000;

/// The name of a sheet. Excel allows 31 characters.
pub(super) const MAX_NAME_BYTES: usize = 1_000;

impl TableLimits {
    pub(super) fn columns(&self) -> usize {
        usize::try_from(self.max_columns).unwrap_or(usize::MAX)
    }

    pub(super) fn too_many_columns(&self) -> TableError {
        TableError(ImportFailure::TooManyColumns {
            max: self.max_columns,
        })
    }

    pub(super) fn too_many_rows(&self) -> TableError {
        TableError(ImportFailure::TooManyRows { max: self.max_rows })
    }

    pub(super) fn too_large(&self) -> TableError {
        too_large(self.max_inflated_bytes)
    }

    /// As much of a cell's text as is kept.
    pub(super) fn cut<'a>(&self, text: &'a str) -> &'a str {
        &text[..text.floor_char_boundary(self.max_cell_bytes)]
    }
}

pub(super) fn too_large(max: u64) -> TableError {
    TableError(ImportFailure::TooLarge { max })
}

/// A file that is not what it should be. `detail` has nothing of its content.
pub(super) fn unreadable(detail: impl Into<String>) -> TableError {
    TableError(ImportFailure::Unreadable {
        detail: detail.into(),
    })
}
