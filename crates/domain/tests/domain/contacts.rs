use nexus_domain::values::{Problem, Tag, Violations};
use nexus_domain::{
    Audience, ChannelKind, Contact, ContactFilter, ContactSource, ContactStatus, ImportId, OptOut,
    OptOutSource, SkipReason,
};

use crate::support::{at, contact, phone, text};

#[test]
fn a_contact_is_reached_by_status_and_address() {
    use ChannelKind::{Gmail, Whatsapp};
    use ContactStatus::{Active, Inactive, Unsubscribed};
    let number = Ok("+525512345678".to_owned());
    let address = Ok("jose@example.com".to_owned());
    for (status, channel, has_phone, has_email, expected) in [
        (Active, Whatsapp, true, true, number.clone()),
        (Active, Whatsapp, true, false, number),
        (Active, Whatsapp, false, true, Err(SkipReason::NoAddress)),
        (Active, Gmail, true, true, address.clone()),
        (Active, Gmail, false, true, address),
        (Active, Gmail, true, false, Err(SkipReason::NoAddress)),
        (Inactive, Whatsapp, true, true, Err(SkipReason::Inactive)),
        (Inactive, Gmail, true, false, Err(SkipReason::Inactive)),
        (
            Unsubscribed,
            Whatsapp,
            false,
            true,
            Err(SkipReason::OptedOut),
        ),
        (Unsubscribed, Gmail, true, true, Err(SkipReason::OptedOut)),
    ] {
        let whole = contact();
        let contact = Contact {
            status,
            phone: whole.phone.clone().filter(|_| has_phone),
            email: whole.email.clone().filter(|_| has_email),
            ..whole
        };
        assert_eq!(
            contact.reach(channel),
            expected,
            "{status:?} {channel:?} {has_phone} {has_email}"
        );
    }
}

#[test]
fn the_first_wish_not_to_be_written_to_is_kept_until_the_user_takes_it_back() {
    use ContactStatus::{Active, Inactive, Unsubscribed};
    let mut contact = contact();
    assert!(contact.unsubscribe(OptOutSource::Provider, at(1)));
    assert!(!contact.unsubscribe(OptOutSource::User, at(2)));
    assert!(!contact.set_status(Unsubscribed, at(3)));
    let wish = OptOut::new(OptOutSource::Provider, at(1));
    assert_eq!(contact.status, Unsubscribed);
    assert_eq!(contact.opt_out, Some(wish));

    assert!(contact.resubscribe());
    assert!(!contact.set_status(Active, at(4)));
    assert_eq!((contact.status, &contact.opt_out), (Active, &None));

    assert!(contact.set_status(Unsubscribed, at(5)));
    let by_hand = OptOut::new(OptOutSource::User, at(5));
    assert_eq!(contact.opt_out, Some(by_hand));
    assert!(contact.set_status(Inactive, at(6)));
    assert!(!contact.set_status(Inactive, at(7)));
    assert_eq!((contact.status, &contact.opt_out), (Inactive, &None));
}

#[test]
fn a_new_contact_has_opted_out_only_when_it_is_unsubscribed() {
    let new = |status: ContactStatus| status.opt_out(OptOutSource::Import, at(0));
    assert_eq!(new(ContactStatus::Active), None);
    assert_eq!(new(ContactStatus::Inactive), None);
    assert_eq!(
        new(ContactStatus::Unsubscribed).map(|opt_out| opt_out.source.as_str()),
        Some("import")
    );
    assert_eq!(
        OptOutSource::ALL.map(OptOutSource::as_str),
        ["user", "import", "provider", "customer"]
    );
}

#[test]
fn a_contact_needs_a_phone_number_or_an_email_address() {
    let whole = contact();
    let by_phone = Contact {
        email: None,
        ..whole.clone()
    };
    let by_email = Contact {
        phone: None,
        ..whole.clone()
    };
    let by_nothing = Contact {
        phone: None,
        email: None,
        ..whole
    };
    assert_eq!(by_phone.check_reachable(), Ok(()));
    assert_eq!(by_email.check_reachable(), Ok(()));
    assert_eq!(
        by_nothing.check_reachable(),
        Err(Violations::of("phone", Problem::PhoneOrEmailRequired))
    );
}

fn found_by(contact: &Contact, search: &str) -> bool {
    let filter = ContactFilter {
        search: Some(text(search)),
        ..ContactFilter::default()
    };
    let needle = filter.search_needle().expect("there is a search");
    contact.search_text().contains(&needle)
}

