//! Workbooks: what cells say.

use nexus_domain::ports::TableReader;
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};

use crate::workbook_file::{
    Table, WorkbookFile, is_unreadable, read_limited, row, sheet, text_row,
};

async fn read(workbook: &WorkbookFile) -> Result<Table, ImportFailure> {
    crate::workbook_file::read(&workbook.bytes(), TableFormat::Xlsx).await
}

async fn table(workbook: &WorkbookFile) -> Table {
    read(workbook).await.unwrap()
}

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>a</t></is></c></row>";

/// The text of one cell below a header.
async fn cell(tag: &str, workbook: impl FnOnce(WorkbookFile) -> WorkbookFile) -> String {
    let file = WorkbookFile::with_rows(&format!("{HEADER}<row r=\"2\">{tag}</row>"));
    let read = table(&workbook(file)).await;
    read.rows.into_iter().flat_map(|(_, cells)| cells).collect()
}

#[tokio::test]
async fn a_workbook_is_recognised_whichever_part_comes_first() {
    let recognise = |bytes: &[u8]| SpreadsheetReader::default().recognise(bytes);
    let bytes = WorkbookFile::with_rows("").bytes();
    assert_eq!(recognise(&bytes), Some(TableFormat::Xlsx));
    assert_eq!(recognise(&bytes[..64]), Some(TableFormat::Xlsx));
    let document = WorkbookFile::with_rows("").part("word/document.xml", "<x/>");
    // `word/` is the last entry here; what is before it decides unless the bytes reach that far.
    assert!(recognise(&document.bytes()).is_some());
    for name in [
        "word/document.xml",
        "ppt/presentation.xml",
        "mimetype",
        "photo.jpg",
    ] {
        let mut first = b"PK\x03\x04".to_vec();
        first.extend_from_slice(&[0; 22]);
        first.extend_from_slice(&[u8::try_from(name.len()).unwrap(), 0, 0, 0]);
        first.extend_from_slice(name.as_bytes());
        assert_eq!(recognise(&first), None, "{name}");
    }
}

#[tokio::test]
async fn texts_are_shared_inline_or_of_formulas() {
    let file = WorkbookFile::with_rows(
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c><c r=\"B1\" t=\"s\"><v>0</v></c></row>\
         <row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>José &amp; Ana</t></is></c>\
         <c r=\"B2\" t=\"str\"><f>A2&amp;\"x\"</f><v>from a formula</v></c></row>",
    )
    .strings(
        "<si><t>telé</t><phoneticPr fontId=\"1\"/></si>\
         <si><r><rPr><b/></rPr><t>nom</t></r><r><t>bre</t></r><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh></si>",
    );
    let read = table(&file).await;
    assert_eq!(read.header, ["nombre", "telé"]);
    assert_eq!(read.rows, [row(2, &["José & Ana", "from a formula"])]);
}

#[tokio::test]
async fn numbers_are_written_as_people_write_them() {
    for (stored, written) in [
        ("5215512345678", "5215512345678"),
        ("5.215512345678E12", "5215512345678"),
        ("0.10000000000000001", "0.1"),
        ("-1.5", "-1.5"),
    ] {
        assert_eq!(
            cell(&format!("<c r=\"A2\"><v>{stored}</v></c>"), |file| file).await,
            written
        );
    }
    assert_eq!(
        cell("<c r=\"A2\" t=\"b\"><v>1</v></c>", |file| file).await,
        "true"
    );
    assert_eq!(
        cell("<c r=\"A2\" t=\"b\"><v>0</v></c>", |file| file).await,
        "false"
    );
    assert_eq!(
        cell("<c r=\"A2\" t=\"e\"><v>#N/A</v></c>", |file| file).await,
        "#N/A"
    );
    assert_eq!(
        cell("<c r=\"A2\" t=\"d\"><v>2026-11-23</v></c>", |file| file).await,
        "2026-11-23"
    );
}

