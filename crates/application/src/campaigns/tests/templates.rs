use super::*;

fn wanted() -> TemplateMessage {
    with_template()
        .content
        .template()
        .expect("a template")
        .clone()
}

fn with_variables(variables: &[&str]) -> ApprovedTemplate {
    ApprovedTemplate {
        variables: texts(variables),
        ..approved()
    }
}

fn values(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_approved_template_with_the_same_variables_can_be_sent() {
    for known in [approved(), with_variables(&["2", "1"])] {
        assert_eq!(template::check(&wanted(), &[known]), Ok(()));
    }
}

#[test]
fn a_template_is_known_by_its_name_and_language() {
    let of_name = ApprovedTemplate {
        name: "Cita".to_owned(),
        ..approved()
    };
    let of_language = ApprovedTemplate {
        language: "es".to_owned(),
        ..approved()
    };
    let others = [of_name, of_language];
    assert_eq!(
        template::check(&wanted(), &others),
        Err(TemplateProblem::Missing)
    );
    assert_eq!(
        template::check(&wanted(), &[]),
        Err(TemplateProblem::Missing)
    );
    let [first, second] = others;
    assert_eq!(
        template::check(&wanted(), &[first, second, approved()]),
        Ok(())
    );
}

#[test]
fn only_what_the_provider_approved_can_be_sent() {
    for status in ["PENDING", "REJECTED", "PAUSED", "approved", ""] {
        let known = ApprovedTemplate {
            status: status.to_owned(),
            ..approved()
        };
        assert_eq!(
            template::check(&wanted(), &[known]),
            Err(TemplateProblem::NotApproved {
                status: status.to_owned()
            })
        );
    }
}

#[test]
fn a_template_that_needs_more_than_its_body_says_what() {
    let parts = vec!["HEADER".to_owned()];
    let known = ApprovedTemplate {
        other_values: parts.clone(),
        ..approved()
    };
    assert_eq!(
        template::check(&wanted(), &[known]),
        Err(TemplateProblem::NeedsMore { parts })
    );
}

#[test]
fn variables_without_value_and_values_without_variable_are_named() {
    for (has, missing, unknown) in [
        (&["1", "2", "3", "fecha"][..], &["3", "fecha"][..], &[][..]),
        (&["1"], &[], &["2"]),
        (&["nombre", "cita"], &["cita", "nombre"], &["1", "2"]),
        (&[], &[], &["1", "2"]),
    ] {
        assert_eq!(
            template::check(&wanted(), &[with_variables(has)]),
            Err(TemplateProblem::Variables {
                missing: texts(missing),
                unknown: texts(unknown),
            })
        );
    }
}

#[test]
fn a_template_reads_with_its_values_in_their_places() {
    let values = values(&[("1", "Ana"), ("hora", "9:00")]);
    for (body, reads) in [
        ("Hola {{1}}, a las {{ hora }}.", "Hola Ana, a las 9:00."),
        ("{{1}}{{1}}", "AnaAna"),
        ("Hola {{2}} y {{1}}", "Hola {{2}} y Ana"),
        ("{{1", "{{1"),
        ("{1} {{1}}}", "{1} Ana}"),
        ("abierto {{ y {{1}}", "abierto {{ y Ana"),
        ("sin variables", "sin variables"),
        ("", ""),
    ] {
        assert_eq!(template::fill(body, &values), reads);
    }
}

#[test]
fn a_value_that_looks_like_a_variable_stays_a_value() {
    let values = values(&[("1", "{{2}}"), ("2", "{{1}}")]);
    assert_eq!(template::fill("{{1}} {{2}}", &values), "{{2}} {{1}}");
}
