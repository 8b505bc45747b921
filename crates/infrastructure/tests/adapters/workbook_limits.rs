//! Workbooks made to break whoever reads them: each is refused, and the process lives.

use std::time::{Duration, Instant};

use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::TableLimits;

use crate::workbook_file::{
    Table, WorkbookFile, is_unreadable, read_limited, row, sheet, text_row,
};

async fn read(workbook: &WorkbookFile) -> Result<Table, ImportFailure> {
    crate::workbook_file::read(&workbook.bytes(), TableFormat::Xlsx).await
}

const MEGABYTE: u64 = 1024 * 1024;

fn inflating_to(bytes: u64) -> TableLimits {
    TableLimits {
        max_inflated_bytes: bytes,
        ..TableLimits::default()
    }
}

#[tokio::test]
async fn a_cell_in_the_far_corner_asks_for_no_memory() {
    let file = WorkbookFile::with_rows(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>\
         <row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>",
    );
    assert_eq!(
        read(&file).await,
        Err(ImportFailure::TooManyColumns { max: 256 })
    );
    let empty = WorkbookFile::with_rows(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>\
         <row r=\"1048576\"><c r=\"XFD1048576\"/></row>",
    );
    assert_eq!(read(&empty).await.unwrap().rows, []);
}

#[tokio::test]
async fn numbers_that_the_file_states_of_itself_are_not_believed() {
    let file = WorkbookFile::with_rows(&format!(
        "{}<row><c t=\"s\"><v>0</v></c></row>",
        text_row(1, &["name"])
    ))
    .part(
        "xl/sharedStrings.xml",
        "<sst count=\"100000000000\" uniqueCount=\"100000000000\"><si><t>Ana</t></si></sst>",
    );
    assert_eq!(read(&file).await.unwrap().rows, [row(2, &["Ana"])]);
    let huge = WorkbookFile::with_rows("").part(
        "xl/worksheets/sheet1.xml",
        &sheet(&text_row(1, &["name"])).replace("ref=\"A1\"", "ref=\"A1:XFD1048576\""),
    );
    assert_eq!(read(&huge).await.unwrap().header, ["name"]);
}

#[tokio::test]
async fn what_inflates_to_more_than_the_limit_is_refused() {
    let strings = "<si><t>aaaaaaaaaaaaaaaaaaaaaaaa</t></si>".repeat(100_000);
    let file = WorkbookFile::with_rows(&text_row(1, &["name"])).strings(&strings);
    let bytes = file.bytes();
    assert!(bytes.len() < 50_000, "{} bytes", bytes.len());
    let too_large = Err(ImportFailure::TooLarge { max: MEGABYTE });
    assert_eq!(
        read_limited(&bytes, TableFormat::Xlsx, inflating_to(MEGABYTE)).await,
        too_large
    );
    assert!(
        read_limited(&bytes, TableFormat::Xlsx, inflating_to(8 * MEGABYTE))
            .await
            .is_ok()
    );

    // Written as a stream, an archive tells no sizes in advance: what comes out is counted.
    let streamed = with_entry_field(&bytes, "xl/sharedStrings.xml", (6, 8), &8_u16.to_le_bytes());
    assert_eq!(
        read_limited(&streamed, TableFormat::Xlsx, inflating_to(MEGABYTE)).await,
        too_large
    );
    assert!(
        read_limited(&streamed, TableFormat::Xlsx, inflating_to(8 * MEGABYTE))
            .await
            .is_ok()
    );
    let lying = with_entry_field(
        &bytes,
        "xl/sharedStrings.xml",
        (22, 24),
        &1_000_u32.to_le_bytes(),
    );
    assert!(is_unreadable(
        &read_limited(&lying, TableFormat::Xlsx, inflating_to(MEGABYTE)).await
    ));

    // Never read, and still no spreadsheet.
    let media = WorkbookFile::with_rows(&text_row(1, &["name"]))
        .part("xl/media/image1.png", &"\0".repeat(2 << 20));
    assert_eq!(
        read_limited(&media.bytes(), TableFormat::Xlsx, inflating_to(MEGABYTE)).await,
        too_large
    );
}

