//! Which parts a workbook has, by its relationships (ECMA-376 part 2, §6.5) and not by their usual
//! names.

use nexus_domain::ports::TableError;
use quick_xml::events::Event;

use crate::tables::archive::Package;
use crate::tables::archive::xml::attribute;
use crate::tables::limits::{MAX_NAME_BYTES, MAX_SHEETS, unreadable};

/// Relationships of a part.
const MAX_RELATIONSHIPS: usize = 10_000;

/// What is needed of a workbook.
#[derive(Debug)]
pub(super) struct Workbook {
    /// Its sheets that people can see, in their order. What is hidden holds lists for menus and
    /// settings of add-ins, and nobody means to import it.
    pub(super) sheets: Vec<SheetPart>,
    pub(super) strings: Option<String>,
    pub(super) styles: Option<String>,
    /// Whether its days are counted from 1904 (§18.2.28, `date1904`).
    pub(super) counts_from_1904: bool,
}

/// A sheet and where it is.
#[derive(Debug)]
pub(super) struct SheetPart {
    pub(super) name: String,
    /// The name of the part.
    pub(super) part: String,
}

#[derive(Debug)]
struct Relationship {
    id: String,
    /// The last word of its type; the words before differ between the two conformance classes.
    kind: String,
    /// The name of the part.
    target: String,
}

impl Workbook {
    pub(super) fn read(package: &mut Package) -> Result<Self, TableError> {
        let name = relationships(package, "")?
            .into_iter()
            .find(|related| related.kind == "officeDocument")
            .map(|related| related.target)
            .ok_or_else(|| unreadable("the archive is no workbook"))?;
        let related = relationships(package, &name)?;
        let target_of = |kind: &str| {
            related
                .iter()
                .find(|related| related.kind == kind)
                .map(|related| related.target.clone())
        };
        let mut workbook = Self {
            sheets: Vec::new(),
            strings: target_of("sharedStrings"),
            styles: target_of("styles"),
            counts_from_1904: false,
        };
        let mut part = package
            .part(&name)
            .ok_or_else(|| unreadable("the workbook has no main part"))??;
        loop {
            let event = part.next()?;
            let element = match &event {
                Event::Start(element) => element,
                Event::Eof => break,
                _ => continue,
            };
            match element.local_name().as_ref() {
                "workbookPr" => {
                    workbook.counts_from_1904 = attribute(element, "date1904")?
                        .is_some_and(|value| matches!(value.as_str(), "1" | "true" | "on"));
                }
                "sheet" => {
                    // Its own id is `sheetId`; `id` is that of the relationship.
                    let id = attribute(element, "id")?.unwrap_or_default();
                    let sheet = related
                        .iter()
                        .find(|related| related.id == id && related.kind == "worksheet");
                    let is_visible =
                        attribute(element, "state")?.is_none_or(|state| state == "visible");
                    if let (true, Some(sheet)) = (is_visible, sheet) {
                        let mut name = attribute(element, "name")?.unwrap_or_default();
                        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
                        workbook.sheets.push(SheetPart {
                            name,
                            part: sheet.target.clone(),
                        });
                    }
                    if workbook.sheets.len() > MAX_SHEETS {
                        return Err(unreadable("the workbook has too many sheets"));
                    }
                }
                _ => {}
            }
        }
        Ok(workbook)
    }
}

/// The relationships of a part; the package's own have no name before them.
fn relationships(package: &mut Package, name: &str) -> Result<Vec<Relationship>, TableError> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let Some(part) = package.part(&format!("{folder}/_rels/{file}.rels")) else {
        return Ok(Vec::new());
    };
    let mut part = part?;
    let mut relationships = Vec::new();
    loop {
        let event = part.next()?;
        let element = match &event {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => element,
            Event::Eof => return Ok(relationships),
            _ => continue,
        };
        if attribute(element, "TargetMode")?.is_some_and(|mode| mode == "External") {
            continue;
        }
        let kind = attribute(element, "Type")?.unwrap_or_default();
        relationships.push(Relationship {
            id: attribute(element, "Id")?.unwrap_or_default(),
            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            target: resolve(folder, &attribute(element, "Target")?.unwrap_or_default()),
        });
        if relationships.len() > MAX_RELATIONSHIPS {
            return Err(unreadable("the workbook has too many parts"));
        }
    }
}

/// The name of the part that `target` is, as seen from `folder`.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let start = if target.starts_with('/') { "" } else { folder };
    let mut names: Vec<&str> = Vec::new();
    for name in start.split('/').chain(target.split('/')) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets_are_seen_from_the_folder_of_their_part() {
        assert_eq!(resolve("", "xl/workbook.xml"), "xl/workbook.xml");
        assert_eq!(
            resolve("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(resolve("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("xl", "../data/sheet.xml"), "data/sheet.xml");
        assert_eq!(resolve("", "../../etc/passwd"), "etc/passwd");
    }
}
