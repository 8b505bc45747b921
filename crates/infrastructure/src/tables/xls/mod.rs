//! Workbooks of Excel 97 to 2003: BIFF8 records ([MS-XLS]) in a compound file ([MS-CFB]).
//!
//! Read here, record by record: calamine 0.38 makes a dense rectangle from the outermost cells of a
//! sheet, up to 16,777,216 cells for a file of a few kilobytes. A sheet can have no more than 65,536
//! rows of 256 cells, and what is kept of a file is the file itself, up to a limit, and its texts.

mod bytes;
mod cells;
mod compound;
mod globals;
mod records;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nexus_domain::ImportFailure;
use nexus_domain::ports::{TableError, TableOutline};

use self::cells::SheetCells;
use self::compound::CompoundFile;
use self::globals::Globals;
use super::limits::{TableLimits, too_large, unreadable};
use super::rows::{Rows, Stopped};
use super::{TableFile, no_such_sheet};

/// How a compound file begins ([MS-CFB] 2.2).
pub(super) const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The largest file. 65,536 rows with a dozen long cells each are about 20 MB.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// A workbook whose records are in memory, and read but for those of its sheets.
pub(super) struct XlsFile {
    records: Vec<u8>,
    globals: Globals,
    limits: TableLimits,
}

impl XlsFile {
    pub(super) fn open(path: &Path, limits: TableLimits) -> Result<Self, TableError> {
        let container = CompoundFile::new(read_file(path)?)?;
        // [MS-OFFCRYPTO] 1.3.3: an encrypted workbook of any newer kind is a stream of this name.
        if container.has("EncryptedPackage") {
            return Err(TableError(ImportFailure::PasswordProtected));
        }
        let Some(records) = container.stream("Workbook") else {
            return Err(unreadable(if container.has("Book") {
                "the workbook is of Excel 95 or older"
            } else {
                "the file is no workbook"
            }));
        };
        let records = records?;
        let globals = Globals::read(&records, limits)?;
        Ok(Self {
            records,
            globals,
            limits,
        })
    }
}

/// Whether a container has a workbook, of any age, or something that needs a password.
pub(super) fn has_workbook(path: &Path) -> Result<bool, TableError> {
    let container = CompoundFile::new(read_file(path)?)?;
    let names = ["Workbook", "Book", "EncryptedPackage"];
    Ok(names.into_iter().any(|name| container.has(name)))
}

fn read_file(path: &Path) -> Result<Vec<u8>, TableError> {
    let broken =
        |error: std::io::Error| unreadable(format!("the file can't be read ({})", error.kind()));
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(broken)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large(MAX_FILE_BYTES));
    }
    Ok(bytes)
}

impl TableFile for XlsFile {
    fn describe(&mut self) -> Result<TableOutline, TableError> {
        let sheets = self.globals.sheets.iter();
        Ok(TableOutline {
            sheets: sheets.map(|sheet| sheet.name.clone()).collect(),
            ..TableOutline::default()
        })
    }

    fn read(&mut self, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Stopped> {
        let sheets = match sheet {
            None => self.globals.sheets.as_slice(),
            Some(name) => {
                let found = self.globals.sheets.iter().find(|sheet| sheet.name == name);
                std::slice::from_ref(found.ok_or_else(|| no_such_sheet(name))?)
            }
        };
        let mut read = 0;
        for sheet in sheets {
            rows.begin_sheet(&sheet.name);
            let cells = SheetCells::new(&self.globals, self.limits);
            read += cells.read(&self.records, sheet.at, rows)?;
            if read > self.records.len() {
                // A thousand names for one long sheet without content would keep a thread busy.
                return Err(unreadable("the workbook's sheets lie over each other").into());
            }
            if rows.has_content() {
                break;
            }
        }
        Ok(())
    }
}
