//! Tables: separated text and workbooks of the three kinds that people have, to import; and workbooks
//! to hand out.
//!
//! A file is read once, from its beginning, on a thread for blocking work; rows go to whoever
//! imports them through a short queue. Neither the size of the file nor anything that it says of
//! itself decides how much memory is used: every length that grows with the content has a limit
//! here.

mod archive;
mod delimited;
mod formats;
mod limits;
mod numbers;
mod ods;
mod recognition;
mod rows;
mod strings;
mod workbook;
mod workbook_stream;
mod xls;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use nexus_domain::ports::{TableChoice, TableError, TableOutline, TableReader, TableSource};
use nexus_domain::{ImportFailure, TableFormat};

use self::delimited::DelimitedFile;
use self::ods::OdsFile;
use self::rows::{Beginning, Rows, Stopped};
use self::workbook::WorkbookFile;
use self::xls::XlsFile;

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

/// A file of one format while it is read.
trait TableFile {
    /// What it is like, but for its rows.
    fn describe(&mut self) -> Result<TableOutline, TableError>;
    /// Puts the rows of the sheet with this name into `rows`, or of the first that has content.
    fn read(&mut self, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Stopped>;
}

fn open(
    path: &Path,
    format: TableFormat,
    limits: TableLimits,
) -> Result<Box<dyn TableFile>, TableError> {
    Ok(match format {
        TableFormat::Csv => Box::new(DelimitedFile::open(path, limits)?),
        TableFormat::Xlsx => Box::new(WorkbookFile::open(path, limits)?),
        TableFormat::Xls => Box::new(XlsFile::open(path, limits)?),
        TableFormat::Ods => Box::new(OdsFile::open(path, limits)?),
    })
}

fn no_such_sheet(sheet: &str) -> TableError {
    TableError(ImportFailure::NoSuchSheet {
        sheet: sheet.to_owned(),
    })
}

#[async_trait]
impl TableReader for SpreadsheetReader {
    fn recognise(&self, first_bytes: &[u8]) -> Option<TableFormat> {
        recognition::recognise(first_bytes)
    }

    async fn is_table(&self, path: PathBuf, format: TableFormat) -> Result<bool, TableError> {
        match format {
            TableFormat::Xls => rows::look(move || xls::has_workbook(&path)).await,
            TableFormat::Csv | TableFormat::Xlsx | TableFormat::Ods => Ok(true),
        }
    }

    async fn outline(
        &self,
        path: PathBuf,
        format: TableFormat,
        sheet: Option<String>,
        most: usize,
    ) -> Result<TableOutline, TableError> {
        let limits = self.limits;
        rows::look(move || {
            let mut file = open(&path, format, limits)?;
            let mut beginning = Beginning::new(limits, most);
            match file.read(sheet.as_deref(), &mut beginning) {
                Ok(()) | Err(Stopped::Abandoned) => {}
                Err(Stopped::Failed(error)) => return Err(error),
            }
            Ok(beginning.into_outline(file.describe()?))
        })
        .await
    }

    async fn open(
        &self,
        path: PathBuf,
        format: TableFormat,
        choice: TableChoice,
    ) -> Result<Box<dyn TableSource>, TableError> {
        let limits = self.limits;
        rows::stream(limits, choice.header_line, move |rows| {
            open(&path, format, limits)?.read(choice.sheet.as_deref(), rows)
        })
        .await
    }
}
