//! What a file is, by its first bytes. Names and media types that came with it say nothing.

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE};
use nexus_domain::TableFormat;

use super::delimited::unmarked_utf16;
use super::xls;

/// Beginnings of text that is no table. Programs save web pages as `.xls`.
const OTHER_TEXT: [&[u8]; 3] = [b"<", b"%PDF", b"{\\rtf"];

/// The format of a file that begins with these bytes.
pub(super) fn recognise(first_bytes: &[u8]) -> Option<TableFormat> {
    if first_bytes.starts_with(xls::SIGNATURE) {
        // A workbook with a password is one too, and so is an old text document: the whole file tells.
        return Some(TableFormat::Xls);
    }
    if first_bytes.starts_with(LOCAL_HEADER) {
        if is_spreadsheet(first_bytes) {
            return Some(TableFormat::Ods);
        }
        return is_workbook(first_bytes).then_some(TableFormat::Xlsx);
    }
    is_text(first_bytes).then_some(TableFormat::Csv)
}

fn is_text(bytes: &[u8]) -> bool {
    let (encoding, mark) = encoding_rs::Encoding::for_bom(bytes)
        .unwrap_or_else(|| (unmarked_utf16(bytes).unwrap_or(UTF_8), 0));
    let content = &bytes[mark..];
    if encoding == UTF_16LE || encoding == UTF_16BE {
        let little = encoding == UTF_16LE;
        return is_plain(content.chunks_exact(2).map(|pair| {
            let unit = [pair[0], pair[1]];
            if little {
                u16::from_le_bytes(unit)
            } else {
                u16::from_be_bytes(unit)
            }
        }));
    }
    let start = content.trim_ascii_start();
    !OTHER_TEXT.iter().any(|other| start.starts_with(other))
        && is_plain(content.iter().map(|byte| u16::from(*byte)))
}

/// Whether there is something, and no control character but those of lines and columns. Compressed
/// data and pictures have others within a few bytes.
fn is_plain(units: impl Iterator<Item = u16>) -> bool {
    let mut visible = false;
    for unit in units {
        match u8::try_from(unit) {
            Ok(b'\t' | b'\n' | b'\r' | b'\x0c' | b' ') => {}
            Ok(0..0x20 | 0x7f) => return false,
            _ => visible = true,
        }
    }
    visible
}

/// APPNOTE.TXT 4.3.7: signature, 22 bytes, length of the name, length of the extra field, the name.
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const NAME_LENGTH_AT: usize = 26;
const EXTRA_LENGTH_AT: usize = 28;
const NAME_AT: usize = 30;

const MIMETYPE: &[u8] = b"mimetype";

/// Whether an archive's first entries are those of a workbook. Writers begin with any of them.
fn is_workbook(bytes: &[u8]) -> bool {
    let mut package = false;
    let mut rest = bytes;
    while let Some(at) = find(rest, LOCAL_HEADER) {
        rest = &rest[at..];
        let Some(name) = entry_name(rest) else {
            break;
        };
        if name.starts_with(b"xl/") {
            return true;
        }
        if name.starts_with(b"word/") || name.starts_with(b"ppt/") {
            return false;
        }
        package |= name == b"[Content_Types].xml"
            || name.starts_with(b"_rels/")
            || name.starts_with(b"docProps/");
        rest = &rest[LOCAL_HEADER.len()..];
    }
    package
}

/// ODF 1.3 part 2, §3.3: the first entry is stored as it is and names the kind of document; a
/// template's begins the same.
fn is_spreadsheet(archive: &[u8]) -> bool {
    let content = || {
        let extra = archive.get(EXTRA_LENGTH_AT..)?.first_chunk::<2>()?;
        let at = NAME_AT + MIMETYPE.len() + usize::from(u16::from_le_bytes(*extra));
        archive.get(at..)
    };
    entry_name(archive) == Some(MIMETYPE)
        && content()
            .is_some_and(|kind| kind.starts_with(b"application/vnd.oasis.opendocument.spreadsheet"))
}

fn entry_name(header: &[u8]) -> Option<&[u8]> {
    let length = header.get(NAME_LENGTH_AT..)?.first_chunk::<2>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    header.get(NAME_AT..NAME_AT + length)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
