//! What happened, for tests and the curious.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::journal::{Event, JournalEntry};
use crate::whatsapp::Simulation;

/// How many duplicates are listed; all are counted.
const LISTED: usize = 100;

#[derive(Deserialize)]
pub(super) struct Filter {
    kind: Option<String>,
    phone_number_id: Option<String>,
    /// Digits as the business wrote them.
    to: Option<String>,
    /// Only entries after this sequence number.
    #[serde(default)]
    since: u64,
    limit: Option<usize>,
}

impl Filter {
    fn admits(&self, entry: &JournalEntry) -> bool {
        let event = &entry.event;
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        same(&self.kind, Some(event.kind()))
            && same(&self.phone_number_id, event.phone_number_id())
            && same(&self.to, event.customer())
    }
}

/// `GET /sandbox/journal`. `next` is the `since` that continues after this answer.
pub(super) async fn entries(
    State(simulation): State<Arc<Simulation>>,
    Query(filter): Query<Filter>,
) -> Json<Value> {
    let all = simulation.journal().since(filter.since);
    let limit = filter.limit.unwrap_or(usize::MAX);
    let entries: Vec<_> = all
        .iter()
        .filter(|e| filter.admits(e))
        .take(limit)
        .collect();
    let next = if entries.len() == limit {
        entries.last().map(|entry| entry.sequence)
    } else {
        all.last().map(|entry| entry.sequence)
    };
    let entries: Vec<&JournalEntry> = entries.into_iter().map(|entry| &**entry).collect();
    Json(json!({"entries": entries, "next": next.unwrap_or(filter.since)}))
}

/// `GET /sandbox/summary`: counts, and who got more than one message.
pub(super) async fn summary(
    State(simulation): State<Arc<Simulation>>,
    Query(filter): Query<Filter>,
) -> Json<Value> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults: BTreeMap<String, usize> = BTreeMap::new();
    let mut recipients: HashMap<String, usize> = HashMap::new();
    let mut opaques: HashMap<String, usize> = HashMap::new();
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let (mut posts, mut failed_posts) = (0_usize, 0_usize);
    let all = simulation.journal().since(filter.since);
    for entry in all.iter().filter(|entry| filter.admits(entry)) {
        *kinds.entry(entry.event.kind()).or_default() += 1;
        match &entry.event {
            Event::Accepted(message) => {
                *recipients.entry(message.to.clone()).or_default() += 1;
                if let Some(opaque) = &message.opaque {
                    *opaques.entry(opaque.clone()).or_default() += 1;
                }
            }
            Event::Refused(message) => {
                *refused.entry(message.code.to_string()).or_default() += 1;
            }
            Event::Unanswered(message) => {
                let fault = json!(message.fault);
                let name = fault.as_str().unwrap_or_default().to_owned();
                *faults.entry(name).or_default() += 1;
            }
            Event::Webhook(attempt) if attempt.delivered() => {
                posts += 1;
                for notice in &attempt.notices {
                    let name = notice.status.as_deref().unwrap_or("inbound");
                    *statuses.entry(name.to_owned()).or_default() += 1;
                }
            }
            Event::Webhook(_) => failed_posts += 1,
            _ => {}
        }
    }
    let count = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
    Json(json!({
        "accepted": count("accepted"),
        "recipients": recipients.len(),
        "duplicate_recipients": duplicates("to", &recipients),
        "duplicate_opaque": duplicates("opaque", &opaques),
        "refused": count("refused"),
        "refused_by_code": refused,
        "unanswered": count("unanswered"),
        "unanswered_by_fault": faults,
        "inbound": count("inbound"),
        "read_receipts": count("read_receipt"),
        "media": count("media"),
        "webhooks": {
            "answered_200": posts,
            "failed": failed_posts,
            "notices_delivered": statuses,
            "waiting": simulation.outboxes().waiting(),
            "planned": simulation.schedule().len(),
        },
        "sequence": all.last().map(|entry| entry.sequence),
    }))
}

fn duplicates(name: &str, counts: &HashMap<String, usize>) -> Value {
    let mut repeated: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    repeated.sort();
    let list: Vec<Value> = repeated
        .iter()
        .take(LISTED)
        .map(|(value, count)| {
            let mut line = serde_json::Map::new();
            line.insert(name.to_owned(), json!(value));
            line.insert("count".to_owned(), json!(count));
            Value::Object(line)
        })
        .collect();
    json!({"count": repeated.len(), "list": list})
}
