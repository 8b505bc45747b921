//! Workbooks (Office Open XML, ECMA-376 parts 1 and 2).
//!
//! Read here, in one pass and from the parts that are needed, because a general reader believes the
//! file: calamine 0.38 reserves memory for as many shared strings as `uniqueCount` says before it
//! has read one, and a file of 633 bytes that says 10¹¹ aborts the process; it also takes a whole
//! text node, and every style, into memory first. What follows is bounded by construction: bytes
//! inflated in all, bytes of one event, depth, and the number of everything that is kept.

mod numbers;
mod package;
mod parts;
mod sheet;
mod strings;
mod styles;
mod xml;

use std::path::Path;

use self::package::Package;
use self::parts::Workbook;
use self::sheet::{Sheet, SheetContext};
use self::strings::SharedStrings;
use self::styles::Styles;
use super::limits::TableLimits;
use super::rows::{RowSink, Stopped};

/// Reads the first sheet that has content of the workbook at `path` into `sink`.
pub(super) fn read(path: &Path, limits: TableLimits, sink: &mut RowSink) -> Result<(), Stopped> {
    let mut package = Package::open(path, limits)?;
    let workbook = Workbook::read(&mut package)?;
    let strings = match workbook.strings.as_deref().map(|name| package.part(name)) {
        Some(Some(part)) => SharedStrings::read(part?, limits)?,
        _ => SharedStrings::default(),
    };
    let styles = match workbook.styles.as_deref().map(|name| package.part(name)) {
        Some(Some(part)) => Styles::read(part?)?,
        _ => Styles::default(),
    };
    let context = SheetContext {
        strings: &strings,
        styles: &styles,
        counts_from_1904: workbook.counts_from_1904,
        limits,
    };
    for name in &workbook.sheets {
        if let Some(part) = package.part(name) {
            Sheet::new(part?, context).read(sink)?;
        }
        if sink.has_header() {
            break;
        }
    }
    Ok(())
}
