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
