//! What happens to contacts that rows meet again.

use std::collections::HashSet;

use nexus_domain::ports::TableRow;
use nexus_domain::values::{CustomFields, EmailAddress, PersonName, PhoneNumber, Problem, Tag};
use nexus_domain::{Contact, ContactId, ContactSource, ContactStatus, KnownContacts};

use super::world::World;
use super::{cells, numbers, row};
use crate::fixtures::{entropy, now, user};

/// An import of rows with nombre, telefono, correo, etiquetas and estado.
fn world(policy: KnownContacts, rows: Vec<TableRow>) -> World {
    let world = World::new(rows);
    {
        let mut state = world.state();
        state.header = cells(&["nombre", "telefono", "correo", "etiquetas", "estado"]);
        state.import.as_mut().expect("an import").plan.known = policy;
    }
    world
}

fn contact(number: u8, phone: Option<&str>, email: Option<&str>) -> Contact {
    let earlier = now() - chrono::TimeDelta::days(1);
    let at = earlier + chrono::TimeDelta::milliseconds(i64::from(number));
    Contact {
        id: ContactId::new(at, entropy().as_ref()),
        user_id: user().id,
        name: PersonName::parse("Luis").expect("a name"),
        phone: phone.map(|phone| PhoneNumber::from_stored(phone.to_owned())),
        email: email.map(|email| EmailAddress::from_stored(email.to_owned())),
        tags: vec![Tag::from_stored("vip".to_owned())],
        notes: None,
        custom_fields: CustomFields::default(),
        status: ContactStatus::Active,
        opt_out: None,
        source: ContactSource::Manual,
        last_message_at: None,
        created_at: earlier,
        updated_at: earlier,
    }
}

const PHONE: &str = "+525512345678";

#[tokio::test]
async fn a_known_contact_is_skipped_filled_or_overwritten() {
    let rows = || {
        vec![row(
            2,
            &["Ana", PHONE, "a@example.com", "norte;VIP", "inactivo"],
        )]
    };
    for (policy, name, email, tags, status) in [
        (KnownContacts::Skip, "Luis", None, 1, ContactStatus::Active),
        (
            KnownContacts::UpdateEmpty,
            "Luis",
            Some("a@example.com"),
            2,
            ContactStatus::Active,
        ),
        (
            KnownContacts::Overwrite,
            "Ana",
            Some("a@example.com"),
            2,
            ContactStatus::Inactive,
        ),
    ] {
        let world = world(policy, rows());
        world.state().contacts.push(contact(0, Some(PHONE), None));
        assert!(world.work().await);
        let contact = world.state().contacts[0].clone();
        assert_eq!(contact.name.as_str(), name, "{policy:?}");
        assert_eq!(contact.email.as_ref().map(EmailAddress::as_str), email);
        assert_eq!(contact.tags.len(), tags, "{policy:?}");
        assert_eq!(contact.status, status, "{policy:?}");
        let progress = world.import().progress;
        let updates = policy != KnownContacts::Skip;
        assert_eq!(progress.updated, u64::from(updates));
        assert_eq!(progress.skipped, u64::from(!updates));
        assert_eq!(contact.updated_at == now(), updates, "{policy:?}");
    }
}

#[tokio::test]
async fn the_same_rows_once_more_change_nothing() {
    for policy in [KnownContacts::UpdateEmpty, KnownContacts::Overwrite] {
        let rows = || {
            vec![
                row(2, &["Ana", PHONE, "a@example.com", "norte", "baja"]),
                row(3, &["Eva", "", "e@example.com"]),
            ]
        };
        let first = world(policy, rows());
        assert!(first.work().await);
        let second = world(policy, rows());
        second.state().contacts = first.state().contacts.clone();
        assert!(second.work().await);
        assert_eq!(second.import().progress.unchanged, 2, "{policy:?}");
        assert_eq!(second.state().contacts, first.state().contacts);
    }
}

#[tokio::test]
async fn who_unsubscribed_stays_so_and_every_such_row_is_counted() {
    for policy in KnownContacts::ALL {
        let world = world(
            policy,
            vec![
                row(2, &["Luis", PHONE, "", "", "activo"]),
                row(3, &["Luis", PHONE, "", "", "inactivo"]),
                row(4, &["Luis", PHONE, "", "", "baja"]),
                row(5, &["Luis", PHONE, "", "", ""]),
            ],
        );
        let mut luis = contact(0, Some(PHONE), None);
        luis.status = ContactStatus::Unsubscribed;
        world.state().contacts.push(luis);
        assert!(world.work().await);
        let status = world.state().contacts[0].status;
        assert_eq!(status, ContactStatus::Unsubscribed, "{policy:?}");
        assert_eq!(world.import().progress.still_unsubscribed, 2, "{policy:?}");
    }
}

