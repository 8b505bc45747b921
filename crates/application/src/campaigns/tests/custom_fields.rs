//! Custom fields as placeholders.

use std::collections::BTreeMap;

use nexus_domain::values::{CustomFields, FieldName, FieldValue, Problem};

use super::creating::typed;
use super::*;

const MESSAGE: &str = "Hola {nombre}, ¿cómo está {ciudad}?";

fn saying(message: &str) -> CreateCampaign {
    CreateCampaign {
        message: Some(message.to_owned()),
        ..typed()
    }
}

fn unknown(field: &str, name: &str) -> Violations {
    let name = name.to_owned();
    Violations::of(field, Problem::UnknownPlaceholder { name })
}

fn with_city(city: &str) -> Contact {
    Contact {
        custom_fields: CustomFields::from_stored([(
            FieldName::parse("Ciudad").expect("a name"),
            FieldValue::parse(city).expect("a value"),
        )]),
        ..contact(1)
    }
}

#[tokio::test]
async fn a_message_may_use_the_fields_that_the_user_has() {
    let mut unit = MockUnitOfWork::default();
    holding_fields(&mut unit, &["Ciudad"]);
    unit.campaigns
        .expect_insert()
        .withf(|stored| stored.content == CampaignContent::Text(text(MESSAGE)))
        .times(1)
        .returning(|_| Ok(()));
    unit.contacts
        .expect_count_recipients()
        .returning(|_, _, _| Ok(0));
    let storage = ScriptedStorage::new()
        .then_read(having_fields(&["Ciudad"]))
        .then_begin(unit);
    let bench = bench(storage);
    let made = bench.campaigns.create(&actor(), saying(MESSAGE)).await;
    made.expect("a campaign");
    assert_eq!(bench.storage.commits(), 1);
}

#[tokio::test]
async fn a_field_that_is_deleted_meanwhile_is_unknown() {
    let mut unit = MockUnitOfWork::default();
    holding_fields(&mut unit, &[]);
    let storage = ScriptedStorage::new()
        .then_read(having_fields(&["Ciudad"]))
        .then_begin(unit);
    let bench = bench(storage);
    let error = bench.campaigns.create(&actor(), saying(MESSAGE)).await;
    let Err(CreateCampaignError::Invalid(violations)) = error else {
        panic!("made");
    };
    assert_eq!(violations, unknown("message", "ciudad"));
    assert!(bench.unchanged());
}

#[tokio::test]
async fn a_changed_message_may_use_them_too_and_no_others() {
    for (message, expected) in [
        (MESSAGE, None),
        ("{pais}", Some(unknown("message", "pais"))),
    ] {
        let mut unit = locking(Some(campaign()));
        holding_fields(&mut unit, &["Ciudad"]);
        unit.campaigns.expect_save().returning(|_| Ok(()));
        unit.contacts
            .expect_count_recipients()
            .returning(|_, _, _| Ok(0));
        unit.media
            .expect_of_campaigns()
            .returning(|_, _| Ok(vec![]));
        let bench = bench(ScriptedStorage::new().then_begin(unit));
        let changes = UpdateCampaign {
            message: set(message),
            ..UpdateCampaign::default()
        };
        let changed = bench
            .campaigns
            .update(&actor(), campaign_id(), changes)
            .await;
        match (changed, expected) {
            (Ok(_), None) => {}
            (Err(UpdateCampaignError::Invalid(violations)), Some(expected)) => {
                assert_eq!(violations, expected);
            }
            (other, _) => panic!("unexpected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_variable_of_a_template_may_use_them_and_no_others() {
    let variables = [("1", "{Ciudad}"), ("2", "{pais}")];
    let template = TemplateInput {
        name: "cita".to_owned(),
        language: "es_MX".to_owned(),
        variables: BTreeMap::from(variables.map(|(key, text)| (key.to_owned(), text.to_owned()))),
        ..TemplateInput::default()
    };
    let typed = CreateCampaign {
        message: None,
        template: Some(template),
        ..typed()
    };
    let bench = bench(ScriptedStorage::new().then_read(having_fields(&["Ciudad"])));
    let error = bench.campaigns.create(&actor(), typed).await;
    let Err(CreateCampaignError::Invalid(violations)) = error else {
        panic!("made");
    };
    assert_eq!(violations, unknown("template.variables.2", "pais"));
}

#[tokio::test]
async fn a_preview_shows_what_a_person_would_get_and_names_to_nobody() {
    for (contact, expected) in [
        (Some(with_city("Lima")), "Lima: Luis 1"),
        (Some(contact(1)), ": Luis 1"),
        (None, "[Ciudad]: María García"),
    ] {
        let mut read = finding(Some(Campaign {
            content: CampaignContent::Text(text("{Ciudad}: {nombre}")),
            ..campaign()
        }));
        read.contacts
            .expect_recipients_of()
            .returning(move |_, _, _, _, _| Ok(contact.clone().into_iter().collect()));
        let storage = ScriptedStorage::new()
            .then_read(of_user(Some(user())))
            .then_read(read);
        let preview = bench(storage)
            .campaigns
            .preview(&actor(), campaign_id(), None)
            .await
            .expect("a preview");
        assert_eq!(preview.message, expected);
    }
}
