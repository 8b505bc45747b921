//! R4: an instance is stopped for longer than its lease, and goes on while another sends.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nexus_sandbox::Event;
use nexus_testing::LedgerRow;

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Campaign, Database, LEASE, Setting, World};

const LABEL: &str = "campaña R4";
/// Longer than a stopped instance keeps rows locked: the database ends its transactions then.
const TAKEOVER: Duration = Duration::from_secs(20);
/// Long enough for whatever an instance that goes on would send at once.
const AWAKE: Duration = Duration::from_secs(1);
/// What is wrong with a message of an instance that lost its lease.
pub(crate) const LEFT_LATE: &str = "left after its lease was over";

pub(crate) async fn stopped(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin("R4", "SIGSTOP past the lease, then SIGCONT");
    let mut chance = plan.chance("leases");
    let setting = Setting::of(plan);
    // Slow enough to be in the middle still when the doubts of the takeover are settled.
    let per_second = u32::try_from(plan.recipients / 12).unwrap_or(u32::MAX);
    let setting = Setting {
        per_second: per_second.clamp(20, 400),
        grace: 3,
        ..setting
    };
    let grace = Duration::from_secs(setting.grace.into());
    let mut world = World::start(database, setting).await;
    // The first stops itself when a message is about to leave, with others behind it.
    let third = u64::try_from(plan.recipients / 3).expect("a number of recipients");
    let nth = 1 + chance.below(third);
    world.servers[0].kill();
    let fault = format!("send.leaving:{nth}:stop");
    let ready = world.servers[0]
        .restart_with(&[("NEXUS_FAULT", fault)])
        .await;
    assert!(ready, "the server does not get ready");
    let campaign = world.send(LABEL).await;
    let epoch = until_taken(&world, 0, plan.patience).await;
    world.add_server().await;
    world.report_to(1);
    wake_after_takeover(&mut world, 0, epoch, grace, &mut row).await;

    for _ in 1..plan.rounds {
        let left = world.numbers.len() - world.accepted(&campaign).min(world.numbers.len());
        if left < world.numbers.len() / 10 {
            break;
        }
        let server = usize::from(chance.below(2) == 1);
        world.report_to(1 - server);
        tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
        let epoch = world.ledger.epoch().await;
        world.servers[server].stop();
        wait_and_wake(&mut world, server, epoch, grace, &mut row).await;
    }
    let allowed = Allowed {
        unconfirmed: plan.recipients / 20,
        ..Allowed::default()
    };
    row.add(world.settled(&campaign, allowed, plan.patience).await);
    note_takeovers(&world, &campaign, &mut row).await;
    row.end()
}

/// Waits until somebody has the account under a later epoch than this. Which.
async fn until_taken(world: &World, epoch: i64, patience: Duration) -> i64 {
    let began = Instant::now();
    loop {
        let now = world.ledger.epoch().await;
        if now > epoch || began.elapsed() > patience {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn wake_after_takeover(
    world: &mut World,
    server: usize,
    epoch: i64,
    grace: Duration,
    row: &mut Row,
) {
    let taken = until_taken(world, epoch, TAKEOVER).await;
    row.wrong_if(taken <= epoch, || {
        "the account of a stopped instance was never taken over".to_owned()
    });
    let doubted = until_doubted(world).await;
    row.wrong_if(!doubted, || {
        "what a stopped instance left was never put in doubt".to_owned()
    });
    // It is settled by then, and sent by the other.
    tokio::time::sleep(grace + LEASE).await;
    wake(world, server, row).await;
}

/// Waits until something is in doubt, or was. The stopped one may have rows locked until the
/// database ends its transaction. Whether it is.
async fn until_doubted(world: &World) -> bool {
    let began = Instant::now();
    while began.elapsed() < TAKEOVER {
        let rows = world.ledger.recipients(LABEL).await;
        let doubted = |row: &LedgerRow| {
            matches!(&*row.status, "in_doubt" | "unconfirmed") || row.attempts > 1
        };
        if rows.iter().any(doubted) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// As [`wake_after_takeover`], of an instance that need not have had the account.
async fn wait_and_wake(
    world: &mut World,
    server: usize,
    epoch: i64,
    grace: Duration,
    row: &mut Row,
) {
    until_taken(world, epoch, LEASE + Duration::from_secs(3)).await;
    tokio::time::sleep(grace).await;
    wake(world, server, row).await;
}

/// Lets it go on. No attempt that somebody has put in doubt may leave after that, whether or not
/// another was made since.
async fn wake(world: &mut World, server: usize, row: &mut Row) {
    let rows = world.ledger.recipients(LABEL).await;
    let doubted = |row: &&LedgerRow| match &*row.status {
        "in_doubt" | "unconfirmed" => true,
        "queued" => row.attempts > 0,
        _ => false,
    };
    let doubted: BTreeMap<String, i64> = rows
        .iter()
        .filter(doubted)
        .filter_map(|row| Some((row.address.clone()?, row.attempts)))
        .collect();
    let already = world.provider.journal().len();
    world.servers[server].go_on();
    row.done_once();
    tokio::time::sleep(AWAKE).await;
    for entry in &world.provider.journal()[already..] {
        let Event::Accepted(message) = &entry.event else {
            continue;
        };
        let opaque = message.opaque.as_deref().unwrap_or_default();
        let attempt = opaque
            .split_once('.')
            .map(|(_, number)| number.parse::<i64>());
        let Some(Ok(attempt)) = attempt else {
            row.wrong(format!("a message without an attempt: {opaque}"));
            continue;
        };
        let number = format!("+{}", message.to);
        let was_doubted = doubted.get(&number).is_some_and(|last| attempt <= *last);
        row.wrong_if(was_doubted, || {
            format!("attempt {attempt} for {number} {LEFT_LATE}")
        });
    }
}

async fn note_takeovers(world: &World, campaign: &Campaign, row: &mut Row) {
    let epoch = world.ledger.epoch().await;
    let rows = world.ledger.recipients(&campaign.label).await;
    let again = rows.iter().filter(|row| row.attempts > 1).count();
    row.note(format!("{} takeovers, {again} tried again", epoch - 1));
}
