//! The way of rows from the thread that reads them to whoever imports them.

use std::vec;

use async_trait::async_trait;
use nexus_domain::ImportFailure;
use nexus_domain::ports::{TableError, TableRow, TableSource};
use tokio::sync::{mpsc, oneshot};

use super::limits::{MAX_ROW_BYTES, TableLimits, unreadable};

/// Rows of a batch, and the text after which a batch goes out sooner.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: u64 = 256 * 1024;

/// Batches that are read ahead.
const READ_AHEAD: usize = 2;

/// The text that one answer holds, if its rows are long.
const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

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

enum Piece {
    Rows(Vec<TableRow>),
    End,
    Failed(TableError),
}

/// Where the reading thread puts what it reads: the first row that has content is the header.
pub(super) struct RowSink {
    limits: TableLimits,
    header: Option<oneshot::Sender<Result<Vec<String>, TableError>>>,
    pieces: mpsc::Sender<Piece>,
    batch: Vec<TableRow>,
    batch_bytes: u64,
    rows: u64,
    bytes: u64,
}

fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

fn text_bytes(cells: &[String]) -> u64 {
    cells.iter().map(|cell| cell.len() as u64).sum()
}

impl RowSink {
    /// Whether the header was found.
    pub(super) fn has_header(&self) -> bool {
        self.header.is_none()
    }

    /// Takes the row that begins on `line`; waits while the queue is full.
    pub(super) fn put(&mut self, line: u64, mut cells: Vec<String>) -> Result<(), Stopped> {
        // Programs write separators for columns that never had content.
        let most = self.limits.columns();
        while cells.len() > most && cells.last().is_some_and(|cell| is_blank(cell)) {
            cells.pop();
        }
        if cells.len() > most {
            return Err(self.limits.too_many_columns().into());
        }
        let bytes = text_bytes(&cells);
        if bytes > MAX_ROW_BYTES as u64 {
            return Err(unreadable(format!("line {line} is longer than any row is")).into());
        }
        if self.header.is_some() {
            return self.put_header(cells);
        }
        self.rows += 1;
        if self.rows > self.limits.max_rows {
            return Err(self.limits.too_many_rows().into());
        }
        // A workbook may name one long text in every cell: what is given out is counted too.
        self.bytes += bytes;
        if self.bytes > self.limits.max_inflated_bytes {
            return Err(self.limits.too_large().into());
        }
        self.batch_bytes += bytes;
        self.batch.push(TableRow { line, cells });
        if self.batch.len() >= BATCH_ROWS || self.batch_bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn put_header(&mut self, mut cells: Vec<String>) -> Result<(), Stopped> {
        while cells.last().is_some_and(|cell| is_blank(cell)) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
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
            Ok(()) if self.has_header() => None,
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
pub(super) async fn stream(
    limits: TableLimits,
    read: impl FnOnce(&mut RowSink) -> Result<(), Stopped> + Send + 'static,
) -> Result<Box<dyn TableSource>, TableError> {
    let (header_sent, header) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(READ_AHEAD);
    let mut sink = RowSink {
        limits,
        header: Some(header_sent),
        pieces: sender,
        batch: Vec::new(),
        batch_bytes: 0,
        rows: 0,
        bytes: 0,
    };
    tokio::task::spawn_blocking(move || {
        let outcome = read(&mut sink);
        if matches!(sink.end(outcome), Err(Stopped::Abandoned)) {
            tracing::debug!("a table was closed before its end");
        }
    });
    // A thread that panicked drops its ends of both channels without a word.
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
    use super::*;

    const INTERNAL: TableError = TableError(ImportFailure::Internal);

    fn cells(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[tokio::test]
    async fn a_reader_that_panics_is_no_end_of_the_table() {
        let opened = stream(TableLimits::default(), |_| panic!("planted")).await;
        assert_eq!(opened.map(|_| ()), Err(INTERNAL));

        let mut source = stream(TableLimits::default(), |sink| {
            sink.put(1, cells("name"))?;
            for line in 0..BATCH_ROWS as u64 {
                sink.put(line, cells("Ana"))?;
            }
            panic!("planted")
        })
        .await
        .unwrap();
        assert_eq!(source.next_rows(1_000).await.unwrap().len(), BATCH_ROWS);
        assert_eq!(source.next_rows(1_000).await, Err(INTERNAL));
    }

    #[tokio::test]
    async fn an_answer_ends_early_when_its_rows_are_long() {
        let long = "x".repeat(MAX_ROW_BYTES);
        let mut source = stream(TableLimits::default(), move |sink| {
            sink.put(1, cells("name"))?;
            (2..22).try_for_each(|line| sink.put(line, cells(&long)))
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
