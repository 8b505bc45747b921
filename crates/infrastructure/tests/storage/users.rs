use nexus_domain::ports::{DuplicateKey, StorageError};
use nexus_domain::values::{CompanyName, Language, LongText, TimeZone};
use nexus_domain::{
    Automation, BotActivity, BotActivityId, BotActivityKind, ContentHash, MediaFile, MediaId,
    MediaType, MessageDelta, NotificationSettings, PrivacySettings, SealedSecret, SecretField,
    SessionKeyHash, StoredSession, Theme, User, WebhookKey,
};
use nexus_infrastructure::SystemEntropy;

use crate::samples::{self, at, email, phone, short, tags};
use crate::store::Store;

on_both_databases!(
    a_user_is_read_as_it_was_written,
    everything_but_id_and_creation_is_saved,
    a_user_is_found_by_address_in_any_case_and_by_webhook_key,
    an_address_belongs_to_one_user,
    an_unknown_user_is_nobody,
    deleting_a_user_leaves_nothing_of_theirs,
    deleting_a_user_leaves_the_others,
    a_locked_user_is_read_as_it_is,
    a_row_that_cannot_be_read_is_named,
);

fn full() -> User {
    let mut user = samples::user();
    user.phone = Some(phone("+525512345678"));
    user.company = CompanyName::parse("Flores & Más, S.A.").ok();
    user.keys = [
        (
            SecretField::WhatsappApiKey,
            SealedSecret::new("v1.a".to_owned()),
        ),
        (
            SecretField::GeminiApiKey,
            SealedSecret::new("v1.b".to_owned()),
        ),
    ]
    .into();
    user.whatsapp_phone_number_id = Some(short("106540352242922"));
    user.whatsapp_business_account_id = Some(short("102290129340398"));
    user.automation = Automation {
        auto_reply_enabled: true,
        knowledge_base: LongText::parse("Abrimos a las 9.\nCerramos a las 18.").ok(),
    };
    user.notifications = NotificationSettings {
        email: false,
        push: false,
        sms: true,
    };
    user.privacy = PrivacySettings {
        profile_visible: false,
        data_sharing: true,
        analytics: false,
    };
    user.last_login = Some(at(7));
    user
}

async fn a_user_is_read_as_it_was_written(store: Store) {
    for user in [samples::user(), full()] {
        store.read().users().insert(&user).await.unwrap();
        let found = store.read().users().find(user.id).await.unwrap();
        assert_eq!(found, Some(user));
    }
}

async fn everything_but_id_and_creation_is_saved(store: Store) {
    let mut user = store.user().await;
    let created_at = user.created_at;
    user = User {
        id: user.id,
        email: email("Otra@Example.com"),
        webhook_key: WebhookKey::new(&SystemEntropy),
        language: Language::En,
        time_zone: TimeZone::UTC,
        theme: Theme::Dark,
        created_at: at(99),
        updated_at: at(100),
        ..full()
    };
    store.read().users().save(&user).await.unwrap();
    let found = store.read().users().find(user.id).await.unwrap().unwrap();
    assert_eq!(found.created_at, created_at);
    assert_eq!(User { created_at, ..user }, found);
}