#[tokio::test]
async fn an_opt_out_in_the_file_is_believed_when_contacts_are_updated() {
    for (policy, status) in [
        (KnownContacts::Skip, ContactStatus::Active),
        (KnownContacts::UpdateEmpty, ContactStatus::Unsubscribed),
        (KnownContacts::Overwrite, ContactStatus::Unsubscribed),
    ] {
        let world = world(policy, vec![row(2, &["Luis", PHONE, "", "", "baja"])]);
        world.state().contacts.push(contact(0, Some(PHONE), None));
        assert!(world.work().await);
        assert_eq!(world.state().contacts[0].status, status, "{policy:?}");
    }
}

#[tokio::test]
async fn a_row_between_two_contacts_is_refused_and_names_both() {
    for policy in KnownContacts::ALL {
        let world = world(policy, vec![row(2, &["Ana", PHONE, "b@example.com"])]);
        let (one, other) = (
            contact(0, Some(PHONE), None),
            contact(1, None, Some("b@example.com")),
        );
        let problem = Problem::MeetsTwoContacts {
            phone: one.id,
            email: other.id,
        };
        let before = vec![one, other];
        world.state().contacts.clone_from(&before);
        assert!(world.work().await);
        let state = world.state();
        assert_eq!(state.contacts, before, "{policy:?}");
        assert_eq!(state.errors.len(), 1);
        assert_eq!(state.errors[0].problem, problem);
        assert_eq!(state.errors[0].cells[0], "Ana");
    }
}

#[tokio::test]
async fn a_later_row_adds_to_the_contact_of_an_earlier_one_unless_it_is_skipped() {
    // The rows are in one batch or in two; it makes no difference.
    for distance in [0, 600] {
        for (policy, email) in [
            (KnownContacts::Skip, None),
            (KnownContacts::UpdateEmpty, Some("a@example.com")),
            (KnownContacts::Overwrite, Some("a@example.com")),
        ] {
            let mut rows = vec![row(2, &["Ana", PHONE])];
            rows.extend((3..3 + distance).map(|line| row(line, &["", ""])));
            rows.push(row(3 + distance, &["Ana", PHONE, "a@example.com"]));
            let world = world(policy, rows);
            assert!(world.work().await);
            let state = world.state();
            assert_eq!(state.contacts.len(), 1);
            let ana = &state.contacts[0];
            assert_eq!(ana.email.as_ref().map(EmailAddress::as_str), email);
            // It is still one piece with its import, which can be undone.
            assert_eq!(ana.updated_at, ana.created_at, "{policy:?}, {distance}");
        }
    }
}

#[tokio::test]
async fn addresses_that_change_hands_within_a_file_are_stored_in_order() {
    let world = world(
        KnownContacts::Overwrite,
        vec![
            // Luis moves to a new number, Eva to his old one, and Luis to hers.
            row(2, &["Luis", "+525512345670", "l@example.com"]),
            row(3, &["Eva", PHONE, "e@example.com"]),
            row(4, &["Luis", "+525512345679", "l@example.com"]),
            row(5, &["Sol", "+525512345670", ""]),
        ],
    );
    world.state().contacts = vec![
        contact(0, Some(PHONE), Some("l@example.com")),
        contact(1, Some("+525512345679"), Some("e@example.com")),
    ];
    assert!(world.work().await);
    assert_eq!(world.import().progress.updated, 3);
    let state = world.state();
    let phones: Vec<_> = state
        .contacts
        .iter()
        .map(|contact| contact.phone.as_ref().expect("a phone").as_str())
        .collect();
    assert_eq!(phones, ["+525512345679", PHONE, "+525512345670"]);
}

#[tokio::test]
async fn a_contact_takes_no_more_tags_than_it_may_have() {
    let world = world(
        KnownContacts::UpdateEmpty,
        vec![row(2, &["Luis", PHONE, "l@example.com", "uno;dos"])],
    );
    let mut luis = contact(0, Some(PHONE), None);
    luis.tags = (0..49).map(|n| Tag::from_stored(format!("t{n}"))).collect();
    world.state().contacts.push(luis.clone());
    assert!(world.work().await);
    assert_eq!(world.import().progress.invalid, 1);
    assert_eq!(world.state().contacts, [luis]);
}

