//! Tables on the disk: workbooks put together part by part, so that they can be as odd as needed.

use std::io::{Cursor, Write};

use nexus_domain::ports::{TableChoice, TableError, TableReader, TableRow, TableSource};
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};
use nexus_testing::TempFolder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub(crate) const ROOT_RELATIONSHIPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>
</Relationships>"#;

/// A workbook with one sheet; each part can be replaced.
pub(crate) struct WorkbookFile {
    parts: Vec<(String, String)>,
}

impl WorkbookFile {
    /// A workbook whose sheet has these rows: what stands between `<sheetData>` and its end.
    pub(crate) fn with_rows(rows: &str) -> Self {
        let kinds = ["worksheet", "sharedStrings", "styles"];
        let targets = ["worksheets/sheet1.xml", "sharedStrings.xml", "styles.xml"];
        let related: Vec<String> = kinds
            .iter()
            .zip(targets)
            .enumerate()
            .map(|(index, (kind, target))| {
                format!("<Relationship Id=\"rId{index}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>")
            })
            .collect();
        Self { parts: Vec::new() }
            .part("[Content_Types].xml", "<Types/>")
            .part("_rels/.rels", ROOT_RELATIONSHIPS)
            .part("xl/workbook.xml", "<workbook xmlns:r=\"r\"><sheets><sheet name=\"Hoja1\" sheetId=\"1\" r:id=\"rId0\"/></sheets></workbook>")
            .part("xl/_rels/workbook.xml.rels", &format!("<Relationships>{}</Relationships>", related.concat()))
            .part("xl/worksheets/sheet1.xml", &sheet(rows))
    }

    /// Adds a part, or replaces it.
    pub(crate) fn part(mut self, name: &str, content: &str) -> Self {
        self.parts.retain(|(known, _)| known != name);
        self.parts.push((name.to_owned(), content.to_owned()));
        self
    }

    pub(crate) fn strings(self, strings: &str) -> Self {
        self.part("xl/sharedStrings.xml", &format!("<sst>{strings}</sst>"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.parts {
            archive
                .start_file(name.as_str(), SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}

pub(crate) fn sheet(rows: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><worksheet><dimension ref=\"A1\"/><sheetData>{rows}</sheetData></worksheet>"
    )
}

/// A row of inline texts.
pub(crate) fn text_row(number: u64, texts: &[&str]) -> String {
    let cells: Vec<String> = texts
        .iter()
        .map(|text| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"))
        .collect();
    format!("<row r=\"{number}\">{}</row>", cells.concat())
}

/// A whole table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<(u64, Vec<String>)>,
}

/// Opens bytes as a file of this format.
pub(crate) async fn open(
    bytes: &[u8],
    format: TableFormat,
    limits: TableLimits,
) -> Result<Box<dyn TableSource>, TableError> {
    open_chosen(bytes, format, limits, TableChoice::default()).await
}

/// Opens the table that `choice` says.
pub(crate) async fn open_chosen(
    bytes: &[u8],
    format: TableFormat,
    limits: TableLimits,
    choice: TableChoice,
) -> Result<Box<dyn TableSource>, TableError> {
    let folder = TempFolder::new();
    let path = folder.join("file");
    std::fs::write(&path, bytes).unwrap();
    // The file is open once the header is there; that its name goes does not matter then.
    SpreadsheetReader::new(limits)
        .open(path, format, choice)
        .await
}

/// Reads everything, some rows at a time; the failure is told apart from the rows before it.
pub(crate) async fn drain(
    source: &mut dyn TableSource,
    most: usize,
) -> (Vec<(u64, Vec<String>)>, Option<ImportFailure>) {
    let mut rows = Vec::new();
    loop {
        match source.next_rows(most).await {
            Ok(batch) if batch.is_empty() => return (rows, None),
            Ok(batch) => {
                assert!(batch.len() <= most);
                rows.extend(
                    batch
                        .into_iter()
                        .map(|TableRow { line, cells }| (line, cells)),
                );
            }
            Err(TableError(failure)) => return (rows, Some(failure)),
        }
    }
}

pub(crate) async fn read_chosen(
    bytes: &[u8],
    format: TableFormat,
    limits: TableLimits,
    choice: TableChoice,
) -> Result<Table, ImportFailure> {
    let mut source = open_chosen(bytes, format, limits, choice)
        .await
        .map_err(|TableError(failure)| failure)?;
    let header = source.header();
    match drain(source.as_mut(), 7).await {
        (rows, None) => Ok(Table { header, rows }),
        (_, Some(failure)) => Err(failure),
    }
}

pub(crate) async fn read_limited(
    bytes: &[u8],
    format: TableFormat,
    limits: TableLimits,
) -> Result<Table, ImportFailure> {
    read_chosen(bytes, format, limits, TableChoice::default()).await
}

pub(crate) async fn read(bytes: &[u8], format: TableFormat) -> Result<Table, ImportFailure> {
    read_limited(bytes, format, TableLimits::default()).await
}

pub(crate) fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
    (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
}

pub(crate) fn is_unreadable(outcome: &Result<Table, ImportFailure>) -> bool {
    matches!(outcome, Err(ImportFailure::Unreadable { .. }))
}
