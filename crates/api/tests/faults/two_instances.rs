//! R3: two instances, each told to begin the same campaigns at the same moment.

use serde_json::json;

use crate::audit::Allowed;
use crate::plan::{Plan, Row};
use crate::world::{Campaign, Database, Setting, World};

const CAMPAIGNS: usize = 3;

pub(crate) async fn race(database: Database, plan: &Plan) -> Row {
    let mut row = Row::begin(
        "R3",
        format!("two instances, {CAMPAIGNS} campaigns of one account, each begun on both at once"),
    );
    let mut chance = plan.chance("two instances");
    let setting = Setting::of(plan);
    let per_second = (setting.per_second * 3).min(400);
    let setting = Setting {
        per_second,
        ..setting
    };
    let mut world = World::start(database, setting).await;
    world.add_server().await;
    let mut campaigns = Vec::new();
    for number in 1..=CAMPAIGNS {
        let campaign = world.campaign(&format!("campaña R3.{number}")).await;
        begin_on_both(&mut world, &campaign, &mut row).await;
        campaigns.push(campaign);
    }
    // The account goes from one to the other in between.
    for moment in plan.moments(&mut chance) {
        if !world
            .until_accepted(&campaigns[0], moment, plan.patience)
            .await
        {
            break;
        }
        let server = usize::from(chance.below(2) == 1);
        world.report_to(1 - server);
        let status = world.servers[server].terminate().await;
        row.wrong_if(!status.success(), || format!("it ended with {status}"));
        world.servers[server].restart().await;
        row.done_once();
    }
    for campaign in &campaigns {
        let allowed = Allowed::default();
        row.add(world.settled(campaign, allowed, plan.patience).await);
    }
    row.end()
}

/// Whatever begins a campaign is told to both instances at the same time; one of them begins it.
async fn begin_on_both(world: &mut World, campaign: &Campaign, row: &mut Row) {
    let path = format!("{}/send", campaign.path);
    let mut one = world.browser_at(0);
    let mut other = world.browser_at(1);
    let (one, other) = tokio::join!(one.post(&path, json!({})), other.post(&path, json!({})));
    row.done_once();
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    row.wrong_if(statuses != [202, 409], || {
        format!("two that began it at once got {statuses:?}")
    });
}
