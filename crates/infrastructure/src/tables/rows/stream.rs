//! The way of rows from the thread that reads them to whoever imports them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec;

use async_trait::async_trait;
use nexus_domain::ImportFailure;
use nexus_domain::ports::{TableError, TableRow, TableSource};
use tokio::sync::{mpsc, oneshot};

use super::{Rows, Stopped, fit, is_blank, text_bytes};
use crate::tables::limits::{TableLimits, unreadable};

/// Rows of a batch, and the text after which a batch goes out sooner.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: u64 = 256 * 1024;

/// Batches that are read ahead.
const READ_AHEAD: usize = 2;

/// The text that one answer holds, if its rows are long.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

enum Piece {
    Rows(Vec<TableRow>),
    End,
    Failed(TableError),
}

/// Where the reading thread puts what it reads. The row on the line that was chosen is the header,
/// or else the first that has content.
struct RowSink {
    limits: TableLimits,
    header_line: Option<u64>,
    has_content: bool,
    header: Option<oneshot::Sender<Result<Vec<String>, TableError>>>,
    pieces: mpsc::Sender<Piece>,
    batch: Vec<TableRow>,
    batch_bytes: u64,
    rows: u64,
    bytes: u64,
}

impl Rows for RowSink {
    fn begin_sheet(&mut self, _name: &str) {}

    /// Waits while the queue is full.
    fn put(&mut self, line: u64, cells: Vec<String>) -> Result<(), Stopped> {
        let (cells, bytes) = fit(self.limits, line, cells)?;
        self.has_content = self.has_content || !cells.iter().all(|cell| is_blank(cell));
        // A workbook may name one long text in every cell: what is given out is counted too.
        self.bytes += bytes;
        if self.bytes > self.limits.max_inflated_bytes {
            return Err(self.limits.too_large().into());
        }
        if self.header.is_some() {
            return match self.header_line {
                Some(chosen) if line < chosen => Ok(()),
                Some(chosen) if line > chosen => {
                    // The line that was chosen is blank, or inside of a row: it names no column.
                    self.send_header(Vec::new())?;
                    self.put_row(line, cells, bytes)
                }
                None if cells.iter().all(|cell| is_blank(cell)) => Ok(()),
                Some(_) | None => self.send_header(cells),
            };
        }
        self.put_row(line, cells, bytes)
    }

    fn has_content(&self) -> bool {
        self.has_content
    }
}

impl RowSink {
    fn put_row(&mut self, line: u64, cells: Vec<String>, bytes: u64) -> Result<(), Stopped> {
        self.rows += 1;
        if self.rows > self.limits.max_rows {
            return Err(self.limits.too_many_rows().into());
        }
        self.batch_bytes += bytes;
        self.batch.push(TableRow { line, cells });
        if self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn send_header(&mut self, mut cells: Vec<String>) -> Result<(), Stopped> {
        while cells.last().is_some_and(|cell| is_blank(cell)) {
            cells.pop();
        }
        match self.header.take().map(|header| header.send(Ok(cells))) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(Stopped::Abandoned),
        }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        self.batch_bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.send(Piece::Rows(batch))
    }

    fn send(&self, piece: Piece) -> Result<(), Stopped> {
        self.pieces
            .blocking_send(piece)
            .map_err(|_| Stopped::Abandoned)
    }

    /// Tells how reading ended, after the rows that were read before.
    fn end(mut self, outcome: Result<(), Stopped>) -> Result<(), Stopped> {
        let failure = match outcome {
            Err(Stopped::Abandoned) => return Err(Stopped::Abandoned),
            Err(Stopped::Failed(error)) => Some(error),
            Ok(()) if self.header.is_none() => None,
            Ok(()) => Some(TableError(ImportFailure::NoRows)),
        };
        self.flush()?;
        match (failure, self.header.take()) {
            (Some(error), Some(header)) => header.send(Err(error)).map_err(|_| Stopped::Abandoned),
            (Some(error), None) => self.send(Piece::Failed(error)),
            (None, _) => self.send(Piece::End),
        }
    }
}

