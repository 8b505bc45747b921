//! Workbooks of Excel 97 to 2003: what cells say, and those made to break whoever reads them.

use std::time::{Duration, Instant};

use nexus_domain::ports::TableReader;
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};

use crate::old_workbook::{begin, cell, container, end, label, record, records, text, workbook};
use crate::table_fixtures;
use crate::workbook_file::{Table, is_unreadable, read_limited, row};

async fn read(bytes: &[u8]) -> Result<Table, ImportFailure> {
    crate::workbook_file::read(bytes, TableFormat::Xls).await
}

/// What one cell below a header says.
async fn said(shared: &[Vec<u8>], cell: &[Vec<u8>]) -> String {
    let sheet = [vec![label(0, 0, "a")], cell.to_vec()].concat();
    let read = read(&workbook(shared, &sheet)).await.unwrap();
    read.rows.into_iter().flat_map(|(_, cells)| cells).collect()
}

#[tokio::test]
async fn numbers_are_written_as_people_write_them() {
    let number = |value: f64| vec![cell(0x0203, 1, 0, 0, &value.to_le_bytes())];
    assert_eq!(
        said(&[], &number(5_215_512_345_678.0)).await,
        "5215512345678"
    );
    assert_eq!(said(&[], &number(0.1)).await, "0.1");
    let rk = |value: u32| vec![cell(0x027e, 1, 0, 0, &value.to_le_bytes())];
    // Whole, divided by 100, and the upper half of a floating-point number ([MS-XLS] 2.5.217).
    assert_eq!(said(&[], &rk(55 << 2 | 0b10)).await, "55");
    assert_eq!(said(&[], &rk(1_250 << 2 | 0b11)).await, "12.5");
    let half = u32::try_from(1.5_f64.to_bits() >> 32).unwrap();
    assert_eq!(said(&[], &rk(half)).await, "1.5");
    assert_eq!(
        said(&[], &rk((-3_i32 << 2).cast_unsigned() | 0b10)).await,
        "-3"
    );
    let side_by_side: Vec<u8> = [1_u32, 2]
        .iter()
        .flat_map(|number| [vec![0, 0], (number << 2 | 0b10).to_le_bytes().to_vec()].concat())
        .collect();
    let several = [[1, 0, 0, 0].as_slice(), &side_by_side, &[1, 0]].concat();
    let table = read(&workbook(
        &[],
        &[label(0, 0, "a"), record(0x00bd, &several)],
    ))
    .await;
    assert_eq!(table.unwrap().rows, [row(2, &["1", "2"])]);
}

#[tokio::test]
async fn truths_errors_and_formulas_are_read() {
    assert_eq!(said(&[], &[cell(0x0205, 1, 0, 0, &[1, 0])]).await, "true");
    assert_eq!(
        said(&[], &[cell(0x0205, 1, 0, 0, &[0x2a, 1])]).await,
        "#N/A"
    );
    let formula = |value: [u8; 8]| cell(0x0006, 1, 0, 0, &[value.as_slice(), &[0; 8]].concat());
    assert_eq!(said(&[], &[formula(2.5_f64.to_le_bytes())]).await, "2.5");
    assert_eq!(
        said(&[], &[formula([1, 0, 1, 0, 0, 0, 0xff, 0xff])]).await,
        "true"
    );
    assert_eq!(
        said(&[], &[formula([2, 0, 7, 0, 0, 0, 0xff, 0xff])]).await,
        "#DIV/0!"
    );
    assert_eq!(
        said(&[], &[formula([3, 0, 0, 0, 0, 0, 0xff, 0xff])]).await,
        ""
    );
    let shown = [
        formula([0, 0, 0, 0, 0, 0, 0xff, 0xff]),
        record(0x04bc, &[0; 10]),
        record(0x0207, &text("of a formula")),
    ];
    assert_eq!(said(&[], &shown).await, "of a formula");
}

#[tokio::test]
async fn dates_are_told_by_their_style() {
    let style = |format: u16| record(0x00e0, &[[0; 2], format.to_le_bytes()].concat());
    let shared = [
        record(0x041e, &[[164, 0].as_slice(), &text("dd/mm/yyyy")].concat()),
        style(0),
        style(14),
        style(164),
    ];
    let number = |style| vec![cell(0x0203, 1, 0, style, &46_349.5_f64.to_le_bytes())];
    assert_eq!(said(&shared, &number(0)).await, "46349.5");
    assert_eq!(said(&shared, &number(1)).await, "2026-11-23T12:00:00");
    assert_eq!(said(&shared, &number(2)).await, "2026-11-23T12:00:00");
    let from_1904 = [shared.as_slice(), &[record(0x0022, &[1, 0])]].concat();
    assert_eq!(said(&from_1904, &number(1)).await, "2030-11-24T12:00:00");
}

