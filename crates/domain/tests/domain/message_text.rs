use nexus_domain::values::{MessageText, PlaceholderValues, Problem};
use proptest::prelude::*;

const ANA: PlaceholderValues<'static> = PlaceholderValues {
    name: "Ana",
    phone: Some("+525512345678"),
    email: Some("ana@example.com"),
    custom_fields: None,
};

fn rendered(source: &str) -> String {
    MessageText::parse(source, &[])
        .expect("it is a text")
        .render(ANA)
}

fn refused(source: &str) -> Option<Problem> {
    MessageText::parse(source, &[]).err()
}

#[test]
fn placeholders_are_known_in_both_languages_and_both_styles() {
    for (names, value) in [
        (["nombre", "name"], "Ana"),
        (["telefono", "phone"], "+525512345678"),
        (["correo", "email"], "ana@example.com"),
    ] {
        for name in names {
            for source in [
                format!("{{{name}}}"),
                format!("{{{{{name}}}}}"),
                format!("{{ {name} }}"),
                format!("{{{{  {name} }}}}"),
                format!("{{{}}}", name.to_uppercase()),
            ] {
                assert_eq!(rendered(&source), value, "{source}");
            }
        }
    }
}

#[test]
fn a_placeholder_may_have_an_accent_however_it_is_encoded() {
    assert_eq!(rendered("{teléfono}"), "+525512345678");
    assert_eq!(rendered("{{TELÉFONO}}"), "+525512345678");
    // As a Mac writes it: the letter, and the accent as a character of its own.
    assert_eq!(rendered("{tele\u{301}fono}"), "+525512345678");
}

#[test]
fn placeholders_stand_among_text() {
    assert_eq!(
        rendered("Hola {nombre}, ¿sigue siendo {{phone}}?\nO {email}…"),
        "Hola Ana, ¿sigue siendo +525512345678?\nO ana@example.com…"
    );
    assert_eq!(rendered("{nombre}{nombre}"), "AnaAna");
}

#[test]
fn an_unknown_placeholder_is_refused_by_its_name() {
    for (source, name) in [
        ("Hola {apellido}", "apellido"),
        ("Hola {{ Apellido Materno }}", "Apellido Materno"),
        ("{nombre} {nombres}", "nombres"),
        ("{{1}}", "1"),
        ("{first_name}", "first_name"),
        ("{Ñu}", "Ñu"),
    ] {
        assert_eq!(
            refused(source),
            Some(Problem::UnknownPlaceholder {
                name: name.to_owned()
            }),
            "{source}"
        );
    }
}

#[test]
fn braces_around_what_is_no_name_are_text() {
    for source in [
        "{",
        "}",
        "{}",
        "{{}}",
        "{ }",
        "{50 %}",
        "{:-)}",
        "{nombre",
        "nombre}",
        "{{nombre",
        "if (a) { b(); }",
        "{\"clave\": 1}",
        "}{",
    ] {
        assert_eq!(rendered(source), source);
        let text = MessageText::parse(source, &[]).expect("it is a text");
        assert!(!text.has_placeholders(), "{source}");
    }
}

#[test]
fn braces_beyond_those_of_a_placeholder_are_text() {
    assert_eq!(rendered("{{{nombre}}}"), "{Ana}");
    assert_eq!(rendered("{{{{nombre}}}}"), "{{Ana}}");
    assert_eq!(rendered("{{nombre}"), "{Ana");
    assert_eq!(rendered("{nombre}}"), "Ana}");
    assert_eq!(rendered("{a {nombre}"), "{a Ana");
}

#[test]
fn a_name_of_more_than_40_characters_is_no_name() {
    let braces = |length: usize| format!("{{{}}}", "ñ".repeat(length));
    assert!(refused(&braces(40)).is_some());
    assert!(refused(&braces(41)).is_some());
    let text = MessageText::from_stored(&braces(41)).expect("a text");
    assert!(!text.has_placeholders());
}

#[test]
fn a_value_that_looks_like_a_placeholder_stays_a_value() {
    let text = MessageText::parse("{nombre} {email}", &[]).expect("it is a text");
    let values = PlaceholderValues {
        name: "{email}",
        phone: None,
        email: Some("{{nombre}}"),
        ..PlaceholderValues::default()
    };
    assert_eq!(text.render(values), "{email} {{nombre}}");
}

#[test]
fn a_missing_value_becomes_nothing() {
    let text = MessageText::parse("[{nombre}|{phone}|{email}]", &[]).expect("it is a text");
    assert_eq!(text.render(PlaceholderValues::default()), "[||]");
}

