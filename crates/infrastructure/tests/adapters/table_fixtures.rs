//! Tables that other programs wrote (scripts/make-table-fixtures).

use std::path::PathBuf;

use nexus_domain::ports::{TableChoice, TableError, TableOutline, TableReader};
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};

use crate::workbook_file::{Table, read, read_chosen, row};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// The format of a fixture, as its first bytes tell it.
pub(crate) fn format(name: &str) -> TableFormat {
    let bytes = bytes(name);
    SpreadsheetReader::default()
        .recognise(&bytes[..bytes.len().min(8_192)])
        .unwrap()
}

pub(crate) async fn outline(
    name: &str,
    sheet: Option<&str>,
    most: usize,
) -> Result<TableOutline, ImportFailure> {
    SpreadsheetReader::default()
        .outline(path(name), format(name), sheet.map(str::to_owned), most)
        .await
        .map_err(|TableError(failure)| failure)
}

const WORKBOOKS: [&str; 7] = [
    "libreoffice.ods",
    "libreoffice.xls",
    "libreoffice.xlsx",
    "odfpy.ods",
    "openpyxl.xlsx",
    "xlsxwriter.xlsx",
    "xlwt.xls",
];

const TEXTS: [&str; 3] = ["excel-es.csv", "excel-utf8.csv", "excel-unicode.txt"];

const HEADER: [&str; 5] = ["Nombre", "Teléfono", "Correo", "Notas", "Alta"];

async fn table(name: &str) -> Table {
    read(&bytes(name), format(name)).await.unwrap()
}

#[test]
fn formats_are_recognised() {
    for name in WORKBOOKS.iter().chain(&TEXTS) {
        let expected = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("ods") => TableFormat::Ods,
            Some("xls") => TableFormat::Xls,
            Some("xlsx") => TableFormat::Xlsx,
            _ => TableFormat::Csv,
        };
        assert_eq!(format(name), expected, "{name}");
    }
}

#[tokio::test]
async fn workbooks_of_every_writer_say_the_same() {
    for name in WORKBOOKS {
        let read = table(name).await;
        assert_eq!(read.header, HEADER, "{name}");
        let notes = "línea uno\nlínea dos";
        let trimmed: Vec<(u64, Vec<&str>)> = read
            .rows
            .iter()
            .map(|(line, cells)| (*line, cells.iter().map(|cell| cell.trim()).collect()))
            .collect();
        assert_eq!(
            trimmed,
            [
                (
                    2,
                    vec![
                        "María Peña",
                        "5215512345678",
                        "maria@example.mx",
                        notes,
                        "2026-11-23"
                    ]
                ),
                (
                    3,
                    vec![
                        "José Núñez",
                        "+52 55 8765 4321",
                        "jose@example.mx",
                        "",
                        "1999-01-31"
                    ]
                ),
                (
                    5,
                    vec!["Ñandú, S.A.", "5512345678", "", "5 > 4 & \"sí\"; |"]
                ),
            ],
            "{name}"
        );
    }
}

