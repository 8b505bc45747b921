use std::collections::BTreeMap;

use nexus_domain::values::Problem;
use nexus_domain::{ButtonKind, ButtonValue, HeaderValue, TemplateValue, TemplateVariable};

use super::creating::{made_of, problems_of, typed};
use super::*;

fn template(variables: &[(&str, &str)]) -> TemplateInput {
    TemplateInput {
        name: " cita ".to_owned(),
        language: " es_MX ".to_owned(),
        variables: variables
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
            .collect(),
        ..TemplateInput::default()
    }
}

fn typed_with(template: TemplateInput) -> CreateCampaign {
    CreateCampaign {
        message: None,
        template: Some(template),
        ..typed()
    }
}

#[tokio::test]
async fn a_template_takes_the_place_of_the_message() {
    let typed = typed_with(template(&[("1", "{nombre}"), ("2", " mañana ")]));
    let CampaignContent::Template { template: same, .. } = with_template().content else {
        panic!("no template");
    };
    assert_eq!(
        made_of(typed).await.campaign.content,
        CampaignContent::Template {
            template: same,
            note: None
        }
    );
}

#[tokio::test]
async fn a_message_beside_a_template_is_a_note() {
    let typed = CreateCampaign {
        message: Some("Cita de {nombre}".to_owned()),
        ..typed_with(template(&[("1", "{nombre}"), ("2", "mañana")]))
    };
    assert_eq!(
        made_of(typed).await.campaign.content,
        with_template().content
    );
}

#[tokio::test]
async fn every_bad_part_of_a_template_is_listed() {
    let long = "x".repeat(256);
    let typed = typed_with(TemplateInput {
        name: String::new(),
        language: long.clone(),
        variables: BTreeMap::from(
            [
                ("", "sin nombre"),
                ("1", "{apellido}"),
                ("2", " "),
                ("3", "está bien"),
                (long.as_str(), "nombre largo"),
            ]
            .map(|(key, text)| (key.to_owned(), text.to_owned())),
        ),
        ..TemplateInput::default()
    });
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[
            ("template.name", "required"),
            ("template.language", "too_long"),
            ("template.variables.", "required"),
            ("template.variables.1", "unknown_placeholder"),
            ("template.variables.2", "required"),
            (
                &format!("template.variables.{}", "x".repeat(60)),
                "too_long"
            ),
        ])
    );
}

#[tokio::test]
async fn of_a_variable_with_a_bad_name_the_text_is_checked_as_well() {
    let typed = typed_with(template(&[("", " "), (" 1", "{apellido}")]));
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[
            ("template.variables.", "required"),
            ("template.variables.", "required"),
            ("template.variables. 1", "malformed"),
            ("template.variables. 1", "unknown_placeholder"),
        ])
    );
}

#[tokio::test]
async fn a_long_name_of_a_variable_is_not_repeated_whole() {
    // By characters, of which one may be several bytes; and whether the name is refused or not.
    let field = format!("template.variables.{}", "ñ".repeat(60));
    for length in [60, 61, 255, 256] {
        let typed = typed_with(template(&[(&"ñ".repeat(length), "{apellido}")]));
        let violations = problems_of(typed).await;
        assert!(violations.iter().all(|(named, _)| named == field));
    }
}

#[tokio::test]
async fn one_variable_has_one_value() {
    // Without their spaces both are the same variable.
    let typed = typed_with(template(&[("1", "mañana"), (" 1", "hoy")]));
    assert_eq!(
        problems_of(typed).await,
        Violations::of(
            "template.variables. 1",
            Problem::Malformed {
                expected: "1".to_owned()
            }
        )
    );
}

