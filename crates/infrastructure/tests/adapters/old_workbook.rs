//! Old workbooks put together record by record ([MS-XLS] in [MS-CFB]), as odd as needed.

const SECTOR: usize = 512;
const END_OF_CHAIN: u32 = 0xffff_fffe;
const FREE: u32 = 0xffff_ffff;
const FAT: u32 = 0xffff_fffd;

/// A record: its number, its length, its content.
pub(crate) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [&kind.to_le_bytes(), &length.to_le_bytes(), data].concat()
}

/// The beginning of a part of a workbook, of this version.
pub(crate) fn begin(version: u16) -> Vec<u8> {
    record(
        0x0809,
        &[&version.to_le_bytes(), [0_u8; 14].as_slice()].concat(),
    )
}

pub(crate) fn end() -> Vec<u8> {
    record(0x000a, &[])
}

/// A cell's record: where it is and its style, then what it has.
pub(crate) fn cell(kind: u16, row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    let place = [row, column, style].map(u16::to_le_bytes).concat();
    record(kind, &[place.as_slice(), value].concat())
}

/// A text with its length and flags before it, a byte a character.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&length.to_le_bytes(), [0].as_slice(), text.as_bytes()].concat()
}

pub(crate) fn label(row: u16, column: u16, content: &str) -> Vec<u8> {
    cell(0x0204, row, column, 0, &text(content))
}

/// The records of a workbook with one sheet, `shared` being those of the workbook itself.
pub(crate) fn records(shared: &[Vec<u8>], sheet: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = begin(0x0600);
    stream.extend(shared.concat());
    let bound = record(0x0085, b"\0\0\0\0\0\0\x05\0Hoja1");
    let at = u32::try_from(stream.len() + bound.len() + end().len()).unwrap();
    let place = stream.len() + 4;
    stream.extend(bound);
    stream[place..place + 4].copy_from_slice(&at.to_le_bytes());
    stream.extend(end());
    stream.extend(begin(0x0600));
    stream.extend(sheet.concat());
    stream.extend(end());
    stream
}

/// A container with one stream, in sectors one behind the other from the first on; then come the
/// directory and the table of sectors.
pub(crate) fn container(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut data = stream.to_vec();
    data.resize(stream.len().max(4_096).next_multiple_of(SECTOR), 0);
    let sectors = u32::try_from(data.len() / SECTOR).unwrap();
    let fats = (sectors + 1).div_ceil(127);
    let mut fat: Vec<u32> = (1..=sectors).collect();
    fat[sectors as usize - 1] = END_OF_CHAIN;
    fat.push(END_OF_CHAIN);
    fat.extend((0..fats).map(|_| FAT));
    fat.resize(fats as usize * SECTOR / 4, FREE);

    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.extend([0; 16]);
    for field in [0x3e, 3, 0xfffe, 9, 6_u16] {
        header.extend(field.to_le_bytes());
    }
    header.extend([0; 10]);
    for field in [fats, sectors, 0, 4_096, END_OF_CHAIN, 0, END_OF_CHAIN, 0] {
        header.extend(field.to_le_bytes());
    }
    for number in 0..109 {
        let sector = if number < fats {
            sectors + 1 + number
        } else {
            FREE
        };
        header.extend(sector.to_le_bytes());
    }
    let mut directory = entry("Root Entry", 5, 1, END_OF_CHAIN, 0);
    directory.extend(entry(name, 2, FREE, 0, u32::try_from(data.len()).unwrap()));
    directory.resize(SECTOR, 0);
    let fat: Vec<u8> = fat.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, data, directory, fat].concat()
}

fn entry(name: &str, kind: u8, child: u32, start: u32, size: u32) -> Vec<u8> {
    let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = u16::try_from(entry.len() + 2).unwrap();
    entry.resize(64, 0);
    entry.extend(length.to_le_bytes());
    entry.extend([kind, 1]);
    for field in [FREE, FREE, child] {
        entry.extend(field.to_le_bytes());
    }
    entry.extend([0; 36]);
    entry.extend(start.to_le_bytes());
    entry.extend(size.to_le_bytes());
    entry.extend([0; 4]);
    entry
}

pub(crate) fn workbook(shared: &[Vec<u8>], sheet: &[Vec<u8>]) -> Vec<u8> {
    container("Workbook", &records(shared, sheet))
}
