//! The sheets of a spreadsheet and their rows (ODF 1.3 part 3, §9.1).

use std::collections::HashSet;

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use super::cells::{CellTag, repeated};
use super::paragraphs::paragraphs;
use crate::tables::archive::Part;
use crate::tables::archive::xml::{attribute, cut_off};
use crate::tables::limits::{MAX_NAME_BYTES, MAX_SHEETS, TableLimits, unreadable};
use crate::tables::rows::{Rows, Stopped, set_cell};

/// The last row that a sheet can have in LibreOffice.
const LAST_ROW: u64 = 1_048_576;

/// Styles of hidden sheets; there are no more than sheets.
const MAX_HIDDEN: usize = 10_000;

/// The content of a spreadsheet while it is read.
pub(super) struct Content<'a> {
    part: Part<'a>,
    limits: TableLimits,
    /// The styles that hide the sheets that have them (§17.15, `table:display`).
    hiding: HashSet<String>,
    style: String,
    in_spreadsheet: bool,
    is_over: bool,
    sheets: usize,
}

/// What begins or ends next among the rows of a sheet.
enum Step {
    /// How often it is there.
    Row(u64),
    /// A group of rows, or those at the head of every page.
    Group,
    End,
    Other,
}

/// What begins or ends next in a row.
enum RowStep {
    Cell(CellTag),
    /// A cell that a merged one lies over: how often.
    Covered(usize),
    End,
    Other,
}

impl<'a> Content<'a> {
    pub(super) fn new(part: Part<'a>, limits: TableLimits) -> Self {
        Self {
            part,
            limits,
            hiding: HashSet::new(),
            style: String::new(),
            in_spreadsheet: false,
            is_over: false,
            sheets: 0,
        }
    }

    /// Enters the next sheet that people can see, and tells its name.
    pub(super) fn next_sheet(&mut self) -> Result<Option<String>, TableError> {
        loop {
            let event = self.part.next()?;
            let element = match &event {
                Event::Start(element) => element,
                Event::End(element) => {
                    self.is_over |= element.local_name().as_ref() == "spreadsheet";
                    continue;
                }
                Event::Eof if self.is_over => return Ok(None),
                Event::Eof if self.in_spreadsheet => return Err(cut_off()),
                Event::Eof => return Err(unreadable("the document is no spreadsheet")),
                _ => continue,
            };
            match element.local_name().as_ref() {
                "style" => self.style = attribute(element, "name")?.unwrap_or_default(),
                "table-properties" => {
                    if attribute(element, "display")?.is_some_and(|display| display == "false") {
                        self.hiding.insert(std::mem::take(&mut self.style));
                    }
                    if self.hiding.len() > MAX_HIDDEN {
                        return Err(unreadable("the spreadsheet has too many styles"));
                    }
                }
                "spreadsheet" => self.in_spreadsheet = true,
                "table" if self.in_spreadsheet => {
                    let style = attribute(element, "style-name")?.unwrap_or_default();
                    let mut name = attribute(element, "name")?.unwrap_or_default();
                    name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
                    self.sheets += 1;
                    if self.sheets > MAX_SHEETS {
                        return Err(unreadable("the spreadsheet has too many sheets"));
                    }
                    if !self.hiding.contains(&style) {
                        return Ok(Some(name));
                    }
                    self.part.skip()?;
                }
                // What was changed, and what validations show, have tables and cells of their own.
                _ if self.in_spreadsheet => self.part.skip()?,
                _ => {}
            }
        }
    }

    /// Passes over the sheet that was just entered.
    pub(super) fn skip_sheet(&mut self) -> Result<(), TableError> {
        self.part.skip()
    }

    /// Puts every row that has content of the sheet that was just entered into `rows`. Rows and
    /// cells that repeat are written once, with a number; sheets end with a million blank ones.
    pub(super) fn read_rows(&mut self, rows: &mut dyn Rows) -> Result<(), Stopped> {
        let mut groups = 0_usize;
        let mut line = 1_u64;
        loop {
            match self.step()? {
                Step::Row(repeated) => {
                    let cells = self.row()?;
                    if !cells.is_empty() {
                        for again in 0..repeated {
                            let line = line.saturating_add(again);
                            if line > LAST_ROW {
                                return Err(unreadable("a sheet has a row in no place").into());
                            }
                            rows.put(line, cells.clone())?;
                        }
                    }
                    line = line.saturating_add(repeated);
                }
                Step::Group => groups += 1,
                Step::End if groups == 0 => return Ok(()),
                Step::End => groups -= 1,
                Step::Other => self.part.skip()?,
            }
        }
    }

    fn step(&mut self) -> Result<Step, TableError> {
        loop {
            return Ok(match self.part.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table-row" => Step::Row(
                        attribute(&element, "number-rows-repeated")?
                            .map_or(Ok(1), |number| repeated(&number))?,
                    ),
                    "table-row-group" | "table-header-rows" | "table-rows" => Step::Group,
                    _ => Step::Other,
                },
                Event::End(_) => Step::End,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            });
        }
    }

    /// The cells of the row that was just entered, up to the last that has content.
    fn row(&mut self) -> Result<Vec<String>, TableError> {
        let mut cells = Vec::new();
        let mut column = 0_usize;
        loop {
            match self.row_step()? {
                RowStep::Cell(tag) => {
                    let shown = paragraphs(&mut self.part, self.limits.max_cell_bytes)?;
                    let after = column.saturating_add(tag.repeated);
                    let mut text = tag.text(shown);
                    text.truncate(self.limits.cut(&text).len());
                    if !text.trim().is_empty() {
                        for column in column..after {
                            set_cell(self.limits, &mut cells, column, text.clone())?;
                        }
                    }
                    column = after;
                }
                RowStep::Covered(repeated) => {
                    self.part.skip()?;
                    column = column.saturating_add(repeated);
                }
                RowStep::End => return Ok(cells),
                RowStep::Other => self.part.skip()?,
            }
        }
    }

    fn row_step(&mut self) -> Result<RowStep, TableError> {
        loop {
            return Ok(match self.part.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table-cell" => RowStep::Cell(CellTag::read(&element)?),
                    "covered-table-cell" => RowStep::Covered(CellTag::read(&element)?.repeated),
                    _ => RowStep::Other,
                },
                Event::End(_) => RowStep::End,
                Event::Eof => return Err(cut_off()),
                _ => continue,
            });
        }
    }
}
