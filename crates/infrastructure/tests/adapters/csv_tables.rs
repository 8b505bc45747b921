//! Separated text, as people's programs write it.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use nexus_domain::ports::{TableChoice, TableError, TableReader};
use nexus_domain::{ImportFailure, TableFormat};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};

use crate::workbook_file::{Table, drain, is_unreadable, open, read_limited, row};

async fn read(bytes: &[u8]) -> Result<Table, ImportFailure> {
    crate::workbook_file::read(bytes, TableFormat::Csv).await
}

async fn table(text: &str) -> Table {
    read(text.as_bytes()).await.unwrap()
}

#[test]
fn formats_are_recognised_by_content() {
    let recognise = |bytes: &[u8]| SpreadsheetReader::default().recognise(bytes);
    for text in [
        b"name,phone\nAna,55".as_slice(),
        b"\xef\xbb\xbfname;phone",
        b"\xff\xfen\0a\0m\0e\0",
        b"\xfe\xff\0n\0a\0m\0e",
        b"tel\xe9fono\r\n",
        b"n\0a\0m\0e\0\n\0",
        b"\0n\0a\0m\0e\0\n",
        b"PK;name",
    ] {
        assert_eq!(recognise(text), Some(TableFormat::Csv), "{text:?}");
    }
    for other in [
        b"".as_slice(),
        b" \r\n\t",
        b"\x1f\x8b\x08\x00\x00\x00",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"GIF89a\x01\0\x01\0",
        b"<html><table>",
        b"  <?xml version=\"1.0\"?>",
        b"\xef\xbb\xbf<svg>",
        b"{\\rtf1",
        b"name\0phone",
        b"\xff\xfe\0\0n\0\0\0",
        b"PK\x03\x04",
        b"PK\x05\x06\0\0\0\0",
    ] {
        assert_eq!(recognise(other), None, "{other:?}");
    }
}

#[tokio::test]
async fn rows_come_with_the_line_they_begin_on() {
    let read =
        table("\n\nname,notes\nAna,\"one\ntwo\r\nthree\"\n\n\nLuis,\"a \"\"b\"\" c\"\nEva,x").await;
    assert_eq!(read.header, ["name", "notes"]);
    assert_eq!(
        read.rows,
        [
            row(4, &["Ana", "one\ntwo\nthree"]),
            row(9, &["Luis", "a \"b\" c"]),
            row(10, &["Eva", "x"]),
        ]
    );
}

#[tokio::test]
async fn every_kind_of_line_break_counts_as_one_line() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["name,phone", "Ana,1", "", "Luis,2"].join(end);
        let read = table(&text).await;
        assert_eq!(
            read.rows,
            [row(2, &["Ana", "1"]), row(4, &["Luis", "2"])],
            "{end:?}"
        );
    }
}

#[tokio::test]
async fn rows_may_be_shorter_longer_or_blank() {
    let read = table("name,phone\nAna\nLuis,1,2,3\n,,\n").await;
    assert_eq!(
        read.rows,
        [
            row(2, &["Ana"]),
            row(3, &["Luis", "1", "2", "3"]),
            row(4, &["", "", ""]),
        ]
    );
}

#[tokio::test]
async fn the_separator_is_found() {
    for text in [
        "name,phone\nAna,1\n",
        "name;phone\nAna;1\n",
        "name\tphone\nAna\t1\n",
        "name|phone\nAna|1\n",
    ] {
        assert_eq!(table(text).await.header, ["name", "phone"], "{text}");
    }
    let declared = table("sep=;\r\nname;phone, or so\r\nAna;1\r\n").await;
    assert_eq!(declared.header, ["name", "phone, or so"]);
    assert_eq!(declared.rows, [row(3, &["Ana", "1"])]);
}

