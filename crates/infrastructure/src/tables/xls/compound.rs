//! The compound file that holds an old workbook, and any encrypted one ([MS-CFB]).
//!
//! Read here and not by a crate: cfb 0.16 takes as many FAT sectors as the file names, the same one
//! again and again, and a file of 64 MB asks it for 8 GB. Here every chain is at most as long as the
//! file has sectors, and the file is in memory as a whole, up to a limit.

use std::ops::Range;

use nexus_domain::ports::TableError;

use super::bytes::{u16_at, u32_at};
use crate::tables::limits::unreadable;

/// [MS-CFB] 2.2.
const HEADER_BYTES: usize = 512;
const DIFAT_IN_HEADER: Range<usize> = 76..HEADER_BYTES;

/// [MS-CFB] 2.1: from here on, numbers are no sectors but say why there is none.
const FIRST_SPECIAL: u32 = 0xffff_fffa;
const NO_STREAM: u32 = 0xffff_ffff;

/// [MS-CFB] 2.6.
const ENTRY_BYTES: usize = 128;

/// [MS-CFB] 2.4: the sectors of small streams, inside of the stream of the root.
const SMALL_SECTOR_BYTES: usize = 64;

fn damaged() -> TableError {
    unreadable("the workbook's container is damaged or cut off")
}

/// A container in memory.
pub(super) struct CompoundFile {
    bytes: Vec<u8>,
    sector_bytes: usize,
    fat: Vec<u32>,
    directory: Vec<u8>,
}

/// Where a stream is.
#[derive(Debug, Clone, Copy)]
struct Entry {
    first_sector: u32,
    size: usize,
}

impl CompoundFile {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, TableError> {
        if !bytes.starts_with(super::SIGNATURE) || bytes.len() < HEADER_BYTES {
            return Err(damaged());
        }
        let sector_bytes = match u16_at(&bytes, 30) {
            Some(9) => 512,
            Some(12) => 4_096,
            _ => return Err(damaged()),
        };
        let mut file = Self {
            bytes,
            sector_bytes,
            fat: Vec::new(),
            directory: Vec::new(),
        };
        file.fat = file.read_fat()?;
        let first = u32_at(&file.bytes, 48).ok_or_else(damaged)?;
        file.directory = file.read_chain(first)?;
        Ok(file)
    }

