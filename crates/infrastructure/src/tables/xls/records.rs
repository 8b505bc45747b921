//! Records ([MS-XLS] 2.1.4): what each is, how long it is, and its content.

use nexus_domain::ports::TableError;

use super::bytes::{Content, u16_at};
use crate::tables::limits::unreadable;

/// The numbers of records ([MS-XLS] 2.3).
pub(super) mod kind {
    pub(in crate::tables::xls) const FORMULA: u16 = 0x0006;
    pub(in crate::tables::xls) const EOF: u16 = 0x000a;
    pub(in crate::tables::xls) const DATE_1904: u16 = 0x0022;
    pub(in crate::tables::xls) const FILE_PASS: u16 = 0x002f;
    pub(in crate::tables::xls) const CONTINUE: u16 = 0x003c;
    pub(in crate::tables::xls) const BOUND_SHEET: u16 = 0x0085;
    pub(in crate::tables::xls) const MUL_RK: u16 = 0x00bd;
    pub(in crate::tables::xls) const RICH_STRING: u16 = 0x00d6;
    pub(in crate::tables::xls) const XF: u16 = 0x00e0;
    pub(in crate::tables::xls) const SST: u16 = 0x00fc;
    pub(in crate::tables::xls) const LABEL_SST: u16 = 0x00fd;
    pub(in crate::tables::xls) const NUMBER: u16 = 0x0203;
    pub(in crate::tables::xls) const LABEL: u16 = 0x0204;
    pub(in crate::tables::xls) const BOOL_ERR: u16 = 0x0205;
    pub(in crate::tables::xls) const STRING: u16 = 0x0207;
    pub(in crate::tables::xls) const RK: u16 = 0x027e;
    pub(in crate::tables::xls) const FORMAT: u16 = 0x041e;
    pub(in crate::tables::xls) const BOF: u16 = 0x0809;
}

/// A record and those that continue it.
pub(super) struct Record<'a> {
    pub(super) kind: u16,
    pub(super) data: &'a [u8],
    continued: Vec<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// Its content from this byte on, with what continues it.
    pub(super) fn content(self, from: usize) -> Content<'a> {
        Content::new(self.data.get(from..).unwrap_or_default(), self.continued)
    }
}

/// The records of a stream, one after the other.
pub(super) struct Records<'a> {
    rest: &'a [u8],
}

fn cut_off() -> TableError {
    unreadable("the workbook is cut off")
}

impl<'a> Records<'a> {
    /// The records of `stream` from this byte on.
    pub(super) fn from(stream: &'a [u8], at: usize) -> Result<Self, TableError> {
        Ok(Self {
            rest: stream.get(at..).ok_or_else(cut_off)?,
        })
    }

    /// The next record. A part of a workbook ends with a record that says so, not with the stream.
    pub(super) fn next(&mut self) -> Result<Record<'a>, TableError> {
        let kind = u16_at(self.rest, 0).ok_or_else(cut_off)?;
        let mut record = Record {
            kind,
            data: self.take()?,
            continued: Vec::new(),
        };
        while u16_at(self.rest, 0) == Some(kind::CONTINUE) {
            let piece = self.take()?;
            record.continued.push(piece);
        }
        Ok(record)
    }

    /// How many bytes are behind the records that were read.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self) -> Result<&'a [u8], TableError> {
        let length = usize::from(u16_at(self.rest, 2).ok_or_else(cut_off)?);
        let data = self.rest.get(4..4 + length).ok_or_else(cut_off)?;
        self.rest = &self.rest[4 + length..];
        Ok(data)
    }
}