#[test]
fn a_contact_is_found_by_a_part_of_anything_known_of_it() {
    let contact = contact();
    for search in [
        "José",
        "nandu",
        "ÑAND",
        "jose@EXAMPLE",
        "clientes vip",
        "MANANAS",
        "+525512345678",
        "5512345678",
        "55 1234",
        "(55) 1234-5678",
        "+52 55 1234 5678",
    ] {
        assert!(found_by(&contact, search), "{search}");
    }
    for search in ["Josefa", "55 9999", "josé prefiere"] {
        assert!(!found_by(&contact, search), "{search}");
    }
}

#[test]
fn a_contact_with_a_name_alone_can_be_searched() {
    let bare = Contact {
        phone: None,
        email: None,
        tags: vec![],
        notes: None,
        ..contact()
    };
    assert_eq!(bare.search_text(), "jose nandu");
}

#[test]
fn only_a_search_of_digits_and_separators_is_looked_for_without_them() {
    let needle = |search: &str| {
        ContactFilter {
            search: Some(text(search)),
            ..ContactFilter::default()
        }
        .search_needle()
    };
    assert_eq!(
        needle("+52 (55) 1234-5678").as_deref(),
        Some("525512345678")
    );
    assert_eq!(needle("55.12").as_deref(), Some("5512"));
    assert_eq!(needle("Calle 12-B").as_deref(), Some("calle 12-b"));
    assert_eq!(needle("- ( )").as_deref(), Some("- ( )"));
    assert_eq!(ContactFilter::default().search_needle(), None);
}

#[test]
fn a_filter_is_empty_only_without_any_condition() {
    assert!(ContactFilter::default().is_empty());
    for filter in [
        ContactFilter {
            search: Some(text("ana")),
            ..ContactFilter::default()
        },
        ContactFilter {
            tags: contact().tags,
            ..ContactFilter::default()
        },
        ContactFilter {
            status: Some(ContactStatus::Active),
            ..ContactFilter::default()
        },
        ContactFilter {
            has_phone: true,
            ..ContactFilter::default()
        },
        ContactFilter {
            has_email: true,
            ..ContactFilter::default()
        },
        ContactFilter {
            created_after: Some(at(0)),
            ..ContactFilter::default()
        },
        ContactFilter {
            created_before: Some(at(0)),
            ..ContactFilter::default()
        },
    ] {
        assert!(!filter.is_empty(), "{filter:?}");
    }
}

#[test]
fn words_of_status_and_source_are_those_of_the_api() {
    for status in ContactStatus::ALL {
        assert_eq!(ContactStatus::parse(status.as_str()), Ok(status));
        let json = serde_json::to_value(status).expect("it serializes");
        assert_eq!(json, status.as_str());
    }
    assert!(matches!(
        ContactStatus::parse("deleted"),
        Err(Problem::NotOneOf { accepted }) if accepted == ["active", "inactive", "unsubscribed"]
    ));
    let import = ImportId::from_uuid(uuid::Uuid::from_u128(1));
    for (source, word) in [
        (ContactSource::Manual, "manual"),
        (ContactSource::File(import), "file"),
        (ContactSource::Inbound, "inbound"),
    ] {
        assert_eq!(source.as_str(), word);
    }
}

#[test]
fn contacts_are_told_apart_by_their_numbers() {
    assert_eq!(phone("+525512345678"), phone("0052 55 1234 5678"));
    assert_ne!(phone("+525512345678"), phone("+525512345679"));
}

#[test]
fn an_audience_means_the_contacts_that_its_rule_lets_through() {
    let audience = Audience {
        segment: None,
        tags: contact().tags,
        status: Some(ContactStatus::Inactive),
        search: Some(text("ana")),
    };
    assert_eq!(
        audience.filter(None),
        Some(ContactFilter {
            search: Some(text("ana")),
            tags: contact().tags,
            status: Some(ContactStatus::Inactive),
            has_phone: false,
            has_email: false,
            has_field: None,
            created_after: None,
            created_before: None,
            also: Vec::new(),
        })
    );
    let everyone = Audience::default().filter(None);
    assert!(everyone.is_some_and(|filter| filter.is_empty()));
}

