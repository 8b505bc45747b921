use nexus_domain::ContactId;
use nexus_domain::values::{
    Country, Cursor, EmailAddress, Language, NewPassword, PersonName, PhoneNumber, Problem, Tag,
    Text, TimeZone, Violations, fold,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

use crate::support::{at, country, email};

fn read(raw: &str, default: &str) -> Result<String, Problem> {
    PhoneNumber::parse(raw, country(default)).map(|number| number.as_str().to_owned())
}

fn assert_all_read(default: &str, expected: &str, spellings: &[&str]) {
    for raw in spellings {
        assert_eq!(read(raw, default).as_deref(), Ok(expected), "{raw:?}");
    }
}

#[test]
fn mexican_numbers_are_read_as_people_write_them() {
    assert_all_read(
        "MX",
        "+525512345678",
        &[
            "5512345678",
            "55 1234 5678",
            "(55) 1234-5678",
            "55.1234.5678",
            " 55-1234-5678\t",
            "55\u{2011}1234\u{2011}5678",
            "525512345678",
            "+52 55 1234 5678",
            "(+52) 55 1234 5678",
            "0052 55 1234 5678",
            "\u{202a}+525512345678\u{202c}",
        ],
    );
}

#[test]
fn mexican_prefixes_of_before_2019_lead_to_todays_number() {
    assert_all_read(
        "MX",
        "+525512345678",
        &[
            "+521 55 1234 5678",
            "+52 (1) 55 1234 5678",
            "0052 1 55 1234 5678",
            "5215512345678",
            "044 55 1234 5678",
            "045 55 1234 5678",
            "01 (55) 1234-5678",
        ],
    );
    assert_all_read("ES", "+525512345678", &["+5215512345678"]);
    // Elsewhere the same digits are no Mexican number.
    assert_eq!(read("5215512345678", "ES"), Err(Problem::InvalidPhone));
    assert_eq!(read("044 55 1234 5678", "ES"), Err(Problem::InvalidPhone));
}

#[test]
fn spanish_numbers_are_read_as_people_write_them() {
    assert_all_read(
        "ES",
        "+34612345678",
        &[
            "612 345 678",
            "612-34-56-78",
            "+34 612 34 56 78",
            "0034612345678",
        ],
    );
    assert_all_read("ES", "+34912345678", &["912 34 56 78"]);
}

#[test]
fn numbers_of_the_united_states_are_read_as_people_write_them() {
    assert_all_read(
        "US",
        "+14155552671",
        &[
            "(415) 555-2671",
            "415.555.2671",
            "1 415 555 2671",
            "+1 415-555-2671",
            "001 415 555 2671",
        ],
    );
}

#[test]
fn argentine_mobiles_are_read_with_fifteen_and_with_nine() {
    assert_all_read(
        "AR",
        "+5491123456789",
        &[
            "11 15-2345-6789",
            "011 15 2345-6789",
            "+54 9 11 2345 6789",
            "0054 9 11 2345 6789",
        ],
    );
}

#[test]
fn an_international_number_does_not_depend_on_the_default_country() {
    for default in ["MX", "ES", "US", "AR", "RU"] {
        assert_all_read(
            default,
            "+34612345678",
            &["+34612345678", "0034 612345678", "(+34) 612 345 678"],
        );
        // Begin as a number of the United States and of Argentina would at home.
        assert_all_read(default, "+541110000000", &["+54 11 1000-0000"]);
        assert_all_read(default, "+390612345678", &["+39 06 1234 5678"]);
        assert_all_read(default, "+78005553535", &["+7 800 555-35-35"]);
    }
}

#[test]
fn a_national_prefix_after_the_country_code_is_left_out() {
    for default in ["MX", "US"] {
        assert_all_read(default, "+442071838750", &["+44 (0)20 7183 8750"]);
        assert_all_read(default, "+5491123456789", &["+54 011 15 2345-6789"]);
    }
    // The prefix of another country is no prefix.
    assert_eq!(read("+54 1 11 2345 6789", "US"), Err(Problem::InvalidPhone));
}

#[test]
fn an_extension_is_left_out() {
    assert_all_read("MX", "+525512345678", &["55 1234 5678 ext 12"]);
}

#[test]
fn what_is_no_number_of_a_person_is_refused() {
    for raw in [
        "123",
        "911",
        "112",
        "060",
        "+52 911",
        "+",
        "00",
        "*123#",
        "abc",
        "llámame",
        "55 O234 5678",
        "5512345678 casa",
        "+52 1 55 1234 56a78",
        "+521 55 1234 5678 casa",
        "55 1234 5678, 55 8765 4321",
        "+1 555 123",
        "55 1234 567",
        "55 1234 56789",
    ] {
        assert_eq!(read(raw, "MX"), Err(Problem::InvalidPhone), "{raw:?}");
    }
    assert_eq!(read("112", "ES"), Err(Problem::InvalidPhone));
}

#[test]
fn an_empty_phone_number_is_missing_and_not_wrong() {
    assert_eq!(read("", "MX"), Err(Problem::Required));
    assert_eq!(read(" \t\u{a0}", "MX"), Err(Problem::Required));
}

#[test]
fn a_phone_number_of_more_than_64_bytes_is_not_looked_at() {
    let padded = |spaces: usize| format!("55{}12345678", " ".repeat(spaces));
    assert_eq!(read(&padded(54), "MX").as_deref(), Ok("+525512345678"));
    assert_eq!(read(&padded(55), "MX"), Err(Problem::InvalidPhone));
    let long = "5".repeat(100_000);
    assert_eq!(read(&long, "MX"), Err(Problem::InvalidPhone));
    let padded = |spaces: usize| format!("52{}5512345678", " ".repeat(spaces));
    assert!(PhoneNumber::from_wa_id(&padded(52)).is_ok());
    assert_eq!(
        PhoneNumber::from_wa_id(&padded(53)),
        Err(Problem::InvalidPhone)
    );
}

#[test]
fn a_wa_id_is_the_number_that_people_write() {
    for (wa_id, e164) in [
        ("5215512345678", "+525512345678"),
        ("525512345678", "+525512345678"),
        ("5491123456789", "+5491123456789"),
        ("14155552671", "+14155552671"),
        ("+34612345678", "+34612345678"),
    ] {
        let number = PhoneNumber::from_wa_id(wa_id).map(|number| number.as_str().to_owned());
        assert_eq!(number.as_deref(), Ok(e164), "{wa_id}");
    }
    for junk in ["", "1", "MX.13491208655302741918", "abc"] {
        assert_eq!(PhoneNumber::from_wa_id(junk), Err(Problem::InvalidPhone));
    }
}

#[test]
fn whatsapp_takes_a_number_without_its_plus() {
    let number = PhoneNumber::from_stored("+525512345678".to_owned());
    assert_eq!(number.digits(), "525512345678");
    assert_eq!(number.to_string(), "+525512345678");
}

fn phone_like() -> impl Strategy<Value = String> {
    "[+0-9() ./#*;=xXtel:ext５٣\u{202a}-]{0,24}"
}

proptest! {
    #[test]
    fn no_text_makes_the_reading_of_a_phone_number_panic(raw in any::<String>()) {
        let _ = PhoneNumber::parse(&raw, country("MX"));
        let _ = PhoneNumber::from_wa_id(&raw);
    }

    #[test]
    fn no_nearly_right_phone_number_makes_the_reading_panic(raw in phone_like()) {
        for default in ["MX", "AR", "IT"] {
            let _ = PhoneNumber::parse(&raw, country(default));
        }
        let _ = PhoneNumber::from_wa_id(&raw);
    }

    #[test]
    fn separators_do_not_matter_in_a_number(
        last in "[0-9]{8}",
        separators in prop::collection::vec(prop::sample::select(vec!["", " ", "-", "."]), 8),
    ) {
        let spaced: String = last
            .chars()
            .zip(separators)
            .flat_map(|(digit, separator)| [separator.to_owned(), digit.to_string()])
            .collect();
        prop_assert_eq!(read(&format!("55{spaced}"), "MX"), read(&format!("55{last}"), "MX"));
    }
}

/// Countries with all kinds of national prefixes: none, 0, 1, 8, 06, 01.
const COUNTRIES: [&str; 16] = [
    "MX", "US", "ES", "AR", "BR", "CO", "CL", "PE", "DE", "IT", "GB", "RU", "HU", "JP", "CN", "BY",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_number_once_read_is_read_the_same_everywhere(
        national in "[0-9]{8,11}",
        written in prop::sample::select(COUNTRIES.to_vec()),
        elsewhere in prop::sample::select(COUNTRIES.to_vec()),
    ) {
        if let Ok(number) = PhoneNumber::parse(&national, country(written)) {
            let e164 = number.as_str();
            prop_assert!(e164.starts_with('+') && e164.len() <= 16);
            prop_assert!(number.digits().bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(PhoneNumber::parse(e164, country(elsewhere)), Ok(number.clone()));
            prop_assert_eq!(PhoneNumber::from_wa_id(number.digits()), Ok(number));
        }
    }
}

#[test]
fn an_email_address_is_kept_as_written_and_compared_without_case() {
    let written = email("  Ana.Lopez+Ofertas@Example.COM ");
    assert_eq!(written.as_str(), "Ana.Lopez+Ofertas@Example.COM");
    assert_eq!(written.key(), "ana.lopez+ofertas@example.com");
    assert_eq!(written, email("ANA.LOPEZ+ofertas@example.com"));
    assert_ne!(written, email("ana@example.com"));
    assert!(EmailAddress::parse("josé@ejemplo.mx").is_ok());
}

#[test]
fn what_is_no_email_address_is_refused() {
    for raw in [
        "ana",
        "ana@",
        "@example.com",
        "ana@localhost",
        "ana@gmail.c",
        "ana@10.0.0.1",
        "ana@[10.0.0.1]",
        "ana@example..com",
        "ana@example.com.",
        "ana@-example.com",
        ".ana@example.com",
        "a..b@example.com",
        "ana lopez@example.com",
        "\"ana lopez\"@example.com",
        "Ana <ana@example.com>",
        "ana@example.com, eva@example.com",
        "ana@example.com\nBcc: eva@example.com",
        "mailto:ana@example.com",
        "ana\u{200b}@example.com",
        "ana\u{202e}@example.com",
    ] {
        assert_eq!(
            EmailAddress::parse(raw).map(|address| address.as_str().to_owned()),
            Err(Problem::InvalidEmail),
            "{raw:?}"
        );
    }
    assert_eq!(EmailAddress::parse(" ").err(), Some(Problem::Required));
}

#[test]
fn an_email_address_has_at_most_254_bytes() {
    let labels = "a".repeat(61);
    let long = format!("{}@{labels}.{labels}.{labels}.com", "x".repeat(64));
    assert_eq!(long.len(), 254);
    assert!(EmailAddress::parse(&long).is_ok());
    let longer = long.replace(".com", ".info");
    assert_eq!(
        EmailAddress::parse(&longer).err(),
        Some(Problem::InvalidEmail)
    );
}

#[test]
fn a_country_is_read_in_either_case_and_only_when_it_has_numbers() {
    assert_eq!(country(" mx ").code(), "MX");
    assert_eq!(country("ES").to_string(), "ES");
    for raw in ["", "UK", "ZZ", "MEX", "001", "México"] {
        assert_eq!(
            Country::parse(raw).err(),
            Some(Problem::UnknownCountry),
            "{raw:?}"
        );
    }
}

#[test]
fn a_language_is_read_with_its_region() {
    for (raw, code) in [
        ("es", "es"),
        ("ES-mx", "es"),
        ("en_US", "en"),
        (" en ", "en"),
    ] {
        assert_eq!(Language::parse(raw).map(Language::code), Ok(code), "{raw}");
    }
    for raw in ["", "fr", "español", "english"] {
        assert_eq!(Language::parse(raw), Err(Problem::UnknownLanguage), "{raw}");
    }
}

#[test]
fn a_time_zone_is_read_in_any_case_and_shown_by_its_own_name() {
    for raw in [
        "America/Mexico_City",
        "america/mexico_city",
        " AMERICA/MEXICO_CITY ",
    ] {
        assert_eq!(
            TimeZone::parse(raw).map(|zone| zone.name()),
            Ok("America/Mexico_City"),
            "{raw}"
        );
    }
    assert_eq!(TimeZone::parse("utc"), Ok(TimeZone::UTC));
    for raw in ["", "Mexico City", "America/Nowhere", "+01:00"] {
        assert_eq!(TimeZone::parse(raw), Err(Problem::UnknownTimeZone), "{raw}");
    }
}

#[test]
fn a_time_falls_on_the_day_of_its_zone() {
    let early = "2026-03-02T05:59:59Z".parse().expect("it is a time");
    let mexico = TimeZone::parse("America/Mexico_City").expect("it is a zone");
    assert_eq!(mexico.day_of(early).to_string(), "2026-03-01");
    assert_eq!(TimeZone::UTC.day_of(early).to_string(), "2026-03-02");
    assert_eq!(mexico.day_of(at(0)).to_string(), "2026-03-01");
}

#[test]
fn spellings_of_one_tag_are_one_tag() {
    let first = Tag::parse("  Promoción ").expect("it is a tag");
    assert_eq!(first.label(), "Promoción");
    assert_eq!(first, Tag::parse("PROMOCION").expect("it is a tag"));
    assert_ne!(first, Tag::parse("Promociones").expect("it is a tag"));
    let labels =
        |tags: Vec<Tag>| -> Vec<String> { tags.iter().map(|tag| tag.label().to_owned()).collect() };
    let list = Tag::parse_list(["Promoción", "vip", " ", "PROMOCION", "VIP", "nuevo"]);
    assert_eq!(
        list.map(labels),
        Ok(vec![
            "Promoción".to_owned(),
            "vip".to_owned(),
            "nuevo".to_owned()
        ])
    );
}

#[test]
fn a_tag_has_no_separator_and_at_most_50_characters() {
    let refused = |raw: &str| Tag::parse(raw).err();
    assert_eq!(refused("a,b"), Some(Problem::TagWithComma));
    assert_eq!(refused("a;b"), Some(Problem::TagWithComma));
    assert_eq!(refused("a\tb"), Some(Problem::ControlCharacter));
    assert_eq!(refused("  "), Some(Problem::Required));
    assert_eq!(refused(&"ñ".repeat(50)), None);
    assert_eq!(refused(&"ñ".repeat(51)), Some(Problem::TooLong { max: 50 }));
    assert_eq!(
        Tag::parse_list(["vip", "a,b"]).err(),
        Some(Problem::TagWithComma)
    );
}

#[test]
fn a_contact_has_at_most_50_different_tags() {
    let many: Vec<String> = (0..51).map(|number| format!("tag {number}")).collect();
    let fifty = many[..50].iter().map(String::as_str);
    assert_eq!(
        Tag::parse_list(fifty.clone()).map(|tags| tags.len()),
        Ok(50)
    );
    // Repetitions don't count.
    assert_eq!(
        Tag::parse_list(fifty.clone().chain(fifty)).map(|tags| tags.len()),
        Ok(50)
    );
    assert_eq!(
        Tag::parse_list(many.iter().map(String::as_str)).err(),
        Some(Problem::TooMany { max: 50 })
    );
}

#[test]
fn of_a_list_of_too_many_tags_no_more_is_read_than_shows_it() {
    let many: Vec<String> = (0..10_000).map(|number| format!("tag {number}")).collect();
    let mut read = 0;
    let list = Tag::parse_list(many.iter().map(String::as_str).inspect(|_| read += 1));
    assert_eq!(list.err(), Some(Problem::TooMany { max: 50 }));
    assert_eq!(read, 51);
}

#[test]
fn a_text_is_trimmed_and_counted_in_characters() {
    assert_eq!(
        Text::<5, false>::parse(" señor\n").map(|text| text.as_str().to_owned()),
        Ok("señor".to_owned())
    );
    assert_eq!(
        Text::<4, false>::parse("señor"),
        Err(Problem::TooLong { max: 4 })
    );
    assert_eq!(Text::<5, false>::parse(" \n"), Err(Problem::Required));
}

#[test]
fn only_a_text_of_several_lines_has_line_breaks() {
    let lines = "uno\r\n\tdos";
    assert!(Text::<20, true>::parse(lines).is_ok());
    assert_eq!(
        Text::<20, false>::parse(lines),
        Err(Problem::ControlCharacter)
    );
    for raw in ["a\0b", "a\u{7}b", "a\u{85}b"] {
        assert_eq!(Text::<20, true>::parse(raw), Err(Problem::ControlCharacter));
    }
}

#[test]
fn an_optional_text_may_be_empty_and_not_wrong() {
    assert_eq!(PersonName::parse_optional("  "), Ok(None));
    assert_eq!(
        PersonName::parse_optional("Ana").map(|name| name.map(|name| name.to_string())),
        Ok(Some("Ana".to_owned()))
    );
    assert_eq!(
        PersonName::parse_optional("a\0"),
        Err(Problem::ControlCharacter)
    );
}

#[test]
fn folding_takes_away_case_and_accents() {
    assert_eq!(fold("ÁÉÍÓÚ Ñandú ÜBER Çok"), "aeiou nandu uber cok");
    assert_eq!(fold("Jose\u{301}"), fold("JOSÉ"));
    assert_eq!(fold("10 %, a@b.com"), "10 %, a@b.com");
}

#[test]
fn folding_what_is_folded_changes_nothing() {
    for character in '\0'..=char::MAX {
        let folded = fold(&character.to_string());
        assert_eq!(fold(&folded), folded, "{character:?}");
    }
}

fn password(raw: &str) -> Result<String, Problem> {
    NewPassword::parse(
        &SecretString::from(raw),
        &email("Josefina@Example.com"),
        "María José Núñez",
    )
    .map(|password| password.secret().expose_secret().to_owned())
}

#[test]
fn a_password_has_10_to_128_characters() {
    assert_eq!(password(""), Err(Problem::Required));
    assert_eq!(password("ñandúes 9"), Err(Problem::TooShort { min: 10 }));
    assert_eq!(password("ñandúes 10").as_deref(), Ok("ñandúes 10"));
    let longest = "ñ1".repeat(64);
    assert_eq!(password(&longest), Ok(longest.clone()));
    assert_eq!(
        password(&format!("{longest}x")),
        Err(Problem::TooLong { max: 128 })
    );
}

#[test]
fn a_password_is_kept_as_typed() {
    assert_eq!(
        password("  Mi Perro Azul  ").as_deref(),
        Ok("  Mi Perro Azul  ")
    );
}

#[test]
fn a_password_that_everyone_uses_is_refused() {
    for raw in [
        "1234567890",
        "Qwertyuiop",
        "1Q2W3E4R5T",
        "zxcvbnm,./",
        "1,00001e+14",
    ] {
        assert_eq!(password(raw), Err(Problem::CommonPassword), "{raw}");
    }
}

#[test]
fn a_password_of_one_repeated_character_is_refused() {
    for raw in ["ñññññññññññ", "           "] {
        assert_eq!(password(raw), Err(Problem::CommonPassword), "{raw}");
    }
    assert!(password("ñññññññññññn").is_ok());
}

#[test]
fn a_password_that_is_the_persons_own_name_or_address_is_refused() {
    for raw in [
        "josefina@example.com",
        "JOSEFINA@example.com",
        "maria jose nunez",
        "María José Núñez",
    ] {
        assert_eq!(password(raw), Err(Problem::CommonPassword), "{raw}");
    }
    let accented = |raw: &str| {
        NewPassword::parse(
            &SecretString::from(raw),
            &email("josé.nuñez@ejemplo.mx"),
            "Ana",
        )
        .err()
    };
    assert_eq!(accented("josé.nuñez"), Some(Problem::CommonPassword));
    assert_eq!(accented("jose.nunez"), Some(Problem::CommonPassword));
    assert_eq!(
        accented("José.Nuñez@ejemplo.mx"),
        Some(Problem::CommonPassword)
    );
    assert_eq!(accented("josé.nuñez 7"), None);
}

#[test]
fn a_password_is_not_shown_in_logs() {
    let parsed = NewPassword::parse(
        &SecretString::from("mi perro azul"),
        &email("ana@example.com"),
        "Ana",
    );
    assert!(!format!("{parsed:?}").contains("perro"));
}

proptest! {
    #[test]
    fn a_cursor_survives_its_way_through_json(key in any::<String>(), id in any::<u128>()) {
        let cursor = Cursor { key, id: uuid::Uuid::from_u128(id) };
        let json = serde_json::to_string(&cursor).expect("it serializes");
        prop_assert_eq!(serde_json::from_str::<Cursor>(&json).ok(), Some(cursor));
    }

    #[test]
    fn a_text_that_was_accepted_is_accepted_again_unchanged(raw in any::<String>()) {
        if let Ok(text) = Text::<20, true>::parse(&raw) {
            prop_assert!(text.as_str().chars().count() <= 20);
            prop_assert_eq!(Text::<20, true>::parse(text.as_str()), Ok(text));
        }
    }

    #[test]
    fn no_text_makes_the_reading_of_an_email_address_panic(raw in any::<String>()) {
        if let Ok(address) = EmailAddress::parse(&raw) {
            prop_assert_eq!(EmailAddress::parse(address.key()).ok(), Some(address));
        }
    }
}

/// One of each problem. The match makes this fail to compile when one is added.
fn every_problem() -> Vec<Problem> {
    let known = |problem: &Problem| match problem {
        Problem::Required
        | Problem::TooLong { .. }
        | Problem::TooMany { .. }
        | Problem::TooShort { .. }
        | Problem::ControlCharacter
        | Problem::InvalidPhone
        | Problem::InvalidEmail
        | Problem::UnknownTimeZone
        | Problem::UnknownLanguage
        | Problem::UnknownCountry
        | Problem::TagWithComma
        | Problem::InvalidFieldName
        | Problem::ReservedFieldName
        | Problem::TooManyFields { .. }
        | Problem::TooManyFieldNames { .. }
        | Problem::FieldBeingDeleted { .. }
        | Problem::UnknownPlaceholder { .. }
        | Problem::CommonPassword
        | Problem::NotOneOf { .. }
        | Problem::PhoneOrEmailRequired
        | Problem::Duplicate
        | Problem::UnknownContacts { .. }
        | Problem::UnknownSegment
        | Problem::SegmentOfSegment
        | Problem::MeetsTwoContacts { .. }
        | Problem::MeansBothWishes
        | Problem::NoSuchColumn
        | Problem::MappedTwice
        | Problem::OtherHeader { .. }
        | Problem::InThePast
        | Problem::TooFarAhead { .. }
        | Problem::SkippedByClocks
        | Problem::NotAfterStart
        | Problem::NeverOpens
        | Problem::Malformed { .. } => true,
    };
    let problems = vec![
        Problem::Required,
        Problem::TooLong { max: 50 },
        Problem::TooMany { max: 50 },
        Problem::TooShort { min: 10 },
        Problem::ControlCharacter,
        Problem::InvalidPhone,
        Problem::InvalidEmail,
        Problem::UnknownTimeZone,
        Problem::UnknownLanguage,
        Problem::UnknownCountry,
        Problem::UnknownSegment,
        Problem::SegmentOfSegment,
        Problem::InvalidFieldName,
        Problem::ReservedFieldName,
        Problem::TooManyFields { max: 30 },
        Problem::TooManyFieldNames { max: 50 },
        Problem::TagWithComma,
        Problem::FieldBeingDeleted {
            name: "Ciudad".to_owned(),
        },
        Problem::UnknownPlaceholder {
            name: "apellido".to_owned(),
        },
        Problem::CommonPassword,
        Problem::NotOneOf {
            accepted: vec!["light".to_owned(), "dark".to_owned()],
        },
        Problem::PhoneOrEmailRequired,
        Problem::Duplicate,
        Problem::UnknownContacts { count: 3 },
        Problem::MeetsTwoContacts {
            phone: ContactId::from_uuid(uuid::Uuid::from_u128(1)),
            email: ContactId::from_uuid(uuid::Uuid::from_u128(2)),
        },
        Problem::MeansBothWishes,
        Problem::NoSuchColumn,
        Problem::MappedTwice,
        Problem::OtherHeader {
            header: "Correo".to_owned(),
        },
        Problem::InThePast,
        Problem::TooFarAhead { days: 730 },
        Problem::SkippedByClocks,
        Problem::NotAfterStart,
        Problem::NeverOpens,
        Problem::Malformed {
            expected: "2026-11-23".to_owned(),
        },
    ];
    assert!(problems.iter().all(known));
    problems
}

#[test]
fn a_problem_is_stored_under_its_code_and_read_back_the_same() {
    for problem in every_problem() {
        let json = serde_json::to_value(&problem).expect("it serializes");
        assert_eq!(json["code"], problem.code());
        assert_eq!(serde_json::from_value::<Problem>(json).ok(), Some(problem));
    }
}

#[test]
fn every_problem_has_a_code_of_its_own() {
    let problems = every_problem();
    let codes: std::collections::HashSet<_> = problems.iter().map(Problem::code).collect();
    assert_eq!(codes.len(), problems.len());
}

#[test]
fn violations_are_listed_in_the_order_in_which_they_were_found() {
    let mut violations = Violations::new();
    assert!(violations.is_empty());
    assert_eq!(violations.check("name", Ok(7)), Some(7));
    assert_eq!(violations.clone().into_result(), Ok(()));
    assert_eq!(
        violations.check::<()>("phone", Err(Problem::InvalidPhone)),
        None
    );
    violations.add("email", Problem::Required);
    assert_eq!(
        violations.iter().collect::<Vec<_>>(),
        [
            ("phone", &Problem::InvalidPhone),
            ("email", &Problem::Required)
        ]
    );
    assert_eq!(
        violations.to_string(),
        "phone: invalid_phone, email: required"
    );
    assert_eq!(violations.clone().into_result(), Err(violations));
}

#[test]
fn a_text_that_nobody_sees_is_none() {
    for text in ["\u{200b}", " \u{200d}\u{feff}\t", "\u{2800}", "\u{e0020}"] {
        assert_eq!(PersonName::parse(text), Err(Problem::Required), "{text:?}");
        assert_eq!(
            nexus_domain::values::LongText::parse_optional(text),
            Ok(None),
            "{text:?}"
        );
        assert_eq!(Tag::parse(text).err(), Some(Problem::Required), "{text:?}");
        assert_eq!(Tag::parse_list([text]), Ok(Vec::new()), "{text:?}");
    }
    let family = "👩\u{200d}👧";
    assert_eq!(PersonName::parse(family).expect("a name").as_str(), family);
}
