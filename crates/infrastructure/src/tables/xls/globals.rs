//! What the sheets of a workbook share ([MS-XLS] 2.1.7.20.3, Globals Substream).

use nexus_domain::ImportFailure;
use nexus_domain::ports::TableError;

use super::bytes::{damaged, u16_at, u32_at};
use super::records::{Record, Records, kind};
use crate::tables::formats::NumberFormats;
use crate::tables::limits::{MAX_SHEETS, TableLimits, unreadable};
use crate::tables::strings::SharedStrings;

/// A sheet that people can see.
#[derive(Debug)]
pub(super) struct SheetPlace {
    pub(super) name: String,
    /// Where its records begin.
    pub(super) at: usize,
}

#[derive(Debug, Default)]
pub(super) struct Globals {
    pub(super) sheets: Vec<SheetPlace>,
    pub(super) strings: SharedStrings,
    pub(super) formats: NumberFormats,
    pub(super) counts_from_1904: bool,
}

/// Of `hsState` in [MS-XLS] 2.4.28: hidden, or hidden so that only a macro shows it.
const HIDDEN_STATE: u8 = 0x03;

/// [MS-XLS] 2.4.21, `BOF`: the version of Excel 97 and all after it.
const BIFF8: u16 = 0x0600;

impl Globals {
    pub(super) fn read(stream: &[u8], limits: TableLimits) -> Result<Self, TableError> {
        let mut globals = Self::default();
        let mut records = Records::from(stream, 0)?;
        let begin = records.next()?;
        if begin.kind != kind::BOF {
            return Err(unreadable("the file is no workbook"));
        }
        if u16_at(begin.data, 0) != Some(BIFF8) {
            return Err(unreadable("the workbook is of Excel 95 or older"));
        }
        loop {
            let record = records.next()?;
            match record.kind {
                // What follows is encrypted, but for a few records.
                kind::FILE_PASS => return Err(TableError(ImportFailure::PasswordProtected)),
                kind::DATE_1904 => globals.counts_from_1904 = u16_at(record.data, 0) == Some(1),
                kind::BOUND_SHEET => globals.add_sheet(record)?,
                kind::FORMAT => {
                    let id = u16_at(record.data, 0).ok_or_else(damaged)?;
                    let code = record.content(2).text()?;
                    globals.formats.add_format(u32::from(id), &code)?;
                }
                kind::XF => {
                    let format = u16_at(record.data, 2).ok_or_else(damaged)?;
                    globals.formats.add_style(u32::from(format))?;
                }
                kind::SST => globals.read_strings(record, limits)?,
                kind::EOF => return Ok(globals),
                _ => {}
            }
        }
    }

    /// [MS-XLS] 2.4.28, `BoundSheet8`.
    fn add_sheet(&mut self, record: Record<'_>) -> Result<(), TableError> {
        let at = u32_at(record.data, 0)
            .and_then(|at| usize::try_from(at).ok())
            .ok_or_else(damaged)?;
        let (Some(state), Some(kind)) = (record.data.get(4), record.data.get(5)) else {
            return Err(damaged());
        };
        let is_visible = state & HIDDEN_STATE == 0;
        let is_worksheet = *kind == 0;
        if is_visible && is_worksheet {
            let name = record.content(6).short_text()?;
            self.sheets.push(SheetPlace { name, at });
        }
        if self.sheets.len() > MAX_SHEETS {
            return Err(unreadable("the workbook has too many sheets"));
        }
        Ok(())
    }

    /// How many texts there are, as the record says, ends the reading and reserves nothing.
    fn read_strings(&mut self, record: Record<'_>, limits: TableLimits) -> Result<(), TableError> {
        let stated = u32_at(record.data, 4)
            .and_then(|stated| usize::try_from(stated).ok())
            .ok_or_else(damaged)?;
        let mut content = record.content(8);
        while self.strings.len() < stated && !content.is_over() {
            let text = content.text()?;
            self.strings.push(limits.cut(&text))?;
        }
        Ok(())
    }
}