    /// A sector; the last of a file may be shorter than it should be.
    fn sector(&self, number: u32) -> Result<&[u8], TableError> {
        let start = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_add(1)?.checked_mul(self.sector_bytes))
            .filter(|start| *start < self.bytes.len())
            .ok_or_else(damaged)?;
        let end = self.bytes.len().min(start + self.sector_bytes);
        Ok(&self.bytes[start..end])
    }

    fn sectors(&self) -> usize {
        self.bytes.len() / self.sector_bytes
    }

    /// Which sector follows each. The table's own sectors are listed in the header and, where that
    /// is not enough, in a chain of lists ([MS-CFB] 2.3 and 2.5); as many are taken as it needs.
    fn read_fat(&self) -> Result<Vec<u32>, TableError> {
        let needed = (self.sectors() * 4).div_ceil(self.sector_bytes);
        let mut numbers: Vec<u32> = numbers(&self.bytes[DIFAT_IN_HEADER]).collect();
        let mut list = u32_at(&self.bytes, 68).ok_or_else(damaged)?;
        while list < FIRST_SPECIAL && numbers.len() < needed {
            let sector = self.sector(list)?;
            let mut listed: Vec<u32> = self::numbers(sector).collect();
            list = listed.pop().ok_or_else(damaged)?;
            numbers.extend(listed);
        }
        let mut fat = Vec::with_capacity(needed * self.sector_bytes / 4);
        for number in numbers.into_iter().take(needed) {
            if number < FIRST_SPECIAL {
                fat.extend(self::numbers(self.sector(number)?));
            }
        }
        Ok(fat)
    }

    /// The content of the sectors from `first` on.
    fn read_chain(&self, first: u32) -> Result<Vec<u8>, TableError> {
        let mut content = Vec::new();
        for number in chain(&self.fat, first, self.sectors()) {
            content.extend_from_slice(self.sector(number?)?);
        }
        Ok(content)
    }

    fn entry(&self, number: u32) -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_mul(ENTRY_BYTES)?;
        self.directory.get(start..start.checked_add(ENTRY_BYTES)?)
    }

    /// The stream with this name right below the root: embedded objects have workbooks of their own
    /// further down.
    fn find(&self, name: &str) -> Option<Entry> {
        let root = self.entry(0)?;
        let mut to_visit = vec![u32_at(root, 76)?];
        let mut left = self.directory.len() / ENTRY_BYTES;
        while let Some(number) = to_visit.pop() {
            if number == NO_STREAM || left == 0 {
                continue;
            }
            left -= 1;
            let Some(entry) = self.entry(number) else {
                continue;
            };
            if is_stream(entry) && has_name(entry, name) {
                return stream_of(entry);
            }
            // Siblings to the left and to the right.
            to_visit.extend([u32_at(entry, 68)?, u32_at(entry, 72)?]);
        }
        None
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The stream with this name, `None` when there is none.
    pub(super) fn stream(&self, name: &str) -> Option<Result<Vec<u8>, TableError>> {
        let entry = self.find(name)?;
        Some(self.read_stream(entry))
    }

    fn read_stream(&self, entry: Entry) -> Result<Vec<u8>, TableError> {
        let cutoff = u32_at(&self.bytes, 56).ok_or_else(damaged)?;
        let is_small = u32::try_from(entry.size).is_ok_and(|size| size < cutoff);
        let mut content = if is_small {
            self.read_small(entry.first_sector)?
        } else {
            self.read_chain(entry.first_sector)?
        };
        if content.len() < entry.size {
            return Err(damaged());
        }
        content.truncate(entry.size);
        Ok(content)
    }

    fn read_small(&self, first: u32) -> Result<Vec<u8>, TableError> {
        let root = self.entry(0).and_then(stream_of).ok_or_else(damaged)?;
        let all = self.read_chain(root.first_sector)?;
        let first_of_fat = u32_at(&self.bytes, 60).ok_or_else(damaged)?;
        let fat: Vec<u32> = numbers(&self.read_chain(first_of_fat)?).collect();
        let mut content = Vec::new();
        for number in chain(&fat, first, all.len() / SMALL_SECTOR_BYTES) {
            let start = usize::try_from(number?)
                .ok()
                .and_then(|number| number.checked_mul(SMALL_SECTOR_BYTES));
            let sector = start.and_then(|start| all.get(start..start + SMALL_SECTOR_BYTES));
            content.extend_from_slice(sector.ok_or_else(damaged)?);
        }
        Ok(content)
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .chunks_exact(4)
        .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// The numbers of a chain's sectors. One that comes back to itself would never end, so that more
/// than there are in the file are an error.
fn chain(fat: &[u32], first: u32, most: usize) -> impl Iterator<Item = Result<u32, TableError>> {
    let mut next = first;
    let mut left = most;
    std::iter::from_fn(move || {
        if next >= FIRST_SPECIAL {
            return None;
        }
        let number = next;
        let following = usize::try_from(number)
            .ok()
            .and_then(|number| fat.get(number));
        let (Some(following), Some(fewer)) = (following, left.checked_sub(1)) else {
            next = NO_STREAM;
            return Some(Err(damaged()));
        };
        next = *following;
        left = fewer;
        Some(Ok(number))
    })
}

fn is_stream(entry: &[u8]) -> bool {
    entry[66] == 2
}

/// Names are compared without regard to case ([MS-CFB] 2.6.4).
fn has_name(entry: &[u8], name: &str) -> bool {
    let units = entry[..64].chunks_exact(2);
    let units = units.map(|two| u16::from_le_bytes([two[0], two[1]]));
    char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .eq_ignore_ascii_case(name)
}

fn stream_of(entry: &[u8]) -> Option<Entry> {
    // The upper half of the size is not looked at: a version 3 file may have anything there.
    Some(Entry {
        first_sector: u32_at(entry, 116)?,
        size: usize::try_from(u32_at(entry, 120)?).ok()?,
    })
}
