//! The long form: every case, one after the other, and the table of what came of them.

use std::future::Future;
use std::pin::Pin;

use crate::plan::{HEAD, Plan, Row};
use crate::world::Database;
use crate::{
    database_restarts, keys, kills, leases, own_postgres, points, postgres, provider_faults,
    sqlite, terminations, two_instances, webhooks,
};

type Ends<'a> = Pin<Box<dyn Future<Output = Row> + 'a>>;
type Case = for<'a> fn(Database, &'a Plan) -> Ends<'a>;

/// What a case runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    Postgres,
    OwnPostgres,
}

macro_rules! cases {
    ($($name:literal $case:path => $on:ident),+ $(,)?) => {
        [$({
            fn run(database: Database, plan: &Plan) -> Ends<'_> {
                Box::pin($case(database, plan))
            }
            ($name, run as Case, On::$on)
        }),+]
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: scripts/faults runs it"]
async fn every_case_at_length() {
    let plan = Plan::long();
    let wanted = std::env::var("NEXUS_FAULTS_CASE").unwrap_or_default();
    let cases = cases![
        "R1" kills::killed => Both,
        "R2" kills::killed_with_late_statuses => Both,
        "R2" kills::killed_without_statuses => Both,
        "R3" two_instances::race => Postgres,
        "R4" leases::stopped => Postgres,
        "R5" database_restarts::restarted => OwnPostgres,
        "R6" provider_faults::troubled => Both,
        "R7" terminations::terminated => Both,
        "R8" webhooks::replayed => Both,
        "R9" keys::repeated => Both,
        "points" points::walk => Both,
    ];
    let known = cases.iter().any(|(name, ..)| *name == wanted);
    assert!(wanted.is_empty() || known, "there is no case {wanted}");
    let mut rows = Vec::new();
    for (name, case, on) in cases {
        if !wanted.is_empty() && name != wanted {
            continue;
        }
        if on == On::Both {
            rows.push(("SQLite", shown(case(sqlite().await, &plan).await)));
        }
        let database = match on {
            On::OwnPostgres => own_postgres().await,
            On::Both | On::Postgres => postgres().await,
        };
        rows.push(("PostgreSQL", shown(case(database, &plan).await)));
    }
    println!("\nseed {}\n\n| database {HEAD}", plan.seed);
    for (database, row) in &rows {
        println!("| {database} {row}");
    }
    let broken = rows.iter().filter(|(_, row)| !row.holds()).count();
    assert_eq!(broken, 0, "cases that do not hold");
}

/// The row, once it was shown with everything that is wrong.
fn shown(row: Row) -> Row {
    println!("{row}\n{}", row.findings());
    row
}
