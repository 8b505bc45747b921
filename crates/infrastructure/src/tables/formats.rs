//! Which cells show their number as a date (ECMA-376 part 1, §18.8.30 and §18.8.31; [MS-XLS] 2.4.126,
//! `Format`, and 2.4.353, `XF`).

use std::collections::HashMap;

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use super::archive::Part;
use super::archive::xml::attribute;
use super::limits::unreadable;

/// Excel allows 65,490 formats of cells; more are a trick.
const MAX_FORMATS: usize = 100_000;

/// By the number of a cell's style, whether it is a date's.
#[derive(Debug, Default)]
pub(super) struct NumberFormats {
    own: HashMap<u32, bool>,
    dates: Vec<bool>,
}

impl NumberFormats {
    pub(super) fn read(mut part: Part<'_>) -> Result<Self, TableError> {
        let mut formats = Self::default();
        let mut in_cell_formats = false;
        loop {
            let event = part.next()?;
            let element = match &event {
                Event::Start(element) => element,
                Event::End(element) => {
                    in_cell_formats &= element.local_name().as_ref() != "cellXfs";
                    continue;
                }
                Event::Eof => return Ok(formats),
                _ => continue,
            };
            let number = |name| {
                attribute(element, name).map(|value| value.and_then(|value| value.parse().ok()))
            };
            match element.local_name().as_ref() {
                "numFmt" => {
                    if let Some(id) = number("numFmtId")? {
                        let code = attribute(element, "formatCode")?.unwrap_or_default();
                        formats.add_format(id, &code)?;
                    }
                }
                "cellXfs" => in_cell_formats = true,
                "xf" if in_cell_formats => formats.add_style(number("numFmtId")?.unwrap_or(0))?,
                _ => {}
            }
        }
    }

    /// Takes a format of the workbook's own.
    pub(super) fn add_format(&mut self, id: u32, code: &str) -> Result<(), TableError> {
        self.own.insert(id, shows_a_date(code));
        self.check()
    }

    /// Takes the style with the next number, which shows numbers in this format.
    pub(super) fn add_style(&mut self, format: u32) -> Result<(), TableError> {
        let own = self.own.get(&format).copied();
        self.dates
            .push(own.unwrap_or_else(|| is_date_by_number(format)));
        self.check()
    }

    fn check(&self) -> Result<(), TableError> {
        if self.own.len().max(self.dates.len()) > MAX_FORMATS {
            return Err(unreadable("the workbook has too many styles"));
        }
        Ok(())
    }

    pub(super) fn is_date(&self, style: usize) -> bool {
        self.dates.get(style).copied().unwrap_or(false)
    }
}

/// Formats that have a number and no code; 27 to 36 and 50 to 58 are dates of East Asia.
fn is_date_by_number(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)
}

/// Whether a format has letters of dates or times outside of what it shows as it is: quoted text,
/// characters behind `\`, `_` and `*`, and colours and conditions in brackets.
fn shows_a_date(code: &str) -> bool {
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                characters.by_ref().find(|c| *c == '"');
            }
            '[' => {
                characters.by_ref().find(|c| *c == ']');
            }
            '\\' | '_' | '*' => {
                characters.next();
            }
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::shows_a_date;

    #[test]
    fn formats_of_dates_are_told_from_those_of_numbers() {
        for code in [
            "yyyy-mm-dd",
            "dd/mm/yy;@",
            "[$-409]d-mmm-yy",
            "h:mm AM/PM",
            "mm:ss.0",
        ] {
            assert!(shows_a_date(code), "{code}");
        }
        for code in [
            "General",
            "0",
            "#,##0.00",
            "0.00E+00",
            "@",
            "0 \"days\"",
            "[Red]-0;[Blue]0",
            "_-* #,##0_-",
            "(00) 0000-0000",
            "0\\d",
        ] {
            assert!(!shows_a_date(code), "{code}");
        }
    }
}
