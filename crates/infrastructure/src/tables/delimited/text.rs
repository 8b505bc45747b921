//! A file's text as UTF-8, with one kind of line break.

use std::io::{self, Read};

use csv::StringRecord;
use encoding_rs::{Decoder, Encoding};

use crate::tables::limits::MAX_ROW_BYTES;
use crate::tables::rows::SUBSTITUTE;

const CHUNK: usize = 16 * 1024;

/// A record of its own behind the last line. It has NULs, which no text has that came through here.
const END: &str = "\u{0}end\u{0}";

/// Where the mark is that stands behind the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndMark {
    /// Not in this record.
    Absent,
    /// It is this record: the text was read to its end.
    Alone,
    /// A quotation mark was opened and not closed, and the rest of the text is in one cell.
    InsideACell,
}

/// Looks for the mark in a record.
pub(super) fn mark(record: &StringRecord) -> EndMark {
    match record.iter().next_back() {
        Some(END) if record.len() == 1 => EndMark::Alone,
        Some(last) if last.contains(END) => EndMark::InsideACell,
        _ => EndMark::Absent,
    }
}

/// More was read for one record than any has.
#[derive(Debug, thiserror::Error)]
#[error("a record of more than {MAX_ROW_BYTES} bytes")]
pub(super) struct RecordTooLong;

/// Decodes as it reads. `\r\n` and `\r` become `\n`, so that lines can be counted.
pub(super) struct Text<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    decoded: Vec<u8>,
    /// Of `decoded`, how much was given out.
    given: usize,
    after_return: bool,
    is_over: bool,
    since_record: usize,
}

impl<R: Read> Text<R> {
    pub(super) fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; CHUNK],
            decoded: Vec::with_capacity(CHUNK),
            given: 0,
            after_return: false,
            is_over: false,
            since_record: 0,
        }
    }

    /// What was read up to here is a record; the next may be as long again.
    pub(super) fn begin_record(&mut self) {
        self.since_record = 0;
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let filled = self.source.read(&mut self.input)?;
        self.is_over = filled == 0;
        self.decoded.clear();
        self.given = 0;
        let mut piece = [0; CHUNK];
        let mut rest = &self.input[..filled];
        loop {
            // What is no character of the encoding becomes U+FFFD.
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(rest, &mut piece, self.is_over);
            rest = &rest[read..];
            take_lines(&piece[..written], &mut self.after_return, &mut self.decoded);
            if result == encoding_rs::CoderResult::InputEmpty {
                break;
            }
        }
        if self.is_over {
            // One line break too many is a blank line, which is no record.
            self.decoded.extend_from_slice(b"\n");
            self.decoded.extend_from_slice(END.as_bytes());
            self.decoded.extend_from_slice(b"\n");
        }
        Ok(())
    }
}

/// Appends `piece` to `text` with its line breaks as `\n`, and without NULs.
fn take_lines(piece: &[u8], after_return: &mut bool, text: &mut Vec<u8>) {
    if !*after_return && !piece.iter().any(|byte| matches!(byte, b'\r' | b'\0')) {
        text.extend_from_slice(piece);
        return;
    }
    for &byte in piece {
        match byte {
            b'\r' => text.push(b'\n'),
            b'\n' if *after_return => {}
            b'\0' => text.extend_from_slice(SUBSTITUTE.as_bytes()),
            _ => text.push(byte),
        }
        *after_return = byte == b'\r';
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() {
            if self.is_over {
                return Ok(0);
            }
            self.decode_more()?;
        }
        if self.since_record > MAX_ROW_BYTES {
            return Err(io::Error::other(RecordTooLong));
        }
        let ready = &self.decoded[self.given..];
        let given = ready.len().min(buffer.len());
        buffer[..given].copy_from_slice(&ready[..given]);
        self.given += given;
        self.since_record += given;
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], encoding: &'static Encoding) -> String {
        let mut text = String::new();
        Text::new(bytes, encoding)
            .read_to_string(&mut text)
            .unwrap();
        text.strip_suffix(&format!("\n{END}\n")).unwrap().to_owned()
    }

    #[test]
    fn every_line_break_becomes_one() {
        assert_eq!(
            read(b"a\r\nb\rc\nd\r\r\ne", encoding_rs::UTF_8),
            "a\nb\nc\nd\n\ne"
        );
    }

    #[test]
    fn a_text_cannot_end_itself() {
        let forged = format!("a\n{END}\nb");
        assert_eq!(
            read(forged.as_bytes(), encoding_rs::UTF_8),
            "a\n\u{1a}end\u{1a}\nb"
        );
    }

    #[test]
    fn a_line_break_across_two_reads_stays_one() {
        let mut bytes = vec![b'x'; CHUNK - 1];
        bytes.extend_from_slice(b"\r\ny");
        assert!(read(&bytes, encoding_rs::UTF_8).ends_with("x\ny"));
    }

    #[test]
    fn encodings_are_decoded_across_reads() {
        let words = "ñandú, ".repeat(CHUNK);
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&words);
        assert_eq!(read(&bytes, encoding_rs::WINDOWS_1252), words);
        let bytes: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&bytes, encoding_rs::UTF_16LE), words);
    }
}
