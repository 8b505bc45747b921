use std::sync::Arc;

use chrono::TimeDelta;
use mockall::predicate::eq;
use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};
use nexus_domain::ports::{
    ChannelError, MessageChannel, MockMessageChannel, SecretSealer as _, SenderProfile,
};
use nexus_domain::values::ShortText;
use nexus_domain::{
    AccountStanding, ApprovedTemplate, ChannelKind, Failure, FailureCode, KnownFailure,
    SecretField, StoredTemplate, User, WhatsAppConnection,
};

use super::*;
use crate::fixtures::{PaperSealer, actor, clock, now, user};

const NUMBER: &str = "1550001";
const ACCOUNT: &str = "1770001";

fn ready() -> User {
    let mut user = user();
    let field = SecretField::WhatsappApiKey;
    let sealed = PaperSealer.seal(user.id, field, &"EAAG-0123456789-wxyz".into());
    user.keys.insert(field, sealed);
    user.whatsapp_phone_number_id = Some(ShortText::parse(NUMBER).expect("an id"));
    user.whatsapp_business_account_id = Some(ShortText::parse(ACCOUNT).expect("an id"));
    user
}

fn of_user(found: User) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.users
        .expect_find()
        .with(eq(user().id))
        .returning(move |_| Ok(Some(found.clone())));
    unit
}

/// A transaction in which this connection is locked and saved as `changed` expects it.
fn changing(
    before: WhatsAppConnection,
    changed: impl Fn(&WhatsAppConnection) -> bool + Send + 'static,
) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.whatsapp
        .expect_lock_connection()
        .with(eq(user().id))
        .times(1)
        .returning(move |_| Ok(before.clone()));
    unit.whatsapp
        .expect_save_connection()
        .withf(move |saved| changed(saved))
        .times(1)
        .returning(|_| Ok(()));
    unit
}

fn reading(
    connection: Option<WhatsAppConnection>,
    templates: Vec<StoredTemplate>,
) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.whatsapp
        .expect_connection()
        .returning(move |_| Ok(connection.clone()));
    unit.whatsapp
        .expect_templates()
        .with(eq(user().id), eq(ACCOUNT))
        .returning(move |_, _| Ok(templates.clone()));
    unit
}

fn whatsapp() -> MockMessageChannel {
    let mut channel = MockMessageChannel::new();
    channel.expect_kind().return_const(ChannelKind::Whatsapp);
    channel
}

fn telling(answer: Result<Vec<ApprovedTemplate>, ChannelError>) -> MockMessageChannel {
    let mut channel = whatsapp();
    channel
        .expect_templates()
        .times(1)
        .return_once(move |_| answer);
    channel
}

fn checking(answer: Result<SenderProfile, ChannelError>) -> MockMessageChannel {
    let mut channel = whatsapp();
    channel.expect_check().times(1).return_once(move |_| answer);
    channel
}

fn integrations(storage: ScriptedStorage, channel: MockMessageChannel) -> Integrations {
    Integrations::new(IntegrationPorts {
        storage: Arc::new(storage),
        sealer: Arc::new(PaperSealer),
        channels: Channels::new([Arc::new(channel) as Arc<dyn MessageChannel>]),
        clock: clock(),
    })
}

fn connection() -> WhatsAppConnection {
    WhatsAppConnection::new(user().id)
}

fn template(name: &str, status: &str) -> ApprovedTemplate {
    ApprovedTemplate {
        name: name.to_owned(),
        language: "es".to_owned(),
        status: status.to_owned(),
        ..ApprovedTemplate::default()
    }
}

fn stored(name: &str, minutes_ago: i64) -> StoredTemplate {
    let mut stored = StoredTemplate::heard_of(
        user().id,
        ACCOUNT.to_owned(),
        name.to_owned(),
        "es".to_owned(),
    );
    stored.refresh(
        template(name, "APPROVED"),
        now() - TimeDelta::minutes(minutes_ago),
    );
    stored
}

fn refusal() -> ChannelError {
    ChannelError::AccountRefused(Failure {
        code: FailureCode::CredentialInvalid,
        provider_code: Some(190),
        detail: Some("expired".to_owned()),
    })
}

