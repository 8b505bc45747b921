//! Webhooks: Meta's shapes, signature, batches and redelivery.
//!
//! Meta Graph API v23.0, "Webhooks: messages"; signature: "Webhooks: validating payloads".

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::accounts::AccountRegistration;
use super::errors;
use super::news::News;
use super::numbers::Status;
use super::schedule::Due;
use super::simulation::Simulation;
use crate::journal::{
    AcceptedMessage, Event, InboundContent, InboundMessage, JournalEntry, NoticeReference,
    WebhookAttempt,
};
use crate::locks::lock;

/// How webhooks are sent, and sent again when they aren't answered 200.
#[derive(Clone, Copy, Debug)]
pub struct Redelivery {
    /// Wait before the second try; doubles with each one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// A batch older than this is dropped (Meta: seven days).
    pub give_up_after: Duration,
    /// How long an answer may take.
    pub answer_timeout: Duration,
    /// POSTs in flight for one account.
    pub concurrency: usize,
    /// Statuses and messages in one POST.
    pub batch: usize,
}

impl Default for Redelivery {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            give_up_after: Duration::from_hours(7 * 24),
            answer_timeout: Duration::from_secs(10),
            concurrency: 4,
            batch: 50,
        }
    }
}

/// One thing a webhook tells.
#[derive(Clone)]
pub(crate) enum Notice {
    /// `message` is an `accepted` entry.
    Status {
        message: Arc<JournalEntry>,
        status: Status,
        at: DateTime<Utc>,
    },
    /// An `inbound` entry.
    Inbound(Arc<JournalEntry>),
    /// Something of the account, its numbers or its templates.
    News(Arc<News>),
}

impl Notice {
    fn phone_number_id(&self) -> &str {
        match self {
            Self::Status { message: entry, .. } | Self::Inbound(entry) => {
                entry.event.phone_number_id().unwrap_or_default()
            }
            Self::News(news) => &news.phone_number_id,
        }
    }

    fn reference(&self) -> NoticeReference {
        match self {
            Self::Status {
                message, status, ..
            } => NoticeReference {
                id: match &message.event {
                    Event::Accepted(message) => message.wamid.clone(),
                    _ => String::new(),
                },
                status: Some(status.word().to_owned()),
                code: status.code(),
            },
            Self::Inbound(entry) => NoticeReference {
                id: match &entry.event {
                    Event::Inbound(message) => message.id.clone(),
                    _ => String::new(),
                },
                status: None,
                code: None,
            },
            Self::News(news) => NoticeReference {
                id: news.field.clone(),
                status: None,
                code: None,
            },
        }
    }
}

/// Notices that travel in one POST.
pub(crate) struct Parcel {
    notices: Vec<Notice>,
    tries: u32,
    first_try: Option<Instant>,
}

impl Parcel {
    pub(crate) fn of(notices: Vec<Notice>) -> Self {
        Self {
            notices,
            tries: 0,
            first_try: None,
        }
    }
}

#[derive(Default)]
struct Outbox {
    parcels: VecDeque<Parcel>,
    senders: usize,
}

impl Outbox {
    /// The next POST: one that failed before by itself, or as many fresh notices as fit.
    fn next(&mut self, batch: usize) -> Option<Parcel> {
        let mut parcel = self.parcels.pop_front()?;
        while parcel.tries == 0
            && self.parcels.front().is_some_and(|next| {
                next.tries == 0 && parcel.notices.len() + next.notices.len() <= batch
            })
        {
            parcel
                .notices
                .extend(self.parcels.pop_front().into_iter().flat_map(|p| p.notices));
        }
        Some(parcel)
    }
}

/// Webhooks that wait to be sent, for each account.
#[derive(Default)]
pub(crate) struct Outboxes(Mutex<HashMap<String, Outbox>>);

impl Outboxes {
    pub(crate) fn waiting(&self) -> usize {
        let notices = |outbox: &Outbox| {
            outbox
                .parcels
                .iter()
                .map(|p| p.notices.len())
                .sum::<usize>()
        };
        lock(&self.0).values().map(notices).sum()
    }

    /// Puts notices into their accounts' outboxes.
    pub(crate) fn send(&self, simulation: &Arc<Simulation>, notices: Vec<Notice>) {
        for notice in notices {
            let account = notice.phone_number_id().to_owned();
            self.post(simulation, account, Parcel::of(vec![notice]));
        }
    }

    pub(crate) fn post(&self, simulation: &Arc<Simulation>, account: String, parcel: Parcel) {
        let another_sender = {
            let mut outboxes = lock(&self.0);
            let outbox = outboxes.entry(account.clone()).or_default();
            outbox.parcels.push_back(parcel);
            let another = outbox.senders < simulation.redelivery().concurrency;
            outbox.senders += usize::from(another);
            another
        };
        if another_sender {
            tokio::spawn(empty(Arc::clone(simulation), account));
        }
    }

    fn next(&self, account: &str, batch: usize) -> Option<Parcel> {
        let mut outboxes = lock(&self.0);
        let outbox = outboxes.get_mut(account)?;
        let parcel = outbox.next(batch);
        if parcel.is_none() {
            outbox.senders -= 1;
        }
        parcel
    }
}

/// Sends an account's parcels until none is left.
async fn empty(simulation: Arc<Simulation>, account: String) {
    // Lets notices of the same moment gather into one POST.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let batch = simulation.redelivery().batch;
    while let Some(parcel) = simulation.outboxes().next(&account, batch) {
        tokio::select! {
            () = deliver(&simulation, &account, parcel) => {}
            () = simulation.stopped() => return,
        }
    }
}

