//! In which encoding a text file is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// What is guessed at, when it is no UTF-8. A guess gets no better beyond this.
const GUESSED_BYTES: usize = 4 * 1024 * 1024;

const CHUNK: usize = 64 * 1024;

/// How many letters a file of UTF-8 has for each place that is damaged, at least.
const VALID_FOR_EACH_MALFORMED: u64 = 20;

/// As much of a file as its mark is looked for in, or what UTF-16 has without one.
const MARKED_BY: u64 = 4_096;

/// Where most users are: breaks ties between the encodings that are possible.
const COUNTRY: &[u8] = b"mx";

/// An encoding, and how long the mark is that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileEncoding {
    pub(super) encoding: &'static Encoding,
    pub(super) mark_bytes: u64,
}

impl FileEncoding {
    /// The encoding that a byte order mark names; else UTF-16, when it has the NULs of it; else
    /// UTF-8, when the file is but for a few bytes; else what the letters look most like, which for a Spanish
    /// file from Excel is Windows-1252.
    pub(super) fn detect(file: &mut File) -> io::Result<Self> {
        file.seek(SeekFrom::Start(0))?;
        let mut mark = Vec::new();
        file.by_ref().take(MARKED_BY).read_to_end(&mut mark)?;
        if let Some((encoding, mark_bytes)) = Encoding::for_bom(&mark) {
            return Ok(Self {
                encoding,
                mark_bytes: mark_bytes as u64,
            });
        }
        file.seek(SeekFrom::Start(0))?;
        let encoding = if let Some(encoding) = unmarked_utf16(&mark) {
            encoding
        } else if is_utf8(file)? {
            UTF_8
        } else {
            file.seek(SeekFrom::Start(0))?;
            guess(file)?
        };
        Ok(Self {
            encoding,
            mark_bytes: 0,
        })
    }
}

/// UTF-16 without a mark: at least half of the characters are those of a byte, so that the other
/// byte is NUL, and no NUL is on the other side.
pub(in crate::tables) fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let units = bytes.len() / 2;
    let nuls = |from: usize| {
        let side = bytes.iter().skip(from).step_by(2);
        side.filter(|byte| **byte == 0).count()
    };
    match (nuls(0), nuls(1)) {
        (0, high) if high > 0 && high * 2 >= units => Some(UTF_16LE),
        (high, 0) if high > 0 && high * 2 >= units => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether a file is UTF-8. One that was cut inside of its last letter, or that has a line from
/// elsewhere, is all the same; in another encoding, letters that are valid here are the exception.
fn is_utf8(file: &mut File) -> io::Result<bool> {
    let (mut valid, mut malformed) = (0_u64, 0_u64);
    let mut decoder = UTF_8.new_decoder_without_bom_handling();
    let mut input = vec![0; CHUNK];
    let mut output = vec![0; CHUNK];
    loop {
        let filled = file.read(&mut input)?;
        let mut rest = &input[..filled];
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(rest, &mut output, filled == 0);
            rest = &rest[read..];
            valid += letters(&output[..written]);
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => malformed += 1,
            }
        }
        if filled == 0 {
            return Ok(malformed == 0 || valid > malformed * VALID_FOR_EACH_MALFORMED);
        }
    }
}

/// How many characters of more than one byte there are.
fn letters(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte >= 0xc0).count() as u64
}

fn guess(file: &mut File) -> io::Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut input = vec![0; CHUNK];
    let mut telling = 0;
    loop {
        let filled = file.read(&mut input)?;
        let chunk = &input[..filled];
        // A long stretch of ASCII tells nothing.
        if !chunk.is_ascii() {
            telling += filled;
            detector.feed(chunk, false);
        }
        if filled == 0 || telling > GUESSED_BYTES {
            break;
        }
    }
    detector.feed(&[], true);
    Ok(detector.guess(Some(COUNTRY), Utf8Detection::Deny))
}
