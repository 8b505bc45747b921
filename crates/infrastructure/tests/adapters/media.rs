//! What files are, judged by their content.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use nexus_domain::ports::{MediaRecogniser as _, MediaRefusal, RecognisedMedia};
use nexus_domain::{MediaKind, MediaType};
use nexus_infrastructure::ContentRecogniser;
use nexus_testing::TempFolder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The type of a file with this content, as the product finds it: by its beginning, then as a whole.
async fn judged(content: &[u8]) -> Result<MediaType, MediaRefusal> {
    let folder = TempFolder::new();
    let path = folder.join("file");
    std::fs::write(&path, content).unwrap();
    judged_at(&path).await
}

async fn judged_at(path: &Path) -> Result<MediaType, MediaRefusal> {
    let content = std::fs::read(path).unwrap();
    let kind = ContentRecogniser.kind_of(&content[..content.len().min(8_192)]);
    let judged = ContentRecogniser.recognise(path).await.unwrap();
    match judged {
        Ok(RecognisedMedia { media_type, .. }) => {
            assert_eq!(
                kind,
                Some(media_type.kind()),
                "the beginning says another kind"
            );
            Ok(media_type)
        }
        Err(refusal) => Err(refusal),
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// An archive with these entries.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(b"<x/>").unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn jpeg(width: u16, height: u16, before_frame: &[u8]) -> Vec<u8> {
    let mut bytes = b"\xff\xd8".to_vec();
    bytes.extend_from_slice(before_frame);
    bytes.extend_from_slice(b"\xff\xc2\x00\x0b\x08");
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(b"\x01\x01\x11\x00\xff\xd9");
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(b"\x08\x02\x00\x00\x00crc.");
    bytes
}

/// Segments of JPEG that stand before the frame: a preview of 60,000 bytes, and fill bytes.
fn preview() -> Vec<u8> {
    let mut segment = b"\xff\xe1\xea\x62".to_vec();
    // A frame within the preview is not the picture's.
    segment.extend_from_slice(b"\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01");
    segment.resize(2 + 60_002, 0);
    segment.extend_from_slice(b"\xff\xff");
    segment
}

#[tokio::test]
async fn each_type_is_known_by_its_content() {
    let mut ogg = b"OggS".to_vec();
    ogg.resize(28, 0);
    ogg.extend_from_slice(b"OpusHead\x01\x02");
    for (content, media_type) in [
        (jpeg(640, 480, &preview()), MediaType::Jpeg),
        (png(640, 480), MediaType::Png),
        (b"%PDF-1.7\n...".to_vec(), MediaType::Pdf),
        (b"\xff\xf1\x50\x80".to_vec(), MediaType::Aac),
        (b"#!AMR\n\x3c\x00\x00\x00\x00\x00".to_vec(), MediaType::Amr),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00".to_vec(), MediaType::Mp3),
        (b"\xff\xfb\x90\x00".to_vec(), MediaType::Mp3),
        (ogg, MediaType::OggOpus),
        (b"\0\0\0\x18ftypM4A \0\0\0\0".to_vec(), MediaType::Mp4Audio),
        (b"\0\0\0\x18ftypisom\0\0\0\0".to_vec(), MediaType::Mp4),
        (b"\0\0\0\x18ftypmp42\0\0\0\0".to_vec(), MediaType::Mp4),
        (b"\0\0\0\x18ftyp3gp5\0\0\0\0".to_vec(), MediaType::ThreeGpp),
        (
            "\u{feff}Menú del día\r\n\t1. Sopa\n".into(),
            MediaType::Text,
        ),
        ("ñ".repeat(100_000).into_bytes(), MediaType::Text),
    ] {
        assert_eq!(judged(&content).await, Ok(media_type));
    }
    let types = "[Content_Types].xml";
    for (part, media_type) in [
        ("word/document.xml", MediaType::Docx),
        ("xl/workbook.xml", MediaType::Xlsx),
        ("ppt/presentation.xml", MediaType::Pptx),
    ] {
        let document = archive(&["_rels/.rels", "docProps/app.xml", part, types]);
        assert_eq!(judged(&document).await, Ok(media_type));
    }
}

/// A box of MPEG-4.
fn mp4_box(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes(), name.as_bytes(), content].concat()
}

