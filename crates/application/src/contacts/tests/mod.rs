mod custom_fields;
mod exporting;
mod finding;
mod merging;

use std::sync::Arc;

use mockall::predicate::{always, eq};
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{DuplicateKey, KnownAddress, StorageError};
use nexus_domain::values::{CustomFields, EmailAddress, PersonName, PhoneNumber, Tag};
use nexus_domain::{Contact, ContactId, ContactSource, ContactStatus, OptOutSource};

use super::*;
use crate::fixtures::{actor, clock, entropy, fields, now, refused, user};
use crate::{CustomFieldInput, Field};

const PHONE: &str = "+525512345678";

struct Bench {
    storage: Arc<ScriptedStorage>,
    contacts: Contacts,
}

fn bench(storage: ScriptedStorage) -> Bench {
    let storage = Arc::new(storage);
    Bench {
        contacts: Contacts::new(storage.clone(), clock(), entropy()),
        storage,
    }
}

/// A read of the acting user.
fn of_user() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_find()
        .with(eq(user().id))
        .returning(|_| Ok(Some(user())));
    unit
}

fn other_id() -> ContactId {
    ContactId::new(now() - chrono::TimeDelta::days(1), entropy().as_ref())
}

fn knowing(unit: &mut MockUnitOfWork, known: Vec<KnownAddress>) {
    unit.contacts
        .expect_known()
        .with(eq(user().id), always(), always())
        .times(1)
        .returning(move |_, _, _| Ok(known.clone()));
    nobody_opted_out(unit);
}

fn nobody_opted_out(unit: &mut MockUnitOfWork) {
    unit.correspondents
        .expect_opted_out()
        .returning(|_, _, _| Ok(Vec::new()));
}

fn with_phone(id: ContactId) -> KnownAddress {
    KnownAddress {
        id,
        phone: Some(PhoneNumber::from_stored(PHONE.to_owned())),
        email: None,
    }
}

fn with_email(id: ContactId) -> KnownAddress {
    KnownAddress {
        id,
        phone: None,
        email: Some(EmailAddress::from_stored("LUIS@example.com".to_owned())),
    }
}

fn custom_field(name: &str, value: Option<&str>) -> CustomFieldInput {
    CustomFieldInput {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    }
}

fn typed() -> CreateContact {
    CreateContact {
        name: " Luis Pérez ".to_owned(),
        phone: Some("55 1234 5678".to_owned()),
        email: Some("luis@example.com".to_owned()),
        tags: vec!["VIP".to_owned(), "vip".to_owned(), String::new()],
        notes: Some(String::new()),
        custom_fields: Vec::new(),
        status: None,
    }
}

fn stored() -> Contact {
    Contact {
        id: ContactId::new(now(), entropy().as_ref()),
        user_id: user().id,
        name: PersonName::parse("Luis Pérez").expect("a name"),
        phone: Some(PhoneNumber::from_stored(PHONE.to_owned())),
        email: None,
        tags: vec![Tag::from_stored("VIP".to_owned())],
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn locking(contact: Option<Contact>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.contacts
        .expect_lock()
        .with(eq(user().id), eq(stored().id))
        .returning(move |_, _| Ok(contact.clone()));
    nobody_opted_out(&mut unit);
    unit
}

fn set(text: &str) -> Field<String> {
    Field::Set(text.to_owned())
}

#[tokio::test]
async fn a_contact_is_created_with_a_phone_of_the_users_country() {
    let mut unit = MockUnitOfWork::default();
    knowing(&mut unit, vec![]);
    unit.contacts
        .expect_insert()
        .withf(|contacts| contacts.len() == 1)
        .times(1)
        .returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));

    let contact = bench
        .contacts
        .create(&actor(), typed())
        .await
        .expect("made");

    assert_eq!(bench.storage.commits(), 1);
    assert_eq!(contact.user_id, user().id);
    assert_eq!(contact.name.as_str(), "Luis Pérez");
    assert_eq!(contact.phone.expect("a phone").as_str(), PHONE);
    assert_eq!(contact.tags.len(), 1);
    assert_eq!(contact.notes, None);
    assert_eq!(contact.status, ContactStatus::Active);
    assert_eq!(contact.source, ContactSource::Manual);
}

