//! Plain text: UTF-8 that is nothing else, neither a page nor a program.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::READ_BYTES;

/// What text begins with that is something else: a page or another document in XML, a script, or
/// documents of other programs.
const OTHER_BEGINNINGS: [&str; 5] = ["<", "#!", "%!ps", "%pdf", "{\\rtf"];

/// What is in pages and not in notes, however much stands before it.
const OTHER_CONTENT: [&str; 10] = [
    "<!doctype",
    "<html",
    "<head",
    "<body",
    "<script",
    "<svg",
    "<iframe",
    "<object",
    "<?php",
    "<?xml",
];

/// Whether a file that begins so may be text. The last character may be cut off.
pub(super) fn may_be_text(first_bytes: &[u8]) -> bool {
    let Some(text) = beginning(first_bytes) else {
        return false;
    };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.to_lowercase();
    !lower.is_empty()
        && !has_controls(text.as_bytes())
        && !OTHER_BEGINNINGS
            .iter()
            .any(|other| lower.starts_with(other))
        && !OTHER_CONTENT.iter().any(|other| lower.contains(other))
}

fn beginning(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// Whether there is a control character but those of lines, columns and pages. NUL is one.
fn has_controls(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f))
}

/// Whether the whole file is UTF-8 without control characters.
pub(super) fn is_text(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; READ_BYTES];
    // What a piece ends with of a character that goes on in the next.
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        if read == 0 {
            return Ok(kept == 0);
        }
        let piece = &buffer[..kept + read];
        if has_controls(piece) {
            return Ok(false);
        }
        let valid = match std::str::from_utf8(piece) {
            Ok(_) => piece.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        let end = piece.len();
        buffer.copy_within(valid..end, 0);
        kept = end - valid;
    }
}