#[tokio::test]
async fn a_chart_in_a_sheet_is_not_its_end() {
    let chart = [begin(0x0600), label(0, 0, "of the chart"), end()].concat();
    let read = read(&workbook(&[], &[label(0, 0, "a"), chart, label(1, 0, "b")])).await;
    assert_eq!(read.unwrap().rows, [row(2, &["b"])]);
}

fn shared_texts(stated: u32, texts: &[&str]) -> Vec<u8> {
    let texts: Vec<u8> = texts.iter().flat_map(|content| text(content)).collect();
    let counts = [stated, stated].map(u32::to_le_bytes).concat();
    record(0x00fc, &[counts, texts].concat())
}

/// [MS-XLS] 2.4.58 and 2.5.293: a text goes on in the next record behind flags of its own, and has
/// runs of formats and a reading behind it, which may be in a record further on.
#[tokio::test]
async fn a_shared_text_changes_its_width_where_a_record_ends() {
    let counts = [3_u32, 3].map(u32::to_le_bytes).concat();
    let first = [counts.as_slice(), &[4, 0, 0], b"ab"].concat();
    let wide: Vec<u8> = "жж".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let runs_and_reading = [
        &[2, 0, 0x0c, 1, 0, 3, 0, 0, 0],
        b"cd".as_slice(),
        &[9; 4],
        b"yo",
    ];
    let second = [&[1], wide.as_slice(), &runs_and_reading.concat()].concat();
    let third = [b"m".as_slice(), &text("last")].concat();
    let shared = [
        record(0x00fc, &first),
        record(0x003c, &second),
        record(0x003c, &third),
    ];
    let cells = [0, 1, 2].map(|number| shared_cell(0, number, u32::from(number)));
    let read = read(&workbook(&shared, &cells)).await.unwrap();
    assert_eq!(read.header, ["abжж", "cd", "last"]);
}

fn shared_cell(row: u16, column: u16, number: u32) -> Vec<u8> {
    cell(0x00fd, row, column, 0, &number.to_le_bytes())
}

#[tokio::test]
async fn numbers_that_the_file_states_of_itself_are_not_believed() {
    let dimensions = [0, u32::MAX, u32::MAX].map(u32::to_le_bytes).concat();
    let bytes = workbook(
        &[shared_texts(u32::MAX, &["name"])],
        &[record(0x0200, &dimensions), shared_cell(0, 0, 0)],
    );
    assert_eq!(read(&bytes).await.unwrap().header, ["name"]);
    let missing = workbook(&[shared_texts(9, &["name"])], &[shared_cell(0, 0, 1)]);
    assert!(is_unreadable(&read(&missing).await));
}

#[tokio::test]
async fn one_text_in_every_cell_is_counted_every_time() {
    let long = "x".repeat(8_000);
    let cells: Vec<Vec<u8>> = (0..2_000)
        .map(|number| shared_cell(number / 10, number % 10, 0))
        .collect();
    let limits = TableLimits {
        max_inflated_bytes: 1024 * 1024,
        ..TableLimits::default()
    };
    let bytes = workbook(&[shared_texts(1, &[&long])], &cells);
    assert_eq!(
        read_limited(&bytes, TableFormat::Xls, limits).await,
        Err(ImportFailure::TooLarge { max: 1024 * 1024 })
    );
}