#[tokio::test]
async fn every_bad_field_of_a_new_contact_is_listed() {
    let bench = bench(ScriptedStorage::new().then_read(of_user()));
    let typed = CreateContact {
        name: String::new(),
        phone: Some("12".to_owned()),
        email: Some("luis".to_owned()),
        tags: vec!["a,b".to_owned()],
        notes: Some("x".repeat(5_001)),
        custom_fields: vec![
            custom_field("e-mail 2", Some("a")),
            custom_field("Nombre", Some("a")),
            custom_field("Ciudad", Some("Lima")),
            custom_field("ciudad", Some("Cusco")),
            custom_field("Talla", Some(&"x".repeat(501))),
        ],
        status: Some("deleted".to_owned()),
    };

    let error = bench
        .contacts
        .create(&actor(), typed)
        .await
        .expect_err("refused");

    let CreateContactError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[
            ("name", "required"),
            ("phone", "invalid_phone"),
            ("email", "invalid_email"),
            ("tags", "tag_with_comma"),
            ("notes", "too_long"),
            ("custom_fields.e-mail 2", "invalid_field_name"),
            ("custom_fields.Nombre", "reserved_field_name"),
            ("custom_fields.ciudad", "mapped_twice"),
            ("custom_fields.Talla", "too_long"),
            ("status", "not_one_of"),
        ])
    );
}

#[tokio::test]
async fn a_new_contact_needs_a_phone_or_an_email() {
    let bench = bench(ScriptedStorage::new().then_read(of_user()));
    let typed = CreateContact {
        name: "Luis".to_owned(),
        phone: Some("  ".to_owned()),
        ..CreateContact::default()
    };

    let error = bench
        .contacts
        .create(&actor(), typed)
        .await
        .expect_err("refused");

    let CreateContactError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[("phone", "phone_or_email_required")])
    );
}

#[tokio::test]
async fn a_duplicate_names_the_contact_that_is_there() {
    for by_phone in [true, false] {
        let mut unit = MockUnitOfWork::default();
        let known = if by_phone {
            with_phone(other_id())
        } else {
            with_email(other_id())
        };
        knowing(&mut unit, vec![known]);
        let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));

        let error = bench
            .contacts
            .create(&actor(), typed())
            .await
            .expect_err("refused");

        match error {
            CreateContactError::DuplicatePhone { existing } if by_phone => {
                assert_eq!(existing, other_id());
            }
            CreateContactError::DuplicateEmail { existing } if !by_phone => {
                assert_eq!(existing, other_id());
            }
            other => panic!("unexpected: {other}"),
        }
        assert_eq!(bench.storage.commits(), 0);
    }
}

