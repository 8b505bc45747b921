//! The texts that cells refer to by number (ECMA-376 part 1, §18.4; [MS-XLS] 2.4.265, `SST`).

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use super::archive::Part;
use super::archive::xml::{XmlPart, cut_off};
use super::limits::{TableLimits, too_large, unreadable};

/// Memory for all texts, which must all be there while the sheet is read: a million rows with a
/// name, a phone number and an address each take half of it.
const MAX_BYTES: u64 = 128 * 1024 * 1024;

/// Every text behind the one before, and where each ends.
#[derive(Debug, Default)]
pub(super) struct SharedStrings {
    text: String,
    ends: Vec<u32>,
}

impl SharedStrings {
    /// Reads the texts. How many there are, as the part says, is not looked at.
    pub(super) fn read(mut part: Part<'_>, limits: TableLimits) -> Result<Self, TableError> {
        let mut strings = Self::default();
        loop {
            match part.next()? {
                Event::Start(element) if element.local_name().as_ref() == "si" => {
                    let mut item = rich_text(&mut part, limits)?;
                    unescape_controls(&mut item);
                    strings.push(limits.cut(&item))?;
                }
                Event::Eof => return Ok(strings),
                _ => {}
            }
        }
    }

    /// Adds the text with the next number.
    pub(super) fn push(&mut self, text: &str) -> Result<(), TableError> {
        let before = self.text.len();
        self.text.push_str(text);
        self.close(before)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn close(&mut self, before: usize) -> Result<(), TableError> {
        let bytes = (self.text.len() + self.ends.len() * size_of::<u32>()) as u64;
        if bytes > MAX_BYTES {
            self.text.truncate(before);
            return Err(too_large(MAX_BYTES));
        }
        // The limit is far below what 32 bits hold.
        self.ends
            .push(u32::try_from(self.text.len()).map_err(|_| too_large(MAX_BYTES))?);
        Ok(())
    }

    /// The text with this number.
    pub(super) fn get(&self, index: usize) -> Result<&str, TableError> {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before),
            None => Some(&0),
        };
        start
            .zip(self.ends.get(index))
            .and_then(|(start, end)| self.text.get(*start as usize..*end as usize))
            .ok_or_else(|| unreadable("a cell refers to a text that is not there"))
    }
}

/// The text of an `si` or `is` that was just entered: its runs joined, without the phonetic ones.
pub(super) fn rich_text<R: std::io::BufRead>(
    part: &mut XmlPart<R>,
    limits: TableLimits,
) -> Result<String, TableError> {
    let mut text = String::new();
    let mut inside = 1_usize;
    while inside > 0 {
        let enters = match part.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "t" => Entered::Text,
                "rPh" => Entered::Phonetic,
                _ => Entered::Run,
            },
            Event::End(_) => {
                inside -= 1;
                continue;
            }
            Event::Eof => return Err(cut_off()),
            _ => continue,
        };
        match enters {
            Entered::Text => part.text(&mut text, limits.max_cell_bytes)?,
            Entered::Phonetic => part.skip()?,
            Entered::Run => inside += 1,
        }
    }
    Ok(text)
}

enum Entered {
    Text,
    Phonetic,
    Run,
}

/// Characters that XML can't have are written `_x000D_` (§22.9.2.19, `ST_Xstring`).
pub(super) fn unescape_controls(text: &mut String) {
    if !text.contains("_x") {
        return;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(character) = escaped(rest) {
            plain.push(character);
            rest = &rest[ESCAPE_BYTES..];
        } else {
            plain.push_str("_x");
            rest = &rest[2..];
        }
    }
    plain.push_str(rest);
    *text = plain;
}

const ESCAPE_BYTES: usize = "_x000D_".len();

fn escaped(text: &str) -> Option<char> {
    let digits = text
        .get(..ESCAPE_BYTES)?
        .strip_prefix("_x")?
        .strip_suffix('_')?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex
        .then(|| u32::from_str_radix(digits, 16).ok())?
        .and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut text = text.to_owned();
        unescape_controls(&mut text);
        text
    }

    #[test]
    fn the_memory_of_all_texts_is_limited() {
        let mut strings = SharedStrings {
            text: "x".repeat(usize::try_from(MAX_BYTES).unwrap() - 4),
            ends: Vec::new(),
        };
        assert_eq!(strings.close(0), Ok(()));
        strings.text.push('x');
        assert_eq!(strings.close(0), Err(too_large(MAX_BYTES)));
    }

    #[test]
    fn characters_by_number_are_put_back() {
        assert_eq!(plain("one_x000D_\ntwo"), "one\r\ntwo");
        assert_eq!(plain("_x005F_x000D_"), "_x000D_");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "snake_xml_case",
            "_x",
            "_x00G0_",
            "_x000D",
            "_xD800_",
            "_xé00D_",
            "no",
        ] {
            assert_eq!(plain(text), text);
        }
    }
}
