//! Workbooks (Office Open XML) written from their first row to their last, in bounded memory.
//!
//! Every cell is an inline text: a spreadsheet takes none of them for a number or a formula. The
//! parts that name the sheets come after them, and sizes after the content, as the ZIP format
//! allows, so that nothing is gone back to and no file is needed in between.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

/// How many rows a sheet takes (Excel specifications and limits).
const MOST_ROWS: u32 = 1_048_576;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATED: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// Bytes that were written and not taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A workbook that is being written: what each call returns is the next piece of the file.
pub struct WorkbookStream {
    /// Large, and moved with every part.
    archive: Box<ZipWriter<StreamWriter<Written>>>,
    written: Written,
    header: Vec<String>,
    sheets: u32,
    /// Rows of the sheet that is being written.
    rows: u32,
    most_rows: u32,
}

impl WorkbookStream {
    /// A workbook whose sheets all begin with `header`.
    pub fn new(header: Vec<String>) -> Self {
        Self::with_rows(header, MOST_ROWS)
    }

    /// As [`Self::new`], with at most `most_rows` rows a sheet, the header among them.
    pub fn with_rows(header: Vec<String>, most_rows: u32) -> Self {
        let written = Written::default();
        Self {
            archive: Box::new(ZipWriter::new_stream(written.clone())),
            written,
            header,
            sheets: 0,
            rows: 0,
            most_rows: most_rows.max(2),
        }
    }

    /// Adds rows below those that are there; a sheet that is full is followed by another.
    pub fn add(
        &mut self,
        rows: impl IntoIterator<Item = impl AsRef<[String]>>,
    ) -> io::Result<Vec<u8>> {
        if self.sheets == 0 {
            self.begin_sheet()?;
        }
        for row in rows {
            if self.rows == self.most_rows {
                self.end_sheet()?;
                self.begin_sheet()?;
            }
            self.write_row(row.as_ref())?;
        }
        Ok(self.written.take())
    }

    /// Ends the workbook.
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.sheets == 0 {
            self.begin_sheet()?;
        }
        self.end_sheet()?;
        self.write_package()?;
        self.archive.finish()?;
        Ok(self.written.take())
    }

    fn begin_part(&mut self, name: &str) -> io::Result<()> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        Ok(self.archive.start_file(name, options)?)
    }

    fn begin_sheet(&mut self) -> io::Result<()> {
        self.sheets += 1;
        self.rows = 0;
        self.begin_part(&format!("xl/worksheets/sheet{}.xml", self.sheets))?;
        write!(
            self.archive,
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetData>"
        )?;
        let header = self.header.clone();
        self.write_row(&header)
    }

    fn end_sheet(&mut self) -> io::Result<()> {
        write!(self.archive, "</sheetData></worksheet>")
    }

    fn write_row(&mut self, cells: &[String]) -> io::Result<()> {
        self.rows += 1;
        let number = self.rows;
        let mut row = format!("<row r=\"{number}\">");
        for (index, cell) in cells.iter().enumerate() {
            if cell.is_empty() {
                continue;
            }
            for piece in [
                "<c r=\"",
                &column_name(index),
                &number.to_string(),
                "\" t=\"inlineStr\"><is><t xml:space=\"preserve\">",
            ] {
                row.push_str(piece);
            }
            escape_into(&mut row, cell);
            row.push_str("</t></is></c>");
        }
        row.push_str("</row>");
        self.archive.write_all(row.as_bytes())
    }

    /// The parts that say which sheets there are.
    fn write_package(&mut self) -> io::Result<()> {
        let numbers = 1..=self.sheets;
        let each = |part: &dyn Fn(u32) -> String| numbers.clone().map(part).collect::<String>();
        let sheets = each(&|n| format!("<sheet name=\"{n}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>"));
        let relationships = each(&|n| {
            format!(
                "<Relationship Id=\"rId{n}\" Type=\"{RELATED}/worksheet\" \
                 Target=\"worksheets/sheet{n}.xml\"/>"
            )
        });
        let types = each(&|n| {
            format!(
                "<Override PartName=\"/xl/worksheets/sheet{n}.xml\" \
                 ContentType=\"{TYPES}.worksheet+xml\"/>"
            )
        });
        for (name, content) in [
            (
                "xl/workbook.xml",
                format!(
                    "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATED}\">\
                     <sheets>{sheets}</sheets></workbook>"
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\">\
                     {relationships}</Relationships>"
                ),
            ),
            (
                "_rels/.rels",
                format!(
                    "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
                     Type=\"{RELATED}/officeDocument\" Target=\"xl/workbook.xml\"/>\
                     </Relationships>"
                ),
            ),
            (
                "[Content_Types].xml",
                format!(
                    "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                     ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                     <Override PartName=\"/xl/workbook.xml\" \
                     ContentType=\"{TYPES}.sheet.main+xml\"/>{types}</Types>"
                ),
            ),
        ] {
            self.begin_part(name)?;
            write!(self.archive, "{HEAD}{content}")?;
        }
        Ok(())
    }
}

/// `A`, `B`, … `Z`, `AA`, …
fn column_name(mut index: usize) -> String {
    let mut name = String::new();
    loop {
        let letter = u8::try_from(index % 26).unwrap_or_default();
        name.insert(0, char::from(b'A' + letter));
        if index < 26 {
            return name;
        }
        index = index / 26 - 1;
    }
}

/// As XML has it; characters that XML 1.0 has not (§2.2) become spaces.
fn escape_into(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // Written as it is, a reader would make it a line feed.
            '\r' => xml.push_str("&#13;"),
            '\n' | '\t' => xml.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push(' '),
            _ => xml.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_by_letters() {
        let names = [0, 1, 25, 26, 51, 52, 701, 702].map(column_name);
        assert_eq!(names, ["A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }
}