#[tokio::test]
async fn a_duplicate_made_at_the_same_time_is_named_too() {
    let mut unit = MockUnitOfWork::default();
    knowing(&mut unit, vec![]);
    unit.contacts
        .expect_insert()
        .returning(|_| Err(StorageError::Duplicate(DuplicateKey::ContactPhone)));
    let mut afterwards = MockUnitOfWork::default();
    knowing(&mut afterwards, vec![with_phone(other_id())]);
    let bench = bench(
        ScriptedStorage::new()
            .then_read(of_user())
            .then_begin(unit)
            .then_read(afterwards),
    );

    let error = bench
        .contacts
        .create(&actor(), typed())
        .await
        .expect_err("refused");

    assert!(
        matches!(error, CreateContactError::DuplicatePhone { existing } if existing == other_id())
    );
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn an_update_keeps_what_is_absent() {
    let mut unit = locking(Some(stored()));
    unit.contacts.expect_save().times(1).returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let changes = UpdateContact {
        notes: set("calls on Mondays"),
        status: set("unsubscribed"),
        ..UpdateContact::default()
    };

    let contact = bench
        .contacts
        .update(&actor(), stored().id, changes)
        .await
        .expect("changed");

    assert_eq!(bench.storage.commits(), 1);
    assert_eq!(contact.phone, stored().phone);
    assert_eq!(contact.tags, stored().tags);
    assert_eq!(contact.status, ContactStatus::Unsubscribed);
    let wish = contact.opt_out.map(|opt_out| (opt_out.source, opt_out.at));
    assert_eq!(wish, Some((OptOutSource::User, now())));
    assert_eq!(contact.notes.expect("notes").as_str(), "calls on Mondays");
}

#[tokio::test]
async fn a_form_from_before_an_opt_out_does_not_take_it_back() {
    let second = chrono::TimeDelta::seconds(1);
    for (seen_at, status, is_refused) in [
        (Some(now() - second), "active", true),
        (Some(now() - second), "inactive", true),
        (Some(now() - second), "unsubscribed", false),
        (Some(now()), "active", false),
        (None, "active", false),
    ] {
        let mut unit = locking(Some(Contact {
            status: ContactStatus::Unsubscribed,
            opt_out: ContactStatus::Unsubscribed.opt_out(OptOutSource::Provider, now()),
            ..stored()
        }));
        let saves = usize::from(!is_refused);
        unit.contacts
            .expect_save()
            .times(saves)
            .returning(|_| Ok(()));
        let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
        let changes = UpdateContact {
            notes: set("calls on Mondays"),
            status: set(status),
            seen_at,
            ..UpdateContact::default()
        };
        let outcome = bench.contacts.update(&actor(), stored().id, changes).await;
        let refused = matches!(outcome, Err(UpdateContactError::OptedOutMeanwhile));
        assert_eq!(refused, is_refused, "{seen_at:?} {status}");
        assert_eq!(bench.storage.commits(), saves);
    }
}

#[tokio::test]
async fn an_update_replaces_the_tags() {
    for (wish, expected) in [
        (
            Field::Set(vec!["nuevo".to_owned()]),
            vec![Tag::from_stored("nuevo".to_owned())],
        ),
        (Field::Set(vec![]), vec![]),
        (Field::Clear, vec![]),
    ] {
        let mut unit = locking(Some(stored()));
        unit.contacts.expect_save().times(1).returning(|_| Ok(()));
        let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
        let changes = UpdateContact {
            tags: wish,
            ..UpdateContact::default()
        };
        let contact = bench
            .contacts
            .update(&actor(), stored().id, changes)
            .await
            .expect("changed");
        assert_eq!(contact.tags, expected);
    }
}

#[tokio::test]
async fn the_last_address_of_a_contact_stays() {
    let unit = locking(Some(stored()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let changes = UpdateContact {
        phone: Field::Clear,
        name: set(""),
        ..UpdateContact::default()
    };

    let error = bench
        .contacts
        .update(&actor(), stored().id, changes)
        .await
        .expect_err("refused");

    let UpdateContactError::Invalid(violations) = error else {
        panic!("unexpected: {error}");
    };
    assert_eq!(
        refused(&violations),
        fields(&[("name", "required"), ("phone", "phone_or_email_required")])
    );
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn a_contact_saved_as_it_is_is_no_duplicate_of_itself() {
    let mut unit = locking(Some(stored()));
    unit.contacts.expect_save().times(1).returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let changes = UpdateContact {
        name: set("Luis Pérez"),
        phone: set(PHONE),
        email: set(""),
        ..UpdateContact::default()
    };
    let contact = bench
        .contacts
        .update(&actor(), stored().id, changes)
        .await
        .expect("changed");
    assert_eq!(contact.phone, stored().phone);
}

#[tokio::test]
async fn an_update_to_anothers_address_names_the_other() {
    let mut unit = locking(Some(stored()));
    knowing(&mut unit, vec![with_email(other_id())]);
    let bench = bench(ScriptedStorage::new().then_read(of_user()).then_begin(unit));
    let changes = UpdateContact {
        email: set("luis@example.com"),
        ..UpdateContact::default()
    };

    let error = bench
        .contacts
        .update(&actor(), stored().id, changes)
        .await
        .expect_err("refused");

    assert!(
        matches!(error, UpdateContactError::DuplicateEmail { existing } if existing == other_id())
    );
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn an_update_that_loses_a_race_names_the_winner() {
    let mut unit = locking(Some(stored()));
    knowing(&mut unit, vec![]);
    unit.contacts
        .expect_save()
        .returning(|_| Err(StorageError::Duplicate(DuplicateKey::ContactEmail)));
    let mut afterwards = MockUnitOfWork::default();
    // The contact itself is known by its own phone.
    knowing(
        &mut afterwards,
        vec![with_phone(stored().id), with_email(other_id())],
    );
    let bench = bench(
        ScriptedStorage::new()
            .then_read(of_user())
            .then_begin(unit)
            .then_read(afterwards),
    );
    let changes = UpdateContact {
        email: set("luis@example.com"),
        ..UpdateContact::default()
    };

    let error = bench
        .contacts
        .update(&actor(), stored().id, changes)
        .await
        .expect_err("refused");

    assert!(
        matches!(error, UpdateContactError::DuplicateEmail { existing } if existing == other_id())
    );
}

#[tokio::test]
async fn another_users_contact_is_not_found() {
    // The store is asked for the actor's contact, and has none with this id.
    let mut read = MockUnitOfWork::default();
    read.contacts
        .expect_find()
        .with(eq(user().id), eq(stored().id))
        .times(1)
        .returning(|_, _| Ok(None));
    let mut deletion = MockUnitOfWork::default();
    deletion
        .contacts
        .expect_delete()
        .with(eq(user().id), eq(stored().id))
        .times(1)
        .returning(|_, _| Ok(false));
    let bench = bench(
        ScriptedStorage::new()
            .then_read(read)
            .then_begin(deletion)
            .then_read(of_user())
            .then_begin(locking(None)),
    );
    let id = stored().id;

    let got = bench.contacts.get(&actor(), id).await;
    let deleted = bench.contacts.delete(&actor(), id).await;
    let updated = bench
        .contacts
        .update(&actor(), id, UpdateContact::default())
        .await;

    assert!(matches!(got, Err(GetContactError::NotFound)));
    assert!(matches!(deleted, Err(DeleteContactError::NotFound)));
    assert!(matches!(updated, Err(UpdateContactError::NotFound)));
    assert_eq!(bench.storage.commits(), 0);
}
