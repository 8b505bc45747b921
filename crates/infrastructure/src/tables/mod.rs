//! Tables: separated text and Office Open XML workbooks to import, and workbooks to hand out.
//!
//! A file is read once, from its beginning, on a thread for blocking work; rows go to whoever
//! imports them through a short queue. Neither the size of the file nor anything that it says of
//! itself decides how much memory is used: every length that grows with the content has a limit
//! here.

mod delimited;
mod limits;
mod recognition;
mod rows;
mod workbook;
mod workbook_stream;

use std::path::PathBuf;

use async_trait::async_trait;
use nexus_domain::TableFormat;
use nexus_domain::ports::{TableError, TableReader, TableSource};

pub use limits::TableLimits;
pub use workbook_stream::WorkbookStream;

/// Opens files of the machine as tables.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpreadsheetReader {
    limits: TableLimits,
}

impl SpreadsheetReader {
    /// A reader that refuses what exceeds `limits`.
    pub fn new(limits: TableLimits) -> Self {
        Self { limits }
    }
}

#[async_trait]
impl TableReader for SpreadsheetReader {
    fn recognise(&self, first_bytes: &[u8]) -> Option<TableFormat> {
        recognition::recognise(first_bytes)
    }

    async fn open(
        &self,
        path: PathBuf,
        format: TableFormat,
    ) -> Result<Box<dyn TableSource>, TableError> {
        let limits = self.limits;
        match format {
            TableFormat::Csv => {
                rows::stream(limits, move |sink| delimited::read(&path, limits, sink)).await
            }
            TableFormat::Xlsx => {
                rows::stream(limits, move |sink| workbook::read(&path, limits, sink)).await
            }
        }
    }
}
