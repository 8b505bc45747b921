//! Separated text (RFC 4180, and what programs write instead).

mod dialect;
mod encoding;
mod text;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use nexus_domain::ports::{TableError, TableOutline};

use self::dialect::Dialect;
pub(super) use self::encoding::unmarked_utf16;

use self::encoding::FileEncoding;
use self::text::{EndMark, RecordTooLong, Text, mark};
use super::limits::{TableLimits, unreadable};
use super::rows::{Rows, Stopped};
use super::{TableFile, no_such_sheet};

/// As much of a file's text as its separator is judged by.
const SAMPLE_BYTES: u64 = 64 * 1024;

/// A file of separated text.
pub(super) struct DelimitedFile {
    file: File,
    encoding: FileEncoding,
    dialect: Dialect,
    limits: TableLimits,
}

impl DelimitedFile {
    pub(super) fn open(path: &Path, limits: TableLimits) -> Result<Self, TableError> {
        let mut file = File::open(path).map_err(broken)?;
        let encoding = FileEncoding::detect(&mut file).map_err(broken)?;
        let dialect = sniff(&mut file, encoding)?;
        Ok(Self {
            file,
            encoding,
            dialect,
            limits,
        })
    }
}

impl TableFile for DelimitedFile {
    fn describe(&mut self) -> Result<TableOutline, TableError> {
        Ok(TableOutline {
            encoding: Some(self.encoding.encoding.name().to_owned()),
            separator: Some(char::from(self.dialect.delimiter)),
            ..TableOutline::default()
        })
    }

    fn read(&mut self, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Stopped> {
        if let Some(sheet) = sheet {
            return Err(no_such_sheet(sheet).into());
        }
        let text = open(&mut self.file, self.encoding)?;
        read_records(text, self.dialect, self.limits, rows)
    }
}

fn read_records(
    text: Text<&mut File>,
    dialect: Dialect,
    limits: TableLimits,
    rows: &mut dyn Rows,
) -> Result<(), Stopped> {
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .from_reader(text);
    if dialect.is_declared {
        let mut declaration = StringRecord::new();
        records
            .read_record(&mut declaration)
            .map_err(|error| broken_record(&error, 1))?;
    }
    let mut record = StringRecord::new();
    loop {
        let previous_end = records.position().line();
        records.get_mut().begin_record();
        let found = records
            .read_record(&mut record)
            .map_err(|error| broken_record(&error, previous_end))?;
        match mark(&record) {
            _ if !found => return Err(never_closed(previous_end).into()),
            EndMark::Alone => return Ok(()),
            EndMark::InsideACell => return Err(never_closed(previous_end).into()),
            EndMark::Absent => {}
        }
        // The crate tells the line before the blank ones that it passes over, so the line is
        // counted back from the record's end.
        let inside: u64 = record.iter().map(line_breaks).sum();
        let line = records.position().line().saturating_sub(inside + 1);
        rows.put(line, cells(&record, limits)?)?;
    }
}

fn cells(record: &StringRecord, limits: TableLimits) -> Result<Vec<String>, TableError> {
    let most = limits.columns();
    if record.iter().skip(most).any(|cell| !cell.trim().is_empty()) {
        return Err(limits.too_many_columns());
    }
    Ok(record
        .iter()
        .take(most)
        .map(|cell| limits.cut(cell).to_owned())
        .collect())
}

fn line_breaks(cell: &str) -> u64 {
    cell.bytes().filter(|byte| *byte == b'\n').count() as u64
}

fn open(file: &mut File, encoding: FileEncoding) -> Result<Text<&mut File>, TableError> {
    file.seek(SeekFrom::Start(encoding.mark_bytes))
        .map_err(broken)?;
    Ok(Text::new(file, encoding.encoding))
}

fn sniff(file: &mut File, encoding: FileEncoding) -> Result<Dialect, TableError> {
    let mut sample = Vec::new();
    open(file, encoding)?
        .take(SAMPLE_BYTES)
        .read_to_end(&mut sample)
        .map_err(broken)?;
    Ok(Dialect::of(&String::from_utf8_lossy(&sample)))
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn broken(error: std::io::Error) -> TableError {
    unreadable(format!("the file can't be read ({})", error.kind()))
}

fn never_closed(line: u64) -> TableError {
    unreadable(format!(
        "a quotation mark on line {line} or soon after is never closed"
    ))
}

fn broken_record(error: &csv::Error, line: u64) -> TableError {
    match error.kind() {
        csv::ErrorKind::Io(error)
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<RecordTooLong>) =>
        {
            unreadable(format!(
                "line {line} or soon after begins a row of more than 1 MB; \
                 a quotation mark may not be closed"
            ))
        }
        _ => unreadable(format!("the file can't be read after line {line}")),
    }
}
