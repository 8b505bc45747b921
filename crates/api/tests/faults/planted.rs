//! Each check is seen to fail: the server makes a mistake on purpose, and the case finds it.

use nexus_application::fault::{Bug, Point};

use crate::audit::Findings;
use crate::plan::{Plan, Row};
use crate::world::Database;
use crate::{keys, kills, leases, points, postgres, sqlite, webhooks};

/// That the case found the mistake, and the kind of finding that it leads to.
fn assert_found(row: &Row, bug: Bug, found: impl Fn(&Findings) -> bool) {
    println!("{}: {row}\n{}", bug.as_str(), row.findings());
    assert!(
        found(row.findings()),
        "{} was not found: {}",
        bug.as_str(),
        row.findings()
    );
}

async fn after_an_answer(bug: Bug) -> Row {
    let plan = Plan::planted(bug);
    let database: Database = sqlite().await;
    // No report comes before somebody else has the account: nothing but the ledger says what left.
    let late = 4_000;
    points::walk_through(database, &plan, &[Point::SendAnswered], late).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_leaves_before_its_intent_is_found() {
    let bug = Bug::SendBeforeIntent;
    let row = after_an_answer(bug).await;
    assert_found(&row, bug, |findings| !findings.twice.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubt_that_is_sent_again_blindly_is_found() {
    let bug = Bug::RequeueInsteadOfDoubt;
    let row = after_an_answer(bug).await;
    assert_found(&row, bug, |findings| !findings.twice.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_is_forgotten_is_found() {
    let bug = Bug::DropOutcome;
    let row = kills::killed_without_statuses(sqlite().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| !findings.unaccounted.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_ignored_is_found() {
    let bug = Bug::IgnoreLease;
    let row = leases::stopped(postgres().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| {
        let late = |wrong: &String| wrong.ends_with(leases::LEFT_LATE);
        !findings.twice.is_empty() || findings.wrong.iter().any(late)
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_goes_back_is_found() {
    let bug = Bug::StatusBackwards;
    let row = webhooks::replayed(sqlite().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| {
        findings
            .wrong
            .iter()
            .any(|wrong| wrong.contains("went back"))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_that_is_not_checked_is_found() {
    let bug = Bug::SkipSignature;
    let row = webhooks::replayed(sqlite().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| {
        findings
            .wrong
            .iter()
            .any(|wrong| wrong == "200 in place of 401")
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_key_that_is_answered_anew_is_found() {
    let bug = Bug::AnswerKeyAnew;
    let row = keys::repeated(sqlite().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| {
        findings
            .wrong
            .iter()
            .any(|wrong| wrong.ends_with("campaigns were made"))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_is_not_noted_is_found() {
    let bug = Bug::ForgetEffect;
    let row = keys::repeated(sqlite().await, &Plan::planted(bug)).await;
    assert_found(&row, bug, |findings| {
        findings
            .wrong
            .iter()
            .any(|wrong| wrong.starts_with("after the server died"))
    });
}
