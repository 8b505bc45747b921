use nexus_domain::ColumnMeaning;

use super::cells;
use crate::imports::columns::{Columns, shown_header, suggested};

#[test]
fn headers_are_known_in_both_languages_whatever_their_accents_and_signs() {
    let header = cells(&[
        "\u{feff}NOMBRE ",
        "Apellidos",
        "Teléfono móvil",
        "E-mail",
        "Etiquetas",
        "notas:",
        "Estado",
    ]);
    let columns = Columns::recognise(&header, false).expect("known");
    let row = cells(&["Ana", "Torres", "55", "a@b.mx", "vip", "n", "activo"]);
    for (meaning, text) in [
        (ColumnMeaning::Name, "Ana"),
        (ColumnMeaning::LastName, "Torres"),
        (ColumnMeaning::Phone, "55"),
        (ColumnMeaning::Email, "a@b.mx"),
        (ColumnMeaning::Tags, "vip"),
        (ColumnMeaning::Notes, "n"),
        (ColumnMeaning::Status, "activo"),
    ] {
        assert_eq!(columns.cell(&meaning, &row).text, text, "{meaning:?}");
    }
}

#[test]
fn a_name_and_an_address_are_enough() {
    for header in [
        ["full name", "phone"],
        ["nombre completo", "whatsapp"],
        ["Name", "Mobile"],
        ["apellidos", "celular"],
        ["First Name", "E-mail 1 - Value"],
        ["cliente", "Correo electrónico"],
        ["nombre", "tel."],
    ] {
        assert!(
            Columns::recognise(&cells(&header), false).is_some(),
            "{header:?}"
        );
    }
}

#[test]
fn without_a_name_or_without_an_address_nothing_is_known() {
    for header in [["nombre", "ciudad"], ["telefono", "correo"], ["", ""]] {
        assert!(
            Columns::recognise(&cells(&header), false).is_none(),
            "{header:?}"
        );
    }
}

#[test]
fn of_several_phones_the_first_that_is_filled_counts() {
    let columns =
        Columns::recognise(&cells(&["nombre", "celular", "telefono"]), false).expect("known");
    let row = cells(&["Ana", "  ", "5512345678"]);
    let phone = columns.cell(&ColumnMeaning::Phone, &row);
    assert_eq!((phone.column, phone.text), (Some("telefono"), "5512345678"));
    let short = cells(&["Ana"]);
    let phone = columns.cell(&ColumnMeaning::Phone, &short);
    assert_eq!((phone.column, phone.text), (Some("celular"), ""));
}

#[test]
fn a_header_is_shown_cut_and_clean() {
    let mut header = vec!["a\u{0}b".to_owned(), "x".repeat(500)];
    header.extend(vec!["c".to_owned(); 100]);
    let shown = shown_header(&header);
    assert_eq!(shown.len(), 50);
    assert_eq!(shown[0], "a b");
    assert_eq!(shown[1].len(), 200);
}

#[test]
fn what_a_contact_has_once_is_suggested_once() {
    let header = cells(&[
        "nombre",
        "celular",
        "telefono",
        "tags",
        "etiquetas",
        "ciudad",
    ]);
    let words: Vec<_> = suggested(&header, false)
        .iter()
        .map(ColumnMeaning::as_str)
        .collect();
    assert_eq!(words, ["name", "phone", "ignore", "tags", "tags", "ignore"]);
}
