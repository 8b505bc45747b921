//! The provider's webhooks, and those that are not the provider's.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Answer, App, Browser, journeys};

journeys! {
    the_address_is_verified_with_the_word_of_the_profile,
    a_webhook_that_is_not_the_providers_is_refused,
    a_webhook_is_taken_however_odd_it_is,
}

const APP_SECRET: &str = "the app secret of this journey";
const VERIFY_TOKEN: &str = "the word of this journey";

/// A user with secrets of the provider. The path of the webhooks.
async fn connected(app: &App) -> (Browser, String) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser
        .put(
            "/api/profile",
            json!({
                "whatsapp_app_secret": APP_SECRET,
                "whatsapp_verify_token": VERIFY_TOKEN,
            }),
        )
        .await;
    let path = answer.body["user"]["whatsapp_webhook_path"]
        .as_str()
        .expect("a path")
        .to_owned();
    (browser, path)
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn deliver(app: &App, path: &str, signature: Option<&str>, body: &[u8]) -> Answer {
    // Not a browser: no cookie, no origin.
    let mut provider = Browser::at(&format!("http://{}", app.address));
    let mut request = provider
        .request(Method::POST, path)
        .header("content-type", "application/json")
        .body(body.to_vec());
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    provider.send(request).await
}

async fn the_address_is_verified_with_the_word_of_the_profile(app: App) {
    let (_, path) = connected(&app).await;
    let ask = |query: String| {
        let url = format!("http://{}{path}?{query}", app.address);
        async move { reqwest::get(url).await.expect("an answer") }
    };
    let word = VERIFY_TOKEN.replace(' ', "+");
    let answer = ask(format!(
        "hub.mode=subscribe&hub.verify_token={word}&hub.challenge=1158201444"
    ))
    .await;
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.starts_with("text/plain"))
    );
    assert_eq!(answer.text().await.expect("a body"), "1158201444");

    for query in [
        "hub.mode=subscribe&hub.verify_token=otra&hub.challenge=1".to_owned(),
        "hub.mode=subscribe&hub.verify_token=&hub.challenge=1".to_owned(),
        format!("hub.mode=unsubscribe&hub.verify_token={word}&hub.challenge=1"),
        format!("hub.mode=subscribe&hub.verify_token={word}"),
        String::new(),
    ] {
        let answer = ask(query.clone()).await;
        assert_eq!(answer.status(), 403, "{query}");
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["code"], "webhook_refused");
    }
}

async fn a_webhook_that_is_not_the_providers_is_refused(app: App) {
    let (_, path) = connected(&app).await;
    let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    let right = signature(APP_SECRET, body);
    let unknown = "/api/webhooks/whatsapp/0000000000000000000000000000000000000000".to_owned();
    let cases = [
        (&path, None, &body[..]),
        (&path, Some(signature("another secret", body)), body),
        (&path, Some(right.clone()), br#"{"object":"altered"}"#),
        (&path, Some("sha256=".to_owned()), body),
        (&path, Some(right.replace("sha256", "sha1")), body),
        (&unknown, Some(right.clone()), body),
    ];
    for (path, signature, body) in &cases {
        let answer = deliver(&app, path, signature.as_deref(), body).await;
        answer.assert_problem(401, "forged_webhook");
    }
    let answer = deliver(&app, &path, Some(&right), body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);

    // Somebody else's secret signs nothing for this address.
    let mut other = app.signed_in("otra@example.mx").await;
    let answer = other
        .put(
            "/api/profile",
            json!({"whatsapp_app_secret": "the secret of somebody else"}),
        )
        .await;
    let others = answer.body["user"]["whatsapp_webhook_path"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert_ne!(others, path);
    deliver(&app, &others, Some(&right), body)
        .await
        .assert_problem(401, "forged_webhook");
}

async fn a_webhook_is_taken_however_odd_it_is(app: App) {
    let (mut browser, path) = connected(&app).await;
    let many: Vec<u8> = vec![b' '; 3 * 1_024 * 1_024];
    for body in [
        &b"no JSON at all"[..],
        b"",
        b"\xff\xfe\x00",
        br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"new"}]}]}"#,
        br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"wamid.nobody","status":"delivered","timestamp":"1749416383"}]}}]}]}"#,
        many.as_slice(),
    ] {
        let signed = signature(APP_SECRET, body);
        let answer = deliver(&app, &path, Some(&signed), body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let huge = vec![b' '; 5 * 1_024 * 1_024];
    let signed = signature(APP_SECRET, &huge);
    deliver(&app, &path, Some(&signed), &huge)
        .await
        .assert_problem(413, "too_large");
    // The server goes on.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(browser.get("/api/auth/me").await.status, 200);
}
