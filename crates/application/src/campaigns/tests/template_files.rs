//! The campaign's file in the header of a template.

use nexus_domain::{
    HeaderMedia, HeaderValue, MediaKind, MediaReference, MediaType, TemplateHeader,
};

use super::*;

fn wanted() -> TemplateMessage {
    with_template()
        .content
        .template()
        .expect("a template")
        .clone()
}

#[test]
fn the_campaigns_file_goes_into_a_header_that_shows_such_a_one() {
    let shown = |format: &str| ApprovedTemplate {
        header: Some(TemplateHeader::Media {
            format: format.to_owned(),
        }),
        ..approved()
    };
    let with = |file: MediaFile, known: &ApprovedTemplate| {
        template::check(&wanted(), Some(&file), Some(known))
    };
    let of = |media_type| MediaFile {
        media_type,
        ..file()
    };
    for (media_type, format) in [
        (MediaType::Png, "IMAGE"),
        (MediaType::Mp4, "VIDEO"),
        (MediaType::Pdf, "DOCUMENT"),
    ] {
        assert_eq!(with(of(media_type), &shown(format)), Ok(()));
    }
    for (media_type, format) in [
        (MediaType::Pdf, "IMAGE"),
        (MediaType::Mp3, "VIDEO"),
        (MediaType::Mp4, "DOCUMENT"),
    ] {
        let expected = TemplateProblem::OtherMedia {
            format: format.to_owned(),
            kind: media_type.kind(),
        };
        assert_eq!(with(of(media_type), &shown(format)), Err(expected));
    }
    assert_eq!(
        with(file(), &approved()),
        Err(TemplateProblem::FileNotShown)
    );
    let mut given = wanted();
    given.parts.header = Some(HeaderValue::Media(HeaderMedia {
        kind: MediaKind::Image,
        reference: MediaReference::Id("77".to_owned()),
        file_name: None,
    }));
    assert_eq!(
        template::check(&given, Some(&file()), Some(&shown("IMAGE"))),
        Err(TemplateProblem::FileNotShown),
        "two files and one place"
    );
    assert_eq!(template::check(&given, None, Some(&shown("IMAGE"))), Ok(()));
}
