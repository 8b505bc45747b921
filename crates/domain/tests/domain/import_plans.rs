use nexus_domain::values::{FieldName, Problem};
use nexus_domain::{ColumnMapping, ColumnMeaning, KnownContacts, MappedColumn};

fn column(index: usize, header: Option<&str>, meaning: ColumnMeaning) -> MappedColumn {
    MappedColumn {
        index,
        header: header.map(str::to_owned),
        meaning,
    }
}

fn refused(columns: Vec<MappedColumn>) -> Vec<(String, &'static str)> {
    let violations = ColumnMapping::parse(columns).expect_err("refused");
    violations
        .iter()
        .map(|(field, problem)| (field.to_owned(), problem.code()))
        .collect()
}

#[test]
fn every_word_of_a_meaning_and_of_a_policy_is_read_back() {
    let field = || FieldName::parse("Ciudad");
    for word in [
        "name",
        "last_name",
        "phone",
        "email",
        "tags",
        "notes",
        "status",
        "custom",
        "ignore",
    ] {
        let meaning = ColumnMeaning::parse(word, field).expect("a meaning");
        assert_eq!(meaning.as_str(), word);
        assert_eq!(meaning.custom_field().is_some(), word == "custom");
    }
    for policy in KnownContacts::ALL {
        assert_eq!(KnownContacts::parse(policy.as_str()), Ok(policy));
    }
    let refused = ColumnMeaning::parse("address", field);
    assert!(matches!(
        refused,
        Err(Problem::NotOneOf { accepted }) if accepted.contains(&"custom".to_owned())
    ));
    let unnamed = ColumnMeaning::parse("custom", || Err(Problem::Required));
    assert_eq!(unnamed, Err(Problem::Required));
}

#[test]
fn a_mapping_needs_a_name_and_an_address() {
    assert_eq!(
        refused(vec![column(0, None, ColumnMeaning::Notes)]),
        [
            ("mapping.name".to_owned(), "required"),
            ("mapping.phone".to_owned(), "phone_or_email_required"),
        ]
    );
    for (name, address) in [
        (ColumnMeaning::Name, ColumnMeaning::Phone),
        (ColumnMeaning::LastName, ColumnMeaning::Email),
    ] {
        let columns = vec![column(3, None, address), column(0, None, name)];
        assert!(ColumnMapping::parse(columns).is_ok());
    }
}

#[test]
fn what_a_contact_has_once_comes_from_one_column() {
    let twice = |meaning: ColumnMeaning| {
        vec![
            column(0, None, ColumnMeaning::Name),
            column(1, None, ColumnMeaning::Phone),
            column(2, None, meaning.clone()),
            column(3, None, meaning),
        ]
    };
    for meaning in [ColumnMeaning::Tags, ColumnMeaning::Ignore] {
        assert!(
            ColumnMapping::parse(twice(meaning.clone())).is_ok(),
            "{meaning:?}"
        );
    }
    for meaning in [
        ColumnMeaning::Email,
        ColumnMeaning::Status,
        ColumnMeaning::Notes,
        ColumnMeaning::Custom(FieldName::parse("Ciudad").expect("a name")),
    ] {
        let wrong = [("mapping[3].field".to_owned(), "mapped_twice")];
        assert_eq!(refused(twice(meaning.clone())), wrong, "{meaning:?}");
    }
    let same_column = vec![
        column(0, None, ColumnMeaning::Name),
        column(0, None, ColumnMeaning::Phone),
    ];
    let wrong = [("mapping[1].column".to_owned(), "mapped_twice")];
    assert_eq!(refused(same_column), wrong);
}

#[test]
fn a_mapping_is_compared_with_the_header_that_the_user_saw() {
    let mapping = ColumnMapping::parse(vec![
        column(0, Some(" Quién "), ColumnMeaning::Name),
        column(2, Some("Dónde"), ColumnMeaning::Phone),
        column(3, None, ColumnMeaning::Email),
    ])
    .expect("a mapping");
    let header =
        |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| (*t).to_owned()).collect() };
    assert!(
        mapping
            .check(&header(&["Quién", "x", "Dónde", "y"]))
            .is_ok()
    );
    let wrong = mapping.check(&header(&["Quién", "Dónde", "x"]));
    let wrong: Vec<_> = wrong
        .expect_err("another header")
        .iter()
        .map(|(field, problem)| (field.to_owned(), problem.code()))
        .collect();
    assert_eq!(
        wrong,
        [
            ("mapping[1].header".to_owned(), "other_header"),
            ("mapping[2].column".to_owned(), "no_such_column"),
        ]
    );
}
