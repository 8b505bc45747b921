//! Custom fields of contacts, from their names to the messages that use them.

use nexus_domain::values::{
    CustomFields, FieldName, FieldValue, MessageText, PlaceholderValues, Problem, Tag, Violations,
};
use nexus_domain::{
    ColumnMeaning, Contact, ContactDetails, ContactEdit, ContactSource, ImportId, KnownContacts,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::support::{at, contact, custom_fields};

fn name(raw: &str) -> FieldName {
    FieldName::parse(raw).expect("a name")
}

fn many(count: usize) -> CustomFields {
    let names: Vec<String> = (0..count).map(|n| format!("campo {n}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    custom_fields(&fields)
}

#[test]
fn two_spellings_of_a_name_are_one() {
    assert_eq!(name("Código Postal"), name("codigo  postal"));
    assert_eq!(name("CIUDAD"), name("ciudad"));
    assert_ne!(name("Ciudad"), name("Ciudad 2"));
    assert_eq!(name(" Fecha de\ncompra ").label(), "Fecha de compra");
    assert_eq!(name("Año").placeholder(), "{Año}");
}

#[test]
fn a_name_is_what_a_placeholder_can_be() {
    for raw in ["a", "2ª compra", "talla_ropa", "Ñu", &"x".repeat(40)] {
        let text = format!("{{{raw}}}");
        let read = MessageText::parse(&text, &[name(raw)]);
        assert!(read.is_ok_and(|text| text.has_placeholders()), "{raw}");
    }
    for raw in [
        "_oculto",
        "precio ($)",
        "a{b",
        "e-mail 2",
        "#",
        "\u{301}a",
        "a\0b",
    ] {
        assert_eq!(
            FieldName::parse(raw),
            Err(Problem::InvalidFieldName),
            "{raw}"
        );
    }
    assert_eq!(FieldName::parse(" \n"), Err(Problem::Required));
    assert_eq!(
        FieldName::parse(&"x".repeat(41)),
        Err(Problem::TooLong { max: 40 })
    );
}

#[test]
fn what_means_something_already_is_no_name() {
    for raw in [
        "nombre",
        "Name",
        "TELÉFONO",
        "phone",
        "email",
        "Correo",
        "Apellidos",
        "Celular",
        "Etiquetas",
        "notas",
        "Estado",
        "Nombre completo",
    ] {
        assert_eq!(
            FieldName::parse(raw),
            Err(Problem::ReservedFieldName),
            "{raw}"
        );
        assert!(ColumnMeaning::of_header(raw).is_some(), "{raw}");
    }
}

#[test]
fn a_value_is_one_line() {
    let value = |raw: &str| FieldValue::parse(raw).map(|value| value.as_str().to_owned());
    assert_eq!(value(" Av. Uno\r\n\tLima  "), Ok("Av. Uno Lima".to_owned()));
    assert_eq!(value("  "), Err(Problem::Required));
    assert_eq!(value("a\0b"), Err(Problem::ControlCharacter));
    assert!(value(&"ñ".repeat(500)).is_ok());
    assert_eq!(value(&"ñ".repeat(501)), Err(Problem::TooLong { max: 500 }));
}

#[test]
fn a_contact_has_each_field_once_and_not_too_many() {
    let mut fields = custom_fields(&[("Talla", "M"), ("Ciudad", "Lima"), ("CIUDAD", "Cusco")]);
    let listed: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.label(), value.as_str()))
        .collect();
    assert_eq!(listed, [("Ciudad", "Cusco"), ("Talla", "M")]);
    assert!(fields.remove(&name("ciudad")));
    assert!(!fields.remove(&name("ciudad")));

    let mut full = many(CustomFields::MAX);
    let value = FieldValue::parse("y").expect("a value");
    assert_eq!(
        full.set(name("uno más"), value.clone()),
        Err(Problem::TooManyFields { max: 30 })
    );
    assert_eq!(
        full.set(name("campo 1"), value),
        Ok(()),
        "it is there already"
    );
}

#[test]
fn fields_are_spelled_as_the_user_spelled_them_first() {
    let spelled =
        custom_fields(&[("ciudad", "Lima"), ("Talla", "M")]).spelled_as(&[name("Ciudad")]);
    let labels: Vec<_> = spelled.names().map(FieldName::label).collect();
    assert_eq!(labels, ["Ciudad", "Talla"]);
}

#[test]
fn of_two_contacts_that_are_one_each_field_that_it_lacks_is_taken_over() {
    let with = |fields: &[(&str, &str)]| Contact {
        custom_fields: custom_fields(fields),
        ..contact()
    };
    let mut kept = with(&[("Ciudad", "Lima")]);
    kept.absorb(with(&[("ciudad", "Cusco"), ("Talla", "M")]))
        .expect("there is room");
    assert_eq!(
        kept.custom_fields,
        custom_fields(&[("Ciudad", "Lima"), ("Talla", "M")])
    );
    let before = kept.clone();
    let full = Contact {
        custom_fields: many(CustomFields::MAX),
        ..contact()
    };
    assert_eq!(
        kept.absorb(full),
        Err(Violations::of(
            "custom_fields",
            Problem::TooManyFields { max: 30 }
        ))
    );
    assert_eq!(kept, before);
}

#[test]
fn an_import_takes_fields_as_its_policy_says() {
    let import = ImportId::from_uuid(Uuid::from_u128(7));
    let row = |fields: CustomFields| ContactDetails {
        name: contact().name,
        phone: contact().phone,
        email: None,
        tags: vec![Tag::parse("nueva").expect("a tag")],
        notes: None,
        custom_fields: fields,
        status: None,
    };
    let met = |policy| {
        let mut known = Contact {
            custom_fields: custom_fields(&[("Ciudad", "Lima")]),
            ..contact()
        };
        let row = row(custom_fields(&[("ciudad", "Cusco"), ("Talla", "M")]));
        let changed = known.take_in(&row, policy, import, at(9));
        let again = known.take_in(&row, policy, import, at(9));
        assert_eq!(again, Ok(false), "the same row changes nothing");
        (changed, known.custom_fields)
    };
    let known = custom_fields(&[("Ciudad", "Lima")]);
    assert_eq!(met(KnownContacts::Skip), (Ok(false), known));
    let filled = custom_fields(&[("Ciudad", "Lima"), ("Talla", "M")]);
    assert_eq!(met(KnownContacts::UpdateEmpty), (Ok(true), filled));
    let replaced = custom_fields(&[("Ciudad", "Cusco"), ("Talla", "M")]);
    assert_eq!(met(KnownContacts::Overwrite), (Ok(true), replaced));

    let mut known = Contact {
        custom_fields: custom_fields(&[("Ciudad", "Lima")]),
        ..contact()
    };
    let before = known.clone();
    let crowded = row(many(CustomFields::MAX));
    assert_eq!(
        known.take_in(&crowded, KnownContacts::Overwrite, import, at(9)),
        Err(Problem::TooManyFields { max: 30 })
    );
    assert_eq!(known, before, "its tags too");

    let id = contact().id;
    let new = row(many(2)).into_contact(id, contact().user_id, import, at(9));
    assert_eq!(new.custom_fields, many(2));
    assert_eq!(new.source, ContactSource::File(import));
}

#[test]
fn a_field_that_is_removed_is_gone_whatever_its_spelling() {
    let mut with = Contact {
        custom_fields: custom_fields(&[("Ciudad", "Lima"), ("Talla", "M")]),
        ..contact()
    };
    let edit = ContactEdit::RemoveField(name("CIUDAD"));
    assert!(edit.apply(&mut with, at(5)));
    assert_eq!(with.custom_fields, custom_fields(&[("Talla", "M")]));
    assert_eq!(with.updated_at, at(5));
    assert!(!edit.apply(&mut with, at(6)));
    assert_eq!(with.updated_at, at(5));
}

#[test]
fn a_placeholder_may_be_a_field_that_the_user_has() {
    let fields = [name("Ciudad"), name("Fecha de compra")];
    let text = MessageText::parse("{nombre} de {ciudad}: {{ FECHA DE COMPRA }}.", &fields)
        .expect("both are there");
    let used: Vec<_> = text.custom_fields().map(FieldName::key).collect();
    assert_eq!(used, ["ciudad", "fecha de compra"]);
    let values = custom_fields(&[("Ciudad", "{nombre}"), ("Fecha de compra", "mayo")]);
    let ana = PlaceholderValues {
        name: "Ana",
        custom_fields: Some(&values),
        ..PlaceholderValues::default()
    };
    assert_eq!(text.render(ana), "Ana de {nombre}: mayo.");
    let none = PlaceholderValues {
        custom_fields: None,
        ..ana
    };
    assert_eq!(text.render(none), "Ana de : .");
    assert_eq!(
        MessageText::parse("{ciudad} y {País}", &fields),
        Err(Problem::UnknownPlaceholder {
            name: "País".to_owned()
        })
    );
}

#[test]
fn a_stored_text_is_read_when_its_field_is_gone_and_says_nothing_in_its_place() {
    let text = MessageText::from_stored("Hola, {Ciudad}").expect("it was accepted once");
    assert_eq!(text.render(PlaceholderValues::default()), "Hola, ");
}

proptest! {
    #[test]
    fn whatever_is_a_name_is_read_as_a_placeholder_of_that_name(raw in "\\PC{1,45}") {
        if let Ok(field) = FieldName::parse(&raw) {
            let source = format!("[{}]", field.placeholder());
            let text = MessageText::parse(&source, std::slice::from_ref(&field)).expect("a text");
            let mut values = CustomFields::default();
            values.set(field, FieldValue::parse("v").expect("a value")).expect("there is room");
            let rendered = text.render(PlaceholderValues {
                custom_fields: Some(&values),
                ..PlaceholderValues::default()
            });
            prop_assert_eq!(rendered, "[v]");
        }
    }
}
