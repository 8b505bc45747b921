use chrono::TimeDelta;
use nexus_domain::values::{ContactSort, ListRequest, LongText, Tag, fold};
use nexus_domain::{Contact, ContactFilter, ContactStatus, UserId};

use crate::samples::{
    self, at, custom_fields, email, field_name, page, phone, search, short, tags,
};
use crate::store::Store;

on_both_databases!(
    a_search_looks_past_accents_and_case,
    a_search_looks_through_addresses_notes_and_tags,
    a_search_for_a_phone_number_looks_past_what_is_put_between_its_digits,
    what_means_something_to_the_database_is_looked_for_as_it_is,
    a_search_finds_what_was_saved_last,
    all_tags_must_be_there,
    a_time_of_creation_is_at_or_after_and_before,
    every_combination_of_conditions_holds_together,
    two_filters_together_let_through_whom_both_let_through,
);

/// The names of the contacts that are let through, by list and count, in both orders.
async fn found(store: &Store, user: UserId, filter: &ContactFilter) -> Vec<String> {
    let mut by_sort = [ContactSort::Name, ContactSort::CreatedAt].map(|_| Vec::new());
    for (names, sort) in by_sort
        .iter_mut()
        .zip([ContactSort::Name, ContactSort::CreatedAt])
    {
        let request = ListRequest {
            sort,
            ..page(1, 100)
        };
        let mut repositories = store.read();
        let contacts = repositories.contacts();
        let listing = contacts.list(user, filter, &request).await.unwrap();
        let count = contacts.count(user, filter).await.unwrap();
        assert_eq!(listing.total, Some(count), "{filter:?}");
        assert_eq!(listing.items.len() as u64, count, "{filter:?}");
        *names = listing
            .items
            .into_iter()
            .map(|contact| contact.name.as_str().to_owned())
            .collect();
        names.sort();
    }
    let [by_name, by_time] = by_sort;
    assert_eq!(by_name, by_time, "{filter:?}");
    by_name
}

async fn assert_searches(store: &Store, user: UserId, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let found = found(store, user, &search(text)).await;
        assert_eq!(found, *expected, "{text:?}");
    }
}

async fn add_named(store: &Store, user: UserId, names: &[&str]) {
    let contacts: Vec<_> = names
        .iter()
        .map(|name| samples::contact(user, name))
        .collect();
    store.add(&contacts).await;
}

async fn a_search_looks_past_accents_and_case(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    add_named(&store, user, &["JOSÉ Núñez", "Josefa", "Bjørn", "O'Hara"]).await;
    add_named(&store, other, &["José"]).await;
    let cases: [(&str, &[&str]); 8] = [
        ("jose", &["JOSÉ Núñez", "Josefa"]),
        ("JOSÉ", &["JOSÉ Núñez", "Josefa"]),
        // Written with a combining accent.
        ("jose\u{301}", &["JOSÉ Núñez", "Josefa"]),
        ("nuñ", &["JOSÉ Núñez"]),
        ("É N", &["JOSÉ Núñez"]),
        ("bjørn", &["Bjørn"]),
        ("o'h", &["O'Hara"]),
        ("pedro", &[]),
    ];
    assert_searches(&store, user, &cases).await;
}

async fn a_search_looks_through_addresses_notes_and_tags(store: Store) {
    let user = store.user().await.id;
    let contact = Contact {
        email: Some(email("Compras@Ejemplo.MX")),
        tags: tags(&["Otoño", "mayoreo"]),
        notes: LongText::parse("Paga\nlos Días 15").ok(),
        ..samples::contact(user, "Luz")
    };
    store.add(&[contact]).await;
    add_named(&store, user, &["Sol"]).await;
    let cases: [(&str, &[&str]); 6] = [
        ("compras@ejemplo", &["Luz"]),
        ("OTONO", &["Luz"]),
        ("mayor", &["Luz"]),
        ("días 15", &["Luz"]),
        ("luz compras", &[]),
        ("+52155", &["Luz", "Sol"]),
    ];
    assert_searches(&store, user, &cases).await;
}

async fn a_search_for_a_phone_number_looks_past_what_is_put_between_its_digits(store: Store) {
    let user = store.user().await.id;
    let with = |name, number| Contact {
        phone: Some(phone(number)),
        ..samples::contact(user, name)
    };
    store
        .add(&[with("Luz", "+525512345678"), with("Sol", "+525587654321")])
        .await;
    let cases: [(&str, &[&str]); 6] = [
        ("55 1234", &["Luz"]),
        ("+52 (55) 1234-5678", &["Luz"]),
        ("52.55", &["Luz", "Sol"]),
        ("8765 4321", &["Sol"]),
        ("55 1234 x", &[]),
        ("99 99", &[]),
    ];
    assert_searches(&store, user, &cases).await;
}