/// Runs `read` on a thread for blocking work and returns once it has found the header.
pub(in crate::tables) async fn stream(
    limits: TableLimits,
    header_line: Option<u64>,
    read: impl FnOnce(&mut dyn Rows) -> Result<(), Stopped> + Send + 'static,
) -> Result<Box<dyn TableSource>, TableError> {
    let (header_sent, header) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(READ_AHEAD);
    let mut sink = RowSink {
        limits,
        header_line,
        has_content: false,
        header: Some(header_sent),
        pieces: sender,
        batch: Vec::new(),
        batch_bytes: 0,
        rows: 0,
        bytes: 0,
    };
    tokio::task::spawn_blocking(move || {
        // What panicked once would do so again: it is the file's failure, told like any other.
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&mut sink))).unwrap_or_else(|_| {
            tracing::error!("reading a table panicked");
            Err(unreadable("the file breaks its reader").into())
        });
        if matches!(sink.end(outcome), Err(Stopped::Abandoned)) {
            tracing::debug!("a table was closed before its end");
        }
    });
    // A thread that never began, at the end of the runtime, drops the channels without a word.
    let header = header
        .await
        .unwrap_or(Err(TableError(ImportFailure::Internal)))?;
    Ok(Box::new(RowStream {
        header,
        pieces,
        ready: Vec::new().into_iter(),
        end: None,
    }))
}

struct RowStream {
    header: Vec<String>,
    pieces: mpsc::Receiver<Piece>,
    ready: vec::IntoIter<TableRow>,
    end: Option<Result<(), TableError>>,
}

#[async_trait]
impl TableSource for RowStream {
    fn header(&self) -> Vec<String> {
        self.header.clone()
    }

    async fn next_rows(&mut self, most: usize) -> Result<Vec<TableRow>, TableError> {
        let most = most.max(1);
        let mut rows = Vec::new();
        let mut bytes = 0;
        while rows.len() < most && bytes < ANSWER_BYTES {
            if let Some(row) = self.ready.next() {
                bytes += text_bytes(&row.cells);
                rows.push(row);
                continue;
            }
            if self.end.is_some() {
                break;
            }
            match self.pieces.recv().await {
                Some(Piece::Rows(batch)) => self.ready = batch.into_iter(),
                Some(Piece::End) => self.end = Some(Ok(())),
                Some(Piece::Failed(error)) => self.end = Some(Err(error)),
                None => self.end = Some(Err(TableError(ImportFailure::Internal))),
            }
        }
        match &self.end {
            Some(Err(error)) if rows.is_empty() => Err(error.clone()),
            _ => Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::tables::limits::MAX_ROW_BYTES;

    fn breaks_its_reader() -> TableError {
        unreadable("the file breaks its reader")
    }

    fn cells(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[tokio::test]
    async fn a_reader_that_panics_is_no_end_of_the_table() {
        let opened = stream(TableLimits::default(), None, |_| panic!("planted")).await;
        assert_eq!(opened.map(|_| ()), Err(breaks_its_reader()));

        let mut source = stream(TableLimits::default(), None, |rows| {
            rows.put(1, cells("name"))?;
            for line in 0..BATCH_ROWS as u64 {
                rows.put(line, cells("Ana"))?;
            }
            panic!("planted")
        })
        .await
        .unwrap();
        assert_eq!(source.next_rows(1_000).await.unwrap().len(), BATCH_ROWS);
        assert_eq!(source.next_rows(1_000).await, Err(breaks_its_reader()));
    }

    #[tokio::test]
    async fn a_reader_is_a_few_batches_ahead_and_no_more() {
        const ROWS: u64 = 100_000;
        let read = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&read);
        let mut source = stream(TableLimits::default(), None, move |rows| {
            rows.put(1, cells("name"))?;
            (2..ROWS + 2).try_for_each(|line| {
                count.fetch_add(1, Ordering::SeqCst);
                rows.put(line, cells("Ana"))
            })
        })
        .await
        .unwrap();
        let mut total = 0;
        loop {
            let rows = source.next_rows(1_000).await.unwrap().len() as u64;
            if rows == 0 {
                break;
            }
            total += rows;
            let read = read.load(Ordering::SeqCst);
            assert!(read <= total + 4 * 256, "{read} rows read, {total} taken");
        }
        assert_eq!(total, ROWS);
    }

    #[tokio::test]
    async fn an_answer_ends_early_when_its_rows_are_long() {
        let long = "x".repeat(MAX_ROW_BYTES);
        let mut source = stream(TableLimits::default(), None, move |rows| {
            rows.put(1, cells("name"))?;
            (2..22).try_for_each(|line| rows.put(line, cells(&long)))
        })
        .await
        .unwrap();
        let mut total = 0;
        loop {
            let rows = source.next_rows(1_000).await.unwrap();
            assert!(rows.len() <= 5, "{} rows", rows.len());
            if rows.is_empty() {
                break;
            }
            total += rows.len();
        }
        assert_eq!(total, 20);
    }
}
