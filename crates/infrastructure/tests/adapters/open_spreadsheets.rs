//! OpenDocument spreadsheets: what cells say, and those made to break whoever reads them.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::TableLimits;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::workbook_file::{Table, drain, is_unreadable, open, read_limited, row};

const KIND: &str = "application/vnd.oasis.opendocument.spreadsheet";

fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn document(body: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content><office:automatic-styles>\
         <style:style style:name=\"hid\" style:family=\"table\">\
         <style:table-properties table:display=\"false\"/></style:style>\
         </office:automatic-styles><office:body>{body}</office:body></office:document-content>"
    );
    archive(&[("mimetype", KIND), ("content.xml", &content)])
}

fn sheets(sheets: &str) -> Vec<u8> {
    document(&format!(
        "<office:spreadsheet>{sheets}</office:spreadsheet>"
    ))
}

/// A spreadsheet with one sheet that has these rows.
fn rows(rows: &str) -> Vec<u8> {
    sheets(&format!(
        "<table:table table:name=\"Hoja1\">{rows}</table:table>"
    ))
}

const HEADER: &str =
    "<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>";

async fn read(bytes: &[u8]) -> Result<Table, ImportFailure> {
    crate::workbook_file::read(bytes, TableFormat::Ods).await
}

/// What one cell below a header says.
async fn said(cell: &str) -> String {
    let bytes = rows(&format!(
        "{HEADER}<table:table-row>{cell}</table:table-row>"
    ));
    let read = read(&bytes).await.unwrap();
    read.rows.into_iter().flat_map(|(_, cells)| cells).collect()
}

#[tokio::test]
async fn what_a_cell_holds_counts_and_not_how_it_is_shown() {
    for (attributes, shown, expected) in [
        (
            "office:value-type=\"float\" office:value=\"5215512345678\"",
            "5.2155E+12",
            "5215512345678",
        ),
        (
            "office:value-type=\"float\" office:value=\"5.215512345678E12\"",
            "5.2155E+12",
            "5215512345678",
        ),
        (
            "office:value-type=\"float\" office:value=\"5512345678\"",
            "+52 (55) 1234-5678",
            "+52 (55) 1234-5678",
        ),
        (
            "office:value-type=\"float\" office:value=\"5215512345678\"",
            "+5.2155E+12",
            "5215512345678",
        ),
        (
            "office:value-type=\"percentage\" office:value=\"0.5\"",
            "50 %",
            "0.5",
        ),
        (
            "office:value-type=\"currency\" office:value=\"12.5\"",
            "$12.50",
            "12.5",
        ),
        (
            "office:value-type=\"date\" office:date-value=\"2026-11-23\"",
            "23/11/26",
            "2026-11-23",
        ),
        (
            "office:value-type=\"date\" office:date-value=\"2026-11-23T12:00:00\"",
            "x",
            "2026-11-23T12:00:00",
        ),
        (
            "office:value-type=\"time\" office:time-value=\"PT10H30M00S\"",
            "10:30",
            "10:30:00",
        ),
        (
            "office:value-type=\"boolean\" office:boolean-value=\"true\"",
            "VERDADERO",
            "true",
        ),
        (
            "office:value-type=\"string\" calcext:value-type=\"error\"",
            "#N/A",
            "#N/A",
        ),
        ("office:value-type=\"string\"", "+52 55 1234", "+52 55 1234"),
        (
            "office:value-type=\"string\" office:string-value=\"a &amp; b\"",
            "",
            "a & b",
        ),
        ("", "untyped", "untyped"),
    ] {
        let cell =
            format!("<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>");
        assert_eq!(said(&cell).await, expected, "{attributes}");
    }
}

#[tokio::test]
async fn texts_are_put_together_as_they_are_shown() {
    for (content, expected) in [
        ("<text:p>a</text:p><text:p>b</text:p>", "a\nb"),
        (
            "<text:p>a<text:s text:c=\"3\"/>b<text:s/>c<text:tab/>d<text:line-break/>e</text:p>",
            "a   b c\td\ne",
        ),
        (
            "<text:p>\n   a \n  <text:span>b<text:a>c</text:a></text:span> </text:p>",
            "a bc ",
        ),
        (
            "<text:p>a &amp; b<![CDATA[ <c>]]>&#233;</text:p>",
            "a & b <c>é",
        ),
        (
            "<office:annotation><text:p>a comment</text:p></office:annotation><text:p>a</text:p>",
            "a",
        ),
        (
            "<draw:frame><draw:text-box><text:p>no</text:p></draw:text-box></draw:frame><text:p>a</text:p>",
            "a",
        ),
        ("\n  <text:p>a</text:p>\n  ", "a"),
    ] {
        let cell =
            format!("<table:table-cell office:value-type=\"string\">{content}</table:table-cell>");
        assert_eq!(said(&cell).await, expected, "{content}");
    }
}