#[tokio::test]
async fn dates_are_told_by_their_style() {
    const STYLES: &str = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd\\/mm\\/yyyy\"/>\
        <numFmt numFmtId=\"165\" formatCode=\"0 &quot;days&quot;\"/></numFmts>\
        <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
        <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/>\
        <xf numFmtId=\"165\"/><xf/></cellXfs></styleSheet>";
    let styled = |file: WorkbookFile| file.part("xl/styles.xml", STYLES);
    for (style, written) in [
        ("0", "46349.5"),
        ("1", "2026-11-23T12:00:00"),
        ("2", "2026-11-23T12:00:00"),
        ("3", "46349.5"),
        ("4", "46349.5"),
        ("99", "46349.5"),
    ] {
        let tag = format!("<c r=\"A2\" s=\"{style}\"><v>46349.5</v></c>");
        assert_eq!(cell(&tag, styled).await, written, "style {style}");
    }
    let from_1904 = |file: WorkbookFile| {
        styled(file).part("xl/workbook.xml", "<workbook><workbookPr date1904=\"1\"/><sheets><sheet r:id=\"rId0\"/></sheets></workbook>")
    };
    assert_eq!(
        cell("<c r=\"A2\" s=\"1\"><v>44887</v></c>", from_1904).await,
        "2026-11-23"
    );
}

#[tokio::test]
async fn a_plus_that_a_format_shows_is_kept() {
    const STYLES: &str = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"&quot;+&quot;0\"/></numFmts>\
        <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>";
    for (tag, written) in [
        (
            "<c r=\"A2\" s=\"1\"><v>5215512345678</v></c>",
            "+5215512345678",
        ),
        (
            "<c r=\"A2\" s=\"1\"><v>5.215512345678E12</v></c>",
            "+5215512345678",
        ),
        (
            "<c r=\"A2\" s=\"0\"><v>5215512345678</v></c>",
            "5215512345678",
        ),
        ("<c r=\"A2\" s=\"1\"><v>-1.5</v></c>", "-1.5"),
        ("<c r=\"A2\" s=\"1\" t=\"str\"><v>+52 1</v></c>", "+52 1"),
    ] {
        let styled = |file: WorkbookFile| file.part("xl/styles.xml", STYLES);
        assert_eq!(cell(tag, styled).await, written, "{tag}");
    }
}

#[tokio::test]
async fn cells_stand_where_they_say_and_rows_without_content_are_not_there() {
    let file = WorkbookFile::with_rows(
        "<row r=\"3\"><c r=\"A3\"/><c r=\"B3\" t=\"inlineStr\"><is><t>b</t></is></c></row>\
         <row r=\"4\"><c r=\"A4\" s=\"1\"/><c r=\"B4\" t=\"inlineStr\"><is><t>  </t></is></c></row>\
         <row r=\"7\"><c r=\"C7\"><v>3</v></c><c r=\"A7\"><v>1</v></c></row>\
         <row><c><v>1</v></c><c><v>2</v></c></row>\
         <row r=\"1048576\"><c r=\"B1048576\"><v>9</v></c></row>",
    );
    let read = table(&file).await;
    assert_eq!(read.header, ["", "b"]);
    assert_eq!(
        read.rows,
        [
            row(7, &["1", "", "3"]),
            row(8, &["1", "2"]),
            row(1_048_576, &["", "9"]),
        ]
    );
}

#[tokio::test]
async fn the_first_visible_sheet_with_content_is_read() {
    let related = |ids: &[&str]| {
        let list: Vec<String> = ids
            .iter()
            .map(|id| format!("<Relationship Id=\"{id}\" Type=\"x/relationships/worksheet\" Target=\"/xl/Worksheets/{id}.xml\"/>"))
            .collect();
        format!(
            "<Relationships>{}<Relationship Id=\"chart\" Type=\"x/relationships/chartsheet\" Target=\"chart.xml\"/></Relationships>",
            list.concat()
        )
    };
    let file = WorkbookFile::with_rows("")
        .part(
            "xl/_rels/workbook.xml.rels",
            &related(&["secret", "empty", "full"]),
        )
        .part(
            "xl/workbook.xml",
            "<x:workbook xmlns:x=\"x\"><x:sheets><x:sheet r:id=\"secret\" state=\"hidden\"/>\
             <x:sheet r:id=\"chart\"/><x:sheet r:id=\"missing\"/><x:sheet r:id=\"empty\"/>\
             <x:sheet r:id=\"full\"/></x:sheets></x:workbook>",
        )
        .part(
            "xl/worksheets/secret.xml",
            &sheet(&text_row(1, &["secret"])),
        )
        .part(
            "xl/worksheets/empty.xml",
            "<worksheet><sheetData/></worksheet>",
        )
        .part("xl/worksheets/full.xml", &sheet(&text_row(1, &["name"])));
    assert_eq!(table(&file).await.header, ["name"]);
}