#[tokio::test]
async fn what_is_no_workbook_of_this_kind_is_refused() {
    let start = Instant::now();
    let good = [label(0, 0, "name"), label(1, 0, "Ana")];
    assert_eq!(
        read(&workbook(&[], &good)).await.unwrap().rows,
        [row(2, &["Ana"])]
    );
    let encrypted = workbook(&[record(0x002f, &[0; 6])], &good);
    assert_eq!(
        read(&encrypted).await,
        Err(ImportFailure::PasswordProtected)
    );
    let sealed = container("EncryptedPackage", &[0; 5_000]);
    assert_eq!(read(&sealed).await, Err(ImportFailure::PasswordProtected));

    let mut of_excel_95 = records(&[], &good);
    of_excel_95[5] = 0x05;
    let mut endless = records(&[], &good);
    endless.truncate(endless.len() - 4);
    let backwards = [label(5, 0, "name"), label(1, 0, "Ana")];
    let cut_text = cell(0x0204, 0, 0, 0, &[200, 0, 0, b'x']);
    for bytes in [
        container("WordDocument", &[0; 5_000]),
        container("Book", &records(&[], &good)),
        container("Workbook", &of_excel_95),
        container("Workbook", &[0xff; 5_000]),
        container("Workbook", &endless),
        workbook(&[], &backwards),
        workbook(&[], &[cut_text]),
        workbook(&[], &[record(0x0203, &[0; 4])]),
        workbook(&[record(0x0085, &[0])], &good),
    ] {
        let outcome = read(&bytes).await;
        assert!(is_unreadable(&outcome), "{outcome:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn many_names_for_one_blank_sheet_are_refused_quickly() {
    let start = Instant::now();
    // The last name is of the sheet itself; the others have their place in front of it.
    let at = 20 + 900 * 18 + 17 + 4_u32;
    let name = [at.to_le_bytes().as_slice(), b"\0\0\x06\0Blanca"].concat();
    let blank = record(0x0201, &[0; 6]).repeat(300_000);
    let bytes = workbook(&vec![record(0x0085, &name); 900], &[blank]);
    assert_eq!(
        read(&bytes).await,
        Err(ImportFailure::Unreadable {
            detail: "the workbook's sheets lie over each other".to_owned()
        })
    );
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Where the table of sectors is in a container that has one sector of it: at the end.
fn set_next(bytes: &mut [u8], sector: usize, next: u32) {
    let at = bytes.len() - 512 + sector * 4;
    bytes[at..at + 4].copy_from_slice(&next.to_le_bytes());
}

#[tokio::test]
async fn chains_of_sectors_that_never_end_are_refused() {
    let start = Instant::now();
    let good = workbook(&[], &[label(0, 0, "name")]);
    for next in [0, 1, 3, 9_999, 0xffff_fff0] {
        let mut bytes = good.clone();
        set_next(&mut bytes, 3, next);
        let outcome = read(&bytes).await;
        assert!(is_unreadable(&outcome), "{next}: {outcome:?}");
    }
    // The list of the table's sectors, and the directory, that lead to themselves.
    for field in [48_usize, 68] {
        for number in [0_u32, 1, 7, 100_000] {
            let mut bytes = good.clone();
            bytes[field..field + 4].copy_from_slice(&number.to_le_bytes());
            let outcome = read(&bytes).await;
            assert!(field == 68 || is_unreadable(&outcome), "{outcome:?}");
        }
    }
    // Entries of the directory that are their own children and siblings.
    let directory = good.len() - 1_024;
    for (entry, field) in [(0, 76), (1, 68), (1, 72)] {
        for number in [0_u32, 1, 3] {
            let mut bytes = good.clone();
            let at = directory + entry * 128 + field;
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            let _ = read(&bytes).await;
        }
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn what_is_cut_off_is_never_read_as_a_shorter_table() {
    for name in ["xlwt.xls", "xlwt-long.xls", "libreoffice.xls"] {
        let whole = table_fixtures::bytes(name);
        let table = read(&whole).await.unwrap();
        for cut in (0..whole.len()).step_by(whole.len() / 50) {
            match read(&whole[..cut]).await {
                // What is behind the cut belonged to no stream of the table.
                Ok(read) => assert_eq!(read, table, "{name} cut at {cut}"),
                Err(failure) => assert!(
                    matches!(failure, ImportFailure::Unreadable { .. }),
                    "{name} cut at {cut}: {failure:?}"
                ),
            }
        }
    }
}

#[tokio::test]
async fn a_container_without_a_workbook_is_no_table() {
    let folder = nexus_testing::TempFolder::new();
    let path = folder.join("file");
    let reader = SpreadsheetReader::default();
    for (name, is_table) in [
        ("WordDocument", false),
        ("PowerPoint Document", false),
        ("Workbook", true),
        ("BOOK", true),
        ("EncryptedPackage", true),
    ] {
        std::fs::write(&path, container(name, b"content")).unwrap();
        let told = reader.is_table(path.clone(), TableFormat::Xls).await;
        assert_eq!(told, Ok(is_table), "{name}");
    }
    std::fs::write(&path, &container("Workbook", b"content")[..600]).unwrap();
    assert!(
        reader
            .is_table(path.clone(), TableFormat::Xls)
            .await
            .is_err()
    );
    // Of the others the beginning tells.
    assert_eq!(reader.is_table(path, TableFormat::Csv).await, Ok(true));
}
