//! Columns that become custom fields.

use nexus_domain::values::{CustomFields, FieldName, FieldValue, Problem};
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, ColumnMapping, ColumnMeaning, ContactEdit,
    ContactSelection, ImportFailure, ImportPlan, ImportStatus, KnownContacts, MappedColumn,
};

use super::world::World;
use super::{cells, row};
use crate::fixtures::{entropy, now, user};
use crate::imports::columns::{Columns, IgnoredBecause, suggested};
use crate::imports::{ColumnChoice, ImportChoices};

fn name(label: &str) -> FieldName {
    FieldName::parse(label).expect("a name")
}

fn fields(fields: &[(&str, &str)]) -> CustomFields {
    let value = |text| FieldValue::parse(text).expect("a value");
    CustomFields::from_stored(
        fields
            .iter()
            .map(|(label, text)| (name(label), value(text))),
    )
}

fn ignored(columns: &Columns) -> Vec<(usize, IgnoredBecause)> {
    let ignored = columns.ignored().iter();
    ignored
        .map(|column| (column.column, column.because.clone()))
        .collect()
}

fn kept(columns: &Columns) -> Vec<String> {
    let cells = columns.custom_cells(&[]);
    cells.map(|(name, _)| name.label().to_owned()).collect()
}

#[test]
fn what_nothing_is_said_of_is_kept_only_when_the_user_wants_it() {
    let header = cells(&[
        "nombre",
        "Ciudad",
        "tel",
        "¿Precio?",
        "ciudad",
        "",
        "Celular",
    ]);
    let columns = Columns::recognise(&header, false).expect("known");
    assert!(!columns.has_custom_fields());
    let unmapped = [1, 3, 4, 5].map(|column| (column, IgnoredBecause::Unmapped));
    assert_eq!(ignored(&columns), unmapped);

    let columns = Columns::recognise(&header, true).expect("known");
    assert_eq!(kept(&columns), ["Ciudad"]);
    assert_eq!(
        ignored(&columns),
        [
            (3, IgnoredBecause::BadName(Problem::InvalidFieldName)),
            (4, IgnoredBecause::Repeated),
            (5, IgnoredBecause::BadName(Problem::Required)),
        ]
    );
    let words: Vec<_> = suggested(&header, true)
        .iter()
        .map(ColumnMeaning::as_str)
        .collect();
    assert_eq!(
        words,
        [
            "name", "custom", "phone", "ignore", "ignore", "ignore", "ignore"
        ]
    );
}

#[test]
fn what_we_added_to_a_file_ourselves_is_not_kept() {
    for (header, ours) in [
        (
            &[
                "Nombre",
                "Correo",
                "Baja desde",
                "Último mensaje",
                "Creado",
                "Zona",
            ][..],
            &[2, 3, 4][..],
        ),
        (&["Name", "Email", "Zona", "line", "reason", ""], &[3, 4]),
        // A column of the user's that happens to be called so.
        (&["Nombre", "Correo", "Creado", "Motivo", "Zona"], &[]),
    ] {
        let columns = Columns::recognise(&cells(header), true).expect("known");
        let found: Vec<_> = ignored(&columns)
            .into_iter()
            .filter(|(_, because)| *because == IgnoredBecause::Ours)
            .map(|(column, _)| column)
            .collect();
        assert_eq!(found, ours, "{header:?}");
        assert!(kept(&columns).contains(&"Zona".to_owned()));
    }
}

#[test]
fn beside_a_mapping_what_it_does_not_mention_is_kept() {
    let header = cells(&["Quién", "Contacto", "Zona", "Talla", "Ciudad", "talla"]);
    let column = |index, meaning| MappedColumn {
        index,
        header: None,
        meaning,
    };
    let mapping = ColumnMapping::parse(vec![
        column(4, ColumnMeaning::Ignore),
        column(0, ColumnMeaning::Name),
        column(1, ColumnMeaning::Phone),
        column(3, ColumnMeaning::Custom(name("Talla"))),
    ])
    .expect("a mapping");
    let columns = Columns::mapped(&mapping, &header, true);
    assert_eq!(kept(&columns), ["Talla", "Zona"]);
    let expected = [(4, IgnoredBecause::Chosen), (5, IgnoredBecause::Repeated)];
    assert_eq!(ignored(&columns), expected);
    let columns = Columns::mapped(&mapping, &header, false);
    assert_eq!(kept(&columns), ["Talla"]);
}

#[test]
fn a_column_may_be_mapped_to_a_field_by_its_name_or_its_header() {
    let choice = |field: &str, header: Option<&str>, custom: Option<&str>| ColumnChoice {
        column: 2,
        header: header.map(str::to_owned),
        field: field.to_owned(),
        custom: custom.map(str::to_owned),
    };
    let parsed = |choice: ColumnChoice| {
        let own = |column, field: &str| ColumnChoice {
            column,
            field: field.to_owned(),
            ..ColumnChoice::default()
        };
        let choices = ImportChoices {
            mapping: Some(vec![own(0, "name"), own(1, "phone"), choice]),
            ..ImportChoices::default()
        };
        choices.parse().map(|plan| {
            let mapping = plan.mapping.expect("a mapping");
            mapping.columns()[2].meaning.clone()
        })
    };
    for (header, custom) in [(Some("Zona"), None), (Some("Dónde"), Some("Zona"))] {
        let meaning = parsed(choice("custom", header, custom)).expect("accepted");
        assert_eq!(meaning, ColumnMeaning::Custom(name("Zona")));
    }
    for (header, custom, code) in [
        (None, None, "required"),
        (Some("¿Qué?"), None, "invalid_field_name"),
        (Some("Zona"), Some("Correo"), "reserved_field_name"),
    ] {
        let wrong = parsed(choice("custom", header, custom)).expect_err("refused");
        let wrong: Vec<_> = wrong
            .iter()
            .map(|(at, problem)| (at, problem.code()))
            .collect();
        assert_eq!(wrong, [("mapping[2].custom", code)]);
    }
}