async fn what_means_something_to_the_database_is_looked_for_as_it_is(store: Store) {
    let user = store.user().await.id;
    let names = [
        "100% lana",
        "100x lana",
        "a_b",
        "axb",
        "c\\d",
        "cd",
        "50 \\% off",
    ];
    add_named(&store, user, &names).await;
    let cases: [(&str, &[&str]); 9] = [
        ("100%", &["100% lana"]),
        ("0% l", &["100% lana"]),
        ("%", &["100% lana", "50 \\% off"]),
        ("a_b", &["a_b"]),
        ("_", &["a_b"]),
        ("c\\d", &["c\\d"]),
        ("\\", &["50 \\% off", "c\\d"]),
        ("\\%", &["50 \\% off"]),
        ("' OR '1'='1", &[]),
    ];
    assert_searches(&store, user, &cases).await;
}

async fn a_search_finds_what_was_saved_last(store: Store) {
    let user = store.user().await.id;
    let contact = samples::contact(user, "Antes");
    store.add(std::slice::from_ref(&contact)).await;
    let saved = Contact {
        name: samples::name("Después"),
        tags: tags(&["nueva"]),
        ..contact
    };
    store.read().contacts().save(&saved).await.unwrap();
    let cases: [(&str, &[&str]); 3] = [
        ("antes", &[]),
        ("despues", &["Después"]),
        ("nueva", &["Después"]),
    ];
    assert_searches(&store, user, &cases).await;
}

async fn all_tags_must_be_there(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let tagged = |user, name, labels: &[&str]| Contact {
        tags: tags(labels),
        ..samples::contact(user, name)
    };
    store
        .add(&[
            tagged(user, "Uno", &["VIP", "Otoño"]),
            tagged(user, "Dos", &["vip"]),
            tagged(user, "Tres", &["otono", "Vip", "norte"]),
            tagged(user, "Nadie", &[]),
        ])
        .await;
    store
        .add(&[tagged(other, "Ajeno", &["vip", "otoño"])])
        .await;
    let cases: [(&[&str], &[&str]); 6] = [
        (&["vip"], &["Dos", "Tres", "Uno"]),
        (&["OTOÑO", "VIP"], &["Tres", "Uno"]),
        (&["vip", "otoño", "norte"], &["Tres"]),
        (&["norte", "sur"], &[]),
        (&["vi"], &[]),
        (&[], &["Dos", "Nadie", "Tres", "Uno"]),
    ];
    for (labels, expected) in cases {
        let filter = ContactFilter {
            tags: tags(labels),
            ..ContactFilter::default()
        };
        assert_eq!(found(&store, user, &filter).await, expected, "{labels:?}");
    }
}

async fn a_time_of_creation_is_at_or_after_and_before(store: Store) {
    let user = store.user().await.id;
    let created = |name, created_at| Contact {
        created_at,
        ..samples::contact(user, name)
    };
    let moment = at(10);
    let micro = TimeDelta::microseconds(1);
    store
        .add(&[
            created("A", moment - micro),
            created("B", moment),
            created("C", moment + micro),
        ])
        .await;
    let cases: [(_, _, &[&str]); 4] = [
        (Some(moment), None, &["B", "C"]),
        (None, Some(moment), &["A"]),
        (Some(moment), Some(moment + micro), &["B"]),
        (Some(moment), Some(moment), &[]),
    ];
    for (created_after, created_before, expected) in cases {
        let filter = ContactFilter {
            created_after,
            created_before,
            ..ContactFilter::default()
        };
        assert_eq!(found(&store, user, &filter).await, expected, "{filter:?}");
    }
}

fn lets_through(filter: &ContactFilter, contact: &Contact) -> bool {
    let has = |tag: &Tag| contact.tags.iter().any(|own| own.key() == tag.key());
    let name = fold(contact.name.as_str());
    filter
        .search
        .as_ref()
        .is_none_or(|search| name.contains(&fold(search.as_str())))
        && filter.tags.iter().all(has)
        && filter.status.is_none_or(|status| contact.status == status)
        && (!filter.has_phone || contact.phone.is_some())
        && (!filter.has_email || contact.email.is_some())
        && filter
            .has_field
            .as_ref()
            .is_none_or(|name| contact.custom_fields.get(name).is_some())
        && filter
            .created_after
            .is_none_or(|after| contact.created_at >= after)
        && filter
            .created_before
            .is_none_or(|before| contact.created_at < before)
}

