//! R7: the server is told to end while it sends.

use std::time::{Duration, Instant};

use nexus_sandbox::Behaviour;

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Database, Setting, World};

/// What a platform grants before it kills.
const ENDS_WITHIN: Duration = Duration::from_secs(25);

pub(crate) async fn terminated(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin("R7", "SIGTERM under load");
    let mut chance = plan.chance("terminations");
    let setting = Setting::of(plan);
    let setting = Setting {
        behaviour: Behaviour {
            // Many are in flight at any moment.
            latency_ms: 300,
            ..setting.behaviour
        },
        ..setting
    };
    let window = usize::try_from(setting.window).expect("a window");
    let mut world = World::start(database, setting).await;
    let campaign = world.send("campaña R7").await;
    let mut longest = Duration::ZERO;
    for moment in plan.moments(&mut chance) {
        if !world.until_accepted(&campaign, moment, plan.patience).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(100))).await;
        let before = world.accepted(&campaign);
        let told = Instant::now();
        let status = world.servers[0].terminate().await;
        let took = told.elapsed();
        longest = longest.max(took);
        row.done_once();
        row.wrong_if(!status.success(), || format!("it ended with {status}"));
        row.wrong_if(took > ENDS_WITHIN, || format!("it ended after {took:?}"));
        let after = world.accepted(&campaign);
        row.wrong_if(after - before > window, || {
            format!("{} messages left after it was told to end", after - before)
        });
        let rows = world.ledger.recipients(&campaign.label).await;
        for unfinished in ["dispatching", "in_doubt"] {
            let count = rows.iter().filter(|row| row.status == unfinished).count();
            row.wrong_if(count > 0, || format!("{count} are left {unfinished}"));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        let late = world.accepted(&campaign) - after;
        row.wrong_if(late > 0, || format!("{late} messages came after its end"));
        world.servers[0].restart().await;
    }
    row.note(format!("ended within {:.1} s", longest.as_secs_f64()));
    row.add(
        world
            .settled(&campaign, Allowed::default(), plan.patience)
            .await,
    );
    row.end()
}
