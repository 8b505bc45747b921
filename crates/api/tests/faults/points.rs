//! Every named point of `nexus_application::fault`: the server dies there, is started again, and
//! everyone is accounted for.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nexus_application::fault::Point;
use nexus_sandbox::Behaviour;
use serde_json::{Value, json};

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Campaign, Database, Setting, World};

/// Enough for several claims and renewals of the lease.
const RECIPIENTS: usize = 40;
/// How long it may take until a point is reached.
const REACHED_WITHIN: Duration = Duration::from_secs(15);

/// A PNG of one white pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
    0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x0f, 0x00, 0x01,
    0x01, 0x01, 0x00, 0xb1, 0x38, 0xf6, 0x14, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
    0x42, 0x60, 0x82,
];

/// How soon the provider reports.
const STATUS_DELAY_MS: u64 = 100;
/// How many servers walk at the same time: most of it is waiting for leases to end.
const WALKERS: usize = 3;

pub(crate) async fn walk(database: Database, plan: &Plan) -> Row {
    let mut databases = vec![database];
    while databases.len() < WALKERS {
        databases.push(databases[0].another().await);
    }
    let points = points(&databases[0], plan);
    let parts = points.chunks(points.len().div_ceil(WALKERS));
    let walks = databases.into_iter().zip(parts);
    let walks =
        walks.map(|(database, points)| walk_through(database, plan, points, STATUS_DELAY_MS));
    let mut row = begin();
    for part in join_all(walks).await {
        row.merge(part);
    }
    row.end()
}

/// All of them; in the short form one database has every second, and the other database the rest.
fn points(database: &Database, plan: &Plan) -> Vec<Point> {
    let side = u64::from(database.is_sqlite());
    let of_this_database = |index: &usize| (*index as u64 + plan.seed) % 2 == side;
    let all = Point::ALL.iter().copied().enumerate();
    all.filter(|(index, _)| plan.is_long || of_this_database(index))
        .map(|(_, point)| point)
        .collect()
}

fn begin() -> Row {
    Row::begin("points", "abort at each of the named fault points")
}

/// Dies at each of these.
pub(crate) async fn walk_through(
    database: Database,
    plan: &Plan,
    points: &[Point],
    status_delay_ms: u64,
) -> Row {
    let mut row = begin();
    let mut chance = plan.chance("points");
    let setting = Setting::of(plan);
    let setting = Setting {
        behaviour: Behaviour {
            // A request is in flight for longer than `fault::amid` waits.
            latency_ms: 60,
            status_delay_ms,
            ..setting.behaviour
        },
        recipients: RECIPIENTS,
        per_second: 30,
        window: 8,
        grace: 1,
        ..setting
    };
    let mut world = World::start(database, setting).await;
    for point in points {
        let nth = if is_passed_often(*point) {
            1 + chance.below(3)
        } else {
            1
        };
        let fault = format!("{}:{nth}", point.as_str());
        die_at(&mut world, *point, &fault, plan, &mut row).await;
    }
    row.end()
}

/// Whether a campaign passes it several times in any case.
fn is_passed_often(point: Point) -> bool {
    matches!(
        point,
        Point::ClaimCommitting
            | Point::ClaimCommitted
            | Point::SendLeaving
            | Point::SendInFlight
            | Point::SendAnswered
            | Point::RecordCommitting
            | Point::RecordCommitted
            | Point::WebhookStoring
            | Point::WebhookStored
            | Point::WebhookCommitting
            | Point::WebhookCommitted
    )
}