#[tokio::test]
async fn encodings_are_found_even_far_into_the_file() {
    let text = "nombre;dirección\nJosé Peña;Calle Ñandú 5, Cancún\n";
    let far = format!("{}{}", "name;street\n".repeat(20_000), "José;Peña\n");
    let utf16 = |encoding, text: &str| -> Vec<u8> {
        let units: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
        let bytes = if encoding == UTF_16LE {
            u16::to_le_bytes
        } else {
            u16::to_be_bytes
        };
        units.into_iter().flat_map(bytes).collect()
    };
    for bytes in [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        WINDOWS_1252.encode(text).0.into_owned(),
        utf16(UTF_16LE, text),
        utf16(UTF_16BE, text),
        utf16(UTF_16LE, text)[2..].to_vec(),
        utf16(UTF_16BE, text)[2..].to_vec(),
    ] {
        let read = read(&bytes).await.unwrap();
        assert_eq!(read.header, ["nombre", "dirección"]);
        assert_eq!(read.rows, [row(2, &["José Peña", "Calle Ñandú 5, Cancún"])]);
    }
    for bytes in [
        far.as_bytes().to_vec(),
        WINDOWS_1252.encode(&far).0.into_owned(),
    ] {
        let read = read(&bytes).await.unwrap();
        assert_eq!(read.rows.last(), Some(&row(20_001, &["José", "Peña"])));
    }
}

#[tokio::test]
async fn a_damaged_letter_does_not_make_another_encoding_of_a_file() {
    let text = format!("nombre;calle\n{}", "José;Ñandú\n".repeat(20));
    let cut = [text.as_bytes(), b"Jos\xc3"].concat();
    let read = read(&cut).await.unwrap();
    assert_eq!(read.rows[0], row(2, &["José", "Ñandú"]));
    assert_eq!(read.rows[20], row(22, &["Jos\u{fffd}"]));
}

