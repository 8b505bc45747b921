//! Connections to WhatsApp, and the templates of their accounts.

use chrono::TimeDelta;
use nexus_domain::ports::WhatsAppRepository;
use nexus_domain::{
    AccountStanding, ApprovedTemplate, ButtonKind, ButtonValue, CampaignContent, HeaderMedia,
    HeaderValue, KnownFailure, MediaKind, MediaReference, StoredTemplate, TemplateButton,
    TemplateHeader, TemplateMessage, TemplateParts, TemplateValue, TemplateVariable, UserId,
};
use sea_orm::ConnectionTrait;

use crate::samples::{self, at, message_text, short};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_template_is_read_as_it_was_written,
    a_template_is_one_by_account_name_and_language,
    a_connection_is_read_as_it_was_written,
    that_webhooks_come_is_noted_once_a_minute,
    who_locks_a_connection_first_goes_first,
    who_locks_a_template_first_goes_first,
    another_user_sees_and_changes_nothing,
    campaigns_being_sent_are_told,
    a_campaigns_values_are_read_as_they_were_written,
    values_from_before_there_were_fallbacks_are_read,
);

fn template(user: UserId, name: &str) -> StoredTemplate {
    StoredTemplate {
        user_id: user,
        account_id: "102290129340398".to_owned(),
        template: ApprovedTemplate {
            provider_id: Some("900000000000001".to_owned()),
            name: name.to_owned(),
            language: "es_MX".to_owned(),
            status: "A_NEW_WORD".to_owned(),
            category: "MARKETING".to_owned(),
            quality: Some("YELLOW".to_owned()),
            reason: Some("\"Por qué\"".to_owned()),
            parameter_format: "NAMED".to_owned(),
            header: Some(TemplateHeader::Text {
                text: "Hoy, {{día}}".to_owned(),
                variables: vec!["día".to_owned()],
            }),
            body: "Hola {{nombre}} 👋".to_owned(),
            variables: vec!["nombre".to_owned()],
            footer: Some("Responde BAJA".to_owned()),
            buttons: vec![TemplateButton {
                kind: "URL".to_owned(),
                text: "Ver".to_owned(),
                url: Some("https://a.example/{{1}}".to_owned()),
                variables: vec!["1".to_owned()],
            }],
            other_values: vec!["CAROUSEL".to_owned()],
        },
        status_heard_at: Some(at(1)),
        quality_heard_at: None,
        synced_at: Some(at(2)),
    }
}

async fn all(store: &Store, user: UserId) -> Vec<StoredTemplate> {
    let mut repositories = store.read();
    let whatsapp = repositories.whatsapp();
    whatsapp.templates(user, "102290129340398").await.unwrap()
}

async fn save(store: &Store, templates: &[StoredTemplate]) {
    let mut unit = store.begin().await;
    unit.whatsapp().save_templates(templates).await.unwrap();
    unit.commit().await.unwrap();
}

async fn a_template_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let heard_of = StoredTemplate::heard_of(
        user.id,
        "102290129340398".to_owned(),
        "otra".to_owned(),
        "es".to_owned(),
    );
    let written = [template(user.id, "cita"), heard_of];
    save(&store, &written).await;
    assert_same(&all(&store, user.id).await, &written.to_vec());
    let mut changed = written.clone();
    "PAUSED".clone_into(&mut changed[0].template.status);
    "Adiós".clone_into(&mut changed[0].template.body);
    changed[0].template.reason = None;
    changed[0].synced_at = Some(at(9));
    changed[1].quality_heard_at = Some(at(8));
    save(&store, &changed).await;
    assert_same(&all(&store, user.id).await, &changed.to_vec());
    let mut unit = store.begin().await;
    unit.whatsapp()
        .delete_templates(&changed[..1])
        .await
        .unwrap();
    unit.commit().await.unwrap();
    assert_same(&all(&store, user.id).await, &changed[1..].to_vec());
}

async fn a_template_is_one_by_account_name_and_language(store: Store) {
    let user = store.user().await;
    let mut written = vec![template(user.id, "cita"), template(user.id, "cita")];
    "en".clone_into(&mut written[1].template.language);
    written.push(StoredTemplate {
        account_id: "7".to_owned(),
        ..template(user.id, "cita")
    });
    // More than one statement takes.
    written.extend((0..1_200).map(|number| template(user.id, &format!("oferta_{number:04}"))));
    save(&store, &written).await;
    let found = all(&store, user.id).await;
    assert_eq!(found.len(), 1_202);
    assert_eq!(found[0].template.language, "en");
    assert_eq!(found[1].template.language, "es_MX");
    let mut repositories = store.read();
    let whatsapp = repositories.whatsapp();
    for (account, name, language, expected) in [
        ("7", "cita", "es_MX", true),
        ("7", "cita", "en", false),
        ("102290129340398", "Cita", "en", false),
    ] {
        let found = whatsapp.template(user.id, account, name, language).await;
        assert_eq!(
            found.unwrap().is_some(),
            expected,
            "{account} {name} {language}"
        );
    }
}

