use super::*;

fn wanted() -> TemplateMessage {
    with_template()
        .content
        .template()
        .expect("a template")
        .clone()
}

fn check(wanted: &TemplateMessage, known: &[ApprovedTemplate]) -> Result<(), TemplateProblem> {
    template::check(wanted, None, template::find(wanted, known))
}

fn with_variables(variables: &[&str]) -> ApprovedTemplate {
    ApprovedTemplate {
        variables: texts(variables),
        ..approved()
    }
}

fn values(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_approved_template_with_the_same_variables_can_be_sent() {
    for known in [approved(), with_variables(&["2", "1"])] {
        assert_eq!(check(&wanted(), &[known]), Ok(()));
    }
}

#[test]
fn a_template_is_known_by_its_name_and_language() {
    let of_name = ApprovedTemplate {
        name: "Cita".to_owned(),
        ..approved()
    };
    let of_language = ApprovedTemplate {
        language: "es".to_owned(),
        ..approved()
    };
    let others = [of_name, of_language];
    assert_eq!(check(&wanted(), &others), Err(TemplateProblem::Missing));
    assert_eq!(check(&wanted(), &[]), Err(TemplateProblem::Missing));
    let [first, second] = others;
    assert_eq!(check(&wanted(), &[first, second, approved()]), Ok(()));
}

#[test]
fn only_what_the_provider_approved_can_be_sent() {
    for status in ["PENDING", "REJECTED", "PAUSED", "approved", ""] {
        let known = ApprovedTemplate {
            status: status.to_owned(),
            ..approved()
        };
        assert_eq!(
            check(&wanted(), &[known]),
            Err(TemplateProblem::NotApproved {
                status: status.to_owned()
            })
        );
    }
}

#[test]
fn a_template_that_needs_more_than_its_body_says_what() {
    let parts = vec!["HEADER".to_owned()];
    let known = ApprovedTemplate {
        other_values: parts.clone(),
        ..approved()
    };
    assert_eq!(
        check(&wanted(), &[known]),
        Err(TemplateProblem::NeedsMore { parts })
    );
}

#[test]
fn variables_without_value_and_values_without_variable_are_named() {
    for (has, missing, unknown) in [
        (&["1", "2", "3", "fecha"][..], &["3", "fecha"][..], &[][..]),
        (&["1"], &[], &["2"]),
        (&["nombre", "cita"], &["cita", "nombre"], &["1", "2"]),
        (&[], &[], &["1", "2"]),
    ] {
        assert_eq!(
            check(&wanted(), &[with_variables(has)]),
            Err(TemplateProblem::Variables {
                missing: texts(missing),
                unknown: texts(unknown),
            })
        );
    }
}

#[test]
fn a_template_reads_with_its_values_in_their_places() {
    let values = values(&[("1", "Ana"), ("hora", "9:00")]);
    for (body, reads) in [
        ("Hola {{1}}, a las {{ hora }}.", "Hola Ana, a las 9:00."),
        ("{{1}}{{1}}", "AnaAna"),
        ("Hola {{2}} y {{1}}", "Hola {{2}} y Ana"),
        ("{{1", "{{1"),
        ("{1} {{1}}}", "{1} Ana}"),
        ("abierto {{ y {{1}}", "abierto {{ y Ana"),
        ("sin variables", "sin variables"),
        ("", ""),
    ] {
        assert_eq!(template::fill(body, &values), reads);
    }
}

#[test]
fn a_value_that_looks_like_a_variable_stays_a_value() {
    let values = values(&[("1", "{{2}}"), ("2", "{{1}}")]);
    assert_eq!(template::fill("{{1}} {{2}}", &values), "{{2}} {{1}}");
}

mod parts {
    use nexus_domain::{
        ButtonKind, ButtonValue, HeaderMedia, HeaderValue, MediaKind, MediaReference,
        TemplateButton, TemplateHeader, TemplateValue, TemplateVariable,
    };

    use super::*;

    fn header(key: &str) -> HeaderValue {
        HeaderValue::Text(TemplateVariable {
            key: key.to_owned(),
            text: text("mayo"),
            fallback: None,
        })
    }

    fn picture() -> HeaderValue {
        HeaderValue::Media(HeaderMedia {
            kind: MediaKind::Image,
            reference: MediaReference::Id("1".to_owned()),
            file_name: None,
        })
    }

    fn value(index: u32, kind: ButtonKind) -> ButtonValue {
        ButtonValue {
            index,
            kind,
            value: TemplateValue {
                text: text("abc"),
                fallback: None,
            },
        }
    }

    fn button(kind: &str, variables: &[&str]) -> TemplateButton {
        TemplateButton {
            kind: kind.to_owned(),
            text: "Ver".to_owned(),
            url: None,
            variables: texts(variables),
        }
    }

    fn checked(
        header: Option<TemplateHeader>,
        buttons: Vec<TemplateButton>,
        parts: TemplateParts,
    ) -> Result<(), TemplateProblem> {
        let known = ApprovedTemplate {
            header,
            buttons,
            ..approved()
        };
        check(&TemplateMessage { parts, ..wanted() }, &[known])
    }

    fn with_header(
        known: TemplateHeader,
        given: Option<HeaderValue>,
    ) -> Result<(), TemplateProblem> {
        let parts = TemplateParts {
            header: given,
            buttons: Vec::new(),
        };
        checked(Some(known), Vec::new(), parts)
    }

    fn of_header(missing: bool) -> Result<(), TemplateProblem> {
        let header = vec![TemplatePart::Header];
        let (missing, unknown) = if missing {
            (header, Vec::new())
        } else {
            (Vec::new(), header)
        };
        Err(TemplateProblem::Parts { missing, unknown })
    }

    #[test]
    fn a_header_takes_what_it_has_room_for() {
        let titled = |variables: &[&str]| TemplateHeader::Text {
            text: "Promoción".to_owned(),
            variables: texts(variables),
        };
        let format = "IMAGE".to_owned();
        let shown = || TemplateHeader::Media {
            format: "IMAGE".to_owned(),
        };
        assert_eq!(with_header(titled(&[]), None), Ok(()));
        assert_eq!(with_header(titled(&["1"]), Some(header("1"))), Ok(()));
        assert_eq!(with_header(titled(&["1"]), None), of_header(true));
        assert_eq!(
            with_header(titled(&[]), Some(header("1"))),
            of_header(false)
        );
        assert_eq!(
            with_header(titled(&["mes"]), Some(header("1"))),
            of_header(false)
        );
        assert_eq!(with_header(titled(&[]), Some(picture())), of_header(false));
        assert_eq!(with_header(shown(), Some(picture())), Ok(()));
        for given in [None, Some(header("1"))] {
            assert_eq!(
                with_header(shown(), given),
                Err(TemplateProblem::NeedsMedia {
                    format: format.clone()
                })
            );
        }
        let parts = TemplateParts {
            header: Some(header("1")),
            buttons: Vec::new(),
        };
        assert_eq!(checked(None, Vec::new(), parts), of_header(false));
    }

    #[test]
    fn buttons_that_need_a_value_get_one_and_others_none() {
        let known = || {
            vec![
                button("URL", &["1"]),
                button("QUICK_REPLY", &[]),
                button("PHONE_NUMBER", &[]),
                button("URL", &[]),
            ]
        };
        let with = |buttons: Vec<ButtonValue>| {
            let parts = TemplateParts {
                header: None,
                buttons,
            };
            checked(None, known(), parts)
        };
        let suffix = || value(0, ButtonKind::UrlSuffix);
        assert_eq!(with(vec![suffix()]), Ok(()));
        assert_eq!(
            with(vec![suffix(), value(1, ButtonKind::ReplyPayload)]),
            Ok(())
        );
        assert_eq!(
            with(Vec::new()),
            Err(TemplateProblem::Parts {
                missing: vec![TemplatePart::Button(0)],
                unknown: Vec::new(),
            })
        );
        for wrong in [
            value(1, ButtonKind::UrlSuffix),
            value(2, ButtonKind::UrlSuffix),
            value(3, ButtonKind::UrlSuffix),
            value(9, ButtonKind::ReplyPayload),
        ] {
            let index = wrong.index;
            assert_eq!(
                with(vec![suffix(), wrong]),
                Err(TemplateProblem::Parts {
                    missing: Vec::new(),
                    unknown: vec![TemplatePart::Button(index)],
                })
            );
        }
    }
}
