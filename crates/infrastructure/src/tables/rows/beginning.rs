//! The first rows of a table, to be looked at.

use nexus_domain::ports::{TableError, TableOutline, TableRow};

use super::{Rows, Stopped, fit, is_blank};
use crate::tables::limits::{TableLimits, unreadable};

/// The text that an outline holds, if its rows are long.
const OUTLINE_BYTES: u64 = 1024 * 1024;

/// Keeps the first rows that have content.
pub(in crate::tables) struct Beginning {
    limits: TableLimits,
    most: usize,
    sheet: Option<String>,
    rows: Vec<TableRow>,
    bytes: u64,
    is_whole: bool,
}

impl Beginning {
    pub(in crate::tables) fn new(limits: TableLimits, most: usize) -> Self {
        Self {
            limits,
            most,
            sheet: None,
            rows: Vec::new(),
            bytes: 0,
            is_whole: true,
        }
    }

    /// What was kept, added to what is known of the file.
    pub(in crate::tables) fn into_outline(self, file: TableOutline) -> TableOutline {
        TableOutline {
            sheet: self.sheet.filter(|_| !self.rows.is_empty()),
            rows: self.rows,
            is_whole: self.is_whole,
            ..file
        }
    }
}

impl Rows for Beginning {
    fn begin_sheet(&mut self, name: &str) {
        self.sheet = Some(name.to_owned());
    }

    fn put(&mut self, line: u64, cells: Vec<String>) -> Result<(), Stopped> {
        let (cells, bytes) = fit(self.limits, line, cells)?;
        if cells.iter().all(|cell| is_blank(cell)) {
            return Ok(());
        }
        if self.rows.len() >= self.most || self.bytes + bytes > OUTLINE_BYTES {
            self.is_whole = false;
            return Err(Stopped::Abandoned);
        }
        self.bytes += bytes;
        self.rows.push(TableRow { line, cells });
        Ok(())
    }

    fn has_content(&self) -> bool {
        !self.rows.is_empty()
    }
}

/// Runs `look` on a thread for blocking work.
pub(in crate::tables) async fn look<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, TableError> + Send + 'static,
) -> Result<T, TableError> {
    tokio::task::spawn_blocking(look)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a table could not be looked at");
            Err(unreadable("the file breaks its reader"))
        })
}
