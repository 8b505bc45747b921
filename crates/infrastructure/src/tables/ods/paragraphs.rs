//! What a cell shows (ODF 1.3 part 3, §5.1.3 and §6.1).

use std::io::BufRead;

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use crate::tables::archive::xml::{XmlPart, attribute, cut_off, push_entity};

/// What stands in a cell and is no text of it: comments, footnotes, pictures, readings.
const NOT_SHOWN: [&str; 13] = [
    "annotation",
    "control",
    "custom-shape",
    "detective",
    "ellipse",
    "frame",
    "g",
    "line",
    "note",
    "object",
    "rect",
    "ruby-text",
    "table",
];

/// A text as it grows, up to a size and a little.
struct Shown {
    text: String,
    max: usize,
    paragraphs: usize,
    /// Paragraphs that are open: white space between them is of the file and not of the cell.
    inside: usize,
    after_space: bool,
}

impl Shown {
    fn begin_paragraph(&mut self) {
        if self.paragraphs > 0 {
            self.push('\n');
        }
        self.paragraphs += 1;
        self.inside += 1;
        self.after_space = true;
    }

    fn push(&mut self, character: char) {
        if self.text.len() < self.max {
            self.text.push(character);
        }
        self.after_space = false;
    }

    /// White space in a row counts as one space, and none at the beginning (§6.1.2).
    fn push_collapsed(&mut self, piece: &str) {
        if self.inside == 0 {
            return;
        }
        for character in piece.chars() {
            if !matches!(character, ' ' | '\t' | '\r' | '\n') {
                self.push(character);
            } else if !self.after_space {
                self.push(' ');
                self.after_space = true;
            }
        }
    }
}

/// The text of the cell that was just entered: its paragraphs, each on a line.
pub(super) fn paragraphs<R: BufRead>(
    part: &mut XmlPart<R>,
    max: usize,
) -> Result<String, TableError> {
    let mut shown = Shown {
        text: String::new(),
        max,
        paragraphs: 0,
        inside: 0,
        after_space: true,
    };
    let mut inside = 1_usize;
    while inside > 0 {
        let mut is_shown = true;
        match part.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "p" | "h" => shown.begin_paragraph(),
                "s" => {
                    let spaces = attribute(&element, "c")?
                        .and_then(|count| count.parse().ok())
                        .unwrap_or(1_usize);
                    (0..spaces.min(max)).for_each(|_| shown.push(' '));
                }
                "tab" => shown.push('\t'),
                "line-break" => shown.push('\n'),
                name => is_shown = !NOT_SHOWN.contains(&name),
            },
            Event::End(element) => {
                if matches!(element.local_name().as_ref(), "p" | "h") {
                    shown.inside = shown.inside.saturating_sub(1);
                }
                inside -= 1;
                continue;
            }
            Event::Text(piece) => {
                shown.push_collapsed(&piece);
                continue;
            }
            Event::CData(piece) => {
                shown.push_collapsed(&piece);
                continue;
            }
            Event::GeneralRef(entity) => {
                let mut resolved = String::new();
                push_entity(&mut resolved, &entity)?;
                shown.push_collapsed(&resolved);
                continue;
            }
            Event::Eof => return Err(cut_off()),
            _ => continue,
        }
        if is_shown {
            inside += 1;
        } else {
            part.skip()?;
        }
    }
    Ok(shown.text)
}