/// An import of nombre, telefono, Ciudad and Talla that keeps what it does not know.
fn keeping(rows: &[&[&str]]) -> World {
    let rows = rows.iter().zip(2..).map(|(texts, line)| row(line, texts));
    let world = World::new(rows.collect());
    {
        let mut state = world.state();
        state.header = cells(&["nombre", "telefono", "Ciudad", "Talla"]);
        state.import.as_mut().expect("an import").plan = ImportPlan {
            keep_unmapped: true,
            known: KnownContacts::Overwrite,
            ..ImportPlan::default()
        };
    }
    world
}

#[tokio::test]
async fn cells_become_fields_of_the_contact_and_names_of_the_user() {
    let long = "x".repeat(501);
    let world = keeping(&[
        &["Ana", "5512345678", " Lima\nPerú ", ""],
        &["Luis", "5512345679"],
        &["Sol", "5512345680", &long, "M"],
        // The first contact again.
        &["Ana", "5512345678", "Cusco", "'=L"],
    ]);
    world.state().fields = vec![name("CIUDAD")];
    assert!(world.work().await);
    let state = world.state();
    let found: Vec<_> = state
        .contacts
        .iter()
        .map(|c| c.custom_fields.clone())
        .collect();
    assert_eq!(
        found,
        [
            fields(&[("Ciudad", "Cusco"), ("Talla", "=L")]),
            CustomFields::default()
        ]
    );
    let names = state.contacts[0].custom_fields.names();
    assert!(names.map(FieldName::label).eq(["CIUDAD", "Talla"]));
    assert_eq!(state.fields, [name("Ciudad"), name("Talla")]);
    let [error] = &state.errors[..] else {
        panic!("{:?}", state.errors);
    };
    assert_eq!((error.line, error.column.as_deref()), (4, Some("Ciudad")));
    assert_eq!(error.value, "x".repeat(200));
    assert_eq!(error.problem, Problem::TooLong { max: 500 });
    assert_eq!(error.cells[2], long, "to be corrected");
}

#[tokio::test]
async fn a_column_without_content_leaves_no_name() {
    let world = keeping(&[&["Ana", "5512345678", "", " "]]);
    assert!(world.work().await);
    assert_eq!(world.state().contacts.len(), 1);
    assert!(world.state().fields.is_empty());
}

#[tokio::test]
async fn too_many_fields_end_an_import_before_its_first_row() {
    let many = |count| (0..count).map(|n| format!("campo {n}")).collect::<Vec<_>>();
    let world = keeping(&[&["Ana", "5512345678", "Lima", "M"]]);
    world.state().header.extend(many(29));
    world.work().await;
    let failed = |world: &World, expected: ImportFailure| {
        assert!(world.state().contacts.is_empty());
        let status = world.import().status;
        let ImportStatus::Failed { failure, .. } = status else {
            panic!("{status:?}");
        };
        assert_eq!(failure, expected);
    };
    failed(&world, ImportFailure::TooManyFields { max: 30 });

    let world = keeping(&[&["Ana", "5512345678", "Lima", "M"]]);
    world.state().fields = many(49).iter().map(|label| name(label)).collect();
    world.work().await;
    failed(&world, ImportFailure::TooManyFieldNames { max: 50 });

    let world = keeping(&[&["Ana", "5512345678", "Lima", "M"]]);
    let mut known: Vec<_> = many(48).iter().map(|label| name(label)).collect();
    known.push(name("ciudad"));
    world.state().fields = known;
    world.work().await;
    assert_eq!(world.state().contacts.len(), 1, "one of them is known");
}

#[tokio::test]
async fn an_import_waits_until_a_field_that_it_brings_is_deleted() {
    let world = keeping(&[&["Ana", "5512345678", "Lima", "M"]]);
    world.state().unfinished.push(BulkChange {
        id: BulkChangeId::new(now(), entropy().as_ref()),
        user_id: user().id,
        action: BulkAction::Edit(ContactEdit::RemoveField(name("ciudad"))),
        selection: ContactSelection::Ids(Vec::new()),
        status: BulkStatus::Running,
        matched: 5_000,
        changed: 2,
        seen_through: None,
        created_at: now(),
        updated_at: now(),
    });
    assert!(world.work().await);
    assert!(world.state().contacts.is_empty());
    assert_eq!(world.import().progress.read, 0);
    assert_eq!(world.import().status.as_str(), "running");
    assert!(world.state().given_back.is_some_and(|at| at > now()));
    world.state().unfinished.clear();
    assert!(world.work().await);
    assert_eq!(world.import().progress.created, 1);
}