async fn a_connection_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    assert_eq!(
        store.read().whatsapp().connection(user.id).await.unwrap(),
        None
    );
    let mut unit = store.begin().await;
    let mut connection = unit.whatsapp().lock_connection(user.id).await.unwrap();
    connection.begin_sync("1", at(0)).unwrap();
    connection.note_synced("1", at(0));
    connection.begin_check(at(1)).unwrap();
    connection.note_check("2", Err(&KnownFailure::unavailable()), at(1));
    connection.hear_of_number("525512345678", Some(true), Some("TIER_2K"), at(2));
    connection.hear_of_account(
        "1",
        AccountStanding::Restricted,
        "words",
        Some(at(9)),
        at(3),
    );
    unit.whatsapp().save_connection(&connection).await.unwrap();
    unit.commit().await.unwrap();
    let found = store.read().whatsapp().connection(user.id).await.unwrap();
    assert_same(&found, &Some(connection.clone()));
    let mut unit = store.begin().await;
    let locked = unit.whatsapp().lock_connection(user.id).await.unwrap();
    assert_same(&locked, &connection);
}

async fn that_webhooks_come_is_noted_once_a_minute(store: Store) {
    let user = store.user().await;
    let received = async |seconds: i64| {
        let mut repositories = store.read();
        let whatsapp: &mut dyn WhatsAppRepository = repositories.whatsapp();
        whatsapp
            .note_webhook(user.id, None, Some(at(seconds)))
            .await
            .unwrap();
        let found = whatsapp.connection(user.id).await.unwrap().unwrap();
        (found.webhook_verified_at, found.webhook_received_at)
    };
    assert_eq!(received(0).await, (None, Some(at(0))));
    assert_eq!(received(59).await, (None, Some(at(0))));
    assert_eq!(received(61).await, (None, Some(at(61))));
    // From an instance whose webhook was older.
    assert_eq!(received(10).await, (None, Some(at(61))));
    let mut repositories = store.read();
    for seconds in [5, 90] {
        let verified = Some(at(seconds));
        repositories
            .whatsapp()
            .note_webhook(user.id, verified, None)
            .await
            .unwrap();
    }
    assert_eq!(received(62).await, (Some(at(90)), Some(at(61))));
    assert_eq!(
        received(61 + 3_600).await,
        (Some(at(90)), Some(at(61 + 3_600)))
    );
}

async fn who_locks_a_connection_first_goes_first(store: Store) {
    let user = store.user().await;
    let mut first = store.begin().await;
    let mut connection = first.whatsapp().lock_connection(user.id).await.unwrap();
    connection.begin_sync("1", at(0)).unwrap();
    first.whatsapp().save_connection(&connection).await.unwrap();
    let id = user.id;
    let refused = store
        .in_turn(first, move |storage| async move {
            let mut unit = nexus_domain::ports::Storage::begin(&storage).await.unwrap();
            let mut connection = unit.whatsapp().lock_connection(id).await.unwrap();
            connection.begin_sync("1", at(1))
        })
        .await;
    let wait = refused.unwrap_err().wait;
    assert_eq!(wait, TimeDelta::seconds(59));
}

async fn who_locks_a_template_first_goes_first(store: Store) {
    let user = store.user().await;
    let mut stored = template(user.id, "cita");
    save(&store, std::slice::from_ref(&stored)).await;
    let account = stored.account_id.clone();
    let mut first = store.begin().await;
    let locked = first
        .whatsapp()
        .lock_template(user.id, &account, "cita", "es_MX")
        .await;
    assert!(locked.unwrap().is_some());
    stored.hear_status("PAUSED", None, at(100));
    first.whatsapp().save_templates(&[stored]).await.unwrap();
    let id = user.id;
    let seen = store
        .in_turn(first, move |storage| async move {
            let mut unit = nexus_domain::ports::Storage::begin(&storage).await.unwrap();
            let locked = unit
                .whatsapp()
                .lock_template(id, &account, "cita", "es_MX")
                .await;
            locked.unwrap().map(|stored| stored.template.status)
        })
        .await;
    assert_eq!(seen.as_deref(), Some("PAUSED"));
}