async fn die_at(world: &mut World, point: Point, fault: &str, plan: &Plan, row: &mut Row) {
    let label = format!("campaña {}", point.as_str());
    let variables = [("NEXUS_FAULT", fault.to_owned())];
    world.servers[0].kill();
    // Late webhooks of the campaign before may lead to the point already.
    let ready = world.servers[0].restart_with(&variables).await;
    if !ready {
        world.servers[0].restart().await;
    }
    let mut driven = Driven {
        world,
        row,
        label: &label,
        requests: 0,
    };
    let campaign = driven.create().await;
    if point == Point::FileTaken {
        driven.attach(&campaign).await;
    }
    driven.post(&campaign, "send", &[202]).await;
    match point {
        Point::DoubtCommitting
        | Point::DoubtCommitted
        | Point::SettleCommitting
        | Point::SettleCommitted => {
            // Something must be in flight when the lease is taken over.
            let world = &mut *driven.world;
            world.until_accepted(&campaign, 3, REACHED_WITHIN).await;
            world.servers[0].kill();
            let claimed = [("NEXUS_FAULT", "claim.committed:2".to_owned())];
            let _ = world.servers[0].restart_with(&claimed).await;
            let _ = world.servers[0].ended_within(REACHED_WITHIN).await;
            let _ = world.servers[0].restart_with(&variables).await;
        }
        Point::PauseCommitting
        | Point::PauseCommitted
        | Point::ResumeCommitting
        | Point::ResumeCommitted => {
            driven.post(&campaign, "pause", &[200, 409]).await;
            driven.post(&campaign, "resume", &[200, 409]).await;
        }
        Point::CancelCommitting | Point::CancelCommitted => {
            driven.post(&campaign, "cancel", &[200, 409]).await;
        }
        _ => {}
    }
    let requests = driven.requests;
    let died = !ready || requests > 0 || until_it_dies(world).await;
    row.wrong_if(!died, || format!("{fault} was not reached"));
    row.done_once();
    if !died {
        world.servers[0].kill();
    }
    if !world.servers[0].runs() {
        world.servers[0].restart().await;
    }
    let cancelled = matches!(point, Point::CancelCommitting | Point::CancelCommitted);
    let allowed = Allowed {
        // The last of a campaign have nobody after them whose report would prove anything.
        unconfirmed: 8,
        cancelled,
    };
    let findings = world.settled(&campaign, allowed, plan.patience).await;
    if !findings.hold() {
        row.wrong(format!("after {fault}"));
    }
    row.add(findings);
}

async fn until_it_dies(world: &mut World) -> bool {
    let began = Instant::now();
    while began.elapsed() < REACHED_WITHIN {
        if !world.servers[0].runs() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// A campaign whose requests are made again when the server dies over them.
struct Driven<'a> {
    world: &'a mut World,
    row: &'a mut Row,
    label: &'a str,
    /// How many had to be.
    requests: usize,
}

impl Driven<'_> {
    async fn create(&mut self) -> Campaign {
        let draft = World::draft(self.label);
        let answer = self.insist("/api/campaigns", &draft, &[201]).await;
        let made = self.world.ledger.campaigns(self.label).await.len();
        let label = self.label;
        self.row.wrong_if(made != 1, || {
            format!("{made} campaigns were made of {label}")
        });
        let id = answer["campaign"]["id"].as_str().unwrap_or_default();
        Campaign {
            label: self.label.to_owned(),
            path: format!("/api/campaigns/{id}"),
        }
    }

    async fn attach(&mut self, campaign: &Campaign) {
        let path = format!("{}/media", campaign.path);
        let answer = self.world.browser.upload_with(&path, PNG, &[]).await;
        let status = answer.status.as_u16();
        self.row.wrong_if(status != 201, || {
            format!("{path}: {status} {}", answer.body)
        });
    }

    async fn post(&mut self, campaign: &Campaign, what: &str, expected: &[u16]) {
        let path = format!("{}/{what}", campaign.path);
        self.insist(&path, &json!({}), expected).await;
    }

    async fn insist(&mut self, path: &str, body: &Value, expected: &[u16]) -> Value {
        let key = format!("{} {path}", self.label.trim_start_matches("campaña "));
        // The key of a request that died before it did anything is given up only later.
        let key = (!self.label.ends_with(".committing")).then_some(key.as_str());
        let before = self.world.servers[0].starts();
        let answer = self.world.insist(path, key, body).await;
        self.requests += self.world.servers[0].starts() - before;
        let status = answer.status.as_u16();
        self.row.wrong_if(!expected.contains(&status), || {
            format!("{path}: {status} {}", answer.body)
        });
        answer.body
    }
}