#[tokio::test]
async fn a_template_has_a_hundred_variables_at_most() {
    let with = |count: u32| TemplateInput {
        variables: (1..=count)
            .map(|number| (number.to_string(), "x".to_owned()))
            .collect(),
        ..template(&[])
    };
    assert_eq!(
        problems_of(typed_with(with(101))).await,
        Violations::of("template.variables", Problem::TooMany { max: 100 })
    );
    let fallbacks = TemplateInput {
        fallbacks: with(101).variables,
        ..template(&[("1", "hoy")])
    };
    assert_eq!(
        problems_of(typed_with(fallbacks)).await,
        Violations::of("template.fallbacks", Problem::TooMany { max: 100 })
    );
    let made = made_of(typed_with(with(100))).await.campaign;
    assert_eq!(made.content.template().expect("one").variables.len(), 100);
}

#[tokio::test]
async fn emails_have_no_templates() {
    let typed = CreateCampaign {
        channel: "gmail".to_owned(),
        subject: Some("Cita".to_owned()),
        ..typed_with(template(&[]))
    };
    assert_eq!(
        problems_of(typed).await,
        Violations::of(
            "channel",
            Problem::NotOneOf {
                accepted: texts(&["whatsapp"])
            }
        )
    );
}

#[tokio::test]
async fn a_template_with_problems_is_no_less_one_that_emails_cant_have() {
    let typed = CreateCampaign {
        channel: "gmail".to_owned(),
        ..typed_with(TemplateInput {
            name: String::new(),
            ..template(&[])
        })
    };
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[
            ("template.name", "required"),
            ("subject", "required"),
            ("channel", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn a_bad_note_is_refused_beside_a_good_template() {
    let typed = CreateCampaign {
        message: Some("Hola {apellido}".to_owned()),
        ..typed_with(template(&[]))
    };
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[("message", "unknown_placeholder")])
    );
}

#[tokio::test]
async fn headers_buttons_and_fallbacks_are_taken() {
    let typed = typed_with(TemplateInput {
        fallbacks: BTreeMap::from([("1".to_owned(), " cliente ".to_owned())]),
        header: Some(HeaderInput {
            text: "{nombre}".to_owned(),
            ..HeaderInput::default()
        }),
        buttons: vec![ButtonInput {
            index: 1,
            kind: Some("quick_reply".to_owned()),
            text: "más".to_owned(),
            fallback: Some(" ".to_owned()),
        }],
        ..template(&[("1", "{nombre}")])
    });
    let content = made_of(typed).await.campaign.content;
    let made = content.template().expect("a template");
    assert_eq!(made.variables[0].fallback, Some(short("cliente")));
    let header = TemplateVariable {
        key: "1".to_owned(),
        text: text("{nombre}"),
        fallback: None,
    };
    let button = ButtonValue {
        index: 1,
        kind: ButtonKind::ReplyPayload,
        value: TemplateValue {
            text: text("más"),
            fallback: None,
        },
    };
    let parts = TemplateParts {
        header: Some(HeaderValue::Text(header)),
        buttons: vec![button],
    };
    assert_eq!(made.parts, parts);
}

#[tokio::test]
async fn what_is_wrong_with_headers_buttons_and_fallbacks_is_listed() {
    let fallbacks = [("1", "{nombre}"), ("9", "nadie")];
    let button = |index: u32, kind: Option<&str>| ButtonInput {
        index,
        kind: kind.map(str::to_owned),
        text: "abc".to_owned(),
        fallback: None,
    };
    let typed = typed_with(TemplateInput {
        fallbacks: BTreeMap::from(fallbacks.map(|(key, text)| (key.to_owned(), text.to_owned()))),
        header: Some(HeaderInput::default()),
        buttons: vec![
            button(0, Some("fax")),
            button(1, None),
            button(1, None),
            button(10, None),
        ],
        ..template(&[("1", "{nombre}")])
    });
    assert_eq!(
        refused(&problems_of(typed).await),
        fields(&[
            ("template.variables.1", "malformed"),
            ("template.variables.9", "required"),
            ("template.header", "required"),
            ("template.buttons.0", "not_one_of"),
            ("template.buttons.1", "malformed"),
            ("template.buttons.10", "malformed"),
        ])
    );
}