async fn a_user_is_found_by_address_in_any_case_and_by_webhook_key(store: Store) {
    let mut user = samples::user();
    user.email = email("Ana.Nunez@Example.com");
    store.read().users().insert(&user).await.unwrap();
    let mut repositories = store.read();
    let found = repositories
        .users()
        .find_by_email(&email("ana.nunez@EXAMPLE.com"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.email.as_str(), "Ana.Nunez@Example.com");
    let found = repositories
        .users()
        .find_by_webhook_key(&user.webhook_key)
        .await
        .unwrap();
    assert_eq!(found.map(|found| found.id), Some(user.id));
}

async fn an_address_belongs_to_one_user(store: Store) {
    let user = store.user().await;
    let mut second = samples::user();
    second.email = email(&user.email.as_str().to_uppercase());
    let refused = store.read().users().insert(&second).await;
    assert!(matches!(
        refused,
        Err(StorageError::Duplicate(DuplicateKey::UserEmail))
    ));
    let mut third = store.user().await;
    third.email = user.email.clone();
    let refused = store.read().users().save(&third).await;
    assert!(matches!(
        refused,
        Err(StorageError::Duplicate(DuplicateKey::UserEmail))
    ));
    let mut fourth = samples::user();
    fourth.webhook_key = user.webhook_key.clone();
    let refused = store.read().users().insert(&fourth).await;
    assert!(matches!(
        refused,
        Err(StorageError::Duplicate(DuplicateKey::Other))
    ));
}

async fn an_unknown_user_is_nobody(store: Store) {
    let mut repositories = store.read();
    let users = repositories.users();
    assert_eq!(users.find(samples::user_id()).await.unwrap(), None);
    let address = email("nadie@example.com");
    assert_eq!(users.find_by_email(&address).await.unwrap(), None);
    let key = WebhookKey::new(&SystemEntropy);
    assert_eq!(users.find_by_webhook_key(&key).await.unwrap(), None);
    assert!(!users.delete(samples::user_id()).await.unwrap());
}

const TABLES: [&str; 21] = [
    "sessions",
    "contacts",
    "contact_last_messages",
    "contact_tags",
    "contact_totals",
    "contact_fields",
    "contact_tag_totals",
    "contact_marks",
    "segments",
    "senders",
    "campaigns",
    "campaign_choices",
    "campaign_contacts",
    "webhooks",
    "jobs",
    "imports",
    "message_totals",
    "idempotency_keys",
    "messages",
    "media",
    "bot_activity",
];

/// Something of this user in every table.
async fn something_everywhere(store: &Store) -> User {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    store.segment(&user).await;
    let mut contact = samples::contact(user.id, "Luz");
    contact.tags = tags(&["vip"]);
    contact.last_message_at = Some(at(1));
    store.add(&[contact.clone()]).await;
    let mut unit = store.begin().await;
    let names = [samples::field_name("Ciudad")];
    unit.fields()
        .register(user.id, &names, at(0))
        .await
        .unwrap();
    unit.sessions()
        .insert(&StoredSession {
            key: SessionKeyHash(
                samples::user_id().as_uuid().as_bytes().repeat(2)[..]
                    .try_into()
                    .unwrap(),
            ),
            user_id: Some(user.id),
            state: "{}".to_owned(),
            created_at: at(0),
            expires_at: at(60),
        })
        .await
        .unwrap();
    unit.campaigns()
        .choose(user.id, campaign.id, &[contact.id])
        .await
        .unwrap();
    let mut recipient = samples::recipient(&campaign, &sender);
    recipient.contact_id = Some(contact.id);
    unit.recipients().insert(&[recipient]).await.unwrap();
    unit.webhooks()
        .insert(&samples::webhook(user.id))
        .await
        .unwrap();
    unit.jobs().enqueue(&samples::job(user.id)).await.unwrap();
    let import = samples::import(user.id);
    unit.imports().insert(&import).await.unwrap();
    unit.imports()
        .add_errors(user.id, import.id, &[crate::imports::row_error(2)])
        .await
        .unwrap();
    let delta = MessageDelta {
        sent: 1,
        ..MessageDelta::default()
    };
    unit.statistics()
        .count_messages(user.id, at(0), &delta)
        .await
        .unwrap();
    unit.idempotency()
        .take(user.id, "key", "print", at(0), at(-60))
        .await
        .unwrap();
    let mut message = samples::message(user.id);
    message.contact_id = Some(contact.id);
    unit.messages().insert(&message).await.unwrap();
    unit.media()
        .insert(&MediaFile {
            id: MediaId::new(at(0), &SystemEntropy),
            user_id: user.id,
            campaign_id: campaign.id,
            file_name: short("foto.png"),
            media_type: MediaType::Png,
            size: 10,
            sha256: ContentHash([1; 32]),
            created_at: at(0),
        })
        .await
        .unwrap();
    unit.bot_activity()
        .insert(&BotActivity {
            id: BotActivityId::new(at(0), &SystemEntropy),
            user_id: user.id,
            contact_id: Some(contact.id),
            kind: BotActivityKind::Replied,
            summary: "Contestó.".to_owned(),
            created_at: at(0),
        })
        .await
        .unwrap();
    unit.commit().await.unwrap();
    user
}

async fn deleting_a_user_leaves_nothing_of_theirs(store: Store) {
    let user = something_everywhere(&store).await;
    for table in TABLES {
        let rows = store.number(&format!("SELECT count(*) FROM {table}")).await;
        assert!(rows > 0, "nothing in {table}, so the test shows nothing");
    }
    assert!(store.read().users().delete(user.id).await.unwrap());
    for table in TABLES.into_iter().chain(["import_errors", "users"]) {
        let rows = store.number(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
}

async fn deleting_a_user_leaves_the_others(store: Store) {
    let user = something_everywhere(&store).await;
    let other = something_everywhere(&store).await;
    assert!(store.read().users().delete(user.id).await.unwrap());
    for table in TABLES {
        let rows = store.number(&format!("SELECT count(*) FROM {table}")).await;
        // A contact's time of creation is marked at six levels.
        let expected = if table == "contact_marks" { 6 } else { 1 };
        assert_eq!(rows, expected, "{table}");
    }
    assert!(store.read().users().find(other.id).await.unwrap().is_some());
}

async fn a_locked_user_is_read_as_it_is(store: Store) {
    let user = store.user().await;
    let mut unit = store.begin().await;
    assert_eq!(unit.users().lock(user.id).await.unwrap(), Some(user));
}

async fn a_row_that_cannot_be_read_is_named(store: Store) {
    use sea_orm::ConnectionTrait;
    let user = store.user().await;
    let raw = store.raw().await;
    raw.execute_unprepared("UPDATE users SET theme = 'plaid'")
        .await
        .unwrap();
    let found = store.read().users().find(user.id).await;
    let Err(StorageError::Unreadable(what)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(what, format!("users {}: theme", user.id));
}
