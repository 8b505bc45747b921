//! XML as events, each of a bounded size.

use std::io::{self, BufRead, Read};

use nexus_domain::ports::TableError;
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::tables::limits::unreadable;

/// Bytes of one event: a tag with its attributes, or the text between two tags. Excel allows 32,767
/// characters in a cell.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Elements inside elements; a sheet has fewer than ten. The parser remembers every open one.
const MAX_DEPTH: usize = 64;

/// A limit that was met inside of a reader, on its way out through the parser's errors.
#[derive(Debug, thiserror::Error)]
#[error("a limit of the table: {0}")]
pub(in crate::tables) struct Exceeded(pub(in crate::tables) TableError);

/// A part of a workbook, event by event.
pub(in crate::tables) struct XmlPart<R> {
    events: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
}

fn broken(error: &quick_xml::Error) -> TableError {
    let exceeded = match error {
        quick_xml::Error::Io(error) => error
            .get_ref()
            .and_then(|source| source.downcast_ref::<Exceeded>()),
        _ => None,
    };
    exceeded.map_or_else(
        || unreadable("a part of the workbook is damaged"),
        |Exceeded(error)| error.clone(),
    )
}

impl<R: BufRead> XmlPart<R> {
    pub(in crate::tables) fn new(source: R) -> Self {
        let mut events = Reader::from_reader(Metered {
            source,
            since_event: 0,
        });
        // `<c/>` comes as `<c></c>`: one way to read both.
        events.config_mut().expand_empty_elements = true;
        Self {
            events,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    /// The next event.
    pub(in crate::tables) fn next(&mut self) -> Result<Event<'_>, TableError> {
        self.buffer.clear();
        self.events.get_mut().since_event = 0;
        let event = self
            .events
            .read_event_into(&mut self.buffer)
            .map_err(|error| broken(&error))?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(unreadable("a part of the workbook is nested too deep"));
        }
        Ok(event)
    }

    /// Passes over the rest of the element that was just entered.
    pub(in crate::tables) fn skip(&mut self) -> Result<(), TableError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.next()?, Event::Eof) {
                return Err(cut_off());
            }
        }
        Ok(())
    }

    /// Appends the text of the element that was just entered, up to `max` bytes and a little.
    pub(in crate::tables) fn text(
        &mut self,
        text: &mut String,
        max: usize,
    ) -> Result<(), TableError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            let is_full = text.len() >= max;
            match self.next()? {
                Event::Eof => return Err(cut_off()),
                Event::Text(piece) if !is_full => text.push_str(&piece),
                Event::CData(piece) if !is_full => text.push_str(&piece),
                Event::GeneralRef(entity) if !is_full => push_entity(text, &entity)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A part that ends inside of an element.
pub(in crate::tables) fn cut_off() -> TableError {
    unreadable("a part of the workbook is cut off")
}

/// The five entities of XML, and characters by number. Others would have to be declared, and no
/// declaration is read: there is nothing to expand.
pub(in crate::tables) fn push_entity(
    text: &mut String,
    entity: &BytesRef<'_>,
) -> Result<(), TableError> {
    match entity.resolve_char_ref().map_err(|error| broken(&error))? {
        Some(character) => text.push(character),
        None => match resolve_predefined_entity(entity) {
            Some(resolved) => text.push_str(resolved),
            None => return Err(unreadable("a part of the workbook has an unknown entity")),
        },
    }
    Ok(())
}

/// The value of an attribute, by its name without prefix.
pub(in crate::tables) fn attribute(
    element: &BytesStart<'_>,
    name: &str,
) -> Result<Option<String>, TableError> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| unreadable("a part of the workbook is damaged"))?;
        if attribute.key.local_name().as_ref() == name {
            return unescape(&attribute.value)
                .map(|value| Some(value.into_owned()))
                .map_err(|_| unreadable("a part of the workbook is damaged"));
        }
    }
    Ok(None)
}

/// Counts what the parser takes for one event.
struct Metered<R> {
    source: R,
    since_event: usize,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_event > MAX_EVENT_BYTES {
            return Err(io::Error::other(Exceeded(unreadable(
                "a part of the workbook has a text or tag of more than 1 MB",
            ))));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.since_event += amount;
        self.source.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nexus_domain::ImportFailure;

    fn part(xml: &str) -> XmlPart<&[u8]> {
        XmlPart::new(xml.as_bytes())
    }

    fn text_of(xml: &str) -> Result<String, TableError> {
        let mut part = part(xml);
        part.next()?;
        let mut text = String::new();
        part.text(&mut text, 1_000)?;
        Ok(text)
    }

    #[test]
    fn text_is_joined_from_its_pieces() {
        assert_eq!(
            text_of("<t>a &amp; b<![CDATA[ <c> ]]>&#233;<!-- no -->&#xe9;</t>").unwrap(),
            "a & b <c> éé"
        );
        assert_eq!(text_of("<t/>").unwrap(), "");
    }

    #[test]
    fn entities_are_never_expanded_from_declarations() {
        let bomb = "<!DOCTYPE t [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><t>&b;</t>";
        let mut part = part(bomb);
        assert!(matches!(part.next(), Ok(Event::DocType(_))));
        assert!(matches!(part.next(), Ok(Event::Start(_))));
        assert!(part.text(&mut String::new(), 1_000).is_err());
    }

    fn ends_in_a_refusal(xml: &str) -> bool {
        let mut part = part(xml);
        loop {
            match part.next() {
                Ok(Event::Eof) => return false,
                Ok(_) => {}
                Err(TableError(failure)) => {
                    return matches!(failure, ImportFailure::Unreadable { .. });
                }
            }
        }
    }

    #[test]
    fn depth_and_length_of_events_are_bounded() {
        assert!(ends_in_a_refusal(&"<a>".repeat(100_000)));
        let long = "x".repeat(2 * MAX_EVENT_BYTES);
        for xml in [
            format!("<t>{long}</t>"),
            format!("<t a=\"{long}\"/>"),
            format!("<!--{}-->", "<x ".repeat(MAX_EVENT_BYTES)),
        ] {
            // The parser reads from memory in one go; a file's buffer is small, as here.
            let mut part = XmlPart::new(io::BufReader::with_capacity(8_192, xml.as_bytes()));
            let refused = loop {
                match part.next() {
                    Ok(Event::Eof) => break false,
                    Ok(_) => {}
                    Err(_) => break true,
                }
            };
            assert!(refused);
            assert!(part.buffer.capacity() <= 4 * MAX_EVENT_BYTES);
        }
    }

    #[test]
    fn skipping_leaves_an_element_with_all_that_is_in_it() {
        let mut part = part("<a><b><b/>text</b><c/></a>");
        part.next().unwrap();
        part.next().unwrap();
        part.skip().unwrap();
        match part.next().unwrap() {
            Event::Start(element) => assert_eq!(element.local_name().as_ref(), "c"),
            other => panic!("{other:?}"),
        }
    }
}
