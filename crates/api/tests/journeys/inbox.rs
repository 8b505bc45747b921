//! Webhooks that are kept, applied once more by whoever operates the product; and a server that is
//! killed while it answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use nexus_sandbox::{AccountRegistration, Behaviour, Sandbox, SandboxConfig};
use nexus_testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::process::ServerProcess;
use crate::shop::on_both_databases;
use crate::support::{Browser, PASSWORD};

on_both_databases! {
    webhooks_are_applied_once_more_and_change_nothing_twice,
    a_server_killed_while_it_confirms_tells_nobody_twice,
    a_confirmation_in_doubt_is_not_sent_again,
}

const SECRET: &str = "app secret of the inbox";
const NUMBER_ID: &str = "100200300";

async fn provider(behaviour: Behaviour) -> Sandbox {
    nexus_infrastructure::install_tls_provider();
    Sandbox::start(SandboxConfig {
        behaviour,
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
    ])
    .await
}

/// A user whose profile names an account of the provider, and the address of its webhooks.
async fn connected_user(server: &ServerProcess, provider: &Sandbox) -> (Browser, String) {
    let mut browser = Browser::at(&server.url);
    let answer = browser
        .post(
            "/api/auth/register",
            json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    let path = answer.body["user"]["whatsapp_webhook_path"]
        .as_str()
        .expect("a path")
        .to_owned();
    provider
        .register_account(&AccountRegistration {
            access_token: "token of the inbox".to_owned(),
            phone_number_id: NUMBER_ID.to_owned(),
            business_account_id: "400500600".to_owned(),
            app_secret: SECRET.to_owned(),
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
                "whatsapp_api_key": "token of the inbox",
                "whatsapp_phone_number_id": NUMBER_ID,
                "whatsapp_business_account_id": "400500600",
                "whatsapp_app_secret": SECRET,
                "whatsapp_verify_token": "verify",
            }),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    (browser, path)
}

async fn deliver(server: &ServerProcess, path: &str, body: &[u8]) {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let mut provider = Browser::at(&server.url);
    let request = provider
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .header("x-hub-signature-256", signature)
        .body(body.to_vec());
    let answer = provider.send(request).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}

/// What the command says and how it ends.
fn replay(
    database: &TestDatabase,
    folder: &nexus_testing::TempFolder,
    more: &[&str],
) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nexus"))
        .args(["webhooks", "replay"])
        .args(more)
        .env_clear()
        .env("DATA_FOLDER", folder.path())
        .env("DATABASE_URL", database.url())
        .env("LOG_LEVEL", "error")
        .output()
        .expect("the binary runs");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), said)
}