#[tokio::test]
async fn what_the_provider_tells_is_kept_and_what_it_has_no_more_is_forgotten() {
    let mut keeping = changing(connection(), |saved| {
        saved.state.synced == Some((ACCOUNT.to_owned(), now()))
    });
    keeping
        .whatsapp
        .expect_templates()
        .returning(|_, _| Ok(vec![stored("vieja", 90), stored("cita", 90)]));
    keeping
        .whatsapp
        .expect_save_templates()
        .withf(|saved| {
            let names: Vec<_> = saved.iter().map(|s| s.template.name.as_str()).collect();
            names == ["cita", "nueva"]
                && saved.iter().all(|s| s.synced_at == Some(now()))
                && saved[0].template.status == "PAUSED"
        })
        .times(1)
        .returning(|_| Ok(()));
    keeping
        .whatsapp
        .expect_delete_templates()
        .withf(|gone| gone.len() == 1 && gone[0].template.name == "vieja")
        .times(1)
        .returning(|_| Ok(()));
    let mut after = connection();
    after.note_synced(ACCOUNT, now());
    let storage = ScriptedStorage::new()
        .then_read(of_user(ready()))
        .then_begin(changing(connection(), |saved| {
            saved.state.next_sync == Some(now() + TimeDelta::minutes(1))
        }))
        .then_begin(keeping)
        .then_read(reading(
            Some(after),
            vec![stored("cita", 0), stored("nueva", 0)],
        ));
    // Told twice, as across two pages that moved meanwhile.
    let told = vec![
        template("nueva", "APPROVED"),
        template("cita", "APPROVED"),
        template("cita", "PAUSED"),
    ];
    let shelf = integrations(storage, telling(Ok(told)))
        .sync_templates(&actor())
        .await
        .expect("synced");
    assert_eq!(shelf.synced_at, Some(now()));
    assert_eq!(shelf.templates.len(), 2);
}

#[tokio::test]
async fn who_asks_again_too_soon_is_told_how_long_to_wait() {
    let mut before = connection();
    before
        .begin_sync(ACCOUNT, now() - TimeDelta::seconds(20))
        .expect("the first");
    let mut unit = MockUnitOfWork::default();
    unit.whatsapp
        .expect_lock_connection()
        .returning(move |_| Ok(before.clone()));
    let storage = ScriptedStorage::new()
        .then_read(of_user(ready()))
        .then_begin(unit);
    let error = integrations(storage, whatsapp())
        .sync_templates(&actor())
        .await
        .expect_err("too soon");
    assert!(
        matches!(error, SyncTemplatesError::TooSoon { wait } if wait == TimeDelta::seconds(40)),
        "{error}"
    );
}