#[tokio::test]
async fn rows_are_found_in_their_groups_and_cells_in_their_columns() {
    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let line = |cells: &str| format!("<table:table-row>{cells}</table:table-row>");
    let bytes = rows(&format!(
        "<table:table-column table:number-columns-repeated=\"16384\"/>\
         <table:shapes><table:table><table:table-row/></table:table></table:shapes>\
         <table:table-header-rows>{}</table:table-header-rows>\
         <table:table-row table:number-rows-repeated=\"3\"><table:table-cell/></table:table-row>\
         <table:table-row-group><table:table-row-group>{}</table:table-row-group>{}</table:table-row-group>\
         <table:table-row table:number-rows-repeated=\"2\">{}</table:table-row>{}",
        line(&format!("{}{}{}", cell("a"), cell("b"), cell("c"))),
        line(&format!(
            "<table:table-cell table:number-columns-repeated=\"2\"/>{}",
            cell("3")
        )),
        line(&format!(
            "<table:table-cell table:number-columns-spanned=\"2\"><text:p>1</text:p></table:table-cell>\
             <table:covered-table-cell><text:p>under</text:p></table:covered-table-cell>{}",
            cell("3")
        )),
        cell("twice"),
        line(
            "<table:table-cell table:number-columns-repeated=\"3\"><text:p>x</text:p></table:table-cell>"
        ),
    ));
    let read = read(&bytes).await.unwrap();
    assert_eq!(read.header, ["a", "b", "c"]);
    assert_eq!(
        read.rows,
        [
            row(5, &["", "", "3"]),
            row(6, &["1", "", "3"]),
            row(7, &["twice"]),
            row(8, &["twice"]),
            row(9, &["x", "x", "x"]),
        ]
    );
}

#[tokio::test]
async fn what_was_changed_or_hidden_is_no_sheet() {
    let table = |attributes: &str| format!("<table:table {attributes}>{HEADER}</table:table>");
    let bytes = sheets(&format!(
        "<table:tracked-changes><table:cell-content-change>{}</table:cell-content-change>\
         </table:tracked-changes>{}{}<table:named-expressions/>",
        table("table:name=\"old\""),
        table("table:name=\"hidden\" table:style-name=\"hid\""),
        "<table:table table:name=\"shown\"><table:table-row><table:table-cell><text:p>shown</text:p>\
         </table:table-cell></table:table-row></table:table>",
    ));
    assert_eq!(read(&bytes).await.unwrap().header, ["shown"]);
}

#[tokio::test]
async fn blank_cells_and_rows_repeat_without_a_cost() {
    let bytes = rows(&format!(
        "{HEADER}<table:table-row table:number-rows-repeated=\"1048574\">\
         <table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>\
         <table:table-row><table:table-cell table:number-columns-repeated=\"18446744073709551615\"/>\
         <table:table-cell table:number-columns-repeated=\"18446744073709551615\"/></table:table-row>"
    ));
    assert_eq!(read(&bytes).await.unwrap().rows, []);
}

