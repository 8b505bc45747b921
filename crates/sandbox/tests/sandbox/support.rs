//! A business's side of the wire: an account, a client, and a webhook that can be switched off.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use nexus_sandbox::{AccountRegistration, Behaviour, Redelivery, Sandbox, SandboxConfig};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const TOKEN: &str = "EAAG-sandbox-token-1";
pub(crate) const SECRET: &str = "sandbox-app-secret-1";
pub(crate) const PHONE: &str = "106540352242922";
pub(crate) const BUSINESS: &str = "102290129340398";
pub(crate) const VERIFY: &str = "sandbox-verify-1";

/// Quick and without surprises; each test switches on what it is about.
pub(crate) fn quick() -> SandboxConfig {
    SandboxConfig {
        behaviour: Behaviour {
            latency_ms: 0,
            status_delay_ms: 10,
            replies: false,
            ..Behaviour::default()
        },
        redelivery: Redelivery {
            first_wait: Duration::from_millis(20),
            longest_wait: Duration::from_millis(100),
            ..Redelivery::default()
        },
        ..SandboxConfig::default()
    }
}

pub(crate) fn account(webhook_url: Option<String>) -> AccountRegistration {
    AccountRegistration {
        access_token: TOKEN.to_owned(),
        phone_number_id: PHONE.to_owned(),
        business_account_id: BUSINESS.to_owned(),
        app_secret: SECRET.to_owned(),
        verify_token: VERIFY.to_owned(),
        display_phone_number: "525550001111".to_owned(),
        verified_name: "Tienda Luna".to_owned(),
        webhook_url,
    }
}

/// A running sandbox with one account, and a client that has its token.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) webhook: Webhook,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(quick()).await
    }

    pub(crate) async fn start_with(config: SandboxConfig) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let webhook = Webhook::start().await;
        sandbox
            .register_account(&account(Some(webhook.url())))
            .unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            sandbox,
            webhook,
            http,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(self.url(path))
            .bearer_auth(TOKEN)
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        self.http
            .post(self.url(&format!("/v23.0/{PHONE}/messages")))
            .bearer_auth(TOKEN)
            .json(body)
    }

    /// Sends a text; the number is its own opaque data.
    pub(crate) async fn send(&self, to: &str) -> reqwest::Result<Response> {
        self.post(&text(to)).send().await
    }

    pub(crate) async fn behave(&self, change: Value) {
        let answer = self
            .http
            .post(self.url("/sandbox/behaviour"))
            .json(&change)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    pub(crate) fn accepted_to(&self, to: &str) -> usize {
        self.sandbox
            .accepted()
            .iter()
            .filter(|m| m.to == to)
            .count()
    }
}

pub(crate) fn text(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to,
        "type": "text", "text": {"body": "Hola"}, "biz_opaque_callback_data": format!("att-{to}")})
}

pub(crate) async fn error_of(answer: Response) -> (u16, u64) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let error = &body["error"];
    assert!(error["message"].is_string() && error["type"].is_string());
    assert!(error["fbtrace_id"].is_string());
    (status, error["code"].as_u64().unwrap())
}

/// Waits for something that is to come; there is no other notion of time in these tests.
pub(crate) async fn eventually<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A receiver of webhooks that checks signatures.
#[derive(Clone)]
pub(crate) struct Webhook {
    address: SocketAddr,
    inbox: Arc<Inbox>,
}

struct Inbox {
    bodies: Mutex<Vec<Value>>,
    forged: AtomicUsize,
    refused: AtomicUsize,
    answer: AtomicU16,
}

impl Webhook {
    async fn start() -> Self {
        let inbox = Arc::new(Inbox {
            bodies: Mutex::default(),
            forged: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            answer: AtomicU16::new(200),
        });
        let app = Router::new()
            .route("/webhook", post(take).get(challenge))
            .with_state(Arc::clone(&inbox));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, inbox }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    pub(crate) fn answer_with(&self, status: u16) {
        self.inbox.answer.store(status, Ordering::SeqCst);
    }

    pub(crate) fn forged(&self) -> usize {
        self.inbox.forged.load(Ordering::SeqCst)
    }

    pub(crate) fn refused(&self) -> usize {
        self.inbox.refused.load(Ordering::SeqCst)
    }

    pub(crate) fn posts(&self) -> usize {
        self.inbox.bodies.lock().unwrap().len()
    }

    /// Every `changes[].value`, in the order of arrival.
    pub(crate) fn values(&self) -> Vec<(String, Value)> {
        let bodies = self.inbox.bodies.lock().unwrap();
        let mut values = Vec::new();
        for body in bodies.iter() {
            assert_eq!(body["object"], "whatsapp_business_account");
            for entry in body["entry"].as_array().unwrap() {
                assert_eq!(entry["id"], BUSINESS);
                for change in entry["changes"].as_array().unwrap() {
                    let value = &change["value"];
                    assert_eq!(value["messaging_product"], "whatsapp");
                    assert_eq!(value["metadata"]["phone_number_id"], PHONE);
                    values.push((change["field"].as_str().unwrap().to_owned(), value.clone()));
                }
            }
        }
        values
    }

    /// Every change, whatever it is about, in the order of arrival; its entry has a time.
    pub(crate) fn changes(&self) -> Vec<Value> {
        let bodies = self.inbox.bodies.lock().unwrap();
        let entries = bodies
            .iter()
            .flat_map(|body| body["entry"].as_array().unwrap());
        let mut changes = Vec::new();
        for entry in entries {
            assert_eq!(entry["id"], BUSINESS);
            assert!(entry["time"].is_i64(), "{entry}");
            changes.extend(entry["changes"].as_array().unwrap().iter().cloned());
        }
        changes
    }

    fn items(&self, key: &str) -> Vec<Value> {
        let values = self.values();
        let lists = values.iter().filter_map(|(_, value)| value[key].as_array());
        lists.flatten().cloned().collect()
    }

    pub(crate) fn statuses(&self) -> Vec<Value> {
        self.items("statuses")
    }

    pub(crate) fn messages(&self) -> Vec<Value> {
        self.items("messages")
    }

    /// The words of the statuses with this opaque data, in the order of arrival.
    pub(crate) fn words(&self, opaque: &str) -> Vec<String> {
        let statuses = self.statuses();
        let own = statuses
            .iter()
            .filter(|s| s["biz_opaque_callback_data"] == opaque);
        own.map(|s| s["status"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let answer = inbox.answer.load(Ordering::SeqCst);
    if answer != 200 {
        inbox.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::from_u16(answer).unwrap();
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(&body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    if headers
        .get("x-hub-signature-256")
        .is_none_or(|sent| sent != expected.as_str())
    {
        inbox.forged.fetch_add(1, Ordering::SeqCst);
        return StatusCode::UNAUTHORIZED;
    }
    let body = serde_json::from_slice(&body).unwrap();
    inbox.bodies.lock().unwrap().push(body);
    StatusCode::OK
}

#[derive(serde::Deserialize)]
struct Handshake {
    #[serde(rename = "hub.verify_token")]
    verify_token: String,
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

async fn challenge(Query(handshake): Query<Handshake>) -> Result<String, StatusCode> {
    if handshake.verify_token == VERIFY {
        Ok(handshake.challenge)
    } else {
        Err(StatusCode::FORBIDDEN)
    }
}

/// A folder that goes with its test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("nexus-sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