#[tokio::test]
async fn the_plans_tags_are_given_to_created_and_updated_contacts_only() {
    for (policy, tags) in [(KnownContacts::Skip, 1), (KnownContacts::UpdateEmpty, 2)] {
        let world = world(
            policy,
            vec![
                row(2, &["Luis", PHONE]),
                row(3, &["Eva", "5512345670", "", "feria"]),
            ],
        );
        let feria = Tag::from_stored("Feria".to_owned());
        {
            let mut state = world.state();
            state.import.as_mut().expect("an import").plan.tags = vec![feria.clone()];
            state.contacts.push(contact(0, Some(PHONE), None));
        }
        assert!(world.work().await);
        let state = world.state();
        assert_eq!(state.contacts[0].tags.len(), tags, "{policy:?}");
        assert_eq!(state.contacts[1].tags, [feria]);
    }
}

#[tokio::test]
async fn whatever_the_rows_and_the_policy_the_counts_add_up_and_no_address_is_there_twice() {
    for policy in KnownContacts::ALL {
        for seed in 1..=3 {
            let mut number = numbers(seed);
            let rows: Vec<_> = (0..1_300)
                .map(|n| {
                    let phone = format!("55 1234 {:04}", 1_000 + number(300));
                    let email = format!("c{}@example.com", number(300));
                    let status = ["", "activo", "baja", "inactivo"]
                        [usize::try_from(number(4)).expect("few")];
                    match number(6) {
                        0 => row(n + 2, &["", " ", ""]),
                        1 => row(n + 2, &["Ana", "12", &email]),
                        2 => row(n + 2, &["Eva", &phone, "", "norte", status]),
                        3 => row(n + 2, &["Sol", "", &email, "", status]),
                        _ => row(n + 2, &["Luz", &phone, &email, "", status]),
                    }
                })
                .collect();
            let world = world(policy, rows);
            assert!(world.work().await);
            let progress = world.import().progress;
            let sum = progress.created + progress.known() + progress.blank + progress.invalid;
            assert_eq!((progress.read, sum), (1_300, 1_300), "{policy:?}, {seed}");
            // The world refuses an address that is there already; here is what is left to see.
            let state = world.state();
            assert_eq!(u64::try_from(state.contacts.len()), Ok(progress.created));
            let lines: HashSet<_> = state.errors.iter().map(|error| error.line).collect();
            assert_eq!(u64::try_from(lines.len()), Ok(progress.invalid));
        }
    }
}

fn numbered(number: usize) -> (String, String) {
    (
        format!("+5255123{number:05}"),
        format!("{number}@example.com"),
    )
}

#[tokio::test]
async fn contacts_that_change_are_stored_together() {
    let rows = (0..300).map(|number| {
        let (phone, email) = numbered(number);
        row(number as u64 + 2, &["Ana", &phone, &email])
    });
    let world = world(KnownContacts::Overwrite, rows.collect());
    for number in 0..300 {
        let (phone, _) = numbered(number);
        let known = contact(
            u8::try_from(number % 256).expect("small"),
            Some(&phone),
            None,
        );
        let id = ContactId::in_order(
            now(),
            u32::try_from(number).expect("small"),
            entropy().as_ref(),
        );
        world.state().contacts.push(Contact { id, ..known });
    }
    assert!(world.work().await);
    assert_eq!(world.import().progress.updated, 300);
    assert_eq!(world.state().saves, 1);
}

#[tokio::test]
async fn an_address_passes_from_one_contact_to_the_next() {
    let (one, other) = (numbered(1), numbered(2));
    let new_phone = numbered(3).0;
    let rows = vec![
        // The first gives up its phone, the second takes it, a new contact takes the second's.
        row(2, &["Ana", &new_phone, &one.1]),
        row(3, &["Eva", &one.0, &other.1]),
        row(4, &["Isa", &other.0, "isa@example.com"]),
    ];
    let world = world(KnownContacts::Overwrite, rows);
    let first = contact(1, Some(&one.0), Some(&one.1));
    let second = contact(2, Some(&other.0), Some(&other.1));
    world.state().contacts.extend([first, second]);
    assert!(world.work().await);
    let progress = world.import().progress;
    assert_eq!((progress.updated, progress.created), (2, 1));
    let state = world.state();
    let phones: Vec<_> = state
        .contacts
        .iter()
        .map(|contact| contact.phone.as_ref().expect("a phone").as_str())
        .collect();
    assert_eq!(phones, [new_phone.as_str(), &one.0, &other.0]);
    assert_eq!(state.saves, 2);
}

#[tokio::test]
async fn the_store_is_told_when_very_many_have_changed() {
    for (before, told) in [(9_998, 0), (9_999, 1)] {
        let world = world(KnownContacts::Skip, vec![row(2, &["Ana", PHONE])]);
        world
            .state()
            .import
            .as_mut()
            .expect("an import")
            .progress
            .created = before;
        assert!(world.work().await);
        assert_eq!(world.state().told_of_changes, told);
    }
}
