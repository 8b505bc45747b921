//! Numbers and texts out of bytes, which all come little end first.

use nexus_domain::ports::TableError;

use crate::tables::limits::unreadable;

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|two| u16::from_le_bytes(*two))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|four| u32::from_le_bytes(*four))
}

pub(super) fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|eight| f64::from_le_bytes(*eight))
}

pub(super) fn damaged() -> TableError {
    unreadable("a record of the workbook is damaged")
}

/// The content of a record from its beginning on, over the records that continue it.
pub(super) struct Content<'a> {
    piece: &'a [u8],
    following: std::vec::IntoIter<&'a [u8]>,
}

/// The flags before a text ([MS-XLS] 2.5.293, `XLUnicodeRichExtendedString`).
const TWO_BYTES: u8 = 0x01;
const HAS_PHONETICS: u8 = 0x04;
const HAS_RUNS: u8 = 0x08;

impl<'a> Content<'a> {
    pub(super) fn new(first: &'a [u8], following: Vec<&'a [u8]>) -> Self {
        Self {
            piece: first,
            following: following.into_iter(),
        }
    }

    pub(super) fn is_over(&mut self) -> bool {
        while self.piece.is_empty() {
            match self.following.next() {
                Some(piece) => self.piece = piece,
                None => return true,
            }
        }
        false
    }

    pub(super) fn byte(&mut self) -> Result<u8, TableError> {
        if self.is_over() {
            return Err(damaged());
        }
        let (first, rest) = self.piece.split_first().ok_or_else(damaged)?;
        self.piece = rest;
        Ok(*first)
    }

    pub(super) fn u16(&mut self) -> Result<u16, TableError> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, TableError> {
        let low = u32::from(self.u16()?);
        Ok(low | u32::from(self.u16()?) << 16)
    }

    pub(super) fn skip(&mut self, mut bytes: usize) -> Result<(), TableError> {
        while bytes > 0 {
            if self.is_over() {
                return Err(damaged());
            }
            let passed = bytes.min(self.piece.len());
            self.piece = &self.piece[passed..];
            bytes -= passed;
        }
        Ok(())
    }

    /// A text with its length in two bytes before it, and what some have of formatting and readings.
    pub(super) fn text(&mut self) -> Result<String, TableError> {
        let length = usize::from(self.u16()?);
        let flags = self.byte()?;
        let runs = if flags & HAS_RUNS == 0 {
            0
        } else {
            self.u16()?
        };
        let phonetics = if flags & HAS_PHONETICS == 0 {
            0
        } else {
            self.u32()?
        };
        let text = self.characters(length, flags)?;
        self.skip(usize::from(runs) * 4)?;
        self.skip(usize::try_from(phonetics).map_err(|_| damaged())?)?;
        Ok(text)
    }

    /// A text with its length in one byte before it ([MS-XLS] 2.5.240, `ShortXLUnicodeString`).
    pub(super) fn short_text(&mut self) -> Result<String, TableError> {
        let length = usize::from(self.byte()?);
        let flags = self.byte()?;
        self.characters(length, flags)
    }

    /// Where a record ends inside of a text, the one that continues it begins with flags anew, and
    /// may change between one and two bytes a character ([MS-XLS] 2.4.58, `Continue`).
    fn characters(&mut self, mut length: usize, mut flags: u8) -> Result<String, TableError> {
        let mut units: Vec<u16> = Vec::new();
        while length > 0 {
            if self.piece.is_empty() {
                if self.is_over() {
                    return Err(damaged());
                }
                flags = self.byte()?;
            }
            let width = if flags & TWO_BYTES == 0 { 1 } else { 2 };
            let here = length.min(self.piece.len() / width);
            if here == 0 {
                if self.piece.is_empty() {
                    continue;
                }
                return Err(damaged());
            }
            let (bytes, rest) = self.piece.split_at(here * width);
            if width == 1 {
                units.extend(bytes.iter().map(|byte| u16::from(*byte)));
            } else {
                let pairs = bytes.chunks_exact(2);
                units.extend(pairs.map(|two| u16::from_le_bytes([two[0], two[1]])));
            }
            self.piece = rest;
            length -= here;
        }
        Ok(String::from_utf16_lossy(&units))
    }
}