#[test]
fn a_contact_takes_over_what_it_lacks_of_the_same_person() {
    let tags = |labels: &[&str]| Tag::parse_list(labels.iter().copied()).expect("tags");
    let other = Contact {
        phone: Some(phone("+525598765432")),
        tags: tags(&["clientes vip", "norte"]),
        notes: Some(text("Paga en efectivo")),
        last_message_at: Some(at(7)),
        ..contact()
    };
    let mut kept = Contact {
        email: None,
        ..contact()
    };
    kept.absorb(other.clone()).expect("there is room");
    assert_eq!(kept.phone, contact().phone, "its own");
    assert_eq!(kept.email, other.email);
    assert_eq!(kept.tags, tags(&["Clientes VIP", "norte"]));
    let notes = kept.notes.as_ref().map(ToString::to_string);
    assert_eq!(
        notes.as_deref(),
        Some("Prefiere las mañanas\nPaga en efectivo")
    );
    assert_eq!(kept.last_message_at, Some(at(7)));
    assert_eq!(kept.status, ContactStatus::Active);

    let before = kept.clone();
    kept.absorb(before.clone()).expect("there is room");
    assert_eq!(kept, before, "nothing new");
    let wordy = Contact {
        notes: Some(text(&"x".repeat(5_000))),
        ..contact()
    };
    assert_eq!(
        kept.absorb(wordy),
        Err(Violations::of("notes", Problem::TooLong { max: 5_000 }))
    );
    assert_eq!(kept, before);
}

#[test]
fn of_two_that_are_one_the_earliest_wish_not_to_be_written_to_holds() {
    use ContactStatus::{Active, Unsubscribed};
    use OptOutSource::{Import, Provider};
    let wish = |at, source| Some(OptOut::new(source, at));
    let with = |status, opt_out| Contact {
        status,
        opt_out,
        ..contact()
    };
    let early = with(Unsubscribed, wish(at(1), Import));
    let late = with(Unsubscribed, wish(at(2), Provider));
    let unknown = with(Unsubscribed, None);
    for (kept, other, expected) in [
        (with(Active, None), late.clone(), late.opt_out.clone()),
        (late.clone(), early.clone(), early.opt_out.clone()),
        (early.clone(), late.clone(), early.opt_out.clone()),
        (early.clone(), with(Active, None), early.opt_out.clone()),
        (unknown.clone(), late.clone(), late.opt_out.clone()),
        (with(Active, None), unknown, None),
    ] {
        let mut merged = kept;
        merged.absorb(other).expect("there is room");
        assert_eq!(merged.status, Unsubscribed);
        assert_eq!(merged.opt_out, expected);
    }
}

#[test]
fn tags_are_given_taken_and_renamed_each_once() {
    let tags = |labels: &[&str]| Tag::parse_list(labels.iter().copied()).expect("tags");
    let labels = |contact: &Contact| -> Vec<String> {
        let labels = contact.tags.iter().map(|tag| tag.label().to_owned());
        labels.collect()
    };
    let mut contact = Contact {
        tags: tags(&["vip", "norte"]),
        ..contact()
    };
    assert!(contact.tag(&tags(&["VIP", "Sur"])));
    assert!(!contact.tag(&tags(&["sur"])));
    assert_eq!(labels(&contact), ["vip", "norte", "Sur"]);
    let [vip, sur, north] = ["VIP", "sur", "Nórte"].map(|label| tags(&[label]).remove(0));
    assert!(
        contact.rename_tag(&vip, &tags(&["Fiel"])[0]),
        "in its place"
    );
    assert!(contact.rename_tag(&north, &north), "its spelling");
    assert!(!contact.rename_tag(&north, &north));
    assert_eq!(labels(&contact), ["Fiel", "Nórte", "Sur"]);
    assert!(contact.rename_tag(&north, &sur), "merged");
    assert!(!contact.rename_tag(&north, &sur));
    assert_eq!(labels(&contact), ["Fiel", "Sur"]);
    assert!(contact.untag(&tags(&["FIEL", "otra"])));
    assert!(!contact.untag(&tags(&["fiel"])));
    assert_eq!(labels(&contact), ["Sur"]);
}

#[test]
fn a_contact_that_would_have_too_many_tags_keeps_those_it_has() {
    let many: Vec<String> = (0..Tag::MAX_PER_CONTACT).map(|n| format!("t{n}")).collect();
    let many = Tag::parse_list(many.iter().map(String::as_str)).expect("tags");
    let mut contact = Contact {
        tags: many.clone(),
        ..contact()
    };
    let two = Tag::parse_list(["t1", "nueva"]).expect("tags");
    assert!(!contact.tag(&two));
    assert_eq!(contact.tags, many);
    assert!(contact.untag(&many[..1]));
    assert!(contact.tag(&two));
    assert_eq!(contact.tags.len(), Tag::MAX_PER_CONTACT);
}
