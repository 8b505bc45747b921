//! OpenDocument spreadsheets (ODF 1.3, parts 2 and 3), read in one pass over their content.

mod cells;
mod content;
mod paragraphs;

use std::path::Path;

use nexus_domain::ImportFailure;
use nexus_domain::ports::{TableError, TableOutline};
use quick_xml::events::Event;

use self::content::Content;
use super::archive::{Package, Part};
use super::limits::{TableLimits, unreadable};
use super::rows::{Rows, Stopped};
use super::{TableFile, no_such_sheet};

/// Where the archive says what is in it, and where the sheets are (part 2, §3.2 and §2.2.1).
const MANIFEST: &str = "META-INF/manifest.xml";
const CONTENT: &str = "content.xml";

/// A spreadsheet whose archive was opened.
pub(super) struct OdsFile {
    package: Package,
    limits: TableLimits,
}

impl OdsFile {
    pub(super) fn open(path: &Path, limits: TableLimits) -> Result<Self, TableError> {
        let mut package = Package::open(path, limits)?;
        if let Some(manifest) = package.part(MANIFEST) {
            refuse_encrypted(manifest?)?;
        }
        Ok(Self { package, limits })
    }

    fn content(&mut self) -> Result<Content<'_>, TableError> {
        let part = self.package.part(CONTENT);
        let part = part.ok_or_else(|| unreadable("the archive is no spreadsheet"))??;
        Ok(Content::new(part, self.limits))
    }
}

/// Entries that are encrypted say so in the manifest, each with its key derivation (part 2, §4.4).
fn refuse_encrypted(mut manifest: Part<'_>) -> Result<(), TableError> {
    loop {
        match manifest.next()? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                return Err(TableError(ImportFailure::PasswordProtected));
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

impl TableFile for OdsFile {
    /// The names of the sheets are all over the content, which is read once more for them.
    fn describe(&mut self) -> Result<TableOutline, TableError> {
        self.package.renew();
        let mut content = self.content()?;
        let mut outline = TableOutline::default();
        while let Some(name) = content.next_sheet()? {
            outline.sheets.push(name);
            content.skip_sheet()?;
        }
        Ok(outline)
    }

    fn read(&mut self, sheet: Option<&str>, rows: &mut dyn Rows) -> Result<(), Stopped> {
        let mut content = self.content()?;
        while let Some(name) = content.next_sheet()? {
            if sheet.is_some_and(|sheet| sheet != name) {
                content.skip_sheet()?;
                continue;
            }
            rows.begin_sheet(&name);
            content.read_rows(rows)?;
            if sheet.is_some() || rows.has_content() {
                return Ok(());
            }
        }
        match sheet {
            Some(sheet) => Err(no_such_sheet(sheet).into()),
            None => Ok(()),
        }
    }
}
