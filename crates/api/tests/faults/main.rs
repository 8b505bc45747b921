//! The fault harness: real server processes on a real database, with a provider that keeps a log,
//! are killed, stopped, cut off and lied to; then the provider's log and the database say whether a
//! message was lost, sent twice or forgotten. What the server says of itself counts for nothing.
//!
//! `docs/faults.md` tells how to run it at length (`scripts/faults`) and what a row means. The tests
//! here are its short form.

mod audit;
mod database_restarts;
mod keys;
mod kills;
mod leases;
mod long;
mod plan;
mod planted;
mod points;
#[path = "../journeys/process.rs"]
mod process;
mod provider_faults;
#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the journeys use the rest"
)]
#[path = "../journeys/support.rs"]
mod support;
mod terminations;
mod two_instances;
mod webhooks;
mod world;

use futures_util::FutureExt;
use futures_util::future::join_all;
use nexus_testing::TestDatabase;

use crate::plan::Plan;
use crate::world::Database;

/// A case in its short form, on each of these databases at the same time.
macro_rules! short {
    ($($name:ident: $case:path => $($database:ident)+;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let plan = Plan::short();
            let rows = [$(async {
                let row = $case($database().await, &plan).await;
                println!("{} {row}", stringify!($database));
                row
            }.boxed_local(),)+];
            for row in join_all(rows).await {
                row.assert_holds();
            }
        }
    )+};
}

short! {
    r1_a_server_killed_again_and_again_reaches_everyone_once: kills::killed => sqlite postgres;
    r2_late_statuses_lead_to_no_second_message: kills::killed_with_late_statuses => sqlite postgres;
    r2_without_statuses_what_nobody_knows_is_listed: kills::killed_without_statuses => sqlite postgres;
    r3_two_instances_send_once: two_instances::race => postgres;
    r4_a_stopped_instance_that_goes_on_sends_nothing_twice: leases::stopped => postgres;
    r5_a_database_that_restarts_loses_nothing: database_restarts::restarted => own_postgres;
    r6_a_provider_in_trouble_gets_everything_once: provider_faults::troubled => sqlite postgres;
    r7_a_server_told_to_end_ends_in_order: terminations::terminated => sqlite postgres;
    r8_webhooks_have_one_effect_each: webhooks::replayed => sqlite postgres;
    r9_one_key_has_one_effect: keys::repeated => sqlite postgres;
    every_fault_point_is_reached_and_survived: points::walk => sqlite postgres;
}

async fn sqlite() -> Database {
    Database::of(TestDatabase::sqlite().await)
}

async fn postgres() -> Database {
    Database::of(TestDatabase::postgres().await)
}

async fn own_postgres() -> Database {
    Database::own().await
}
