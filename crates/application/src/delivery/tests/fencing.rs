//! What a process may not do any more when another has the account, whatever it believes.

use std::time::Duration;

use nexus_domain::{CampaignStatus, DeliveryStatus, FailureCode};

use super::bench::Bench;
use crate::delivery::claims::{Claim, claim};
use crate::delivery::doubts::{Doubts, doubt_what_was_left, settle};
use crate::delivery::outcome::Outcome;
use crate::delivery::outcomes::{Guard, Recorded, pause_all};

#[tokio::test(start_paused = true)]
async fn nobody_is_claimed_without_the_lease() {
    let bench = Bench::new().await;
    bench.taken_over().await;

    let claimed = claim(&bench.desk, &bench.lease, bench.campaign, 10, None, None).await;

    assert!(matches!(claimed, Ok(Claim::LeaseLost)));
    assert_eq!(bench.status(), DeliveryStatus::Queued);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_may_be_of_nothing_is_not_recorded_without_the_lease() {
    let bench = Bench::with_an_attempt().await;
    bench.taken_over().await;
    let landed = bench.landed(Outcome::HeldBack);

    let recorded = bench.record(landed, Guard::Lease).await;

    assert_eq!(recorded, Recorded::LeaseLost);
    assert_eq!(bench.status(), DeliveryStatus::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn what_the_new_owner_has_in_flight_is_not_put_in_doubt() {
    let mut bench = Bench::new().await;
    bench.taken_over().await;
    bench.begin();

    let doubted = doubt_what_was_left(&bench.desk, &bench.lease).await;

    assert!(matches!(doubted, Ok(None)));
    assert_eq!(bench.status(), DeliveryStatus::Dispatching);
}

#[tokio::test(start_paused = true)]
async fn doubts_are_not_settled_without_the_lease() {
    let bench = Bench::with_an_attempt().await;
    bench.taken_over().await;
    tokio::time::sleep(Duration::from_hours(1)).await;

    let settled = settle(&bench.desk, &bench.lease).await;

    assert!(matches!(settled, Ok(Doubts::LeaseLost)));
    assert_eq!(bench.status(), DeliveryStatus::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn campaigns_are_not_paused_without_the_lease() {
    let bench = Bench::new().await;
    bench.taken_over().await;

    let code = FailureCode::CredentialInvalid;
    let paused = pause_all(&bench.desk, &bench.lease, code).await;

    assert!(matches!(paused, Ok(Recorded::LeaseLost)));
    let status = bench.world.status(bench.campaign);
    assert_eq!(status, CampaignStatus::Active);
}
