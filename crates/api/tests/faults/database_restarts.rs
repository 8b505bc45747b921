//! R5: PostgreSQL crashes and comes back while a campaign is sent, and the server goes on.

use std::time::{Duration, Instant};

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Database, Setting, World};

/// How soon messages leave again.
const SENDING_AGAIN: Duration = Duration::from_secs(10);
/// The longest time without a database, in milliseconds.
const LONGEST_AWAY_MS: u64 = 2_000;

pub(crate) async fn restarted(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin("R5", "PostgreSQL restarted in immediate mode");
    let mut chance = plan.chance("database restarts");
    let setting = Setting::of(plan);
    let all = plan.recipients;
    let mut world = World::start(database, setting).await;
    let campaign = world.send("campaña R5").await;
    let mut longest = Duration::ZERO;
    for moment in plan.moments(&mut chance) {
        if !world.until_accepted(&campaign, moment, plan.patience).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(chance.below(100))).await;
        let away = Duration::from_millis(chance.below(LONGEST_AWAY_MS));
        world.database.restart(away).await;
        row.done_once();
        let before = world.accepted(&campaign);
        if before >= all {
            break;
        }
        let back = Instant::now();
        let again = world
            .until_accepted(&campaign, before + 1, SENDING_AGAIN)
            .await;
        longest = longest.max(back.elapsed());
        row.wrong_if(!again, || {
            format!("nothing was sent within {SENDING_AGAIN:?} after {before}")
        });
    }
    row.note(format!(
        "sending again after {:.1} s at most",
        longest.as_secs_f64()
    ));
    row.add(
        world
            .settled(&campaign, Allowed::default(), plan.patience)
            .await,
    );
    let ended = world.servers[0].has_ended();
    row.wrong_if(ended.is_some(), || format!("the server ended: {ended:?}"));
    row.end()
}
