use std::time::Duration;

use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use super::{campaign_path, segment_path};
use crate::bulk::import;
use crate::process::ServerProcess;
use crate::support::{Browser, PASSWORD};

const CONTACTS: usize = 8_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_it_renames_a_tag_leaves_no_audience_behind_on_sqlite() {
    killed_while_it_renames(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_it_renames_a_tag_leaves_no_audience_behind_on_postgres() {
    killed_while_it_renames(TestDatabase::postgres().await).await;
}

/// The job of the change, once `done`.
async fn until(browser: &mut Browser, id: &str, done: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/api/contacts/bulk/{id}");
    for _ in 0..9_000 {
        let job = browser.get(&path).await.body["job"].clone();
        if done(&job) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("this did not happen within a minute and a half");
}

async fn killed_while_it_renames(database: TestDatabase) {
    nexus_infrastructure::install_tls_provider();
    let mut server = ServerProcess::start(vec![
        ("DATABASE_URL", database.url().to_owned()),
        ("SANDBOX", "off".to_owned()),
        ("WHATSAPP_BASE_URL", "http://127.0.0.1:9".to_owned()),
    ])
    .await;
    let mut browser = Browser::at(&server.url);
    browser
        .post(
            "/api/auth/register",
            json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    browser.configure_sender().await;
    import(&mut browser, CONTACTS).await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["lista"]}))
        .await;
    let draft = browser
        .draft_for("Rebajas", json!({"tags": ["lista"]}))
        .await;
    let segment = browser.segment("Lista", json!({"tags": ["lista"]})).await;
    let answer = browser
        .put("/api/contacts/tags/lista", json!({"name": "boletín"}))
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = answer.body["job"]["id"].as_str().expect("an id").to_owned();
    until(&mut browser, &job, |job| job["changed"] != 0).await;
    server.kill();
    server.restart().await;

    let all = CONTACTS + 1;
    let left = until(&mut browser, &job, |_| true).await;
    assert_ne!(
        left["status"], "completed",
        "nothing was left to do: {left}"
    );
    let campaign = browser.get(&campaign_path(&draft)).await.body["campaign"].clone();
    assert_eq!(campaign["audience"]["tags"], json!(["boletín"]));
    let answer = browser.steer(&campaign_path(&draft), "send").await;
    answer.assert_problem(409, "tag_being_renamed");
    // The lease of the dead process ends first.
    let job = until(&mut browser, &job, |job| job["status"] == "completed").await;
    assert_eq!(job["changed"], all);
    let answer = browser.get(&segment_path(&segment)).await;
    assert_eq!(answer.body["segment"]["filter"]["tags"], json!(["boletín"]));
    assert_eq!(answer.body["contacts"], all);
    let answer = browser.steer(&campaign_path(&draft), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["total_recipients"], all);
}