#[tokio::test]
async fn what_lacks_to_ask_is_listed_and_nobody_is_asked() {
    let without_account = User {
        whatsapp_business_account_id: None,
        ..ready()
    };
    for (user, expected) in [
        (without_account, vec!["whatsapp_business_account_id"]),
        (
            user(),
            vec![
                "whatsapp_api_key",
                "whatsapp_phone_number_id",
                "whatsapp_business_account_id",
            ],
        ),
    ] {
        let storage = ScriptedStorage::new().then_read(of_user(user));
        let error = integrations(storage, whatsapp())
            .sync_templates(&actor())
            .await
            .expect_err("refused");
        assert!(
            matches!(&error, SyncTemplatesError::NoProvider { missing } if *missing == expected),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_passed_on_and_remembered() {
    let storage = ScriptedStorage::new()
        .then_read(of_user(ready()))
        .then_begin(changing(connection(), |_| true))
        .then_begin(changing(connection(), |saved| {
            let failure = saved
                .state
                .sync
                .as_ref()
                .and_then(|sync| sync.failure.as_ref());
            failure.is_some_and(|failure| failure.provider_code == Some(190))
                && saved.state.synced.is_none()
                && saved.state.next_sync == Some(now() + TimeDelta::seconds(10))
        }));
    let error = integrations(storage, telling(Err(refusal())))
        .sync_templates(&actor())
        .await
        .expect_err("refused");
    assert!(
        matches!(&error, SyncTemplatesError::ProviderRefused { reason } if *reason == refusal()),
        "{error}"
    );
}

#[tokio::test]
async fn a_check_says_how_the_number_stands_or_why_not() {
    let profile = SenderProfile {
        display_address: "+52 55 1234".to_owned(),
        quality: Some("GREEN".to_owned()),
        in_account: Some(false),
        ..SenderProfile::default()
    };
    for (answer, status, failed) in [
        (Ok(profile), ConnectionStatus::Connected, false),
        (Err(refusal()), ConnectionStatus::Failing, true),
        // Nothing is known of the number, and nothing is held against it.
        (
            Err(ChannelError::NotConnected),
            ConnectionStatus::Unchecked,
            true,
        ),
    ] {
        let storage = ScriptedStorage::new()
            .then_read(of_user(ready()))
            .then_begin(changing(connection(), |_| true))
            .then_begin(changing(connection(), move |saved| {
                let check = saved.state.check.as_ref();
                check.is_some_and(|check| check.failure.is_some() == failed)
            }));
        let overview = integrations(storage, checking(answer))
            .check_whatsapp(&actor())
            .await
            .expect("checked");
        assert_eq!(overview.status, status);
        assert_eq!(overview.last_error.is_some(), failed);
    }
}

#[tokio::test]
async fn a_check_too_soon_asks_nobody() {
    let mut before = connection();
    before.begin_check(now()).expect("the first");
    let mut unit = MockUnitOfWork::default();
    unit.whatsapp
        .expect_lock_connection()
        .returning(move |_| Ok(before.clone()));
    let storage = ScriptedStorage::new()
        .then_read(of_user(ready()))
        .then_begin(unit);
    let error = integrations(storage, whatsapp())
        .check_whatsapp(&actor())
        .await
        .expect_err("too soon");
    assert!(
        matches!(error, CheckIntegrationError::TooSoon { .. }),
        "{error}"
    );
}

async fn overview(user: User, connection: Option<WhatsAppConnection>) -> WhatsAppOverview {
    let storage = ScriptedStorage::new()
        .then_read(of_user(user))
        .then_read(reading(connection, Vec::new()));
    let found = integrations(storage, whatsapp()).whatsapp(&actor()).await;
    found.expect("the store works").expect("the user is there")
}

#[tokio::test]
async fn how_a_connection_stands_is_told_without_asking() {
    assert_eq!(
        overview(user(), None).await.status,
        ConnectionStatus::Incomplete
    );
    let fresh = overview(ready(), None).await;
    assert_eq!(fresh.status, ConnectionStatus::Unchecked);
    assert_eq!(
        fresh.advised,
        ["whatsapp_app_secret", "whatsapp_verify_token"]
    );
    let mut known = connection();
    known.note_check(NUMBER, Ok(&SenderProfile::default()), now());
    assert_eq!(
        overview(ready(), Some(known.clone())).await.status,
        ConnectionStatus::Connected
    );
    known.hear_of_account(ACCOUNT, AccountStanding::Restricted, "w", None, now());
    assert_eq!(
        overview(ready(), Some(known.clone())).await.status,
        ConnectionStatus::Restricted
    );
    // What is known of another number and another account says nothing of these.
    let moved = User {
        whatsapp_phone_number_id: Some(ShortText::parse("9").expect("an id")),
        whatsapp_business_account_id: Some(ShortText::parse("9").expect("an id")),
        ..ready()
    };
    let moved = overview(moved, Some(known)).await;
    assert_eq!(moved.status, ConnectionStatus::Unchecked);
    assert_eq!((moved.number, moved.account_notice), (None, None));
}

#[tokio::test]
async fn that_the_provider_did_not_answer_once_takes_no_connection_away() {
    let mut known = connection();
    known.note_check(NUMBER, Ok(&SenderProfile::default()), now());
    known.note_check(NUMBER, Err(&KnownFailure::unavailable()), now());
    let overview = overview(ready(), Some(known)).await;
    assert_eq!(overview.status, ConnectionStatus::Connected);
    assert!(overview.last_error.is_some());
}