async fn another_user_sees_and_changes_nothing(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let stored = template(user.id, "cita");
    save(&store, std::slice::from_ref(&stored)).await;
    assert_eq!(all(&store, other.id).await, []);
    let as_other = StoredTemplate {
        user_id: other.id,
        ..template(other.id, "cita")
    };
    let mut unit = store.begin().await;
    unit.whatsapp().delete_templates(&[as_other]).await.unwrap();
    unit.commit().await.unwrap();
    assert_same(&all(&store, user.id).await, &vec![stored]);
    let mut unit = store.begin().await;
    unit.whatsapp().lock_connection(user.id).await.unwrap();
    assert!(unit.users().delete(user.id).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(all(&store, user.id).await, []);
    assert_eq!(
        store.read().whatsapp().connection(user.id).await.unwrap(),
        None
    );
}

async fn campaigns_being_sent_are_told(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let (sender, others) = (store.sender(&user).await, store.sender(&other).await);
    store.campaign(&user).await;
    let mut active = vec![
        store.active_campaign(&user, &sender).await,
        store.active_campaign(&user, &sender).await,
    ];
    store.active_campaign(&other, &others).await;
    active.sort_by_key(|campaign| campaign.id);
    let found = store.read().campaigns().active(user.id).await.unwrap();
    assert_same(&found, &active);
}

fn whole() -> TemplateMessage {
    TemplateMessage {
        name: short("oferta"),
        language: short("es_MX"),
        variables: vec![
            TemplateVariable {
                key: "1".to_owned(),
                text: message_text("{nombre}"),
                fallback: Some(short("cliente")),
            },
            TemplateVariable {
                key: "2".to_owned(),
                text: message_text("20 %"),
                fallback: None,
            },
        ],
        parts: TemplateParts {
            header: Some(HeaderValue::Text(TemplateVariable {
                key: "mes".to_owned(),
                text: message_text("{Mes}"),
                fallback: None,
            })),
            buttons: vec![
                ButtonValue {
                    index: 0,
                    kind: ButtonKind::UrlSuffix,
                    value: TemplateValue {
                        text: message_text("{Código}"),
                        fallback: Some(short("hola")),
                    },
                },
                ButtonValue {
                    index: 2,
                    kind: ButtonKind::ReplyPayload,
                    value: TemplateValue {
                        text: message_text("más"),
                        fallback: None,
                    },
                },
            ],
        },
    }
}

async fn a_campaigns_values_are_read_as_they_were_written(store: Store) {
    let user = store.user().await;
    let file = |kind, reference, file_name: Option<&str>| {
        Some(HeaderValue::Media(HeaderMedia {
            kind,
            reference,
            file_name: file_name.map(str::to_owned),
        }))
    };
    let id = MediaReference::Id("77".to_owned());
    let link = MediaReference::Link("https://a.example/f".to_owned());
    let headers = [
        whole().parts.header,
        None,
        file(MediaKind::Image, id, None),
        file(MediaKind::Document, link, Some("Lista {1}.pdf")),
    ];
    for header in headers {
        let mut template = whole();
        template.parts.header = header;
        let mut campaign = samples::campaign(user.id);
        campaign.content = CampaignContent::Template {
            template,
            note: None,
        };
        let mut repositories = store.read();
        let campaigns = repositories.campaigns();
        campaigns.insert(&campaign).await.unwrap();
        let found = campaigns.find(user.id, campaign.id).await.unwrap();
        assert_same(&found, &Some(campaign));
    }
}

async fn values_from_before_there_were_fallbacks_are_read(store: Store) {
    let user = store.user().await;
    let mut campaign = samples::campaign(user.id);
    campaign.content = CampaignContent::Template {
        template: TemplateMessage {
            parts: TemplateParts::default(),
            ..whole()
        },
        note: None,
    };
    store.read().campaigns().insert(&campaign).await.unwrap();
    let raw = store.raw().await;
    raw.execute_unprepared(r#"UPDATE campaigns SET template_variables = '[["1","{nombre}"]]'"#)
        .await
        .unwrap();
    let found = store.read().campaigns().find(user.id, campaign.id).await;
    let content = found.unwrap().unwrap().content;
    let template = content.template().unwrap();
    assert_eq!(template.variables.len(), 1);
    assert_eq!(template.variables[0].fallback, None);
    assert_eq!(template.parts, TemplateParts::default());
}