/// What a file has after its brand: what is played, and tracks of these kinds.
fn movie(tracks: &[&str]) -> Vec<u8> {
    let mut boxes = mp4_box("mvhd", &[0; 100]);
    for kind in tracks {
        let handler = mp4_box("hdlr", &[&[0; 8], kind.as_bytes(), &[0; 13]].concat());
        let media = [mp4_box("mdhd", &[0; 24]), handler].concat();
        let track = [mp4_box("tkhd", &[0; 84]), mp4_box("mdia", &media)].concat();
        boxes.extend(mp4_box("trak", &track));
    }
    // No track says what it is within what is played.
    let played = mp4_box("moov", &mp4_box("hdlr", b"\0\0\0\0\0\0\0\0vide"));
    let mut content = mp4_box("mdat", &[played.as_slice(), &vec![7; 20_000]].concat());
    content.extend(mp4_box("moov", &boxes));
    content
}

fn branded(brand: &str, rest: &[u8]) -> Vec<u8> {
    let brands = [brand.as_bytes(), &[0; 4], b"isom"].concat();
    [mp4_box("ftyp", &brands).as_slice(), rest].concat()
}

/// Android's voice recorders write the brand of videos.
#[tokio::test]
async fn a_film_without_a_picture_is_a_sound() {
    let folder = TempFolder::new();
    let path = folder.join("file");
    for (brand, tracks, judged) in [
        ("mp42", &["soun"][..], Ok(MediaType::Mp4Audio)),
        ("isom", &["soun", "meta"], Ok(MediaType::Mp4Audio)),
        ("mp42", &["soun", "vide"], Ok(MediaType::Mp4)),
        ("isom", &["vide"], Ok(MediaType::Mp4)),
        ("isom", &[], Ok(MediaType::Mp4)),
        ("M4A ", &["soun"], Ok(MediaType::Mp4Audio)),
        ("3gp4", &["soun", "vide"], Ok(MediaType::ThreeGpp)),
        ("3gp4", &["soun"], Err(MediaRefusal::OtherType)),
    ] {
        std::fs::write(&path, branded(brand, &movie(tracks))).unwrap();
        let found = ContentRecogniser.recognise(&path).await.unwrap();
        let found = found.map(|found| found.media_type);
        assert_eq!(found, judged, "{brand} {tracks:?}");
    }
}

#[tokio::test]
async fn sizes_of_boxes_are_believed_no_further_than_the_file_goes() {
    let folder = TempFolder::new();
    let path = folder.join("file");
    let sound = movie(&["soun"]);
    let long = |size: u64, content: &[u8]| {
        [b"\0\0\0\x01free".as_slice(), &size.to_be_bytes(), content].concat()
    };
    let nested = (0..20_000).fold(Vec::new(), |mut boxes, _| {
        boxes.extend_from_slice(b"\0\0\0\x08free");
        boxes
    });
    for (what, rest, judged) in [
        (
            "a long size",
            [long(20, b"1234"), sound.clone()].concat(),
            MediaType::Mp4Audio,
        ),
        (
            "a size past all",
            [long(u64::MAX, b""), sound.clone()].concat(),
            MediaType::Mp4,
        ),
        (
            "a size less than the head",
            [long(3, b""), sound.clone()].concat(),
            MediaType::Mp4,
        ),
        (
            "a box of no bytes",
            [b"\0\0\0\x02free".to_vec(), sound.clone()].concat(),
            MediaType::Mp4,
        ),
        (
            "the rest in one box",
            [b"\0\0\0\0free".to_vec(), sound.clone()].concat(),
            MediaType::Mp4,
        ),
        (
            "too many boxes",
            [nested, sound.clone()].concat(),
            MediaType::Mp4,
        ),
        ("cut off", sound[..sound.len() - 1].to_vec(), MediaType::Mp4),
        (
            "cut off in a head",
            sound[..20_050].to_vec(),
            MediaType::Mp4,
        ),
        ("nothing", b"\0\0\0".to_vec(), MediaType::Mp4),
    ] {
        std::fs::write(&path, branded("mp42", &rest)).unwrap();
        let found = ContentRecogniser.recognise(&path).await.unwrap();
        assert_eq!(found.unwrap().media_type, judged, "{what}");
    }
}

