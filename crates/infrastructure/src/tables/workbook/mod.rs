//! Workbooks (Office Open XML, ECMA-376 parts 1 and 2).
//!
//! Read here, in one pass and from the parts that are needed, because a general reader believes the
//! file: calamine 0.38 reserves memory for as many shared strings as `uniqueCount` says before it
//! has read one, and a file of 633 bytes that says 10¹¹ aborts the process; it also takes a whole
//! text node, and every style, into memory first. What follows is bounded by construction: bytes
//! inflated in all, bytes of one event, depth, and the number of everything that is kept.

mod parts;
mod sheet;

use std::path::Path;

use nexus_domain::ports::{TableError, TableOutline};

use self::parts::Workbook;
use self::sheet::{Sheet, SheetContext};
use super::archive::Package;
use super::formats::NumberFormats;
use super::limits::TableLimits;
use super::rows::{Rows, Stopped};
use super::strings::SharedStrings;
use super::{TableFile, no_such_sheet};

/// A workbook whose parts are found and not read yet.
pub(super) struct WorkbookFile {
    package: Package,
    workbook: Workbook,
    limits: TableLimits,
}

impl WorkbookFile {
    pub(super) fn open(path: &Path, limits: TableLimits) -> Result<Self, TableError> {
        let mut package = Package::open(path, limits)?;
        let workbook = Workbook::read(&mut package)?;
        Ok(Self {
            package,
            workbook,
            limits,
        })
    }
}

impl TableFile for WorkbookFile {
    fn describe(&mut self) -> Result<TableOutline, TableError> {
        let names = self.workbook.sheets.iter().map(|sheet| sheet.name.clone());
        Ok(TableOutline {
            sheets: names.collect(),
            ..TableOutline::default()
        })
    }

    fn read(&mut self, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Stopped> {
        let workbook = &self.workbook;
        let sheets = match sheet {
            None => workbook.sheets.as_slice(),
            Some(name) => {
                let found = workbook.sheets.iter().find(|sheet| sheet.name == name);
                std::slice::from_ref(found.ok_or_else(|| no_such_sheet(name))?)
            }
        };
        let package = &mut self.package;
        let strings = match workbook.strings.as_deref().map(|name| package.part(name)) {
            Some(Some(part)) => SharedStrings::read(part?, self.limits)?,
            _ => SharedStrings::default(),
        };
        let styles = match workbook.styles.as_deref().map(|name| package.part(name)) {
            Some(Some(part)) => NumberFormats::read(part?)?,
            _ => NumberFormats::default(),
        };
        let context = SheetContext {
            strings: &strings,
            styles: &styles,
            counts_from_1904: workbook.counts_from_1904,
            limits: self.limits,
        };
        for sheet in sheets {
            rows.begin_sheet(&sheet.name);
            if let Some(part) = package.part(&sheet.part) {
                Sheet::new(part?, context).read(rows)?;
            }
            if rows.has_content() {
                break;
            }
        }
        Ok(())
    }
}