#[tokio::test]
async fn text_as_excel_saves_it_is_read() {
    for name in TEXTS {
        let read = table(name).await;
        assert_eq!(read.header, HEADER, "{name}");
        assert_eq!(
            read.rows,
            [
                row(
                    2,
                    &[
                        "María Peña",
                        "5215512345678",
                        "maria@example.mx",
                        "línea uno\nlínea dos",
                        "23/11/2026"
                    ]
                ),
                row(
                    4,
                    &[
                        "José Núñez",
                        "+52 55 8765 4321",
                        "jose@example.mx",
                        "",
                        "31/01/1999"
                    ]
                ),
                row(5, &["", "", "", "", ""]),
                row(
                    6,
                    &["Ñandú, S.A.", "5512345678", "", "5 > 4 & \"sí\"; | ", ""]
                ),
            ],
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_outline_states_encoding_and_separator() {
    for (name, encoding, separator) in [
        ("excel-es.csv", "windows-1252", ';'),
        ("excel-utf8.csv", "UTF-8", ';'),
        ("excel-unicode.txt", "UTF-16LE", '\t'),
    ] {
        let outline = outline(name, None, 2).await.unwrap();
        assert_eq!(outline.encoding.as_deref(), Some(encoding), "{name}");
        assert_eq!(outline.separator, Some(separator), "{name}");
        assert_eq!(outline.rows[0].cells, HEADER);
        assert_eq!(outline.rows.len(), 2);
        assert!(!outline.is_whole);
        assert!(outline.sheets.is_empty() && outline.sheet.is_none());
    }
}

#[tokio::test]
async fn an_outline_names_the_visible_sheets_and_shows_the_first_with_content() {
    for name in WORKBOOKS {
        let first = outline(name, None, 10).await.unwrap();
        assert_eq!(first.sheets, ["Vacía", "Contactos", "Segunda"], "{name}");
        assert_eq!(first.sheet.as_deref(), Some("Contactos"), "{name}");
        let lines: Vec<u64> = first.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [1, 2, 3, 5], "{name}");
        assert!(first.is_whole && first.encoding.is_none() && first.separator.is_none());

        let second = outline(name, Some("Segunda"), 10).await.unwrap();
        assert_eq!(second.sheet.as_deref(), Some("Segunda"), "{name}");
        assert_eq!(second.rows[0].cells, ["name", "phone"], "{name}");
        let empty = outline(name, Some("Vacía"), 10).await.unwrap();
        assert!(empty.rows.is_empty() && empty.is_whole, "{name}");
        let four = outline(name, None, 4).await.unwrap();
        assert!(four.is_whole && four.rows.len() == 4, "{name}");
        let three = outline(name, None, 3).await.unwrap();
        assert!(!three.is_whole && three.rows.len() == 3, "{name}");
    }
}

#[tokio::test]
async fn a_sheet_is_chosen_by_its_name_and_hidden_ones_are_none() {
    let choose = async |name: &str, sheet: &str| {
        let choice = TableChoice {
            sheet: Some(sheet.to_owned()),
            header_line: None,
        };
        read_chosen(&bytes(name), format(name), TableLimits::default(), choice).await
    };
    for name in WORKBOOKS {
        let second = choose(name, "Segunda").await.unwrap();
        assert_eq!(second.header, ["name", "phone"], "{name}");
        assert_eq!(
            choose(name, "Vacía").await,
            Err(ImportFailure::NoRows),
            "{name}"
        );
        for missing in ["Oculta", "segunda", ""] {
            let failure = ImportFailure::NoSuchSheet {
                sheet: missing.to_owned(),
            };
            assert_eq!(choose(name, missing).await, Err(failure.clone()), "{name}");
            assert_eq!(
                outline(name, Some(missing), 5).await,
                Err(failure),
                "{name}"
            );
        }
    }
    for name in TEXTS {
        assert!(matches!(
            choose(name, "Contactos").await,
            Err(ImportFailure::NoSuchSheet { .. })
        ));
    }
}

#[tokio::test]
async fn the_header_is_on_the_line_that_was_chosen() {
    let choose = async |name: &str, line: u64| {
        let choice = TableChoice {
            sheet: None,
            header_line: Some(line),
        };
        read_chosen(&bytes(name), format(name), TableLimits::default(), choice).await
    };
    for name in WORKBOOKS {
        let third = choose(name, 3).await.unwrap();
        assert_eq!(third.header[0], "José Núñez", "{name}");
        let lines: Vec<u64> = third.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [5], "{name}");
        // A blank line names nothing; the rows below it are there all the same.
        let blank = choose(name, 4).await.unwrap();
        assert!(blank.header.is_empty(), "{name}");
        assert_eq!(blank.rows.len(), 1, "{name}");
        assert_eq!(choose(name, 9).await, Err(ImportFailure::NoRows), "{name}");
    }
    for name in TEXTS {
        let fourth = choose(name, 4).await.unwrap();
        assert_eq!(fourth.header[0], "José Núñez", "{name}");
        let lines: Vec<u64> = fourth.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [5, 6], "{name}");
        // Line 3 is inside of the row that begins on line 2.
        assert!(choose(name, 3).await.unwrap().header.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn passwords_are_told_from_damage() {
    for name in ["password.ods", "password.xls", "password.xlsx"] {
        assert_eq!(
            read(&bytes(name), format(name)).await,
            Err(ImportFailure::PasswordProtected),
            "{name}"
        );
        assert_eq!(
            outline(name, None, 5).await,
            Err(ImportFailure::PasswordProtected),
            "{name}"
        );
    }
}

#[tokio::test]
async fn texts_of_old_workbooks_go_on_over_records() {
    let read = table("xlwt-long.xls").await;
    assert_eq!(read.header, ["Texto"]);
    assert_eq!(read.rows.len(), 61);
    for (index, (line, cells)) in read.rows[..60].iter().enumerate() {
        let number = index + 1;
        let letter = if number % 2 == 1 { "ñ" } else { "ж" };
        assert_eq!(*line, number as u64 + 1);
        assert_eq!(cells, &[format!("{number:04}{}", letter.repeat(700))]);
    }
    assert_eq!(read.rows[60], row(65_536, &["último"]));
}

#[tokio::test]
async fn the_far_corner_of_an_old_workbook_asks_for_no_memory() {
    let bytes = bytes("xlwt-corner.xls");
    let read = read(&bytes, TableFormat::Xls).await.unwrap();
    assert_eq!(read.rows.len(), 1);
    assert_eq!(read.rows[0].0, 65_536);
    assert_eq!(read.rows[0].1.len(), 256);
    let limits = TableLimits {
        max_columns: 200,
        ..TableLimits::default()
    };
    assert_eq!(
        read_chosen(&bytes, TableFormat::Xls, limits, TableChoice::default()).await,
        Err(ImportFailure::TooManyColumns { max: 200 })
    );
}
