//! How large a picture is, by its headers: nothing is decoded.

use std::fs::File;
use std::io::{self, Read};

use nexus_domain::MediaType;
use nexus_domain::ports::MediaRefusal;

use super::read_at;

/// The longest side of a picture in pixels. Phones make some of 12,000.
const MAX_SIDE: u32 = 20_000;
/// The most pixels of a picture: whoever shows it needs four bytes for each.
const MAX_PIXELS: u64 = 100_000_000;

/// PNG (ISO/IEC 15948), 5.2.
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture has a handful of segments before its pixels; colour profiles and previews come in some
/// dozens.
const MAX_SEGMENTS: usize = 1_000;

/// Whether a file begins as a PNG picture. infer looks at four bytes only.
pub(super) fn is_png(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(PNG_SIGNATURE)
}

/// Refuses a picture that is too large to show, or whose size can't be read.
pub(super) fn check(
    file: &mut File,
    media_type: MediaType,
) -> io::Result<Result<(), MediaRefusal>> {
    let size = match media_type {
        MediaType::Png => size_of_png(file)?,
        _ => size_of_jpeg(file)?,
    };
    Ok(match size {
        None | Some((0, _) | (_, 0)) => Err(MediaRefusal::OtherType),
        Some((width, height)) => {
            let fits =
                width.max(height) <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS;
            fits.then_some(())
                .ok_or(MediaRefusal::TooManyPixels { width, height })
        }
    })
}

/// PNG, 11.2.1: the first chunk has width and height.
fn size_of_png(file: &mut File) -> io::Result<Option<(u32, u32)>> {
    let mut header = [0; 24];
    if read_at(file, 0, &mut header)?.is_none() || &header[12..16] != b"IHDR" {
        return Ok(None);
    }
    let number = |place: usize| {
        let bytes = header[place..].first_chunk::<4>();
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    Ok(Some((number(16), number(20))))
}

/// JPEG (ITU-T T.81), annex B: the frame header has height and width. Segments before it are passed
/// over by their lengths.
fn size_of_jpeg(file: &mut File) -> io::Result<Option<(u32, u32)>> {
    let mut place = 2;
    for _ in 0..MAX_SEGMENTS {
        let mut segment = [0; 9];
        if read_at(file, place, &mut segment[..4])?.is_none() || segment[0] != 0xff {
            return Ok(None);
        }
        let marker = segment[1];
        match marker {
            // B.1.1.2: any number of fill bytes may stand before a marker.
            0xff => place += 1,
            // Markers without a segment.
            0x01 | 0xd0..=0xd8 => place += 2,
            // The end, or pixels before their frame.
            0xd9 | 0xda => return Ok(None),
            // Frame headers; DHT, JPG and DAC are not.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                if file.read_exact(&mut segment[4..]).is_err() {
                    return Ok(None);
                }
                let number = |place: usize| {
                    u32::from(u16::from_be_bytes([segment[place], segment[place + 1]]))
                };
                return Ok(Some((number(7), number(5))));
            }
            _ => {
                let length = u16::from_be_bytes([segment[2], segment[3]]);
                if length < 2 {
                    return Ok(None);
                }
                place += 2 + u64::from(length);
            }
        }
    }
    Ok(None)
}
