//! Custom fields of contacts, and the names that a user has.

use nexus_domain::ports::Storage;
use nexus_domain::values::{CustomFields, FieldName};
use nexus_domain::{
    CampaignContent, CampaignState, Contact, ContactFilter, ContactSelection, TemplateMessage,
    TemplateParts, TemplateVariable, UserId,
};

use crate::contacts::{find, save};
use crate::samples::{self, at, custom_fields, field_name, message_text, short};
use crate::store::{Store, assert_same};

on_both_databases!(
    fields_are_read_as_they_were_written_and_saved,
    contacts_are_found_by_a_field_that_they_have,
    names_are_registered_once_and_keep_their_first_spelling,
    names_are_deleted_whatever_their_spelling,
    a_name_that_is_held_is_deleted_after_the_transaction,
    those_who_add_names_at_once_count_those_of_the_others,
    campaigns_that_may_still_be_sent_are_found_by_their_placeholders,
    another_user_sees_and_changes_nothing,
);

fn labels(names: &[FieldName]) -> Vec<&str> {
    names.iter().map(FieldName::label).collect()
}

async fn registered(store: &Store, user: UserId, names: &[&str]) -> Vec<FieldName> {
    let names: Vec<_> = names.iter().map(|name| field_name(name)).collect();
    let mut unit = store.begin().await;
    let all = unit.fields().register(user, &names, at(0)).await.unwrap();
    unit.commit().await.unwrap();
    all
}

async fn fields_are_read_as_they_were_written_and_saved(store: Store) {
    let user = store.user().await;
    let contact = Contact {
        custom_fields: custom_fields(&[
            ("Ciudad", "Lima \"la gris\", 50 % \\ 👩🏽‍💻"),
            ("Año_2", "{nombre}"),
        ]),
        ..samples::contact(user.id, "Luz")
    };
    store.add(std::slice::from_ref(&contact)).await;
    let stored = find(&store, &contact).await.unwrap();
    assert_same(&stored, &contact);
    let names: Vec<_> = stored.custom_fields.names().map(FieldName::label).collect();
    assert_eq!(names, ["Año_2", "Ciudad"], "as they were spelled");

    for fields in [
        custom_fields(&[("Talla", "M")]),
        CustomFields::default(),
        custom_fields(&[("Ciudad", "Cusco")]),
    ] {
        let saved = Contact {
            custom_fields: fields,
            ..contact.clone()
        };
        save(&store, &saved).await;
        assert_same(&find(&store, &contact).await, &Some(saved));
    }
}

async fn contacts_are_found_by_a_field_that_they_have(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let with = |user, fields: &[(&str, &str)]| Contact {
        custom_fields: custom_fields(fields),
        ..samples::contact(user, "Luz")
    };
    let wanted = with(user, &[("Ciudad_1", "Lima"), ("Talla", "M")]);
    let others = [
        with(user, &[]),
        with(user, &[("CiudadX1", "Lima")]),
        with(user, &[("Otra Ciudad_1", "Lima")]),
        // What a value says is no name.
        with(
            user,
            &[("Talla", "\"Ciudad_1\":\"Lima\""), ("Zona", "Ciudad_1")],
        ),
        with(other, &[("Ciudad_1", "Lima")]),
    ];
    store.add(std::slice::from_ref(&wanted)).await;
    store.add(&others).await;
    let filter = ContactFilter {
        has_field: Some(field_name("Ciudad_1")),
        ..ContactFilter::default()
    };
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    assert_eq!(contacts.count(user, &filter).await.unwrap(), 1);
    let selection = ContactSelection::Filter(filter);
    let found = contacts.selected(user, &selection, None, 10).await.unwrap();
    assert_eq!(found, [wanted.id]);
}

async fn names_are_registered_once_and_keep_their_first_spelling(store: Store) {
    let user = store.user().await.id;
    assert!(registered(&store, user, &[]).await.is_empty());
    let all = registered(&store, user, &["Talla", "Ciudad", "CIUDAD"]).await;
    assert_eq!(labels(&all), ["Ciudad", "Talla"]);
    let all = registered(&store, user, &["ciudád", "Código"]).await;
    assert_eq!(labels(&all), ["Ciudad", "Código", "Talla"]);
    let mut repositories = store.read();
    let listed = repositories.fields().list(user).await.unwrap();
    assert_eq!(labels(&listed), labels(&all));

    // A transaction that is dropped leaves no name.
    let mut unit = store.begin().await;
    let more = [field_name("Zona")];
    let all = unit.fields().register(user, &more, at(1)).await.unwrap();
    assert_eq!(all.len(), 4);
    drop(unit);
    assert_eq!(repositories.fields().list(user).await.unwrap().len(), 3);
}

async fn names_are_deleted_whatever_their_spelling(store: Store) {
    let user = store.user().await.id;
    registered(&store, user, &["Ciudad", "Talla"]).await;
    let mut repositories = store.read();
    let fields = repositories.fields();
    let gone = fields.delete(user, &field_name("ciudad")).await.unwrap();
    assert_eq!(gone.as_ref().map(FieldName::label), Some("Ciudad"));
    assert_eq!(labels(&fields.list(user).await.unwrap()), ["Talla"]);
    let again = fields.delete(user, &field_name("Ciudad")).await.unwrap();
    assert_eq!(again, None);
}

