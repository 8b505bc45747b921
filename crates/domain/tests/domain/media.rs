//! What the channels take of files.

use std::collections::BTreeSet;

use nexus_domain::{ChannelKind, MediaKind, MediaType};

#[test]
fn every_type_has_a_name_and_an_extension_of_its_own() {
    let names: BTreeSet<_> = MediaType::ALL.map(MediaType::as_str).into();
    let extensions: BTreeSet<_> = MediaType::ALL.map(MediaType::extension).into();
    assert_eq!(names.len(), MediaType::ALL.len());
    assert_eq!(extensions.len(), MediaType::ALL.len());
}

#[test]
fn the_kind_is_what_the_type_begins_with() {
    for media_type in MediaType::ALL {
        let expected = match media_type.as_str().split_once('/').unwrap().0 {
            "image" => MediaKind::Image,
            "video" => MediaKind::Video,
            "audio" => MediaKind::Audio,
            _ => MediaKind::Document,
        };
        assert_eq!(media_type.kind(), expected, "{media_type:?}");
    }
}

#[test]
fn sizes_and_captions_are_those_of_whatsapp() {
    let rules = MediaKind::ALL.map(|kind| (kind.max_bytes() >> 20, kind.takes_caption()));
    assert_eq!(rules, [(5, true), (16, true), (16, false), (100, true)]);
    assert_eq!(ChannelKind::Whatsapp.max_files(), 1);
}

#[test]
fn a_name_without_a_usual_end_gets_that_of_its_type() {
    for (name, media_type, named) in [
        ("Lista de precios", MediaType::Pdf, "Lista de precios.pdf"),
        ("Lista.PDF", MediaType::Pdf, "Lista.PDF"),
        ("Lista v1.2", MediaType::Pdf, "Lista v1.2.pdf"),
        ("Lista.", MediaType::Pdf, "Lista.pdf"),
        ("pdf", MediaType::Pdf, "pdf.pdf"),
        ("Lista.exe", MediaType::Pdf, "Lista.exe.pdf"),
        ("foto.jpeg", MediaType::Jpeg, "foto.jpeg"),
        ("foto.JPG", MediaType::Jpeg, "foto.JPG"),
        ("foto.png", MediaType::Jpeg, "foto.png.jpg"),
        ("voz.mp4", MediaType::Mp4Audio, "voz.mp4"),
        ("precios.csv", MediaType::Text, "precios.csv"),
        ("página.html", MediaType::Text, "página.html.txt"),
        ("Menú.docx", MediaType::Docx, "Menú.docx"),
        ("Menú.doc", MediaType::Docx, "Menú.doc.docx"),
    ] {
        assert_eq!(media_type.named(name), named, "{media_type:?}");
    }
    for media_type in MediaType::ALL {
        let named = media_type.named("archivo");
        assert_eq!(named, format!("archivo.{}", media_type.extension()));
        assert_eq!(media_type.named(&named), named);
    }
}
