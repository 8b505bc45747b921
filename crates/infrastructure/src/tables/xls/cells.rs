//! The cells of a sheet ([MS-XLS] 2.1.7.20.6, Common Productions, `CELLTABLE`).

use nexus_domain::ports::TableError;

use super::bytes::{damaged, f64_at, u16_at, u32_at};
use super::globals::Globals;
use super::records::{Record, Records, kind};
use crate::tables::limits::{TableLimits, unreadable};
use crate::tables::rows::{Rows, Stopped, set_cell};

/// The cells of a sheet while they are read.
pub(super) struct SheetCells<'a> {
    globals: &'a Globals,
    limits: TableLimits,
    /// The row that is being put together, counted from 0, and its cells.
    row: u16,
    cells: Vec<String>,
    /// The cell of a formula whose text comes in a record of its own.
    awaits_text: Option<(u16, u16)>,
}

impl<'a> SheetCells<'a> {
    pub(super) fn new(globals: &'a Globals, limits: TableLimits) -> Self {
        Self {
            globals,
            limits,
            row: 0,
            cells: Vec::new(),
            awaits_text: None,
        }
    }

    /// Puts every row that has content into `rows`, and tells how many bytes the sheet has.
    pub(super) fn read(
        mut self,
        stream: &[u8],
        at: usize,
        rows: &mut dyn Rows,
    ) -> Result<usize, Stopped> {
        let mut records = Records::from(stream, at)?;
        let whole = records.left();
        if records.next()?.kind != kind::BOF {
            return Err(damaged().into());
        }
        // A chart in a sheet is a part with a beginning and an end of its own.
        let mut inside = 0_usize;
        loop {
            let record = records.next()?;
            match record.kind {
                kind::BOF => inside += 1,
                kind::EOF if inside == 0 => break,
                kind::EOF => inside -= 1,
                _ if inside > 0 => {}
                _ => self.take(record, rows)?,
            }
        }
        self.finish_row(rows)?;
        Ok(whole - records.left())
    }

    fn take(&mut self, record: Record<'_>, rows: &mut dyn Rows) -> Result<(), Stopped> {
        if record.kind == kind::STRING {
            if let Some((row, column)) = self.awaits_text.take() {
                let text = record.content(0).text()?;
                self.set(row, column, &text, rows)?;
            }
            return Ok(());
        }
        let is_cell = matches!(
            record.kind,
            kind::FORMULA
                | kind::MUL_RK
                | kind::RICH_STRING
                | kind::LABEL_SST
                | kind::NUMBER
                | kind::LABEL
                | kind::BOOL_ERR
                | kind::RK
        );
        if !is_cell {
            return Ok(());
        }
        let data = record.data;
        let field = |at| u16_at(data, at).ok_or_else(damaged);
        let (row, column, style) = (field(0)?, field(2)?, field(4)?);
        let text = match record.kind {
            kind::NUMBER => self.number(f64_at(data, 6).ok_or_else(damaged)?, style),
            kind::RK => self.number(rk(u32_at(data, 6).ok_or_else(damaged)?), style),
            kind::BOOL_ERR => match (data.get(6), data.get(7)) {
                (Some(value), Some(0)) => (*value != 0).to_string(),
                (Some(code), Some(_)) => error(*code).to_owned(),
                _ => return Err(damaged().into()),
            },
            kind::LABEL_SST => {
                let number = u32_at(data, 6).and_then(|number| usize::try_from(number).ok());
                let text = self.globals.strings.get(number.ok_or_else(damaged)?)?;
                text.to_owned()
            }
            kind::LABEL | kind::RICH_STRING => record.content(6).text()?,
            kind::MUL_RK => return self.numbers(row, column, data, rows),
            _ => match self.formula(row, column, style, data)? {
                Some(text) => text,
                None => return Ok(()),
            },
        };
        self.set(row, column, &text, rows)
    }

    /// [MS-XLS] 2.4.175, `MulRk`: numbers side by side, then the last column.
    fn numbers(
        &mut self,
        row: u16,
        first: u16,
        data: &[u8],
        rows: &mut dyn Rows,
    ) -> Result<(), Stopped> {
        let fields = data
            .get(4..data.len().saturating_sub(2))
            .ok_or_else(damaged)?;
        for (field, column) in fields.chunks_exact(6).zip(first..) {
            let (Some(style), Some(value)) = (u16_at(field, 0), u32_at(field, 2)) else {
                return Err(damaged().into());
            };
            let text = self.number(rk(value), style);
            self.set(row, column, &text, rows)?;
        }
        Ok(())
    }

    /// What a formula came to ([MS-XLS] 2.5.133, `FormulaValue`): no text when it follows.
    fn formula(
        &mut self,
        row: u16,
        column: u16,
        style: u16,
        data: &[u8],
    ) -> Result<Option<String>, TableError> {
        let value: [u8; 8] = *data
            .get(6..)
            .and_then(|value| value.first_chunk())
            .ok_or_else(damaged)?;
        self.awaits_text = None;
        if value[6..] != [0xff, 0xff] {
            return Ok(Some(self.number(f64::from_le_bytes(value), style)));
        }
        Ok(match value[0] {
            0 => {
                self.awaits_text = Some((row, column));
                None
            }
            1 => Some((value[2] != 0).to_string()),
            2 => Some(error(value[2]).to_owned()),
            _ => None,
        })
    }

    fn number(&self, number: f64, style: u16) -> String {
        let from_1904 = self.globals.counts_from_1904;
        let formats = &self.globals.formats;
        formats.text(&number.to_string(), usize::from(style), from_1904)
    }

    fn set(
        &mut self,
        row: u16,
        column: u16,
        text: &str,
        rows: &mut dyn Rows,
    ) -> Result<(), Stopped> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if row < self.row {
            // Rows stand in their order; what comes out of it would be under another header.
            return Err(unreadable("a sheet's rows are out of order").into());
        }
        if row > self.row {
            self.finish_row(rows)?;
            self.row = row;
        }
        let text = self.limits.cut(text).to_owned();
        Ok(set_cell(
            self.limits,
            &mut self.cells,
            usize::from(column),
            text,
        )?)
    }

    fn finish_row(&mut self, rows: &mut dyn Rows) -> Result<(), Stopped> {
        if self.cells.is_empty() {
            return Ok(());
        }
        rows.put(u64::from(self.row) + 1, std::mem::take(&mut self.cells))
    }
}

/// [MS-XLS] 2.5.217, `RkNumber`: a number in 30 bits, and whether it is whole and whether it is to
/// be divided by 100.
fn rk(value: u32) -> f64 {
    let number = if value & 0b10 == 0 {
        f64::from_bits(u64::from(value & !0b11) << 32)
    } else {
        f64::from(value.cast_signed() >> 2)
    };
    if value & 0b01 == 0 {
        number
    } else {
        number / 100.0
    }
}

/// [MS-XLS] 2.5.10, `BErr`.
fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}
