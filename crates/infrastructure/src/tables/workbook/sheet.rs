//! The rows of a sheet (ECMA-376 part 1, §18.3.1).

use nexus_domain::ports::TableError;
use quick_xml::events::{BytesStart, Event};

use crate::tables::archive::Part;
use crate::tables::archive::xml::cut_off;
use crate::tables::formats::NumberFormats;
use crate::tables::limits::{TableLimits, unreadable};
use crate::tables::rows::{Rows, Stopped, set_cell};
use crate::tables::strings::{SharedStrings, rich_text, unescape_controls};

/// The last row and column that a sheet can have: XFD1048576.
const LAST_ROW: u64 = 1_048_576;
const LAST_COLUMN: usize = 16_384;

/// What the cells of a sheet refer to.
#[derive(Clone, Copy)]
pub(super) struct SheetContext<'a> {
    pub(super) strings: &'a SharedStrings,
    pub(super) styles: &'a NumberFormats,
    pub(super) counts_from_1904: bool,
    pub(super) limits: TableLimits,
}

/// A sheet while it is read, row by row.
pub(super) struct Sheet<'a> {
    part: Part<'a>,
    context: SheetContext<'a>,
}

/// The attributes of a cell.
#[derive(Debug, Default)]
struct CellTag {
    /// Counted from 0.
    column: Option<usize>,
    style: usize,
    kind: CellKind,
}

/// §18.18.11, `ST_CellType`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum CellKind {
    #[default]
    Number,
    Shared,
    Boolean,
    /// The text of a formula, an error or a date: as it stands.
    Text,
}

/// What begins or ends next in the sheet.
enum Step {
    Row(Option<u64>),
    Cell(CellTag),
    EndOfRow,
    EndOfData,
    Other,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(part: Part<'a>, context: SheetContext<'a>) -> Self {
        Self { part, context }
    }

    /// Puts every row that has content into `rows`. Sheets have rows without, kept for their looks,
    /// by the hundred thousand.
    pub(super) fn read(mut self, rows: &mut dyn Rows) -> Result<(), Stopped> {
        self.enter_data()?;
        let mut line = 0;
        let mut cells: Vec<String> = Vec::new();
        let mut next_column = 0;
        loop {
            match self.step()? {
                Step::Row(number) => {
                    line = number.unwrap_or(line + 1);
                    next_column = 0;
                }
                Step::Cell(tag) => {
                    let column = tag.column.unwrap_or(next_column);
                    next_column = column + 1;
                    let text = self.cell(&tag)?;
                    if !text.trim().is_empty() {
                        set_cell(self.context.limits, &mut cells, column, text)?;
                    }
                }
                Step::EndOfRow if cells.is_empty() => {}
                Step::EndOfRow => rows.put(line, std::mem::take(&mut cells))?,
                Step::EndOfData => return Ok(()),
                Step::Other => {}
            }
        }
    }

    fn enter_data(&mut self) -> Result<(), TableError> {
        loop {
            match self.part.next()? {
                Event::Start(element) if element.local_name().as_ref() == "sheetData" => {
                    return Ok(());
                }
                Event::Eof => return Err(unreadable("a sheet has no data")),
                _ => {}
            }
        }
    }

    fn step(&mut self) -> Result<Step, TableError> {
        Ok(match self.part.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "row" => Step::Row(row_number(&element)?),
                "c" => Step::Cell(CellTag::read(&element)?),
                _ => Step::Other,
            },
            Event::End(element) => match element.local_name().as_ref() {
                "row" => Step::EndOfRow,
                "sheetData" => Step::EndOfData,
                _ => Step::Other,
            },
            Event::Eof => return Err(cut_off()),
            _ => Step::Other,
        })
    }

    /// The text of the cell that was just entered.
    fn cell(&mut self, tag: &CellTag) -> Result<String, TableError> {
        let limits = self.context.limits;
        let mut value = String::new();
        let mut inline = None;
        loop {
            let (is_value, is_inline) = match self.part.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => (true, false),
                    "is" => (false, true),
                    _ => (false, false),
                },
                Event::End(_) => break,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            };
            if is_value {
                self.part.text(&mut value, limits.max_cell_bytes)?;
            } else if is_inline {
                inline = Some(rich_text(&mut self.part, limits)?);
            } else {
                self.part.skip()?;
            }
        }
        let mut text = match inline {
            Some(text) => text,
            None => self.value(tag, value)?,
        };
        if tag.kind == CellKind::Text {
            unescape_controls(&mut text);
        }
        text.truncate(limits.cut(&text).len());
        Ok(text)
    }

    fn value(&self, tag: &CellTag, value: String) -> Result<String, TableError> {
        let raw = value.trim();
        Ok(match tag.kind {
            CellKind::Text => value,
            _ if raw.is_empty() => String::new(),
            CellKind::Number => {
                let from_1904 = self.context.counts_from_1904;
                self.context.styles.text(raw, tag.style, from_1904)
            }
            CellKind::Boolean => (raw == "1" || raw == "true").to_string(),
            CellKind::Shared => {
                let index = raw
                    .parse()
                    .map_err(|_| unreadable("a cell refers to a text that is not there"))?;
                self.context.strings.get(index)?.to_owned()
            }
        })
    }
}

fn damaged() -> TableError {
    unreadable("a sheet has a cell in no place")
}

fn row_number(element: &BytesStart<'_>) -> Result<Option<u64>, TableError> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| damaged())?;
        if attribute.key.as_ref() == "r" {
            return attribute
                .value
                .parse()
                .ok()
                .filter(|row| (1..=LAST_ROW).contains(row))
                .map(Some)
                .ok_or_else(damaged);
        }
    }
    Ok(None)
}

impl CellTag {
    fn read(element: &BytesStart<'_>) -> Result<Self, TableError> {
        let mut tag = Self::default();
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| damaged())?;
            let value = attribute.value.as_ref();
            match attribute.key.as_ref() {
                "r" => tag.column = Some(column_of(value).ok_or_else(damaged)?),
                "s" => tag.style = value.parse().unwrap_or_default(),
                "t" => tag.kind = CellKind::of(value),
                _ => {}
            }
        }
        Ok(tag)
    }
}

impl CellKind {
    fn of(word: &str) -> Self {
        match word {
            "n" => Self::Number,
            "s" => Self::Shared,
            "b" => Self::Boolean,
            _ => Self::Text,
        }
    }
}

/// The column of `AB12`, counted from 0.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters.take(4).fold(0_usize, |column, letter| {
        column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    (1..=LAST_COLUMN).contains(&column).then(|| column - 1)
}

#[cfg(test)]
mod tests {
    use super::column_of;

    #[test]
    fn letters_are_columns() {
        assert_eq!(column_of("A1"), Some(0));
        assert_eq!(column_of("Z9"), Some(25));
        assert_eq!(column_of("AA10"), Some(26));
        assert_eq!(column_of("XFD1048576"), Some(16_383));
        for outside in ["XFE1", "ZZZZZZZZZZ1", "1", "", "É1"] {
            assert_eq!(column_of(outside), None, "{outside}");
        }
    }
}