#[tokio::test]
async fn cells_and_rows_with_content_count_as_often_as_they_repeat() {
    let start = Instant::now();
    let limits = TableLimits {
        max_rows: 1_000,
        max_inflated_bytes: 1024 * 1024,
        ..TableLimits::default()
    };
    let long = "x".repeat(10_000);
    for (lines, failure) in [
        (
            "<table:table-row><table:table-cell table:number-columns-repeated=\"16384\"><text:p>x</text:p>\
             </table:table-cell></table:table-row>"
                .to_owned(),
            ImportFailure::TooManyColumns { max: 256 },
        ),
        (
            "<table:table-row><table:table-cell table:number-columns-repeated=\"16383\"/><table:table-cell>\
             <text:p>x</text:p></table:table-cell></table:table-row>"
                .to_owned(),
            ImportFailure::TooManyColumns { max: 256 },
        ),
        (
            "<table:table-row table:number-rows-repeated=\"1048575\"><table:table-cell><text:p>x</text:p>\
             </table:table-cell></table:table-row>"
                .to_owned(),
            ImportFailure::TooManyRows { max: 1_000 },
        ),
        (
            format!(
                "<table:table-row table:number-rows-repeated=\"900\"><table:table-cell><text:p>{long}</text:p>\
                 </table:table-cell></table:table-row>"
            ),
            ImportFailure::TooLarge { max: 1024 * 1024 },
        ),
    ] {
        let bytes = rows(&format!("{HEADER}{lines}"));
        assert_eq!(read_limited(&bytes, TableFormat::Ods, limits).await, Err(failure));
    }
    for lines in [
        "<table:table-row table:number-rows-repeated=\"18446744073709551615\"/>",
        "<table:table-row table:number-rows-repeated=\"1048576\"/>",
        "<table:table-row table:number-rows-repeated=\"99999999999999999999999\"/>",
        "<table:table-row table:number-rows-repeated=\"-1\"/>",
    ] {
        assert!(
            is_unreadable(&read(&rows(&format!("{lines}{HEADER}"))).await),
            "{lines}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn spaces_that_repeat_are_cut() {
    let cell =
        "<table:table-cell><text:p>a<text:s text:c=\"4000000000\"/>b</text:p></table:table-cell>";
    assert_eq!(
        said(cell).await.len(),
        TableLimits::default().max_cell_bytes
    );
}

#[tokio::test]
async fn nesting_endless_texts_and_entities_are_refused_quickly() {
    let start = Instant::now();
    let long = "x".repeat(4_000_000);
    let cell = |content: &str| {
        rows(&format!(
            "<table:table-row><table:table-cell>{content}</table:table-cell></table:table-row>"
        ))
    };
    for bytes in [
        document(&"<a>".repeat(1_000_000)),
        rows(&"<table:table-row-group>".repeat(1_000_000)),
        cell(&"<text:span>".repeat(1_000_000)),
        cell(&format!("<text:p>{long}</text:p>")),
        cell("<text:p>&lol;</text:p>"),
        rows(&format!("<table:table-row table:style-name=\"{long}\"/>")),
    ] {
        let outcome = read(&bytes).await;
        assert!(is_unreadable(&outcome), "{outcome:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn what_inflates_to_more_than_the_limit_is_refused() {
    let limits = TableLimits {
        max_inflated_bytes: 1024 * 1024,
        ..TableLimits::default()
    };
    let bytes = rows(&format!("{HEADER}{}", "<table:table-row/>".repeat(100_000)));
    assert!(bytes.len() < 50_000);
    assert_eq!(
        read_limited(&bytes, TableFormat::Ods, limits).await,
        Err(ImportFailure::TooLarge { max: 1024 * 1024 })
    );
}

#[tokio::test]
async fn what_is_no_spreadsheet_is_refused() {
    let encrypted = archive(&[
        ("mimetype", KIND),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest><manifest:file-entry manifest:full-path=\"content.xml\">\
             <manifest:encryption-data/></manifest:file-entry></manifest:manifest>",
        ),
        ("content.xml", "\u{1}\u{2}"),
    ]);
    assert_eq!(
        read(&encrypted).await,
        Err(ImportFailure::PasswordProtected)
    );
    let too_many = "<table:table/>".repeat(2_000);
    for bytes in [
        archive(&[("mimetype", KIND)]),
        document("<office:text><table:table/></office:text>"),
        archive(&[("mimetype", KIND), ("content.xml", "<a><b></a>")]),
        sheets(&too_many),
    ] {
        let outcome = read(&bytes).await;
        assert!(is_unreadable(&outcome), "{outcome:?}");
    }
    assert_eq!(read(&sheets("")).await, Err(ImportFailure::NoRows));
}

#[tokio::test]
async fn a_content_that_is_cut_off_keeps_the_rows_before_and_says_so() {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table>{}<table:table-row>",
        HEADER.repeat(1_000)
    );
    let bytes = archive(&[("mimetype", KIND), ("content.xml", &content)]);
    let mut source = open(&bytes, TableFormat::Ods, TableLimits::default())
        .await
        .unwrap();
    let (rows, failure) = drain(source.as_mut(), 300).await;
    assert_eq!(rows.len(), 999);
    assert!(matches!(failure, Some(ImportFailure::Unreadable { .. })));
}
