use nexus_domain::OptOut;
use nexus_domain::values::{FieldName, FieldValue};

use super::*;

fn kept() -> Contact {
    stored()
}

fn gone() -> Contact {
    let email = EmailAddress::parse("luis@example.com").expect("an address");
    Contact {
        id: other_id(),
        phone: None,
        email: Some(email),
        ..stored()
    }
}

/// A transaction in which these contacts are there.
fn with(found: &[Contact]) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    let all = found.to_vec();
    unit.contacts
        .expect_find_many()
        .withf(|asked, ids| *asked == user().id && ids == [kept().id, gone().id])
        .times(1)
        .return_once(move |_, _| Ok(all));
    unit
}

fn name(label: &str) -> FieldName {
    FieldName::parse(label).expect("a name")
}

fn with_fields(contact: Contact, labels: &[&str]) -> Contact {
    let value = || FieldValue::parse("uno").expect("a value");
    Contact {
        custom_fields: CustomFields::from_stored(labels.iter().map(|label| (name(label), value()))),
        ..contact
    }
}

/// The names of fields, which are Ciudad and Talla, are held before what was sent is handed over.
fn moving(unit: &mut MockUnitOfWork) {
    let mut order = mockall::Sequence::new();
    unit.fields
        .expect_hold()
        .with(eq(user().id))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(vec![name("Ciudad"), name("Talla")]));
    unit.contacts
        .expect_hand_over()
        .with(eq(user().id), eq(gone().id), eq(kept().id))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _, _| Ok(()));
}

fn locking_each(unit: &mut MockUnitOfWork, contacts: [Contact; 2]) {
    for contact in contacts {
        unit.contacts
            .expect_lock()
            .with(eq(user().id), eq(contact.id))
            .times(1)
            .return_once(move |_, _| Ok(Some(contact)));
    }
}

#[tokio::test]
async fn the_contact_that_stays_gets_what_it_lacks_and_the_other_goes_before_it_is_saved() {
    let wish = OptOut::new(OptOutSource::Provider, now());
    let gone = Contact {
        status: ContactStatus::Unsubscribed,
        opt_out: Some(wish.clone()),
        ..with_fields(gone(), &["Talla", "Borrado"])
    };
    let stays = with_fields(kept(), &["ciudad", "Otro borrado"]);
    let mut unit = with(&[kept(), gone.clone()]);
    moving(&mut unit);
    locking_each(&mut unit, [stays, gone.clone()]);
    let mut order = mockall::Sequence::new();
    unit.contacts
        .expect_delete()
        .with(eq(user().id), eq(gone.id))
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| Ok(true));
    unit.contacts
        .expect_save()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_| Ok(()));
    let bench = bench(ScriptedStorage::new().then_begin(unit));

    let merged = bench.contacts.merge(&actor(), kept().id, gone.id).await;

    let merged = merged.expect("one contact");
    assert_eq!(merged.id, kept().id);
    assert_eq!((merged.phone, merged.email), (kept().phone, gone.email));
    assert_eq!(merged.opt_out, Some(wish));
    let left = merged.custom_fields.names().map(FieldName::label);
    assert!(left.eq(["ciudad", "Talla"]), "{:?}", merged.custom_fields);
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn what_is_too_much_for_one_contact_changes_nothing() {
    let notes = |letter: &str| nexus_domain::values::LongText::parse(&letter.repeat(3_000)).ok();
    let [first, second] = [
        Contact {
            notes: notes("a"),
            ..kept()
        },
        Contact {
            notes: notes("b"),
            ..gone()
        },
    ];
    let mut unit = with(&[first.clone(), second.clone()]);
    moving(&mut unit);
    locking_each(&mut unit, [first, second]);
    let bench = bench(ScriptedStorage::new().then_begin(unit));

    let merged = bench.contacts.merge(&actor(), kept().id, gone().id).await;

    let Err(MergeContactsError::Invalid(violations)) = merged else {
        panic!("unexpected: {merged:?}");
    };
    assert_eq!(refused(&violations), fields(&[("notes", "too_long")]));
    assert_eq!(bench.storage.commits(), 0);
}

#[tokio::test]
async fn only_two_contacts_that_are_there_become_one() {
    let bench = bench(ScriptedStorage::new().then_begin(with(&[kept()])));
    let missing = bench.contacts.merge(&actor(), kept().id, gone().id).await;
    assert!(matches!(missing, Err(MergeContactsError::NotFound)));
    let itself = bench.contacts.merge(&actor(), kept().id, kept().id).await;
    assert!(matches!(itself, Err(MergeContactsError::Invalid(_))));
}
