//! What holds for every table, and for every file that is none.

use std::io::{Cursor, Read, Write};
use std::time::Duration;

use csv::{QuoteStyle, Terminator, WriterBuilder};
use encoding_rs::WINDOWS_1252;
use nexus_domain::ports::{TableError, TableReader};
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};
use nexus_testing::TempFolder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::table_fixtures;
use crate::workbook_file::{drain, open};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

// ---- Separated text reads back as it was written ----

/// Text without what separated text can't keep: NUL, and line breaks other than `\n`.
fn any_cell() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => select(vec!['"', ',', ';', '\t', '|', '\n', ' ', '=', '\'', 'a', 'ñ', '7', '€']),
        1 => any::<char>().prop_filter("kept", |c| !c.is_control()),
    ];
    vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

/// What people in Mexico write into their tables.
fn spanish_cell() -> impl Strategy<Value = String> {
    let words = [
        "José",
        "Peña",
        "Ñandú",
        "México",
        "calle",
        "dirección",
        "niño",
        "555",
        "a@b.mx",
        ", ",
    ];
    vec(select(words.to_vec()), 0..4).prop_map(|words| words.join(" "))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saved {
    Utf8,
    Utf8WithMark,
    Utf16Little,
    Utf16Big,
    Windows1252,
}

impl Saved {
    fn save(self, text: &str) -> Vec<u8> {
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf8WithMark => format!("\u{feff}{text}").into_bytes(),
            Self::Utf16Little => units().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Big => units().flat_map(u16::to_be_bytes).collect(),
            Self::Windows1252 => WINDOWS_1252.encode(text).0.into_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Dialect {
    separator: u8,
    quotes: QuoteStyle,
    carriage_returns: bool,
}

/// Where cells that are not quoted may have any separator in them, only a declaration tells.
fn dialect() -> impl Strategy<Value = Dialect> {
    let quotes = [
        QuoteStyle::Always,
        QuoteStyle::Necessary,
        QuoteStyle::NonNumeric,
    ];
    (
        select(b",;\t|".to_vec()),
        select(quotes.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(separator, quotes, carriage_returns)| Dialect {
            separator,
            quotes,
            carriage_returns,
        })
}

fn table(cell: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = cell.boxed();
    (2..6_usize).prop_flat_map(move |columns| vec(vec(cell.clone(), columns), 0..12))
}

fn written(header: &[String], rows: &[Vec<String>], dialect: Dialect) -> String {
    let end = if dialect.carriage_returns {
        "\r\n"
    } else {
        "\n"
    };
    let mut writer = WriterBuilder::new()
        .delimiter(dialect.separator)
        .quote_style(dialect.quotes)
        .terminator(if dialect.carriage_returns {
            Terminator::CRLF
        } else {
            Terminator::Any(b'\n')
        })
        .from_writer(Vec::new());
    writer.write_record(header).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    if matches!(dialect.quotes, QuoteStyle::Always) {
        text
    } else {
        format!("sep={}{end}{text}", char::from(dialect.separator))
    }
}

fn reads_back(rows: &[Vec<String>], dialect: Dialect, saved: Saved) -> Result<(), TestCaseError> {
    let columns = rows.first().map_or(2, Vec::len);
    let header: Vec<String> = (0..columns).map(|n| format!("columna {n} ñ")).collect();
    let bytes = saved.save(&written(&header, rows, dialect));
    let (read_header, read_rows, failure) = block_on(async {
        let mut source = open(&bytes, TableFormat::Csv, TableLimits::default())
            .await
            .unwrap();
        let header = source.header();
        let (rows, failure) = drain(source.as_mut(), 5).await;
        (header, rows, failure)
    });
    prop_assert_eq!(failure, None);
    prop_assert_eq!(read_header, header);
    let declared = u64::from(!matches!(dialect.quotes, QuoteStyle::Always));
    let mut line = 2 + declared;
    prop_assert_eq!(read_rows.len(), rows.len());
    for ((read_line, read), row) in read_rows.iter().zip(rows) {
        prop_assert_eq!(read, row);
        prop_assert_eq!(*read_line, line);
        line += 1 + row.iter().flat_map(|cell| cell.matches('\n')).count() as u64;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn any_table_of_text_reads_back(
        rows in table(any_cell()),
        dialect in dialect(),
        saved in select(vec![Saved::Utf8, Saved::Utf8WithMark, Saved::Utf16Little, Saved::Utf16Big]),
    ) {
        reads_back(&rows, dialect, saved)?;
    }

    #[test]
    fn a_spanish_table_in_windows_1252_reads_back(
        rows in table(spanish_cell()),
        dialect in dialect(),
    ) {
        reads_back(&rows, dialect, Saved::Windows1252)?;
    }
}

// ---- Any bytes at all are read within the limits, or refused ----

const SMALL: TableLimits = TableLimits {
    max_rows: 500,
    max_columns: 64,
    max_cell_bytes: 1_000,
    max_inflated_bytes: 2 * 1024 * 1024,
};

fn stays_within_limits(bytes: &[u8], format: TableFormat) -> Result<(), TestCaseError> {
    let outcome = block_on(async {
        let reading = async {
            let folder = TempFolder::new();
            let path = folder.join("file");
            std::fs::write(&path, bytes).unwrap();
            let reader = SpreadsheetReader::new(SMALL);
            let outline = reader.outline(path.clone(), format, None, 20).await;
            let rows = match open(bytes, format, SMALL).await {
                Ok(mut source) => drain(source.as_mut(), 100).await,
                Err(TableError(failure)) => (Vec::new(), Some(failure)),
            };
            (outline, rows)
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await
    });
    let Ok((outline, (rows, failure))) = outcome else {
        return Err(TestCaseError::fail("still reading after 20 s"));
    };
    prop_assert!(rows.len() <= 500);
    for (_, cells) in &rows {
        prop_assert!(cells.len() <= 64);
        prop_assert!(cells.iter().all(|cell| cell.len() <= 1_000));
        prop_assert!(cells.iter().all(|cell| !cell.contains('\0')));
    }
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    prop_assert!(lines.iter().all(|line| *line >= 1));
    if let Ok(outline) = &outline {
        prop_assert!(outline.rows.len() <= 20);
    }
    let looked = outline.err().map(|TableError(failure)| failure);
    for failure in [failure, looked].into_iter().flatten() {
        let is_ours = match &failure {
            ImportFailure::Internal => true,
            ImportFailure::Unreadable { detail } => detail.contains("breaks its reader"),
            _ => false,
        };
        prop_assert!(!is_ours, "{failure:?}");
    }
    Ok(())
}

const FIXTURES: [&str; 12] = [
    "excel-es.csv",
    "excel-unicode.txt",
    "libreoffice.ods",
    "libreoffice.xls",
    "libreoffice.xlsx",
    "odfpy.ods",
    "openpyxl.xlsx",
    "password.xls",
    "password.xlsx",
    "xlsxwriter.xlsx",
    "xlwt-corner.xls",
    "xlwt.xls",
];

const ARCHIVES: [&str; 5] = [
    "libreoffice.ods",
    "libreoffice.xlsx",
    "odfpy.ods",
    "openpyxl.xlsx",
    "xlsxwriter.xlsx",
];

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Number(Index, u32),
    Cut(Index),
    Remove(Index, u8),
    Repeat(Index, u8, u8),
    Splice(Index, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let numbers = select(vec![
        0,
        1,
        2,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_fffe,
        u32::MAX,
    ]);
    prop_oneof![
        6 => (at(), 1..=u8::MAX).prop_map(|(at, bits)| Change::Flip(at, bits)),
        3 => (at(), numbers).prop_map(|(at, number)| Change::Number(at, number)),
        1 => at().prop_map(Change::Cut),
        2 => (at(), any::<u8>()).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => (at(), any::<u8>(), any::<u8>())
            .prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => (at(), vec(any::<u8>(), 0..40)).prop_map(|(at, bytes)| Change::Splice(at, bytes)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match change {
            Change::Flip(at, bits) => bytes[at.index(length)] ^= bits,
            Change::Number(at, number) => {
                let at = at.index(length);
                let end = (at + 4).min(length);
                bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
            }
            Change::Cut(at) => bytes.truncate(at.index(length)),
            Change::Remove(at, most) => {
                let at = at.index(length);
                bytes.drain(at..(at + usize::from(*most)).min(length));
            }
            Change::Repeat(at, most, times) => {
                let at = at.index(length);
                let end = (at + usize::from(*most)).min(length);
                let again = bytes[at..end].repeat(usize::from(*times));
                bytes.splice(end..end, again);
            }
            Change::Splice(at, other) => {
                let at = at.index(length);
                bytes.splice(at..at, other.iter().copied());
            }
        }
    }
    bytes
}

/// The archive with one of its entries changed: a change of the compressed bytes rarely gets past
/// their checksum.
fn with_changed_part(archive: &[u8], part: Index, changes: &[Change]) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let part = part.index(archive.len());
    let mut written = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if index == part {
            content = changed(content, changes);
        }
        written
            .start_file(entry.name().unwrap().into_owned(), options)
            .unwrap();
        written.write_all(&content).unwrap();
    }
    written.finish().unwrap().into_inner()
}

fn any_format() -> impl Strategy<Value = TableFormat> {
    select(TableFormat::ALL.to_vec())
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn changed_files_are_read_within_limits_or_refused(
        name in select(FIXTURES.to_vec()),
        changes in vec(change(), 1..6),
    ) {
        let bytes = changed(table_fixtures::bytes(name), &changes);
        stays_within_limits(&bytes, table_fixtures::format(name))?;
    }

    #[test]
    fn changed_parts_of_archives_are_read_within_limits_or_refused(
        name in select(ARCHIVES.to_vec()),
        part in any::<Index>(),
        changes in vec(change(), 1..6),
    ) {
        let bytes = with_changed_part(&table_fixtures::bytes(name), part, &changes);
        stays_within_limits(&bytes, table_fixtures::format(name))?;
    }

    #[test]
    fn any_bytes_are_read_within_limits_or_refused(
        start in select(vec![
            b"".to_vec(),
            b"PK\x03\x04".to_vec(),
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(),
            b"\xff\xfe".to_vec(),
            b"\xef\xbb\xbf".to_vec(),
        ]),
        rest in vec(any::<u8>(), 0..3_000),
        format in any_format(),
    ) {
        let bytes = [start, rest].concat();
        let _ = SpreadsheetReader::default().recognise(&bytes);
        stays_within_limits(&bytes, format)?;
    }

    /// A file of one format that is taken for another.
    #[test]
    fn files_of_another_format_are_refused_or_read_as_text(
        name in select(FIXTURES.to_vec()),
        format in any_format(),
    ) {
        stays_within_limits(&table_fixtures::bytes(name), format)?;
    }
}