/// Every filter that has some of these conditions and not the others.
fn combinations() -> Vec<ContactFilter> {
    let mut filters = vec![ContactFilter::default()];
    let conditions: [&dyn Fn(&mut ContactFilter); 8] = [
        &|filter| filter.search = Some(short("ÓN")),
        &|filter| filter.tags.extend(tags(&["UNO"])),
        &|filter| filter.tags.extend(tags(&["dos"])),
        &|filter| filter.status = Some(ContactStatus::Active),
        &|filter| filter.has_phone = true,
        &|filter| filter.has_email = true,
        &|filter| filter.created_after = Some(at(2)),
        &|filter| filter.created_before = Some(at(9)),
    ];
    for condition in conditions {
        let mut with = filters.clone();
        with.iter_mut().for_each(condition);
        filters.extend(with);
    }
    filters
}

/// Contacts that differ in all that a filter asks for.
fn crowd(user: UserId) -> Vec<Contact> {
    let names = ["Ramón", "León", "Simon", "Eva"];
    let mut contacts = Vec::new();
    for number in 0..48_usize {
        let mut contact = samples::contact(user, &format!("{} {number:02}", names[number % 4]));
        contact.created_at = at(i64::try_from(number % 11).unwrap());
        contact.status = ContactStatus::ALL[usize::from(number % 5 > 2)];
        contact.tags = tags(
            [
                &["uno", "dos"][..],
                &["uno"],
                &["dos"],
                &["uno", "dos", "3"],
            ][number / 2 % 4],
        );
        if number % 7 < 5 {
            contact.email = Some(email(&format!("c{number}@example.com")));
        }
        if number % 7 == 0 {
            contact.phone = None;
        }
        contact.custom_fields = custom_fields(
            [
                &[][..],
                &[("Ciudad", "Lima")],
                &[("Ciudad", "Cusco"), ("Talla", "M")],
            ][number % 3],
        );
        contacts.push(contact);
    }
    contacts
}

async fn every_combination_of_conditions_holds_together(store: Store) {
    let user = store.user().await.id;
    let contacts = crowd(user);
    store.add(&contacts).await;
    let filters = combinations();
    assert_eq!(filters.len(), 256);
    for filter in &filters {
        let mut expected: Vec<_> = contacts
            .iter()
            .filter(|contact| lets_through(filter, contact))
            .map(|contact| contact.name.as_str())
            .collect();
        expected.sort_unstable();
        assert!(!expected.is_empty(), "{filter:?} shows nothing");
        assert_eq!(found(&store, user, filter).await, expected, "{filter:?}");
    }
}

async fn two_filters_together_let_through_whom_both_let_through(store: Store) {
    let user = store.user().await.id;
    let contacts = crowd(user);
    store.add(&contacts).await;
    let filter = |text: &str, labels: &[&str], status, from, to| ContactFilter {
        search: (!text.is_empty()).then(|| short(text)),
        tags: tags(labels),
        status,
        created_after: (from > 0).then(|| at(from)),
        created_before: (to > 0).then(|| at(to)),
        ..ContactFilter::default()
    };
    let (active, inactive) = (Some(ContactStatus::Active), Some(ContactStatus::Inactive));
    let filters = [
        ContactFilter::default(),
        filter("ÓN", &["uno"], active, 0, 0),
        filter("ram", &["UNO", "dos"], None, 2, 9),
        filter("eon", &["dos"], inactive, 5, 10),
        filter("", &["3"], active, 0, 7),
        filter("eva", &[], inactive, 0, 0),
        ContactFilter {
            has_email: true,
            ..filter("mon", &[], None, 0, 0)
        },
        ContactFilter {
            has_field: Some(field_name("Ciudad")),
            ..ContactFilter::default()
        },
        ContactFilter {
            has_field: Some(field_name("Talla")),
            ..filter("ram", &["uno"], None, 0, 0)
        },
        // Of two searches and two statuses already.
        filter("ra", &[], active, 0, 0).and(filter("mon", &["dos"], None, 0, 0)),
    ];
    let mut shown = 0;
    for one in &filters {
        for other in &filters {
            let both = one.clone().and(other.clone());
            let lets_both = |contact: &Contact| {
                let each = [one, other].into_iter();
                let mut each = each.flat_map(|filter| [filter].into_iter().chain(&filter.also));
                each.all(|filter| lets_through(filter, contact))
            };
            let mut expected: Vec<_> = contacts
                .iter()
                .filter(|contact| lets_both(contact))
                .map(|contact| contact.name.as_str())
                .collect();
            expected.sort_unstable();
            shown += expected.len();
            assert_eq!(found(&store, user, &both).await, expected, "{both:?}");
        }
    }
    assert!(shown > 100, "few are let through by two filters: {shown}");
}
