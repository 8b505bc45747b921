//! Documents of office programs since 2007: ZIP archives (APPNOTE.TXT 6.3.10) with certain parts
//! (ECMA-376). Only the list of the archive's entries is read, and nothing is inflated.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use nexus_domain::MediaType;

use super::{read_at, u16_at, u32_at};

/// 4.3.7: an entry stands at the beginning. An archive behind something else is no document.
pub(super) const SIGNATURE: &[u8] = b"PK\x03\x04";

/// 4.3.16: what stands at the end, before a comment.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;

/// 4.3.12.
const LISTED: &[u8] = b"PK\x01\x02";
const LISTED_BYTES: usize = 46;

/// Longer names are those of no part that matters.
const LONGEST_NAME: usize = 64;

/// Every package lists the types of its parts in this one.
const TYPES: &str = "[content_types].xml";

/// Programs within documents. WhatsApp takes the types without them.
const MACROS: &str = "vbaproject.bin";

/// The main part of each type, under the name that every writer gives it.
const MAIN_PARTS: [(&str, MediaType); 3] = [
    ("word/document.xml", MediaType::Docx),
    ("xl/workbook.xml", MediaType::Xlsx),
    ("ppt/presentation.xml", MediaType::Pptx),
];

/// The type of document that an archive is; `None` when it is none, or more than one.
pub(super) fn media_type(file: &mut File) -> io::Result<Option<MediaType>> {
    let Some((mut place, entries)) = list_of_entries(file)? else {
        return Ok(None);
    };
    let mut has_types = false;
    let mut found = None;
    for _ in 0..entries {
        let mut entry = [0; LISTED_BYTES];
        if read_at(file, place, &mut entry)?.is_none() || !entry.starts_with(LISTED) {
            return Ok(None);
        }
        let length = |place: usize| u16_at(&entry, place).unwrap_or_default();
        let (name_bytes, extra, comment) = (length(28), length(30), length(32));
        if let Some(name) = name(file, place, name_bytes)? {
            has_types |= name == TYPES;
            if name.ends_with(MACROS) {
                return Ok(None);
            }
            for (part, media_type) in MAIN_PARTS {
                if name == part
                    && found
                        .replace(media_type)
                        .is_some_and(|was| was != media_type)
                {
                    return Ok(None);
                }
            }
        }
        place += u64::try_from(LISTED_BYTES).unwrap_or_default()
            + u64::from(name_bytes)
            + u64::from(extra)
            + u64::from(comment);
    }
    Ok(found.filter(|_| has_types))
}

/// Part names are compared without regard to case (ECMA-376 part 2, §6.2.2.3).
fn name(file: &mut File, entry: u64, bytes: u16) -> io::Result<Option<String>> {
    let mut name = [0; LONGEST_NAME];
    let Some(name) = name.get_mut(..usize::from(bytes)) else {
        return Ok(None);
    };
    let place = entry + u64::try_from(LISTED_BYTES).unwrap_or_default();
    if read_at(file, place, name)?.is_none() {
        return Ok(None);
    }
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    Ok(Some(name.trim_start_matches('/').to_lowercase()))
}

/// Where the entries are listed, and how many. Archives of the 64 bit form are not looked into: no
/// document that is taken is so large.
fn list_of_entries(file: &mut File) -> io::Result<Option<(u64, u16)>> {
    let length = file.seek(SeekFrom::End(0))?;
    let end_bytes = u64::try_from(END_BYTES).unwrap_or_default();
    let searched = length.min(LONGEST_COMMENT + end_bytes);
    let mut tail = vec![0; usize::try_from(searched).unwrap_or_default()];
    if read_at(file, length - searched, &mut tail)?.is_none() {
        return Ok(None);
    }
    let Some(place) = tail.windows(END.len()).rposition(|bytes| bytes == END) else {
        return Ok(None);
    };
    let end = &tail[place..];
    let (Some(entries), Some(first)) = (u16_at(end, 10), u32_at(end, 16)) else {
        return Ok(None);
    };
    Ok(Some((u64::from(first), entries)))
}
