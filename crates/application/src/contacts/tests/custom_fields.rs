//! Custom fields that people type.

use nexus_domain::values::{FieldName, FieldValue};
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, ContactEdit, ContactFilter, ContactSelection,
};

use super::*;
use crate::contacts::tests::fields as wrong;

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

/// These names are registered; then the user has `known`.
fn registering(unit: &mut MockUnitOfWork, expected: &'static [&'static str], known: &[&str]) {
    let known: Vec<_> = known.iter().map(|label| name(label)).collect();
    unit.fields
        .expect_register()
        .withf(move |asked, names, at| {
            let expected = expected.iter().map(|label| name(label));
            *asked == user().id && names.iter().cloned().eq(expected) && *at == now()
        })
        .times(1)
        .returning(move |_, _, _| Ok(known.clone()));
}

/// A worker takes these fields from contacts.
fn deleting(unit: &mut MockUnitOfWork, labels: &[&str]) {
    let deletion = |label: &&str| BulkChange {
        id: BulkChangeId::new(now(), entropy().as_ref()),
        user_id: user().id,
        action: BulkAction::Edit(ContactEdit::RemoveField(name(label))),
        selection: ContactSelection::Filter(ContactFilter::default()),
        status: BulkStatus::Running,
        matched: 3_000,
        changed: 1_000,
        seen_through: None,
        created_at: now(),
        updated_at: now(),
    };
    let changes: Vec<_> = labels.iter().map(deletion).collect();
    unit.bulk_changes
        .expect_unfinished()
        .with(eq(user().id))
        .times(1)
        .return_once(move |_| Ok(changes));
}

#[tokio::test]
async fn a_new_contact_brings_its_fields_which_are_spelled_as_before() {
    let mut unit = MockUnitOfWork::default();
    registering(
        &mut unit,
        &["ciudad", "Talla"],
        &["Ciudad", "Talla", "Zona"],
    );
    deleting(&mut unit, &["Zona"]);
    knowing(&mut unit, vec![]);
    unit.contacts
        .expect_insert()
        .withf(|contacts| {
            let names = contacts[0].custom_fields.names().map(FieldName::label);
            names.eq(["Ciudad", "Talla"])
        })
        .times(1)
        .returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let typed = CreateContact {
        custom_fields: vec![
            custom_field("ciudad", Some(" Lima ")),
            custom_field("Talla", Some("M")),
            custom_field("Zona", Some(" ")),
            custom_field("Otra", None),
        ],
        ..typed()
    };
    let contact = bench.contacts.create(&actor(), typed).await.expect("made");
    assert_eq!(
        contact.custom_fields,
        fields(&[("Ciudad", "Lima"), ("Talla", "M")])
    );
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn names_beyond_the_limit_are_refused_before_anything_is_stored() {
    let many: Vec<String> = (0..51).map(|n| format!("campo {n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut unit = MockUnitOfWork::default();
    registering(&mut unit, &["Ciudad"], &many);
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let typed = CreateContact {
        custom_fields: vec![custom_field("Ciudad", Some("Lima"))],
        ..typed()
    };
    let error = bench.contacts.create(&actor(), typed).await;
    let Err(CreateContactError::Invalid(violations)) = error else {
        panic!("made");
    };
    assert_eq!(
        refused(&violations),
        wrong(&[("custom_fields", "too_many_field_names")])
    );
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn a_field_is_not_begun_anew_while_it_is_being_deleted() {
    let wrong = wrong(&[("custom_fields", "field_being_deleted")]);
    let given = || vec![custom_field("ciudad", Some("Lima"))];
    let beginning = || {
        let mut unit = MockUnitOfWork::default();
        registering(&mut unit, &["ciudad"], &["ciudad"]);
        deleting(&mut unit, &["Talla", "Ciudad"]);
        bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit))
    };

    let bench = beginning();
    let typed = CreateContact {
        custom_fields: given(),
        ..typed()
    };
    let Err(CreateContactError::Invalid(violations)) = bench.contacts.create(&actor(), typed).await
    else {
        panic!("made");
    };
    assert_eq!(refused(&violations), wrong);
    assert_eq!(bench.storage.commits(), 0);

    let bench = beginning();
    let changes = UpdateContact {
        custom_fields: Field::Set(given()),
        ..UpdateContact::default()
    };
    let Err(UpdateContactError::Invalid(violations)) =
        bench.contacts.update(&actor(), stored().id, changes).await
    else {
        panic!("changed");
    };
    assert_eq!(refused(&violations), wrong);
    assert_eq!(bench.storage.commits(), 0);
}

async fn updated(changes: Field<Vec<CustomFieldInput>>) -> CustomFields {
    let before = Contact {
        custom_fields: fields(&[("Ciudad", "Lima"), ("Talla", "M")]),
        ..stored()
    };
    let mut unit = locking(Some(before));
    unit.fields
        .expect_register()
        .returning(|_, names, _| Ok(names.to_vec()));
    unit.bulk_changes
        .expect_unfinished()
        .returning(|_| Ok(Vec::new()));
    unit.contacts.expect_save().times(1).returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let changes = UpdateContact {
        custom_fields: changes,
        ..UpdateContact::default()
    };
    let changed = bench.contacts.update(&actor(), stored().id, changes).await;
    changed.expect("changed").custom_fields
}

#[tokio::test]
async fn what_is_given_is_set_what_is_empty_goes_and_the_rest_stays() {
    let both = fields(&[("Ciudad", "Lima"), ("Talla", "M")]);
    assert_eq!(updated(Field::Keep).await, both);
    assert_eq!(updated(Field::Set(vec![])).await, both);
    let changes = vec![
        custom_field("CIUDAD", None),
        custom_field("talla", Some("L")),
        custom_field("Zona", Some("Sur")),
        custom_field("¿nunca?", Some("")),
    ];
    assert_eq!(
        updated(Field::Set(changes)).await,
        fields(&[("Talla", "L"), ("Zona", "Sur")])
    );
    assert_eq!(updated(Field::Clear).await, CustomFields::default());
}

#[tokio::test]
async fn a_contact_with_too_many_fields_is_refused() {
    let bench = bench(ScriptedStorage::new().then_read(of_user()));
    let many = (0..31).map(|n| custom_field(&format!("campo {n}"), Some("x")));
    let typed = CreateContact {
        custom_fields: many.collect(),
        ..typed()
    };
    let error = bench.contacts.create(&actor(), typed).await;
    let Err(CreateContactError::Invalid(violations)) = error else {
        panic!("made");
    };
    assert_eq!(
        refused(&violations),
        wrong(&[("custom_fields", "too_many_fields")])
    );
}