#[tokio::test]
async fn a_file_without_content_has_no_rows() {
    for text in ["", "\n\n", " \n,,\n"] {
        assert_eq!(
            read(text.as_bytes()).await,
            Err(ImportFailure::NoRows),
            "{text:?}"
        );
    }
    assert_eq!(table("name,phone\n").await.rows, []);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_told_and_the_rows_before_it_are_kept() {
    let text = format!("name,phone\nAna,1\n\"Luis,2\n{}", "Eva,3\n".repeat(10));
    let mut source = open(text.as_bytes(), TableFormat::Csv, TableLimits::default())
        .await
        .unwrap();
    let (rows, failure) = drain(source.as_mut(), 100).await;
    assert_eq!(rows, [row(2, &["Ana", "1"])]);
    match failure {
        Some(ImportFailure::Unreadable { detail }) => {
            assert!(detail.contains("line 3"), "{detail}");
            assert!(!detail.contains("Luis"));
        }
        other => panic!("{other:?}"),
    }
    assert!(is_unreadable(&read(b"name,phone\nAna,1\n\"Luis").await));
    assert!(is_unreadable(&read(b"\"name,phone\nAna,1\n").await));
}

/// Behind the beginning, where a file is not recognised by it any more.
#[tokio::test]
async fn a_nul_is_no_end_and_no_text() {
    let far = "Ana,1\n".repeat(4_000);
    let read = table(&format!("name,phone\n{far}\0end\0\nLu\0is,2\n")).await;
    assert_eq!(read.rows.len(), 4_002);
    assert_eq!(
        read.rows[4_000..],
        [
            row(4_002, &["\u{1a}end\u{1a}"]),
            row(4_003, &["Lu\u{1a}is", "2"])
        ]
    );
}

#[tokio::test]
async fn a_record_without_end_is_left_before_it_fills_the_memory() {
    let mut text = b"name,phone\nAna,\"".to_vec();
    text.extend(std::iter::repeat_n(b'x', 2 * 1024 * 1024));
    assert!(is_unreadable(&read(&text).await));
    // Closed in the end, it is as long all the same.
    text.extend_from_slice(b"\"\n");
    assert!(is_unreadable(&read(&text).await));
}

#[tokio::test]
async fn long_cells_are_cut_between_characters() {
    let limits = TableLimits {
        max_cell_bytes: 5,
        ..TableLimits::default()
    };
    let read = read_limited("name\nabcdéf\n".as_bytes(), TableFormat::Csv, limits)
        .await
        .unwrap();
    assert_eq!(read.rows, [row(2, &["abcd"])]);
}

#[tokio::test]
async fn columns_without_content_do_not_count() {
    let limits = TableLimits {
        max_columns: 2,
        ..TableLimits::default()
    };
    let too_many = Err(ImportFailure::TooManyColumns { max: 2 });
    let read = |text: &'static str| read_limited(text.as_bytes(), TableFormat::Csv, limits);
    let trailing = read("a,b,,,\n1,2,,,\n").await.unwrap();
    assert_eq!(trailing.header, ["a", "b"]);
    assert_eq!(trailing.rows, [row(2, &["1", "2"])]);
    assert_eq!(read("a,b,c\n").await, too_many);
    assert_eq!(read("a,b\n1,2,3\n").await, too_many);
    let ten_thousand = format!("name\n{}\n", vec!["x"; 10_000].join(";"));
    assert_eq!(
        crate::workbook_file::read(ten_thousand.as_bytes(), TableFormat::Csv).await,
        Err(ImportFailure::TooManyColumns { max: 256 })
    );
}

#[tokio::test]
async fn one_row_more_than_the_limit_is_refused_after_the_others() {
    let limits = TableLimits {
        max_rows: 1_000,
        ..TableLimits::default()
    };
    let at = format!("name\n{}", "Ana\n".repeat(1_000));
    assert_eq!(
        read_limited(at.as_bytes(), TableFormat::Csv, limits)
            .await
            .unwrap()
            .rows
            .len(),
        1_000
    );
    let above = format!("{at}Ana\n");
    let mut source = open(above.as_bytes(), TableFormat::Csv, limits)
        .await
        .unwrap();
    let (rows, failure) = drain(source.as_mut(), 300).await;
    assert_eq!(rows.len(), 1_000);
    assert_eq!(failure, Some(ImportFailure::TooManyRows { max: 1_000 }));
    // Asked again, it says the same.
    assert_eq!(
        source.next_rows(1).await,
        Err(TableError(ImportFailure::TooManyRows { max: 1_000 }))
    );
}

/// On a runtime with one thread, a call that blocked it would stop this test for good.
#[tokio::test(flavor = "current_thread")]
async fn every_row_of_a_long_file_comes_once_and_in_order() {
    let records: Vec<String> = (0..50_000)
        .map(|number| format!("{number},\"line\nbreak\"\n"))
        .collect();
    let text = format!("number,notes\n{}", records.concat());
    let read = table(&text).await;
    assert_eq!(read.rows.len(), 50_000);
    for (index, (line, cells)) in read.rows.iter().enumerate() {
        assert_eq!(*line, 2 + 2 * index as u64);
        assert_eq!(cells[0], index.to_string());
    }
}

#[tokio::test]
async fn a_table_that_nobody_reads_on_does_not_keep_its_thread() {
    let text = format!("name\n{}", "Ana\n".repeat(100_000));
    for _ in 0..50 {
        let mut source = open(text.as_bytes(), TableFormat::Csv, TableLimits::default())
            .await
            .unwrap();
        assert_eq!(source.next_rows(1).await.unwrap().len(), 1);
    }
    // A runtime waits for its blocking threads when it ends: this test ends.
}

#[tokio::test]
async fn a_file_that_is_not_there_is_unreadable() {
    let opened = SpreadsheetReader::default()
        .open(
            "/no/such/file".into(),
            TableFormat::Csv,
            TableChoice::default(),
        )
        .await;
    assert!(matches!(
        opened.map(|_| ()),
        Err(TableError(ImportFailure::Unreadable { .. }))
    ));
}
