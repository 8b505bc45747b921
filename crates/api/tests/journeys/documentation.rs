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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_that_honours_an_idempotency_key_names_it() {
    let app = App::on_sqlite().await;
    let mut browser = app.signed_in("ana@example.mx").await;
    let document = browser.get("/api/openapi.json").await.body;
    let codes = &document["components"]["schemas"]["ProblemCode"]["enum"];
    let codes = codes.as_array().expect("the codes");
    let mut named = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let operation = &operations["post"];
        if !operation.is_object() || !path.starts_with("/api") {
            continue;
        }
        // A key that is refused wherever keys are looked at at all, before anything is done.
        let takes_json = operation["requestBody"].is_null()
            || operation["requestBody"]["content"]["application/json"].is_object();
        let request = browser
            .request(Method::POST, &filled_in(path))
            .header("idempotency-key", "k".repeat(256));
        let request = if takes_json {
            request.json(&json!({}))
        } else {
            request
        };
        // Signing out ends what the others need.
        let mut one = browser.clone();
        let looked_at = if path.starts_with("/api/auth/") {
            false
        } else {
            let answer = one.send(request).await;
            assert!(
                codes.contains(&json!(answer.code())),
                "{path}: {}",
                answer.code()
            );
            answer.body["fields"]["Idempotency-Key"].is_array()
        };
        let parameters = operation["parameters"].as_array();
        let key = parameters
            .into_iter()
            .flatten()
            .find(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(key.is_some(), looked_at && takes_json, "{path}");
        let Some(key) = key else { continue };
        named += 1;
        assert_eq!(key["in"], "header", "{path}");
        assert_eq!(key["schema"]["maxLength"], 255, "{path}");
        for status in ["409", "422"] {
            assert!(
                operation["responses"][status].is_object(),
                "{path}: {status}"
            );
        }
    }
    assert!(named > 15, "{named}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_used_is_refused_for_what_is_wrong_with_it() {
    let app = App::on_sqlite().await;
    let mut browser = app.signed_in("ana@example.mx").await;
    for (key, said) in [
        ("ñandú".to_owned(), "ASCII"),
        ("k".repeat(256), "255"),
        (String::new(), "obligatorio"),
    ] {
        let key = reqwest::header::HeaderValue::from_bytes(key.as_bytes()).expect("a header");
        let request = browser
            .request(Method::POST, "/api/contacts")
            .header("idempotency-key", key)
            .json(&json!({"name": "Eva", "phone": "5512345678"}));
        let answer = browser.send(request).await;
        answer.assert_problem(422, "invalid_input");
        let told = answer.body["fields"]["Idempotency-Key"][0].as_str();
        assert!(told.is_some_and(|told| told.contains(said)), "{told:?}");
    }
}

/// The path with an id in the place of each parameter.
fn filled_in(path: &str) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(_) => "018f4f0e-7c00-7000-8000-000000000001".to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}
