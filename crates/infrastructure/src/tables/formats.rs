//! How cells show their number: as it is, as a date, or with a plus before it (ECMA-376 part 1, §18.8.30 and §18.8.31; [MS-XLS] 2.4.126,
//! `Format`, and 2.4.353, `XF`).

use std::collections::HashMap;

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use super::archive::Part;
use super::archive::xml::attribute;
use super::limits::unreadable;
use super::numbers;

/// Excel allows 65,490 formats of cells; more are a trick.
const MAX_FORMATS: usize = 100_000;

/// The plus, and the country's number behind it, are no longer than this.
const MAX_PREFIX_BYTES: usize = 8;

/// How a number is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shown {
    Plain,
    Date,
    /// A whole number behind a `+`, as people format phones: what they see is what they mean.
    Behind(String),
}

/// How the numbers of cells are shown, by the number of a cell's style.
#[derive(Debug, Default)]
pub(super) struct NumberFormats {
    own: HashMap<u32, Shown>,
    styles: Vec<Shown>,
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
        let shown = if shows_a_date(code) {
            Shown::Date
        } else {
            plus_before(code).map_or(Shown::Plain, Shown::Behind)
        };
        self.own.insert(id, shown);
        self.check()
    }

    /// Takes the style with the next number, which shows numbers in this format.
    pub(super) fn add_style(&mut self, format: u32) -> Result<(), TableError> {
        let own = self.own.get(&format).cloned();
        self.styles.push(own.unwrap_or_else(|| {
            if is_date_by_number(format) {
                Shown::Date
            } else {
                Shown::Plain
            }
        }));
        self.check()
    }

    fn check(&self) -> Result<(), TableError> {
        if self.own.len().max(self.styles.len()) > MAX_FORMATS {
            return Err(unreadable("the workbook has too many styles"));
        }
        Ok(())
    }

    /// The text of a number in a cell of this style.
    pub(super) fn text(&self, raw: &str, style: usize, counts_from_1904: bool) -> String {
        match self.styles.get(style) {
            Some(Shown::Date) => numbers::date(raw, counts_from_1904),
            Some(Shown::Behind(plus)) => {
                let number = numbers::plain(raw);
                if number.bytes().all(|byte| byte.is_ascii_digit()) {
                    format!("{plus}{number}")
                } else {
                    number
                }
            }
            Some(Shown::Plain) | None => numbers::plain(raw),
        }
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

/// The text with a plus that a format sets before the digits of whole numbers: `+52 ` of
/// `"+52 "00 0000 0000`. Percentages and the like have signs, and are no phones.
fn plus_before(code: &str) -> Option<String> {
    let mut prefix = String::new();
    let mut characters = code.chars();
    loop {
        match characters.next()? {
            '"' => prefix.extend(characters.by_ref().take_while(|c| *c != '"')),
            '\\' => prefix.extend(characters.next()),
            '[' => {
                characters.by_ref().find(|c| *c == ']');
            }
            '0' | '#' | '?' => break,
            literal => prefix.push(literal),
        }
        if prefix.len() > MAX_PREFIX_BYTES {
            return None;
        }
    }
    let digits = prefix.strip_prefix('+')?;
    let is_country = digits
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'));
    let is_whole = characters
        .take_while(|c| *c != ';')
        .all(|c| !matches!(c, '%' | '.' | ',' | 'E' | 'e' | '/'));
    (is_country && is_whole).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::{plus_before, shows_a_date};

    #[test]
    fn a_plus_before_whole_numbers_is_kept() {
        for (code, plus) in [
            ("+0", "+"),
            ("+#", "+"),
            ("\\+0", "+"),
            ("\"+\"0", "+"),
            ("\"+52 \"00 0000 0000", "+52 "),
            ("[Blue]\\+##\\ ####\\ ####;@", "+"),
        ] {
            assert_eq!(plus_before(code).as_deref(), Some(plus), "{code}");
        }
        for code in [
            "0",
            "General",
            "+0%",
            "+0.00",
            "+#,##0",
            "0.00E+00",
            "\"plus +\"0",
            "+\"a lot of text\"0",
            "@",
            "",
            "\"",
        ] {
            assert_eq!(plus_before(code), None, "{code}");
        }
    }

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
