//! The interactive documentation, and the document that it shows.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::App;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_there_with_everything_that_it_loads() {
    let app = App::on_sqlite().await;
    let base = format!("http://{}", app.address);
    for address in ["/api/docs", "/api/docs/"] {
        let page = reqwest::get(format!("{base}{address}"))
            .await
            .expect("it answers");
        assert_eq!(page.status(), 200, "{address}");
        let folder = page.url().join(".").expect("an address");
        let html = page.text().await.expect("a page");
        let loaded: Vec<&str> = html
            .split(['"', '\''])
            .filter(|text| text.starts_with("./"))
            .collect();
        assert!(loaded.len() > 3, "{html}");
        for file in loaded {
            assert!(!file.contains("//"), "from elsewhere: {file}");
            let answer = reqwest::get(folder.join(file).expect("an address"))
                .await
                .expect("it answers");
            assert_eq!(answer.status(), 200, "{file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_names_every_operation_once_and_says_how_it_fails() {
    let app = App::on_sqlite().await;
    let document: Value = reqwest::get(format!("http://{}/api/openapi.json", app.address))
        .await
        .expect("it answers")
        .json()
        .await
        .expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{name}: {id} is taken");
            if path.starts_with("/api") {
                let answers = operation["responses"].as_object().expect("answers");
                assert!(answers.contains_key("500"), "{name}");
            }
        }
    }
    assert!(ids.len() > 30, "{ids:?}");
}

/// Operations that nobody signs in for.
const OPEN: [&str; 7] = [
    "get /api/webhooks/whatsapp/{key}",
    "get /health",
    "get /ready",
    "post /api/auth/login",
    "post /api/auth/logout",
    "post /api/auth/register",
    "post /api/webhooks/whatsapp/{key}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_past_an_operation_that_needs_a_session_without_one() {
    let app = App::on_sqlite().await;
    let mut browser = app.browser();
    let document = browser.get("/api/openapi.json").await.body;
    let mut open = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let name = format!("{method} {path}");
            if OPEN.contains(&name.as_str()) {
                open.push(name);
                continue;
            }
            assert!(operation["responses"]["401"].is_object(), "{name}");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let request = browser.request(method, &filled_in(path));
            let request = if operation["requestBody"]["content"]["application/json"].is_object() {
                request.json(&json!({}))
            } else {
                request
            };
            let answer = browser.send(request).await;
            assert_eq!(answer.status, 401, "{name}");
            assert_eq!(answer.code(), "not_signed_in", "{name}");
        }
    }
    open.sort_unstable();
    assert_eq!(open, OPEN, "each is in the document");
}

/// The path with an id in the place of each parameter.
fn filled_in(path: &str) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(_) => "018f4f0e-7c00-7000-8000-000000000001".to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
