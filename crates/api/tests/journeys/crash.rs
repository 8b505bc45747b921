//! What happens to a campaign when the server is killed while it sends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use nexus_sandbox::{AccountRegistration, Behaviour, Redelivery, Sandbox, SandboxConfig};
use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::process::ServerProcess;
use crate::support::{Browser, PASSWORD};

const RECIPIENTS: usize = 1_000;

macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::postgres().await).await;
            })+
        }
    };
}

on_both_databases! {
    a_server_killed_while_it_sends_reaches_everyone_exactly_once,
    a_server_told_to_end_while_it_sends_ends_in_order_and_goes_on_later,
}

/// A provider that outlives the server.
async fn provider() -> Sandbox {
    Sandbox::start(SandboxConfig {
        behaviour: Behaviour {
            // Long enough for a kill to meet requests before and after they were accepted.
            latency_ms: 40,
            // Longer than a dead process keeps its lease: who takes over cannot know yet what was
            // accepted, and would send twice if it sent at once.
            status_delay_ms: 2_500,
            ..Behaviour::plain()
        },
        redelivery: Redelivery {
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_millis(500),
            ..Redelivery::default()
        },
        ..SandboxConfig::default()
    })
    .await
    .expect("a sandbox")
}

async fn server(database: &TestDatabase, provider: &Sandbox) -> ServerProcess {
    ServerProcess::start(vec![
        ("DATABASE_URL", database.url().to_owned()),
        ("SANDBOX", "off".to_owned()),
        ("WHATSAPP_BASE_URL", provider.base_url()),
        ("DISPATCH_PER_SECOND", "400".to_owned()),
        ("DISPATCH_WINDOW", "64".to_owned()),
        ("DISPATCH_LEASE_SECONDS", "2".to_owned()),
        // Longer than statuses take to come, those that are sent again included, as it must be.
        ("DISPATCH_GRACE_SECONDS", "6".to_owned()),
    ])
    .await
}

/// A user whose profile names an account of the provider.
async fn connected_user(server: &ServerProcess, provider: &Sandbox) -> Browser {
    let mut browser = Browser::at(&server.url);
    let answer = browser
        .post(
            "/api/auth/register",
            json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    let path = answer.body["user"]["whatsapp_webhook_path"]
        .as_str()
        .expect("a path");
    provider
        .register_account(&AccountRegistration {
            access_token: "token of the crash test".to_owned(),
            phone_number_id: "100200300".to_owned(),
            business_account_id: "400500600".to_owned(),
            app_secret: "app secret of the crash test".to_owned(),
            verify_token: "verify".to_owned(),
            display_phone_number: "525500000000".to_owned(),
            verified_name: "Flores".to_owned(),
            webhook_url: Some(format!("{}{path}", server.url)),
        })
        .expect("an account");
    let answer = browser
        .put(
            "/api/profile",
            json!({
                "whatsapp_api_key": "token of the crash test",
                "whatsapp_phone_number_id": "100200300",
                "whatsapp_business_account_id": "400500600",
                "whatsapp_app_secret": "app secret of the crash test",
                "whatsapp_verify_token": "verify",
            }),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    browser
}

fn numbers() -> impl Iterator<Item = String> {
    (0..RECIPIENTS).map(|number| format!("55{:08}", 12_340_000 + number))
}

/// Starts a campaign to everybody. Its path.
async fn campaign(browser: &mut Browser) -> String {
    let mut file = "nombre,telefono\n".to_owned();
    for (index, number) in numbers().enumerate() {
        let _ = writeln!(file, "Persona {index},{number}");
    }
    let answer = browser.upload("mil.csv", file.as_bytes()).await;
    let import = answer.body["import"]["id"].as_str().expect("an id");
    let path = format!("/api/contacts/imports/{import}");
    until(browser, &path, |answer| {
        answer["import"]["status"] == "completed"
            && answer["import"]["progress"]["created"] == RECIPIENTS
    })
    .await;
    let answer = browser
        .post(
            "/api/campaigns",
            json!({"name": "Mil", "channel": "whatsapp", "message": "Hola {nombre}", "audience": {}}),
        )
        .await;
    let id = answer.body["campaign"]["id"].as_str().expect("an id");
    let path = format!("/api/campaigns/{id}");
    let answer = browser.post(&format!("{path}/send"), json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    path
}

async fn until(browser: &mut Browser, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    for _ in 0..1_200 {
        answer = browser.get(path).await.body;
        if done(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("this did not happen within a minute: {answer}");
}

async fn until_accepted(provider: &Sandbox, count: usize) {
    for _ in 0..6_000 {
        if provider.accepted().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the provider has {} messages", provider.accepted().len());
}

/// That the provider has exactly one message for each recipient.
fn assert_everyone_once(provider: &Sandbox) {
    let mut messages: BTreeMap<String, usize> =
        numbers().map(|number| (format!("52{number}"), 0)).collect();
    for message in provider.accepted() {
        *messages.entry(message.to).or_default() += 1;
    }
    let wrong: Vec<_> = messages.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        wrong.is_empty(),
        "lost (0) or sent more than once: {wrong:?}"
    );
    assert_eq!(messages.len(), RECIPIENTS);
}

async fn assert_everyone_delivered(browser: &mut Browser, path: &str) {
    let all = RECIPIENTS;
    let answer = until(browser, path, |answer| {
        answer["campaign"]["status"] == "completed" && answer["campaign"]["delivered_count"] == all
    })
    .await;
    for (counter, expected) in [
        ("total_recipients", all),
        ("pending_count", 0),
        ("sent_count", all),
        ("failed_count", 0),
        ("skipped_count", 0),
        ("unconfirmed_count", 0),
    ] {
        assert_eq!(answer["campaign"][counter], expected, "{counter}: {answer}");
    }
}

async fn a_server_killed_while_it_sends_reaches_everyone_exactly_once(database: TestDatabase) {
    nexus_infrastructure::install_tls_provider();
    let provider = provider().await;
    let mut server = server(&database, &provider).await;
    let mut browser = connected_user(&server, &provider).await;
    let path = campaign(&mut browser).await;
    for accepted in [200, 500, 750] {
        until_accepted(&provider, accepted).await;
        server.kill();
        server.restart().await;
    }
    assert_everyone_delivered(&mut browser, &path).await;
    assert_everyone_once(&provider);
}

async fn a_server_told_to_end_while_it_sends_ends_in_order_and_goes_on_later(
    database: TestDatabase,
) {
    nexus_infrastructure::install_tls_provider();
    let provider = provider().await;
    let mut server = server(&database, &provider).await;
    let mut browser = connected_user(&server, &provider).await;
    let path = campaign(&mut browser).await;
    until_accepted(&provider, 300).await;
    let status = server.terminate().await;
    assert!(status.success(), "{status}");
    let accepted = provider.accepted().len();
    assert!(accepted < RECIPIENTS, "nothing was left to do");
    server.restart().await;
    // Whatever was in flight was recorded before the end: nothing is in doubt.
    let answer = browser
        .get(&format!("{path}/recipients?status=in_doubt&per_page=1"))
        .await;
    assert_eq!(answer.body["pagination"]["total"], 0, "{:?}", answer.body);
    assert_everyone_delivered(&mut browser, &path).await;
    assert_everyone_once(&provider);
}