/// Bit 0 of an entry's flags (APPNOTE.TXT 4.4.4).
#[tokio::test]
async fn an_archive_with_a_password_says_so() {
    let bytes = WorkbookFile::with_rows(&text_row(1, &["name"])).bytes();
    let sealed = with_entry_field(&bytes, "xl/workbook.xml", (6, 8), &1_u16.to_le_bytes());
    assert_eq!(
        crate::workbook_file::read(&sealed, TableFormat::Xlsx).await,
        Err(ImportFailure::PasswordProtected)
    );
}

/// The archive with another value in the header before an entry's data and in the one in its
/// directory, at these distances from their beginnings (APPNOTE.TXT 4.3.7 and 4.3.12).
fn with_entry_field(archive: &[u8], name: &str, at: (usize, usize), value: &[u8]) -> Vec<u8> {
    let mut archive = archive.to_vec();
    let mut changed = 0;
    for (signature, field, name_at) in [(b"PK\x03\x04", at.0, 30), (b"PK\x01\x02", at.1, 46)] {
        for start in 0..archive.len() - name_at - name.len() {
            let is_entry = archive[start..].starts_with(signature)
                && archive[start + name_at..].starts_with(name.as_bytes());
            if is_entry {
                archive[start + field..start + field + value.len()].copy_from_slice(value);
                changed += 1;
            }
        }
    }
    assert_eq!(changed, 2);
    archive
}

#[tokio::test]
async fn one_text_in_every_cell_is_counted_every_time() {
    let cells = "<c t=\"s\"><v>0</v></c>".repeat(20);
    let rows = format!("<row>{cells}</row>").repeat(500);
    let file =
        WorkbookFile::with_rows(&rows).strings(&format!("<si><t>{}</t></si>", "x".repeat(30_000)));
    assert_eq!(
        read_limited(&file.bytes(), TableFormat::Xlsx, inflating_to(8 * MEGABYTE)).await,
        Err(ImportFailure::TooLarge { max: 8 * MEGABYTE })
    );
    let wide = "<c t=\"s\"><v>0</v></c>".repeat(200);
    let file = WorkbookFile::with_rows(&format!("{}<row>{wide}</row>", text_row(1, &["name"])))
        .strings(&format!("<si><t>{}</t></si>", "x".repeat(30_000)));
    assert!(is_unreadable(&read(&file).await));
}

#[tokio::test]
async fn nesting_and_endless_texts_are_refused_quickly() {
    let start = Instant::now();
    let long = "x".repeat(4_000_000);
    for content in [
        "<a>".repeat(1_000_000),
        format!("<worksheet><sheetData><row><c><v>{long}</v></c></row></sheetData></worksheet>"),
        format!("<worksheet><sheetData><row r=\"{long}\"/></sheetData></worksheet>"),
        format!("<worksheet><!--{long}--><sheetData/></worksheet>"),
        format!("<!DOCTYPE a [<!ENTITY x \"{long}\">]><worksheet/>"),
    ] {
        let file = WorkbookFile::with_rows("").part("xl/worksheets/sheet1.xml", &content);
        let outcome = read(&file).await;
        assert!(is_unreadable(&outcome), "{outcome:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn rows_beyond_the_limit_are_refused_after_the_others() {
    let limits = TableLimits {
        max_rows: 3,
        ..TableLimits::default()
    };
    let rows: String = (1..=5).map(|n| text_row(n, &["Ana"])).collect();
    let file = WorkbookFile::with_rows(&rows);
    assert_eq!(
        read_limited(&file.bytes(), TableFormat::Xlsx, limits).await,
        Err(ImportFailure::TooManyRows { max: 3 })
    );
}

#[tokio::test]
async fn too_many_styles_sheets_or_entries_are_refused() {
    let header = text_row(1, &["name"]);
    let styles = format!(
        "<styleSheet><cellXfs>{}</cellXfs></styleSheet>",
        "<xf/>".repeat(200_000)
    );
    let sheets = format!(
        "<workbook><sheets>{}</sheets></workbook>",
        "<sheet r:id=\"rId0\"/>".repeat(20_000)
    );
    for file in [
        WorkbookFile::with_rows(&header).part("xl/styles.xml", &styles),
        WorkbookFile::with_rows(&header).part("xl/workbook.xml", &sheets),
    ] {
        assert!(is_unreadable(&read(&file).await));
    }
}
