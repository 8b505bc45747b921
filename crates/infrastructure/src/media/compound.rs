//! Documents of office programs before 2007: compound files ([MS-CFB]) with certain streams. Only
//! their directory is read; a crate that reads them as a whole would take memory as the file says.

use std::fs::File;
use std::io;

use nexus_domain::MediaType;

use super::{read_at, u16_at, u32_at};

/// [MS-CFB] 2.2.
pub(super) const SIGNATURE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
const HEADER_BYTES: usize = 512;
/// The sectors of the table that says which sector follows each, as far as the header has room.
const TABLE_IN_HEADER: usize = 76;
const TABLES_IN_HEADER: u32 = 109;

/// [MS-CFB] 2.1: from here on, numbers are no sectors but say why there is none.
const FIRST_SPECIAL: u32 = 0xffff_fffa;
const NO_ENTRY: u32 = 0xffff_ffff;

/// [MS-CFB] 2.6.
const ENTRY_BYTES: usize = 128;
const STREAM: u8 = 2;

/// The directory of a document with thousands of pictures is smaller.
const MAX_DIRECTORY: usize = 4 * 1024 * 1024;

/// The main stream of each type: [MS-DOC] 2.1.1, [MS-XLS] 2.1.2 (and before Excel 97), [MS-PPT] 2.1.1.
const MAIN_STREAMS: [(&str, MediaType); 4] = [
    ("WordDocument", MediaType::Doc),
    ("Workbook", MediaType::Xls),
    ("Book", MediaType::Xls),
    ("PowerPoint Document", MediaType::Ppt),
];

/// The type of document that a compound file is; `None` when it is none, damaged or protected by a
/// password.
pub(super) fn media_type(file: &mut File) -> io::Result<Option<MediaType>> {
    let mut header = [0; HEADER_BYTES];
    if read_at(file, 0, &mut header)?.is_none() {
        return Ok(None);
    }
    Ok(directory(file, &header)?.as_deref().and_then(main_stream))
}

/// Where a sector begins.
fn place(sector: u32, sector_bytes: usize) -> u64 {
    (u64::from(sector) + 1) * u64::try_from(sector_bytes).unwrap_or_default()
}

fn directory(file: &mut File, header: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let sector_bytes = match u16_at(header, 30) {
        Some(9) => 512,
        Some(12) => 4_096,
        _ => return Ok(None),
    };
    let Some(mut sector) = u32_at(header, 48) else {
        return Ok(None);
    };
    let mut directory = Vec::new();
    let mut buffer = vec![0; sector_bytes];
    while sector < FIRST_SPECIAL {
        // A chain that comes back to itself ends here too.
        if directory.len() >= MAX_DIRECTORY
            || read_at(file, place(sector, sector_bytes), &mut buffer)?.is_none()
        {
            return Ok(None);
        }
        directory.extend_from_slice(&buffer);
        match following(file, header, sector, sector_bytes)? {
            Some(next) => sector = next,
            None => return Ok(None),
        }
    }
    Ok(Some(directory))
}

/// The sector after this one in its chain. Sectors beyond those that the header's part of the table
/// tells of (the first 6.8 MB with small sectors) are found through lists of more ([MS-CFB] 2.5).
fn following(
    file: &mut File,
    header: &[u8],
    sector: u32,
    sector_bytes: usize,
) -> io::Result<Option<u32>> {
    let numbers = u32::try_from(sector_bytes / 4).unwrap_or(1);
    let mut table = sector / numbers;
    let number_at = |file: &mut File, sector: u32, index: u32| -> io::Result<Option<u32>> {
        let mut number = [0; 4];
        let place = place(sector, sector_bytes) + u64::from(index) * 4;
        Ok(read_at(file, place, &mut number)?.map(|()| u32::from_le_bytes(number)))
    };
    let in_header = usize::try_from(table).unwrap_or(usize::MAX);
    let table_sector = if table < TABLES_IN_HEADER {
        u32_at(header, TABLE_IN_HEADER + in_header * 4)
    } else {
        table -= TABLES_IN_HEADER;
        let mut list = u32_at(header, 68);
        for _ in 0..table / (numbers - 1) {
            let Some(sector) = list.filter(|sector| *sector < FIRST_SPECIAL) else {
                return Ok(None);
            };
            list = number_at(file, sector, numbers - 1)?;
        }
        let Some(list) = list.filter(|sector| *sector < FIRST_SPECIAL) else {
            return Ok(None);
        };
        number_at(file, list, table % (numbers - 1))?
    };
    match table_sector.filter(|sector| *sector < FIRST_SPECIAL) {
        Some(table_sector) => number_at(file, table_sector, sector % numbers),
        None => Ok(None),
    }
}

/// The type of the first main stream right below the root: documents within it have streams of their
/// own further down.
fn main_stream(directory: &[u8]) -> Option<MediaType> {
    let entry = |number: u32| {
        let start = usize::try_from(number).ok()?.checked_mul(ENTRY_BYTES)?;
        directory.get(start..start.checked_add(ENTRY_BYTES)?)
    };
    let mut to_visit = vec![u32_at(entry(0)?, 76)?];
    let mut left = directory.len() / ENTRY_BYTES;
    while let Some(number) = to_visit.pop() {
        if number == NO_ENTRY || left == 0 {
            continue;
        }
        left -= 1;
        let Some(entry) = entry(number) else {
            continue;
        };
        let is_main = |(name, _): &&(&str, MediaType)| entry[66] == STREAM && has_name(entry, name);
        if let Some((_, media_type)) = MAIN_STREAMS.iter().find(is_main) {
            return Some(*media_type);
        }
        // Siblings to the left and to the right.
        to_visit.extend([u32_at(entry, 68)?, u32_at(entry, 72)?]);
    }
    None
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
