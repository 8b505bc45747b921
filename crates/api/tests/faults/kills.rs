//! R1 and R2: the server is killed at random moments, and started again each time.

use std::time::Duration;

use nexus_sandbox::Behaviour;

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Campaign, Database, Setting, World};

/// How much later than a moment a kill may come: every step between two transactions is met.
const LONGEST_DELAY_MS: u64 = 120;

/// R1: the provider reports soon.
pub(crate) async fn killed(database: Database, plan: &Plan) -> Row {
    let row = Row::begin("R1", "kill -9 at random moments");
    let setting = Setting::of(plan);
    // A message that is hit by three kills is left to a person.
    let allowed = Allowed {
        unconfirmed: plan.recipients / 100,
        ..Allowed::default()
    };
    run(row, database, setting, plan, allowed).await
}

/// R2: the provider reports later than a dead instance keeps its lease: who takes over can't know
/// yet what was accepted, and would send twice if it sent at once.
pub(crate) async fn killed_with_late_statuses(database: Database, plan: &Plan) -> Row {
    let row = Row::begin("R2 late", "kill -9, statuses 3 s late");
    let setting = Setting::of(plan);
    let setting = Setting {
        behaviour: Behaviour {
            status_delay_ms: 3_000,
            ..setting.behaviour
        },
        // Longer than statuses take, those that are sent again included, as it must be.
        grace: 6,
        ..setting
    };
    let allowed = Allowed {
        unconfirmed: plan.recipients / 100,
        ..Allowed::default()
    };
    run(row, database, setting, plan, allowed).await
}

/// R2: the provider never reports.
pub(crate) async fn killed_without_statuses(database: Database, plan: &Plan) -> Row {
    let row = Row::begin("R2 absent", "kill -9, no statuses");
    let setting = Setting::of(plan);
    let setting = Setting {
        behaviour: Behaviour {
            statuses: false,
            ..setting.behaviour
        },
        grace: 1,
        ..setting
    };
    // Whatever was on its way at a kill.
    let window = usize::try_from(setting.window).expect("a window");
    let allowed = Allowed {
        unconfirmed: window * plan.rounds,
        ..Allowed::default()
    };
    run(row, database, setting, plan, allowed).await
}

async fn run(
    mut row: Row,
    database: Database,
    setting: Setting,
    plan: &Plan,
    allowed: Allowed,
) -> Row {
    let mut chance = plan.chance("kills");
    let mut world = World::start(database, setting).await;
    let campaign = world.send("campaña R1").await;
    for moment in plan.moments(&mut chance) {
        if !world.until_accepted(&campaign, moment, plan.patience).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(LONGEST_DELAY_MS))).await;
        world.servers[0].kill();
        row.done_once();
        world.servers[0].restart().await;
    }
    let findings = world.settled(&campaign, allowed, plan.patience).await;
    let unconfirmed = findings.unconfirmed;
    row.add(findings);
    check_listed(&mut world, &campaign, unconfirmed, &mut row).await;
    row.end()
}

/// That the user finds the unconfirmed.
async fn check_listed(world: &mut World, campaign: &Campaign, unconfirmed: usize, row: &mut Row) {
    let path = format!("{}/recipients?status=unconfirmed&per_page=1", campaign.path);
    let listed = world.browser.get(&path).await.body["pagination"]["total"].clone();
    row.wrong_if(listed != unconfirmed, || {
        format!("{listed} are listed as unconfirmed")
    });
}