#[test]
fn a_text_is_trimmed_and_kept_as_written() {
    let text = MessageText::parse("\n Hola {nombre} \n", &[]).expect("it is a text");
    assert_eq!(text.as_str(), "Hola {nombre}");
    assert!(text.has_placeholders());
}

#[test]
fn a_text_has_1_to_4096_characters() {
    assert_eq!(refused(""), Some(Problem::Required));
    assert_eq!(refused(" \n\t"), Some(Problem::Required));
    assert_eq!(refused(&"ñ".repeat(4_096)), None);
    assert_eq!(
        refused(&"ñ".repeat(4_097)),
        Some(Problem::TooLong { max: 4_096 })
    );
}

#[test]
fn a_text_has_lines_and_no_other_control_characters() {
    assert_eq!(rendered("uno\r\n\tdos"), "uno\r\n\tdos");
    assert_eq!(refused("uno\0dos"), Some(Problem::ControlCharacter));
    assert_eq!(refused("uno\u{1b}[31m"), Some(Problem::ControlCharacter));
}

/// Texts full of braces and of what may stand between them.
fn braced() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "{{",
        "}}",
        "nombre",
        "teléfono",
        "e\u{301}",
        "email",
        "x",
        " ",
        "\n",
        "😀",
        "1",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_text_without_braces_renders_to_itself(source in "[^{}\\p{Cc}]{1,200}") {
        match MessageText::parse(&source, &[]) {
            Ok(text) => {
                prop_assert_eq!(text.render(ANA), source.trim());
                prop_assert!(!text.has_placeholders());
            }
            Err(problem) => {
                prop_assert_eq!(problem, Problem::Required);
                prop_assert_eq!(source.trim(), "");
            }
        }
    }

    #[test]
    fn no_text_makes_the_reading_panic(source in any::<String>()) {
        let _ = MessageText::parse(&source, &[]).map(|text| text.render(ANA));
    }

    #[test]
    fn no_braces_make_the_reading_panic_or_lose_text(source in braced()) {
        if let Ok(text) = MessageText::parse(&source, &[]) {
            prop_assert_eq!(text.as_str(), source.trim());
            if !text.has_placeholders() {
                prop_assert_eq!(text.render(ANA), source.trim());
            }
        }
    }

    #[test]
    fn the_value_of_a_placeholder_is_in_the_message(
        before in "[a-z ]{0,20}",
        after in "[a-z ]{0,20}",
        value in "[A-Z{}]{1,20}",
        double in any::<bool>(),
    ) {
        let placeholder = if double { "{{nombre}}" } else { "{nombre}" };
        let source = format!("({before}{placeholder}{after})");
        let text = MessageText::parse(&source, &[]).expect("it is a text");
        let values = PlaceholderValues { name: &value, ..PlaceholderValues::default() };
        prop_assert_eq!(text.render(values), format!("({before}{value}{after})"));
    }
}

#[test]
fn what_looks_like_a_name_between_braces_never_reaches_a_customer() {
    // What nobody sees, and spaces of every kind, make no difference.
    for source in [
        "{nombre\u{200b}}",
        "{\u{feff}nombre }",
        "{{\u{a0}nombre\n}}",
    ] {
        assert_eq!(rendered(source), "Ana", "{source:?}");
    }
    for (source, name) in [
        ("{e-mail}", "e-mail"),
        ("Hola {Código-postal}", "Código-postal"),
        ("{{contact.name}}", "contact.name"),
        ("{nombre} {Fecha de\u{a0}pago:}", "Fecha de pago:"),
        ("{N.º}", "N.º"),
    ] {
        let expected = Problem::UnknownPlaceholder {
            name: name.to_owned(),
        };
        assert_eq!(refused(source), Some(expected), "{source:?}");
        // What was accepted before stays what it was.
        let stored = MessageText::from_stored(source).expect("a text");
        assert_eq!(stored.as_str(), source.trim());
    }
    let long = format!("{{{}}}", "palabra ".repeat(6));
    assert!(matches!(
        refused(&long),
        Some(Problem::UnknownPlaceholder { .. })
    ));
    for text in [
        "{50 %}",
        "{",
        "}",
        "{}",
        "{ }",
        "{\"a\": 1}",
        "{¡hoy!}",
        "{a, b}",
    ] {
        assert_eq!(rendered(text), text);
    }
}