/// Whoever saves a campaign with a placeholder, or gives a contact a field, holds the name; whoever
/// deletes it sees the campaign and the contact.
async fn a_name_that_is_held_is_deleted_after_the_transaction(store: Store) {
    let user = store.user().await.id;
    registered(&store, user, &["Ciudad"]).await;
    for holds in [true, false] {
        let mut unit = store.begin().await;
        if holds {
            unit.fields().hold(user).await.unwrap();
        } else {
            let names = [field_name("Ciudad")];
            unit.fields().register(user, &names, at(2)).await.unwrap();
        }
        let contact = samples::contact(user, "Luz");
        unit.contacts().insert(&[contact]).await.unwrap();
        let (gone, seen) = store
            .in_turn(unit, move |storage| async move {
                let mut unit = storage.begin().await.unwrap();
                let name = field_name("Ciudad");
                let gone = unit.fields().delete(user, &name).await.unwrap();
                let everyone = ContactFilter::default();
                let seen = unit.contacts().count(user, &everyone).await.unwrap();
                (gone, seen)
            })
            .await;
        assert_eq!(gone, Some(field_name("Ciudad")));
        assert_eq!(seen, if holds { 1 } else { 2 });
    }
}

async fn those_who_add_names_at_once_count_those_of_the_others(store: Store) {
    let user = store.user().await.id;
    let mut first = store.begin().await;
    let one = [field_name("Ciudad")];
    first.fields().register(user, &one, at(0)).await.unwrap();
    let all = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let other = [field_name("Talla")];
            unit.fields().register(user, &other, at(0)).await.unwrap()
        })
        .await;
    assert_eq!(labels(&all), ["Ciudad", "Talla"]);
}

async fn campaigns_that_may_still_be_sent_are_found_by_their_placeholders(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let mut repositories = store.read();
    let campaigns = repositories.campaigns();
    let mut wanted = Vec::new();
    let text = |text: &str| CampaignContent::Text(message_text(text));
    let states = [
        CampaignState::Draft,
        samples::scheduled(9),
        CampaignState::Active { started_at: at(1) },
        CampaignState::Paused {
            started_at: at(1),
            reason: None,
        },
        samples::missed(1),
        CampaignState::Completed {
            started_at: at(1),
            at: at(2),
        },
        CampaignState::Cancelled {
            started_at: None,
            at: at(2),
        },
    ];
    for (place, state) in states.into_iter().enumerate() {
        let mut campaign = samples::campaign(user.id);
        campaign.content = text("Hola, {Ciudad}");
        campaign.state = state;
        campaign.sender_id = matches!(place, 2 | 3 | 5).then_some(sender.id);
        campaign.created_at = at(i64::try_from(place).unwrap());
        campaigns.insert(&campaign).await.unwrap();
        if place < 5 {
            wanted.push(campaign.id);
        }
    }
    let mut template = samples::campaign(user.id);
    template.content = CampaignContent::Template {
        template: TemplateMessage {
            name: short("oferta"),
            language: short("es_MX"),
            variables: vec![TemplateVariable {
                key: "1".to_owned(),
                text: message_text("{Ciudad}"),
                fallback: None,
            }],
            parts: TemplateParts::default(),
        },
        note: None,
    };
    template.created_at = at(20);
    campaigns.insert(&template).await.unwrap();
    wanted.push(template.id);
    let mut plain = samples::campaign(user.id);
    plain.content = text("Hola");
    campaigns.insert(&plain).await.unwrap();

    let found = campaigns
        .unfinished_with_placeholders(user.id)
        .await
        .unwrap();
    let ids: Vec<_> = found.iter().map(|campaign| campaign.id).collect();
    assert_eq!(ids, wanted);
    for campaign in &found {
        let used: Vec<_> = campaign.content.custom_fields().collect();
        assert_eq!(used, [&field_name("Ciudad")]);
    }
    let other = store.user().await.id;
    let found = campaigns.unfinished_with_placeholders(other).await.unwrap();
    assert!(found.is_empty());
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    registered(&store, user, &["Ciudad"]).await;
    let mut repositories = store.read();
    let fields = repositories.fields();
    assert!(fields.list(other).await.unwrap().is_empty());
    assert!(fields.hold(other).await.unwrap().is_empty());
    let name = field_name("Ciudad");
    assert_eq!(fields.delete(other, &name).await.unwrap(), None);
    let theirs = registered(&store, other, &["CIUDAD"]).await;
    assert_eq!(labels(&theirs), ["CIUDAD"]);
    assert_eq!(labels(&fields.list(user).await.unwrap()), ["Ciudad"]);
    // Of nobody, nothing is kept.
    let nobody = samples::user_id();
    assert!(registered(&store, nobody, &["Ciudad"]).await.is_empty());
}
