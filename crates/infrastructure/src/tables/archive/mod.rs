//! The ZIP archive of a workbook, inflated within a budget.

pub(super) mod xml;

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use nexus_domain::ImportFailure;
use nexus_domain::ports::TableError;
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use self::xml::{Exceeded, XmlPart};
use super::limits::{TableLimits, too_large, unreadable};

/// Entries of an archive: sheets, pictures and all.
const MAX_ENTRIES: usize = 10_000;

const READ_BYTES: usize = 32 * 1024;

/// The parts of a workbook by name.
pub(super) struct Package {
    archive: ZipArchive<BufReader<File>>,
    names: HashMap<String, usize>,
    /// How much may still be inflated, over all parts. What an archive declares of its sizes is
    /// checked first and not relied on: the count is of what comes out.
    budget: Rc<Cell<u64>>,
    max: u64,
}

/// A part while it is read.
pub(super) type Part<'a> = XmlPart<BufReader<Inflating<ZipFile<'a, BufReader<File>>>>>;

/// Part names are compared without regard to case (ECMA-376 part 2, §6.2.2.3); some writers use
/// backslashes.
fn key(name: &str) -> String {
    name.replace('\\', "/")
        .trim_start_matches('/')
        .to_lowercase()
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn broken(error: ZipError) -> TableError {
    unreadable(match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            return TableError(ImportFailure::PasswordProtected);
        }
        ZipError::UnsupportedArchive(_) => "the archive uses an unusual compression",
        ZipError::InvalidArchive(_) => "the archive is damaged or cut off",
        _ => "the archive can't be read",
    })
}

impl Package {
    pub(super) fn open(path: &Path, limits: TableLimits) -> Result<Self, TableError> {
        let file = File::open(path)
            .map_err(|error| unreadable(format!("the file can't be read ({})", error.kind())))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        if archive.len() > MAX_ENTRIES {
            return Err(unreadable("the archive has too many entries"));
        }
        let declared = archive.decompressed_size().unwrap_or(0);
        if declared > u128::from(limits.max_inflated_bytes) {
            return Err(limits.too_large());
        }
        let names = (0..archive.len())
            .filter_map(|index| {
                let name = archive.name_for_index(index)?.ok()?;
                Some((key(&name), index))
            })
            .collect();
        Ok(Self {
            archive,
            names,
            budget: Rc::new(Cell::new(limits.max_inflated_bytes)),
            max: limits.max_inflated_bytes,
        })
    }

    /// As much may be inflated again as in the beginning.
    pub(super) fn renew(&self) {
        self.budget.set(self.max);
    }

    /// The part with this name, `None` when there is none.
    pub(super) fn part(&mut self, name: &str) -> Option<Result<Part<'_>, TableError>> {
        let index = *self.names.get(&key(name))?;
        let budget = Rc::clone(&self.budget);
        let max = self.max;
        Some(self.archive.by_index(index).map_err(broken).map(|entry| {
            XmlPart::new(BufReader::with_capacity(
                READ_BYTES,
                Inflating { entry, budget, max },
            ))
        }))
    }
}

/// Counts what comes out of an entry.
pub(super) struct Inflating<R> {
    entry: R,
    budget: Rc<Cell<u64>>,
    max: u64,
}

impl<R: Read> Read for Inflating<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let inflated = self.entry.read(buffer)?;
        let left = self
            .budget
            .get()
            .checked_sub(inflated as u64)
            .ok_or_else(|| io::Error::other(Exceeded(too_large(self.max))))?;
        self.budget.set(left);
        Ok(inflated)
    }
}