/// One try. What isn't answered 200 is planned again.
pub(crate) async fn deliver(simulation: &Arc<Simulation>, account: &str, mut parcel: Parcel) {
    let Some(account) = simulation.accounts().get(account) else {
        return;
    };
    let Some(url) = &account.webhook_url else {
        return;
    };
    let redelivery = simulation.redelivery();
    let opaque_on_failed = simulation.behaviour().opaque_on_failed;
    let body = body(&account, &parcel.notices, opaque_on_failed).to_string();
    let started = Instant::now();
    let answer = simulation
        .http()
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "facebookexternalua")
        .header(
            "x-hub-signature-256",
            signature(&account.app_secret, body.as_bytes()),
        )
        .timeout(redelivery.answer_timeout)
        .body(body)
        .send()
        .await;
    parcel.tries += 1;
    let first_try = *parcel.first_try.get_or_insert(started);
    let attempt = WebhookAttempt {
        phone_number_id: account.phone_number_id.clone(),
        attempt: parcel.tries,
        answer: answer.as_ref().ok().map(|answer| answer.status().as_u16()),
        error: answer.err().map(|error| error.without_url().to_string()),
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        notices: parcel.notices.iter().map(Notice::reference).collect(),
    };
    let delivered = attempt.delivered();
    simulation.record_or_log(Event::Webhook(attempt));
    if delivered {
        return;
    }
    if first_try.elapsed() > redelivery.give_up_after {
        tracing::warn!(phone_number_id = %account.phone_number_id, "webhook given up");
        return;
    }
    let doublings = (parcel.tries - 1).min(16);
    let wait = (redelivery.first_wait * 2_u32.pow(doublings)).min(redelivery.longest_wait);
    let due = Due::Redelivery(account.phone_number_id.clone(), parcel);
    simulation
        .schedule()
        .plan(tokio::time::Instant::now() + wait, due);
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the raw body.
fn signature(app_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The envelope: one change with all statuses, and one for each inbound message.
fn body(account: &AccountRegistration, notices: &[Notice], opaque_on_failed: bool) -> Value {
    let mut statuses = Vec::new();
    let mut changes = Vec::new();
    let mut news_entries = Vec::new();
    for notice in notices {
        match notice {
            Notice::News(news) => news_entries.push(news.entry(account)),
            Notice::Status {
                message: entry,
                status,
                at,
            } => {
                if let Event::Accepted(message) = &entry.event {
                    statuses.push(status_object(message, *status, *at, opaque_on_failed));
                }
            }
            Notice::Inbound(entry) => {
                if let Event::Inbound(message) = &entry.event {
                    changes.push(inbound_change(account, message, entry.at));
                }
            }
        }
    }
    if !statuses.is_empty() {
        let mut value = value_of(account);
        value["statuses"] = statuses.into();
        changes.insert(0, json!({"field": "messages", "value": value}));
    }
    let mut entries = news_entries;
    if !changes.is_empty() {
        let id = &account.business_account_id;
        let time = crate::entropy::now().timestamp();
        entries.insert(0, json!({"id": id, "time": time, "changes": changes}));
    }
    json!({"object": "whatsapp_business_account", "entry": entries})
}

fn value_of(account: &AccountRegistration) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": account.display_phone_number,
            "phone_number_id": account.phone_number_id,
        },
    })
}

fn status_object(
    message: &AcceptedMessage,
    status: Status,
    at: DateTime<Utc>,
    opaque_on_failed: bool,
) -> Value {
    let mut object = json!({
        "id": message.wamid,
        "status": status.word(),
        "timestamp": at.timestamp().to_string(),
        "recipient_id": message.wa_id,
    });
    match status {
        Status::Failed(code) => object["errors"] = json!([errors::status_error(code)]),
        Status::Sent | Status::Delivered => {
            object["pricing"] = json!({
                "billable": message.category != "service",
                "pricing_model": "PMP",
                "category": message.category,
                "type": "regular",
            });
        }
        Status::Read => {}
    }
    if status == Status::Sent {
        let expires = (at + chrono::Duration::hours(24)).timestamp().to_string();
        object["conversation"] = json!({
            "id": format!("{:016x}", crate::entropy::stable_hash(&message.wa_id)),
            "expiration_timestamp": expires,
            "origin": {"type": message.category},
        });
    }
    let echoed = opaque_on_failed || !matches!(status, Status::Failed(_));
    if let (true, Some(opaque)) = (echoed, &message.opaque) {
        object["biz_opaque_callback_data"] = opaque.as_str().into();
    }
    object
}

fn inbound_change(
    account: &AccountRegistration,
    inbound: &InboundMessage,
    at: DateTime<Utc>,
) -> Value {
    let mut value = value_of(account);
    value["contacts"] = json!([{"profile": {"name": inbound.name}, "wa_id": inbound.from}]);
    let timestamp = at.timestamp().to_string();
    if let Some(preference) = inbound.content.preference() {
        value["user_preferences"] = json!([{
            "wa_id": inbound.from,
            "detail": format!("User requested to {preference} marketing messages"),
            "category": "marketing_messages",
            "value": preference,
            "timestamp": timestamp,
        }]);
        return json!({"field": "user_preferences", "value": value});
    }
    let mut message = json!({"from": inbound.from, "id": inbound.id, "timestamp": timestamp});
    match &inbound.content {
        InboundContent::Button(button) => {
            message["type"] = "button".into();
            message["button"] = json!({"payload": button.payload, "text": button.text});
        }
        InboundContent::Text(text) => {
            message["type"] = "text".into();
            message["text"] = json!({ "body": text });
        }
        InboundContent::StopMarketing | InboundContent::ResumeMarketing => {}
    }
    if let Some(context) = &inbound.context {
        message["context"] = json!({"from": account.display_phone_number, "id": context});
    }
    value["messages"] = json!([message]);
    json!({"field": "messages", "value": value})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_in_hexadecimal() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