#[tokio::test]
async fn a_workbook_without_content_has_no_rows() {
    assert_eq!(
        read(&WorkbookFile::with_rows("")).await,
        Err(ImportFailure::NoRows)
    );
}

#[tokio::test]
async fn what_is_no_workbook_is_unreadable() {
    let good = WorkbookFile::with_rows(&text_row(1, &["name"])).bytes();
    let unreadable = async |bytes: &[u8]| {
        is_unreadable(&crate::workbook_file::read(bytes, TableFormat::Xlsx).await)
    };
    assert!(!unreadable(&good).await);
    assert!(unreadable(b"").await);
    assert!(unreadable(b"PK\x03\x04 and nothing").await);
    for cut in [good.len() / 4, good.len() / 2, good.len() - 1] {
        assert!(unreadable(&good[..cut]).await, "cut at {cut}");
    }
    for file in [
        WorkbookFile::with_rows("").part("_rels/.rels", "<Relationships/>"),
        WorkbookFile::with_rows("").part("_rels/.rels", "no xml <"),
        WorkbookFile::with_rows("").part("xl/workbook.xml", "<workbook><sheets>"),
        WorkbookFile::with_rows("").part("xl/worksheets/sheet1.xml", "<html/>"),
        WorkbookFile::with_rows("").part("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row>"),
        WorkbookFile::with_rows("<row><c t=\"s\"><v>0</v></c></row>"),
        WorkbookFile::with_rows("<row><c t=\"s\"><v>-1</v></c></row>").strings("<si/>"),
        WorkbookFile::with_rows("<row r=\"0\"><c><v>1</v></c></row>"),
        WorkbookFile::with_rows("<row><c r=\"ZZZZ1\"><v>1</v></c></row>"),
        WorkbookFile::with_rows("<row><c><v>&unknown;</v></c></row>"),
    ] {
        let outcome = read(&file).await;
        // A part that only ends too early has no sheet, and so no rows.
        assert!(
            is_unreadable(&outcome) || outcome == Err(ImportFailure::NoRows),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_damaged_sheet_keeps_the_rows_before_the_damage() {
    let rows: String = (1..=2_000).map(|n| text_row(n, &["Ana", "55"])).collect();
    let file = WorkbookFile::with_rows("").part(
        "xl/worksheets/sheet1.xml",
        &format!("<worksheet><sheetData>{rows}<row><c></row>"),
    );
    let mut source =
        crate::workbook_file::open(&file.bytes(), TableFormat::Xlsx, TableLimits::default())
            .await
            .unwrap();
    let (rows, failure) = crate::workbook_file::drain(source.as_mut(), 500).await;
    assert_eq!(rows.len(), 1_999);
    assert!(matches!(failure, Some(ImportFailure::Unreadable { .. })));
}

#[tokio::test]
async fn long_cells_are_cut() {
    let limits = TableLimits {
        max_cell_bytes: 5,
        ..TableLimits::default()
    };
    let file = WorkbookFile::with_rows(&format!(
        "{HEADER}<row><c t=\"s\"><v>0</v></c><c t=\"inlineStr\"><is><t>abcdéf</t></is></c></row>"
    ))
    .strings("<si><t>123456789</t></si>");
    let read = read_limited(&file.bytes(), TableFormat::Xlsx, limits)
        .await
        .unwrap();
    assert_eq!(read.rows, [row(2, &["12345", "abcd"])]);
}
