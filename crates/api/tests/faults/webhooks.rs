//! R8: webhooks come again, in any order, and from others than the provider.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use nexus_sandbox::{AcceptedMessage, Behaviour, Event};
use nexus_testing::{Chance, Ledger};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::audit::{Allowed, progress};
use crate::plan::{Plan, Row};
use crate::world::{APP_SECRET, Campaign, Database, PHONE_NUMBER_ID, Setting, World};

/// How often each webhook comes.
const COPIES: usize = 3;
/// Meta's own limit is a second in the median of a quarter.
const SLOW: Duration = Duration::from_secs(1);
const PARALLEL: usize = 4;

pub(crate) async fn replayed(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin(
        "R8",
        format!("webhooks {COPIES} times each, shuffled; forged, unsigned, altered between them"),
    );
    let mut chance = plan.chance("webhooks");
    let setting = Setting::of(plan);
    let setting = Setting {
        // The webhooks are made here.
        behaviour: Behaviour {
            statuses: false,
            ..setting.behaviour
        },
        per_second: 400,
        ..setting
    };
    let mut world = World::start(database, setting).await;
    let campaign = world.send("campaña R8").await;
    let findings = world
        .settled(&campaign, Allowed::default(), plan.patience)
        .await;
    row.wrong_if(!findings.hold(), || {
        format!("before any webhook: {findings}")
    });
    let messages = messages(&world);
    let letters = messages.len() / 10;
    let last = world
        .provider
        .journal()
        .last()
        .map(|entry| entry.at.timestamp());
    let at = last.unwrap_or_default() + 1;
    let posts = posts(&messages, letters, at, &mut chance);
    let genuine = posts.iter().filter(|post| post.is_genuine).count();
    let watch = Watch::start(world.ledger.clone(), campaign.label.clone());
    let url = format!("{}{}", world.servers[0].url, world.webhook_path);
    let answers = deliver(&url, posts).await;
    check_answers(&answers, &mut row);
    let stored = until_applied(&world.ledger, plan.patience).await;
    row.wrong_if(usize::try_from(stored) != Ok(genuine), || {
        format!("{stored} webhooks are stored, of {genuine} that were genuine")
    });
    for setback in watch.end().await {
        row.wrong(setback);
    }
    let findings = world
        .settled(&campaign, Allowed::default(), plan.patience)
        .await;
    row.add(findings);
    check_effects(&world, &campaign, &messages, letters, &mut row).await;
    row.end()
}

fn messages(world: &World) -> Vec<AcceptedMessage> {
    world
        .provider
        .journal()
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Accepted(message) => Some(message.clone()),
            _ => None,
        })
        .collect()
}

/// How far a message comes: every third is not read.
fn last_status(index: usize) -> &'static str {
    if index.is_multiple_of(3) {
        "delivered"
    } else {
        "read"
    }
}

/// One request to the webhook's address.
struct Post {
    body: String,
    signature: Option<String>,
    is_genuine: bool,
}

fn signed_with(secret: &str, body: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// `at` in seconds since 1970, as in the other functions.
fn status(message: &AcceptedMessage, status: &str, at: i64) -> Value {
    let mut object = json!({
        "id": message.wamid,
        "status": status,
        "timestamp": at.to_string(),
        "recipient_id": message.wa_id,
        "biz_opaque_callback_data": message.opaque,
    });
    if status == "failed" {
        object["errors"] = json!([{"code": 131_026, "title": "Message undeliverable"}]);
    }
    object
}

fn envelope(value: Value) -> String {
    let mut value = value;
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({
        "display_phone_number": "525500000000",
        "phone_number_id": PHONE_NUMBER_ID,
    });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "400500600", "changes": [{"field": "messages", "value": value}]}],
    })
    .to_string()
}

fn letter(message: &AcceptedMessage, at: i64) -> String {
    envelope(json!({
        "contacts": [{"wa_id": message.wa_id, "profile": {"name": "Ana"}}],
        "messages": [{
            "from": message.wa_id,
            "id": format!("{}.answer", message.wamid),
            "timestamp": at.to_string(),
            "type": "text",
            "text": {"body": "¿Hasta cuándo?"},
            "context": {"from": "525500000000", "id": message.wamid},
        }],
    }))
}

/// Every status of every message, and the answers of some, in an order of chance; with each a
/// webhook that says that the message failed, and is nobody's.
fn posts(messages: &[AcceptedMessage], letters: usize, at: i64, chance: &mut Chance) -> Vec<Post> {
    let mut statuses = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        for word in ["sent", "delivered", "read"] {
            if progress(word) <= progress(last_status(index)) {
                statuses.extend((0..COPIES).map(|_| status(message, word, at)));
            }
        }
    }
    chance.shuffle(&mut statuses);
    let mut bodies = Vec::new();
    let mut rest = &statuses[..];
    while !rest.is_empty() {
        let most = usize::try_from(1 + chance.below(12)).expect("a few");
        let (batch, later) = rest.split_at(most.min(rest.len()));
        bodies.push(envelope(json!({"statuses": batch})));
        rest = later;
    }
    for message in &messages[..letters] {
        bodies.extend((0..COPIES).map(|_| letter(message, at)));
    }
    let mut posts: Vec<_> = bodies
        .into_iter()
        .map(|body| Post {
            signature: Some(signed_with(APP_SECRET, &body)),
            body,
            is_genuine: true,
        })
        .collect();
    for (index, message) in messages.iter().enumerate() {
        posts.push(forged(index, message, at));
    }
    chance.shuffle(&mut posts);
    posts
}