async fn until(browser: &mut Browser, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    for _ in 0..600 {
        answer = browser.get(path).await.body;
        if done(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("this did not happen: {answer}");
}

async fn webhooks_are_applied_once_more_and_change_nothing_twice(database: TestDatabase) {
    let provider = provider(Behaviour::plain()).await;
    let server = server(&database, &provider).await;
    let (mut browser, path) = connected_user(&server, &provider).await;
    let answer = browser
        .post(
            "/api/contacts",
            json!({"name": "Luz", "phone": "5512340001"}),
        )
        .await;
    let contact = answer.body["contact"]["id"].as_str().expect("an id");
    let contact = format!("/api/contacts/{contact}");
    deliver(&server, &path, b"no JSON at all").await;
    provider
        .receive("5215512340001", NUMBER_ID, "BAJA")
        .expect("it is written");
    until(&mut browser, &contact, |answer| {
        answer["contact"]["status"] == "unsubscribed"
    })
    .await;
    // Taken back by hand: what is replayed must not undo it, nor be confirmed again.
    browser.put(&contact, json!({"status": "active"})).await;
    for _ in 0..200 {
        if !provider.accepted().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(provider.accepted().len(), 1);
    // Reports on the confirmation come in as webhooks too.
    tokio::time::sleep(Duration::from_secs(1)).await;

    let folder = nexus_testing::TempFolder::new();
    let applied = ["--state", "applied"];
    let (ok, said) = replay(&database, &folder, &["--dry-run"]);
    assert!(ok && said.starts_with("1 webhooks would"), "{said}");
    let (ok, said) = replay(
        &database,
        &folder,
        &["--user", "ana@example.mx", "--dry-run"],
    );
    assert!(ok && said.starts_with("1 webhooks would"), "{said}");
    let (ok, said) = replay(&database, &folder, &["--since", "2100-01-01T00:00:00Z"]);
    assert!(ok && said.starts_with("0 webhooks will"), "{said}");
    let (ok, said) = replay(&database, &folder, &["--user", "nadie@example.mx"]);
    assert!(!ok && said.contains("nadie@example.mx"), "{said}");
    let (ok, said) = replay(&database, &folder, &["--since", "ayer"]);
    assert!(!ok && said.contains("--since"), "{said}");

    let (ok, said) = replay(&database, &folder, &applied);
    let replayed: u32 = said
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a number");
    assert!(ok && replayed >= 1, "{said}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let answer = browser.get(&contact).await;
    assert_eq!(answer.body["contact"]["status"], "active");
    assert_eq!(provider.accepted().len(), 1);
    // All of them are applied again, and only the unreadable one is still that.
    let (_, said) = replay(&database, &folder, &["--state", "applied", "--dry-run"]);
    assert!(said.starts_with(&format!("{replayed} ")), "{said}");
    let (_, said) = replay(&database, &folder, &[]);
    assert!(said.starts_with("1 webhooks will"), "{said}");
}

const PEOPLE: usize = 40;

async fn a_server_killed_while_it_confirms_tells_nobody_twice(database: TestDatabase) {
    let provider = provider(Behaviour {
        // Long enough for a kill to meet requests before and after they were accepted.
        latency_ms: 60,
        ..Behaviour::plain()
    })
    .await;
    let mut server = server(&database, &provider).await;
    let (mut browser, _) = connected_user(&server, &provider).await;
    for person in 0..PEOPLE {
        provider
            .receive(
                &format!("52155{:08}", 12_340_000 + person),
                NUMBER_ID,
                "BAJA",
            )
            .expect("it is written");
    }
    let kills = 3;
    for kill in 1..=kills {
        for _ in 0..1_000 {
            if provider.accepted().len() >= kill * 8 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.kill();
        server.restart().await;
    }
    // Only what was in flight at a kill may be missing, and nothing comes after that.
    let mut before = 0;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = provider.accepted().len();
        if now == before {
            break;
        }
        before = now;
    }
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for message in provider.accepted() {
        *told.entry(message.to).or_default() += 1;
    }
    assert!(told.values().all(|times| *times == 1), "{told:?}");
    assert!(told.len() >= PEOPLE - kills, "{} of {PEOPLE}", told.len());
    // Everybody's wish holds, told or not.
    let mut file = "nombre,telefono\n".to_owned();
    for person in 0..PEOPLE {
        let _ = writeln!(file, "Persona {person},55{:08}", 12_340_000 + person);
    }
    let answer = browser.upload("a.csv", file.as_bytes()).await;
    let import = answer.body["import"]["id"].as_str().expect("an id");
    until(
        &mut browser,
        &format!("/api/contacts/imports/{import}"),
        |answer| answer["import"]["status"] == "completed",
    )
    .await;
    let answer = browser.get("/api/contacts?status=unsubscribed").await;
    assert_eq!(
        answer.body["pagination"]["total"], PEOPLE,
        "{:?}",
        answer.body
    );
}

async fn a_confirmation_in_doubt_is_not_sent_again(database: TestDatabase) {
    let provider = provider(Behaviour {
        status_delay_ms: 20,
        latency_ms: 0,
        ..Behaviour::default()
    })
    .await;
    let mut server = server(&database, &provider).await;
    let (_browser, _) = connected_user(&server, &provider).await;
    // Test numbers: one whose request is accepted and never answered, one that is never accepted.
    provider
        .receive("5215512349081", NUMBER_ID, "BAJA")
        .expect("it is written");
    for _ in 0..400 {
        if !provider.accepted().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(provider.accepted().len(), 1);
    server.kill();
    server.restart().await;
    provider
        .receive("5215512349080", NUMBER_ID, "BAJA")
        .expect("it is written");
    let tried = || {
        let journal = provider.journal();
        let unanswered = journal.iter().filter(|entry| {
            matches!(&entry.event, nexus_sandbox::Event::Unanswered(message)
                if message.to.ends_with("9080"))
        });
        unanswered.count()
    };
    for _ in 0..800 {
        if tried() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    server.kill();
    server.restart().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(provider.accepted().len(), 1);
    assert_eq!(tried(), 1);
}
