//! R6: the provider answers 429, 5xx, nothing at all, or hangs up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use nexus_sandbox::{Behaviour, Event, JournalEntry};

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::support::Browser;
use crate::world::{Database, Setting, World};

const PERCENT: u8 = 30;
/// What `Retry-After` says.
const RETRY_AFTER: u32 = 2;
/// Requests that left before the server could know of a 429 may come so long after it.
const KNOWN_AFTER: TimeDelta = TimeDelta::milliseconds(600);
/// How far the provider's and the server's measures of a wait may be apart.
const SLACK: TimeDelta = TimeDelta::milliseconds(100);
/// Of the API's other answers.
const SLOW: Duration = Duration::from_secs(1);

type Change = fn(&mut Behaviour);

const TROUBLES: [(&str, Change); 4] = [
    ("429", |behaviour| {
        behaviour.throttle_percent = PERCENT;
        behaviour.retry_after_seconds = RETRY_AFTER;
    }),
    ("5xx", |behaviour| behaviour.server_error_percent = PERCENT),
    ("hangs", |behaviour| behaviour.hang_percent = PERCENT),
    ("resets", |behaviour| behaviour.reset_percent = PERCENT),
];

pub(crate) async fn troubled(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin(
        "R6",
        format!("429, 5xx, hangs, resets, {PERCENT} % each in turn"),
    );
    // A campaign for each trouble.
    let recipients = (plan.recipients / TROUBLES.len()).max(40);
    let setting = Setting::of(plan);
    let plain = setting.behaviour.clone();
    let setting = Setting {
        recipients,
        // So many leave before the first answer that few are held back by a 429.
        per_second: 400,
        window: 32,
        grace: 1,
        ..setting
    };
    let mut world = World::start(database, setting).await;
    let prober = Prober::start(world.browser.clone());
    for (trouble, change) in TROUBLES {
        let mut behaviour = plain.clone();
        change(&mut behaviour);
        let changed = world.provider.set_behaviour(behaviour);
        changed.expect("a possible behaviour");
        let campaign = world.send(&format!("campaña R6 {trouble}")).await;
        // What was in doubt thrice, or last of all, may stay unconfirmed; a 429 is no doubt.
        let unconfirmed = if trouble == "429" { 0 } else { recipients / 4 };
        let allowed = Allowed {
            unconfirmed,
            ..Allowed::default()
        };
        row.add(world.settled(&campaign, allowed, plan.patience * 2).await);
        row.done_once();
    }
    let journal = world.provider.journal();
    let (throttles, broken) = retry_after(&journal);
    row.note(format!("{throttles} answers 429"));
    row.wrong_if(throttles == 0, || "nothing was answered 429".to_owned());
    for broken in broken {
        row.wrong(broken);
    }
    for (fault, count) in faults(&journal) {
        row.note(format!("{count} {fault}"));
    }
    let answers = prober.end().await;
    let slowest_but_few = answers[answers.len() * 95 / 100];
    row.note(format!(
        "{} other answers, p95 {} ms",
        answers.len(),
        slowest_but_few.as_millis()
    ));
    row.wrong_if(slowest_but_few > SLOW, || {
        format!("the API's other answers took {slowest_but_few:?} (p95)")
    });
    row.end()
}

/// How often the account was told to wait, and where it did not.
fn retry_after(journal: &[Arc<JournalEntry>]) -> (usize, Vec<String>) {
    let told = journal.iter().filter_map(|entry| match &entry.event {
        Event::Refused(refused) => {
            let wait = refused.retry_after_seconds?;
            Some((entry.at, entry.at + TimeDelta::seconds(wait.into())))
        }
        _ => None,
    });
    let told: Vec<(DateTime<Utc>, DateTime<Utc>)> = told.collect();
    let mut broken = Vec::new();
    for entry in journal {
        let is_request = matches!(
            entry.event,
            Event::Accepted(_) | Event::Refused(_) | Event::Unanswered(_)
        );
        let too_soon = told.iter().find(|(from, until)| {
            is_request && entry.at > *from + KNOWN_AFTER && entry.at < *until - SLACK
        });
        if let Some((from, _)) = too_soon {
            let after = (entry.at - *from).num_milliseconds();
            broken.push(format!("a request came {after} ms after a 429"));
        }
    }
    (told.len(), broken)
}

fn faults(journal: &[Arc<JournalEntry>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in journal {
        if let Event::Unanswered(unanswered) = &entry.event {
            let fault = format!("{:?}", unanswered.fault).to_lowercase();
            *counts.entry(fault).or_default() += 1;
        }
    }
    counts
}

/// Uses the API meanwhile, as a person would.
struct Prober {
    over: Arc<AtomicBool>,
    answers: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Prober {
    fn start(mut browser: Browser) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let answers = tokio::spawn(async move {
            let mut answers = Vec::new();
            while !ends.load(Ordering::SeqCst) {
                for path in [
                    "/api/auth/me",
                    "/api/contacts?per_page=20",
                    "/api/campaigns",
                ] {
                    let asked = Instant::now();
                    let answer = browser.get(path).await;
                    assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
                    answers.push(asked.elapsed());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            answers
        });
        Self { over, answers }
    }

    /// How long each answer took, shortest first.
    async fn end(self) -> Vec<Duration> {
        self.over.store(true, Ordering::SeqCst);
        let mut answers = self.answers.await.expect("every answer came");
        answers.sort_unstable();
        answers
    }
}