/// One that must be refused, of each kind in turn.
fn forged(index: usize, message: &AcceptedMessage, at: i64) -> Post {
    let failed = envelope(json!({"statuses": [status(message, "failed", at)]}));
    let signature = match index % 5 {
        0 => None,
        1 => Some(signed_with("another secret", &failed)),
        // Altered after it was signed.
        2 => {
            let signed = envelope(json!({"statuses": [status(message, "read", at)]}));
            Some(signed_with(APP_SECRET, &signed))
        }
        3 => Some(signed_with(APP_SECRET, &failed).replace("sha256=", "sha1=")),
        _ => Some("sha256=".to_owned()),
    };
    Post {
        body: failed,
        signature,
        is_genuine: false,
    }
}

struct Acknowledged {
    is_genuine: bool,
    status: u16,
    took: Duration,
}

async fn deliver(url: &str, posts: Vec<Post>) -> Vec<Acknowledged> {
    let client = reqwest::Client::new();
    let send = |post: Post| {
        let client = client.clone();
        async move {
            let mut request = client
                .post(url)
                .header("content-type", "application/json")
                .body(post.body);
            if let Some(signature) = post.signature {
                request = request.header("x-hub-signature-256", signature);
            }
            let began = Instant::now();
            let answer = request.send().await.expect("the server answers");
            Acknowledged {
                is_genuine: post.is_genuine,
                status: answer.status().as_u16(),
                took: began.elapsed(),
            }
        }
    };
    stream::iter(posts)
        .map(send)
        .buffer_unordered(PARALLEL)
        .collect()
        .await
}

fn check_answers(answers: &[Acknowledged], row: &mut Row) {
    for answer in answers {
        row.done_once();
        let expected = if answer.is_genuine { 200 } else { 401 };
        row.wrong_if(answer.status != expected, || {
            format!("{} in place of {expected}", answer.status)
        });
    }
    let mut took: Vec<_> = answers.iter().map(|answer| answer.took).collect();
    took.sort_unstable();
    let (median, slowest) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    row.note(format!(
        "acknowledged in {} ms, p99 {} ms",
        median.as_millis(),
        slowest.as_millis()
    ));
    row.wrong_if(slowest > SLOW, || {
        format!("acknowledged in {slowest:?} (p99)")
    });
}

/// Waits until no webhook waits. How many are stored.
async fn until_applied(ledger: &Ledger, patience: Duration) -> i64 {
    let began = Instant::now();
    while ledger.webhooks_pending().await > 0 && began.elapsed() < patience {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ledger.webhooks().await
}

async fn check_effects(
    world: &World,
    campaign: &Campaign,
    messages: &[AcceptedMessage],
    letters: usize,
    row: &mut Row,
) {
    let rows = world.ledger.recipients(&campaign.label).await;
    let found: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row.message_id.as_deref().unwrap_or_default(), &*row.status))
        .collect();
    let mut read = 0;
    for (index, message) in messages.iter().enumerate() {
        let expected = last_status(index);
        read += i64::from(expected == "read");
        let status = found.get(message.wamid.as_str());
        row.wrong_if(status != Some(&expected), || {
            format!("{} is {status:?}, not {expected}", message.to)
        });
    }
    let all = i64::try_from(messages.len()).expect("a number of messages");
    let letters = i64::try_from(letters).expect("a number of letters");
    let kept = world.ledger.letters().await;
    row.wrong_if(kept != letters, || {
        format!("{kept} answers are kept, of {letters}")
    });
    let replied = world.ledger.campaigns(&campaign.label).await[0].replied;
    row.wrong_if(replied != letters, || {
        format!("{replied} answers are counted, of {letters}")
    });
    let totals = world.ledger.totals().await;
    let expected = nexus_testing::LedgerTotals {
        sent: all,
        delivered: all,
        read,
        failed: 0,
        replied: letters,
    };
    row.wrong_if(totals != expected, || {
        format!("the charts say {totals:?}, not {expected:?}")
    });
}

/// Looks at the ledger all the time: nobody's status may go back.
struct Watch {
    over: Arc<AtomicBool>,
    setbacks: tokio::task::JoinHandle<Vec<String>>,
}

impl Watch {
    fn start(ledger: Ledger, label: String) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let setbacks = tokio::spawn(async move {
            let mut known: BTreeMap<String, u8> = BTreeMap::new();
            let mut setbacks = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                for row in ledger.recipients(&label).await {
                    let address = row.address.unwrap_or_default();
                    let now = progress(&row.status);
                    let before = known.insert(address.clone(), now).unwrap_or_default();
                    if now < before {
                        setbacks.push(format!("{address} went back to {}", row.status));
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            setbacks
        });
        Self { over, setbacks }
    }

    async fn end(self) -> Vec<String> {
        self.over.store(true, Ordering::SeqCst);
        self.setbacks.await.expect("it can be looked at")
    }
}
