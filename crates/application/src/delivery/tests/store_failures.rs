//! A store that fails in the middle of it.

use std::time::Duration;

use nexus_domain::DeliveryStatus;

use super::provider::Answer;
use super::units::{Lost, Of};
use super::world::World;

async fn everyone_gets_it_once_when(of: Of, lost: Lost) -> World {
    let world = World::new();
    let campaign = world.campaign(100);
    let process = world.process(1);
    for _ in 0..3 {
        process.connection.lose_next_commit(of, lost);
    }
    process.start();

    world.until_completed(campaign).await;

    assert!(process.connection.has_lost_all());
    assert_eq!(world.provider.requests().len(), 100);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 100);
    world.check();
    world
}

#[tokio::test(start_paused = true)]
async fn claims_whose_commit_did_not_take_place_are_made_again() {
    let world = everyone_gets_it_once_when(Of::Claims, Lost::Request).await;
    let requests = world.provider.requests();
    assert!(requests.iter().all(|r| r.attempt.number == 1));
}

#[tokio::test(start_paused = true)]
async fn claims_whose_commit_took_place_unheard_are_taken_back_before_they_are_made_again() {
    let world = everyone_gets_it_once_when(Of::Claims, Lost::Answer).await;
    let requests = world.provider.requests();
    assert!(requests.iter().any(|r| r.attempt.number > 1));
}

#[tokio::test(start_paused = true)]
async fn outcomes_whose_commit_did_not_take_place_are_recorded_again() {
    everyone_gets_it_once_when(Of::Outcomes, Lost::Request).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_whose_commit_took_place_unheard_are_counted_once() {
    everyone_gets_it_once_when(Of::Outcomes, Lost::Answer).await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_with_the_lease_is_put_in_doubt_by_the_next_owner() {
    let world = World::new();
    let campaign = world.campaign(5);
    let first = world.process(1);
    first.connection.lose_next_commit(Of::Claims, Lost::Answer);
    first.start();
    world
        .until("the claim", |_| first.connection.has_lost_all())
        .await;
    // The process does not come back before another has the account.
    first.connection.cut(true);
    world.process(2).start();

    tokio::time::sleep(Duration::from_secs(30)).await;
    first.connection.cut(false);
    tokio::time::sleep(Duration::from_secs(30)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 5);
    assert!(world.provider.requests().is_empty());
    world.check();
}

async fn outcomes_are_recorded_after(away: Duration) {
    let world = World::new();
    let campaign = world.campaign(200);
    let slow = Answer::accepted().after(Duration::from_secs(1));
    world.provider.always(slow);
    let process = world.process(1).with(|c| c.messages_per_second = 20);
    process.start();
    tokio::time::sleep(Duration::from_secs(3)).await;

    process.connection.cut(true);
    tokio::time::sleep(away).await;
    let in_flight = world.count(campaign, DeliveryStatus::Dispatching);
    assert!(in_flight > 10, "{in_flight}");
    process.connection.cut(false);
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 200);
    assert_eq!(world.provider.requests().len(), 200);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_recorded_after_the_store_was_away_for_seconds() {
    outcomes_are_recorded_after(Duration::from_secs(4)).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_recorded_after_the_store_was_away_for_longer_than_the_lease() {
    outcomes_are_recorded_after(Duration::from_mins(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_at_the_start_is_waited_for() {
    let world = World::new();
    let campaign = world.campaign(10);
    let process = world.process(1);
    process.connection.cut(true);
    process.start();
    tokio::time::sleep(Duration::from_mins(1)).await;

    process.connection.cut(false);
    tokio::time::sleep(Duration::from_secs(5)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 10);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_refused_for_good_keeps_nothing_else_from_being_recorded() {
    let world = World::new();
    let campaign = world.campaign(200);
    let harmful = world.recipients(campaign)[30].id;
    world
        .ledger
        .with(|tables| tables.unstorable = Some(format!("wamid.{}.1", harmful.as_uuid().simple())));
    world.start();

    tokio::time::sleep(Duration::from_secs(30)).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 199);
    let left = world.recipient(harmful).delivery;
    assert_eq!(left.status, DeliveryStatus::InDoubt);
    assert_eq!(world.provider.requests().len(), 200);
    world.check();
}