#[tokio::test]
async fn documents_of_other_programs_are_known() {
    for (name, media_type) in [
        ("libreoffice.xlsx", MediaType::Xlsx),
        ("openpyxl.xlsx", MediaType::Xlsx),
        ("xlsxwriter.xlsx", MediaType::Xlsx),
        ("libreoffice.xls", MediaType::Xls),
        ("xlwt.xls", MediaType::Xls),
        ("xlwt-long.xls", MediaType::Xls),
        ("excel-utf8.csv", MediaType::Text),
    ] {
        assert_eq!(judged_at(&fixture(name)).await, Ok(media_type), "{name}");
    }
    for name in ["password.xlsx", "libreoffice.ods", "excel-unicode.txt"] {
        let judged = judged_at(&fixture(name)).await;
        assert_eq!(judged, Err(MediaRefusal::OtherType), "{name}");
    }
}

#[tokio::test]
async fn an_old_document_is_what_its_main_stream_says() {
    let utf16 = |text: &str| -> Vec<u8> {
        let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.resize(64, 0);
        bytes
    };
    let original = std::fs::read(fixture("libreoffice.xls")).unwrap();
    let place = original
        .windows(64)
        .position(|name| name == utf16("Workbook"))
        .expect("the entry of the workbook");
    for (name, judgement) in [
        ("WordDocument", Ok(MediaType::Doc)),
        ("PowerPoint Document", Ok(MediaType::Ppt)),
        ("Book", Ok(MediaType::Xls)),
        ("VisioDocument", Err(MediaRefusal::OtherType)),
    ] {
        let mut document = original.clone();
        document[place..place + 64].copy_from_slice(&utf16(name));
        assert_eq!(judged(&document).await, judgement, "{name}");
    }
    // A directory whose chain has no end, and one that is not there.
    for first_sector in [0_u32, 7_000] {
        let mut document = original.clone();
        document[48..52].copy_from_slice(&first_sector.to_le_bytes());
        for byte in &mut document[512..1_024] {
            *byte = 0;
        }
        assert_eq!(judged(&document).await, Err(MediaRefusal::OtherType));
    }
    let cut = &original[..700];
    assert_eq!(judged(cut).await, Err(MediaRefusal::OtherType));
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let types = "[Content_Types].xml";
    let mut behind = b"PK\x03\x04".to_vec();
    behind.extend_from_slice(&[0; 100]);
    for content in [
        archive(&["a.exe", "b.txt"]),
        archive(&["word/document.xml"]),
        archive(&[types, "word/document.xml", "xl/workbook.xml"]),
        archive(&[types, "word/document.xml", "word/vbaProject.bin"]),
        archive(&[types, "AndroidManifest.xml", "classes.dex"]),
        behind,
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        b"GIF89a\x01\x00\x01\x00<script>".to_vec(),
        b"RIFF\x10\x00\x00\x00WEBPVP8 ".to_vec(),
        b"MZ\x90\x00\x03\x00\x00\x00".to_vec(),
        b"\x7fELF\x02\x01\x01".to_vec(),
        b"\x1f\x8b\x08\x00".to_vec(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
        b"<?xml version='1.0'?><a/>".to_vec(),
        b"  \n<!DOCTYPE HTML>%PDF-1.7".to_vec(),
        "\u{feff}<HTML>".into(),
        b"Hola\n<ScRiPt>alert(1)</script>".to_vec(),
        b"#!/usr/bin/env python".to_vec(),
        b"{\\rtf1 Hola}".to_vec(),
        b"%!PS-Adobe".to_vec(),
        b"Hola \0 NUL".to_vec(),
        b"Hola \x1b[31m".to_vec(),
        b"Ma\xf1ana".to_vec(),
        b"\xff\xfeH\0o\0l\0a\0".to_vec(),
        b"   \r\n".to_vec(),
        b"\0\0\0\x18ftypqt  \0\0\0\0".to_vec(),
    ] {
        let judged = judged(&content).await;
        assert_eq!(judged, Err(MediaRefusal::OtherType), "{content:?}");
    }
}

#[tokio::test]
async fn text_is_text_to_its_end() {
    for end in [b"\0".as_slice(), b"\xc3", b"\xff", b"\x07"] {
        for length in [65_535, 65_536, 65_537, 200_000] {
            let content = [vec![b'a'; length].as_slice(), end].concat();
            assert_eq!(
                judged(&content).await,
                Err(MediaRefusal::OtherType),
                "{end:?}"
            );
        }
    }
    // The character in the middle is cut by every piece that is read.
    for length in 65_530..65_540 {
        let content = ["a".repeat(length).as_str(), "\u{1f355}", "b"].concat();
        assert_eq!(judged(content.as_bytes()).await, Ok(MediaType::Text));
    }
    assert_eq!(
        ContentRecogniser.kind_of("ñ".as_bytes()),
        Some(MediaKind::Document)
    );
    assert_eq!(ContentRecogniser.kind_of(b""), None);
}

#[tokio::test]
async fn pictures_that_nobody_can_show_are_refused() {
    let too_many = |width, height| Err(MediaRefusal::TooManyPixels { width, height });
    assert_eq!(judged(&png(20_000, 5_000)).await, Ok(MediaType::Png));
    assert_eq!(judged(&png(20_001, 1)).await, too_many(20_001, 1));
    assert_eq!(judged(&png(1, u32::MAX)).await, too_many(1, u32::MAX));
    assert_eq!(judged(&png(10_001, 10_000)).await, too_many(10_001, 10_000));
    assert_eq!(
        judged(&jpeg(10_000, 10_000, &[])).await,
        Ok(MediaType::Jpeg)
    );
    assert_eq!(
        judged(&jpeg(65_535, 9, &preview())).await,
        too_many(65_535, 9)
    );
    let endless = [vec![0xff; 5_000].as_slice(), &jpeg(9, 9, &[])[2..]].concat();
    for damaged in [
        png(0, 9),
        png(9, 9)[..20].to_vec(),
        jpeg(9, 0, &[]),
        jpeg(9, 9, b"\xff\xda\x00\x02"),
        jpeg(9, 9, b"\xff\xe0\x00\x01"),
        jpeg(9, 9, b"\xff\xe0\xff\xff"),
        jpeg(9, 9, b"text"),
        b"\xff\xd8\xff\xc0\x00\x0b\x08\x00".to_vec(),
        [b"\xff\xd8".as_slice(), &endless].concat(),
    ] {
        assert_eq!(judged(&damaged).await, Err(MediaRefusal::OtherType));
    }
}

#[tokio::test]
async fn content_is_known_by_its_hash() {
    let folder = TempFolder::new();
    let path = folder.join("file");
    std::fs::write(&path, "abc").unwrap();
    let judged = ContentRecogniser.recognise(&path).await.unwrap().unwrap();
    // FIPS 180-2, B.1.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let hash = hex::encode(judged.sha256.0);
    assert_eq!(hash, expected);
    assert!(
        ContentRecogniser
            .recognise(&folder.join("none"))
            .await
            .is_err()
    );
}
