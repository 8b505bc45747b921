//! Workbooks that are written, read back.

use std::io::{Cursor, Read};

use nexus_domain::TableFormat;
use nexus_domain::ports::TableReader;
use nexus_infrastructure::tables::{SpreadsheetReader, WorkbookStream};
use zip::ZipArchive;

use crate::workbook_file::{read, row};

fn cells(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What the part `name` of a workbook says.
fn part(file: Vec<u8>, name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    let mut part = archive.by_name(name).unwrap();
    part.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn what_was_written_is_read_back_as_text() {
    let mut workbook = WorkbookStream::new(cells(&["Nombre", "Teléfono", "Notas"]));
    let mut file = Vec::new();
    let odd = ["José <&> \"Ñ\"", "+525512345678", "uno\n dos\u{1}"];
    let first = [cells(&odd), cells(&["=1+1", "", "007"])];
    file.extend(workbook.add(first).unwrap());
    file.extend(workbook.add([cells(&["Luz", "-5", "x"])]).unwrap());
    file.extend(workbook.finish().unwrap());

    let recognised = SpreadsheetReader::default().recognise(&file[..file.len().min(4_096)]);
    assert_eq!(recognised, Some(TableFormat::Xlsx));
    let table = read(&file, TableFormat::Xlsx).await.unwrap();
    assert_eq!(table.header, cells(&["Nombre", "Teléfono", "Notas"]));
    let read: Vec<_> = table.rows.into_iter().map(|(_, cells)| cells).collect();
    assert_eq!(read[0][..2], cells(&odd)[..2]);
    assert!(read[0][2].starts_with("uno\n dos"), "{:?}", read[0]);
    assert_eq!(read[1], cells(&["=1+1", "", "007"]));
    assert_eq!(read[2], cells(&["Luz", "-5", "x"]));
}

#[test]
fn a_workbook_without_rows_has_its_header() {
    let workbook = WorkbookStream::new(cells(&["Nombre", "Correo"]));
    let sheet = part(workbook.finish().unwrap(), "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("Nombre") && sheet.ends_with("</sheetData></worksheet>"));
}

#[tokio::test]
async fn a_full_sheet_is_followed_by_another_with_the_same_header() {
    let mut workbook = WorkbookStream::with_rows(cells(&["n"]), 3);
    let mut file = workbook.add((1..=5).map(|n| [n.to_string()])).unwrap();
    file.extend(workbook.finish().unwrap());
    let table = read(&file, TableFormat::Xlsx).await.unwrap();
    assert_eq!(table.rows, [row(2, &["1"]), row(3, &["2"])]);
    let last = part(file, "xl/worksheets/sheet3.xml");
    assert!(last.contains(">n<") && last.contains(">5<") && !last.contains(">4<"));
}
