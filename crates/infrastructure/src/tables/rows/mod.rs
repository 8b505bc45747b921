//! Where readers put the rows of a table: all of them into a stream, or the first into an outline.

mod beginning;
mod stream;

use nexus_domain::ports::TableError;

use super::limits::{MAX_ROW_BYTES, TableLimits, unreadable};

pub(super) use beginning::{Beginning, look};
pub(super) use stream::stream;

/// Why reading ended before the end.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The table can't be read further.
    Failed(TableError),
    /// Nobody waits for rows any more.
    Abandoned,
}

impl From<TableError> for Stopped {
    fn from(error: TableError) -> Self {
        Self::Failed(error)
    }
}

/// Takes the rows of a table in their order.
pub(super) trait Rows {
    /// The rows from here on are those of the sheet with this name.
    fn begin_sheet(&mut self, name: &str);
    /// Takes the row that begins on `line`.
    fn put(&mut self, line: u64, cells: Vec<String>) -> Result<(), Stopped>;
    /// Whether a row had anything in a cell.
    fn has_content(&self) -> bool;
}

fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

fn text_bytes(cells: &[String]) -> u64 {
    cells.iter().map(|cell| cell.len() as u64).sum()
}

/// A row as it is given out, and the bytes of its text; refused when it is wider or longer than the
/// limits.
fn fit(
    limits: TableLimits,
    line: u64,
    mut cells: Vec<String>,
) -> Result<(Vec<String>, u64), TableError> {
    // Programs write separators for columns that never had content.
    let most = limits.columns();
    while cells.len() > most && cells.last().is_some_and(|cell| is_blank(cell)) {
        cells.pop();
    }
    if cells.len() > most {
        return Err(limits.too_many_columns());
    }
    let bytes = text_bytes(&cells);
    if bytes > MAX_ROW_BYTES as u64 {
        return Err(unreadable(format!("line {line} is longer than any row is")));
    }
    for cell in &mut cells {
        if cell.contains('\0') {
            *cell = cell.replace('\0', SUBSTITUTE);
        }
    }
    Ok((cells, bytes))
}

/// Puts a text into its column, counted from 0. A row is never longer than the limit, wherever its
/// cells say that they are.
pub(super) fn set_cell(
    limits: TableLimits,
    cells: &mut Vec<String>,
    column: usize,
    text: String,
) -> Result<(), TableError> {
    if column >= limits.columns() {
        return Err(limits.too_many_columns());
    }
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    cells[column] = text;
    Ok(())
}

/// Stands where a NUL was, which PostgreSQL can't store: the control character that means "there
/// was one here that can't be represented" (ECMA-48, 8.3.148). No name, phone or e-mail may have it,
/// so the row is listed.
pub(super) const SUBSTITUTE: &str = "\u{1a}";
