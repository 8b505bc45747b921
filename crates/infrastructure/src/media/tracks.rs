//! What a file of MPEG-4 or 3GPP plays (ISO/IEC 14496-12 §4.2, §8). Its brand does not tell: voice
//! recorders of phones write that of videos. Only the heads of boxes are read, and those of `mdat`
//! are passed over.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use super::read_at;

/// A box's size and type.
const HEAD_BYTES: u64 = 8;
/// §8.4.3: in a handler's box its version, flags and a field of nothing stand before its type.
const HANDLER_AT: u64 = 8;
/// Where a track says what it is.
const PATH: [&[u8; 4]; 4] = [b"moov", b"trak", b"mdia", b"hdlr"];
/// Of a file with more boxes than a person's, whatever was found by then counts.
const MOST_BOXES: u32 = 10_000;

/// The kinds of tracks that a file has, as far as it can be read.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    video: bool,
    sound: bool,
}

impl Tracks {
    /// Reads them.
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let end = file.seek(SeekFrom::End(0))?;
        let mut tracks = Self::default();
        let mut left = MOST_BOXES;
        tracks.look(file, 0, end, &PATH, &mut left)?;
        Ok(tracks)
    }

    /// Whether there is sound and nothing to see.
    pub(super) fn are_sound_only(&self) -> bool {
        self.sound && !self.video
    }

    /// Looks among the boxes from `place` to `end` for the first of `path`, and in those for the rest.
    /// No box reaches beyond the one that it is in, and the way is no longer than the path.
    fn look(
        &mut self,
        file: &mut File,
        mut place: u64,
        end: u64,
        path: &[&[u8; 4]],
        left: &mut u32,
    ) -> io::Result<()> {
        let [wanted, within @ ..] = path else {
            return Ok(());
        };
        while *left > 0
            && let Some(found) = Found::at(file, place, end)?
        {
            *left -= 1;
            if &found.name == *wanted {
                if within.is_empty() {
                    self.note(file, &found)?;
                } else {
                    self.look(file, found.content, found.end, within, left)?;
                }
            }
            place = found.end;
        }
        Ok(())
    }

    fn note(&mut self, file: &mut File, handler: &Found) -> io::Result<()> {
        let mut kind = [0; 4];
        let place = handler.content + HANDLER_AT;
        if place + 4 <= handler.end && read_at(file, place, &mut kind)?.is_some() {
            self.video |= &kind == b"vide";
            self.sound |= &kind == b"soun";
        }
        Ok(())
    }
}

/// A box, whole within what it is in.
struct Found {
    name: [u8; 4],
    /// Where its content begins.
    content: u64,
    end: u64,
}

impl Found {
    /// `None` when no whole box is there.
    fn at(file: &mut File, place: u64, end: u64) -> io::Result<Option<Self>> {
        let mut head = [0; 8];
        if end.saturating_sub(place) < HEAD_BYTES || read_at(file, place, &mut head)?.is_none() {
            return Ok(None);
        }
        let [a, b, c, d, name @ ..] = head;
        let mut content = place + HEAD_BYTES;
        let size = match u32::from_be_bytes([a, b, c, d]) {
            // Up to the end.
            0 => end - place,
            // The size follows.
            1 => {
                let mut size = [0; 8];
                if read_at(file, content, &mut size)?.is_none() {
                    return Ok(None);
                }
                content += 8;
                u64::from_be_bytes(size)
            }
            size => u64::from(size),
        };
        let found = place.checked_add(size).map(|end_of_box| Self {
            name,
            content,
            end: end_of_box,
        });
        Ok(found.filter(|found| found.content <= found.end && found.end <= end))
    }
}
