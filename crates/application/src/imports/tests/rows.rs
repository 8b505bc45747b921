use nexus_domain::values::{Problem, Tag};
use nexus_domain::{ContactDetails, ContactStatus, RowError};

use super::{cells, row};
use crate::fixtures::mexico;
use crate::imports::columns::Columns;
use crate::imports::rows::{ParsedRow, parse};

fn columns() -> Columns {
    Columns::recognise(
        &cells(&[
            "Nombre",
            "Apellidos",
            "Teléfono",
            "Correo",
            "Etiquetas",
            "Notas",
            "Estado",
        ]),
        false,
    )
    .expect("known")
}

fn contact(texts: &[&str]) -> ContactDetails {
    match parse(&columns(), &row(2, texts), mexico()) {
        ParsedRow::Contact(contact) => *contact,
        other => panic!("unexpected: {other:?}"),
    }
}

fn errors(texts: &[&str]) -> Vec<RowError> {
    match parse(&columns(), &row(7, texts), mexico()) {
        ParsedRow::Invalid(errors) => errors,
        other => panic!("unexpected: {other:?}"),
    }
}

#[test]
fn a_whole_row_becomes_a_contact() {
    let contact = contact(&[
        " Ana  María\n",
        "Torres",
        "55 1234 5678",
        "Ana@Example.com",
        "vip; Norte |nuevo,VIP",
        "line one\nline two",
        "Dado de baja",
    ]);
    assert_eq!(contact.name.as_str(), "Ana María Torres");
    assert_eq!(contact.phone.expect("a phone").as_str(), "+525512345678");
    assert_eq!(
        contact.email.expect("an address").as_str(),
        "Ana@Example.com"
    );
    assert_eq!(
        contact.tags.iter().map(Tag::label).collect::<Vec<_>>(),
        ["vip", "Norte", "nuevo"]
    );
    assert_eq!(contact.notes.expect("notes").as_str(), "line one\nline two");
    assert_eq!(contact.status, Some(ContactStatus::Unsubscribed));
}

#[test]
fn a_short_row_has_nothing_in_the_cells_it_lacks() {
    let contact = contact(&["Ana", "", "5512345678"]);
    assert_eq!(contact.email, None);
    assert!(contact.tags.is_empty());
    assert_eq!(contact.status, None);
}

#[test]
fn a_last_name_is_a_name() {
    assert_eq!(
        contact(&["", "Torres", "5512345678"]).name.as_str(),
        "Torres"
    );
}

#[test]
fn words_for_a_status_are_read_in_both_languages() {
    for (word, status) in [
        ("ACTIVO", Some(ContactStatus::Active)),
        ("activa", Some(ContactStatus::Active)),
        ("inactivo", Some(ContactStatus::Inactive)),
        ("baja", Some(ContactStatus::Unsubscribed)),
        ("Unsubscribed", Some(ContactStatus::Unsubscribed)),
        ("", None),
    ] {
        let contact = contact(&["Ana", "", "5512345678", "", "", "", word]);
        assert_eq!(contact.status, status, "{word}");
    }
}

#[test]
fn the_apostrophe_of_an_export_is_not_part_of_the_phone() {
    let contact = contact(&["Ana", "", "'+525512345678"]);
    assert_eq!(contact.phone.expect("a phone").as_str(), "+525512345678");
}

#[test]
fn a_row_of_empty_cells_is_blank() {
    for texts in [&[][..], &["", " ", "\t"][..]] {
        let parsed = parse(&columns(), &row(2, texts), mexico());
        assert_eq!(parsed, ParsedRow::Blank);
    }
}

#[test]
fn every_wrong_cell_is_listed_with_line_column_and_value() {
    let errors = errors(&["", "", "12", "nope", "", "x", "perdido"]);
    let listed: Vec<_> = errors
        .iter()
        .map(|error| {
            (
                error.line,
                error.column.as_deref(),
                error.value.as_str(),
                error.problem.code(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            (7, Some("Nombre"), "", "required"),
            (7, Some("Teléfono"), "12", "invalid_phone"),
            (7, Some("Correo"), "nope", "invalid_email"),
            (7, Some("Estado"), "perdido", "not_one_of"),
        ]
    );
}

#[test]
fn a_row_without_address_is_wrong_as_a_whole() {
    assert_eq!(
        errors(&["Ana"]),
        [RowError {
            line: 7,
            column: None,
            value: String::new(),
            problem: Problem::PhoneOrEmailRequired,
            cells: cells(&["Ana"]),
        }]
    );
}

#[test]
fn a_wrong_value_is_shown_cut_and_clean() {
    let long = format!("a\u{0}b{}", "é".repeat(300));
    let errors = errors(&["Ana", "", "", &long]);
    assert_eq!(errors[0].value.chars().count(), 200);
    assert!(errors[0].value.starts_with("a bé"));
}

#[test]
fn a_cell_of_endless_tags_is_refused() {
    let tags: Vec<_> = (0..51).map(|n| format!("t{n}")).collect();
    let errors = errors(&["Ana", "", "5512345678", "", &tags.join(";")]);
    assert_eq!(errors[0].problem, Problem::TooMany { max: 50 });
}

#[test]
fn a_row_is_kept_once_with_its_first_error_cut_and_without_nul() {
    let long = format!("a\u{0}b{}", "é".repeat(30_000));
    let errors = errors(&["", "", "12", &long, "", &long, &long, &long, &long, "x"]);
    assert_eq!(errors[1].cells, cells(&[]));
    let kept = &errors[0].cells;
    let lengths: Vec<_> = kept.iter().map(|cell| cell.chars().count()).collect();
    assert_eq!(lengths, [0, 0, 2, 5_000, 0, 5_000, 5_000, 4_998, 0, 0]);
    assert!(kept[3].starts_with("abé"));
}
