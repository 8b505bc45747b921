//! Several processes on one store.

use std::collections::BTreeSet;
use std::time::Duration;

use nexus_domain::DeliveryStatus;
use tokio::time::Instant;

use super::provider::Answer;
use super::world::World;

#[tokio::test(start_paused = true)]
async fn of_two_processes_one_sends_and_everyone_gets_it_once() {
    let world = World::new();
    let campaign = world.campaign(300);
    world.process(1).start();
    world.process(2).start();

    world.until_completed(campaign).await;
    tokio::time::sleep(Duration::from_secs(30)).await;

    let requests = world.provider.requests();
    assert_eq!(requests.len(), 300);
    let senders: BTreeSet<_> = requests.iter().map(|request| request.by).collect();
    assert_eq!(senders.len(), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_accounts_of_a_process_that_ends_are_taken_over_at_once() {
    let world = World::new();
    let campaign = world.campaign(100);
    let first = world.process(1).with(|c| c.messages_per_second = 10);
    let task = first.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let second = world.process(2).with(|c| c.messages_per_second = 10);
    second.start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    first.shutdown.request();
    task.await.expect("it ends");
    tokio::time::sleep(Duration::from_secs(3)).await;

    let by_second = world.provider.requests().into_iter();
    let by_second = by_second.filter(|request| request.by == 2).count();
    assert!(by_second >= 5, "{by_second}");
    world.until_completed(campaign).await;
    assert_eq!(world.provider.requests().len(), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn the_accounts_of_a_process_that_dies_are_taken_over_when_its_lease_expires() {
    let world = World::new();
    let campaign = world.campaign(100);
    let task = world
        .process(1)
        .with(|c| c.messages_per_second = 10)
        .start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    task.abort();
    world.process(2).start();

    tokio::time::sleep(Duration::from_secs(9)).await;
    let mut requests = world.provider.requests();
    requests.retain(|request| request.by == 2);
    assert!(requests.is_empty(), "the lease was still held");
    tokio::time::sleep(Duration::from_secs(9)).await;
    requests = world.provider.requests();
    requests.retain(|request| request.by == 2);
    assert!(requests.len() > 50);

    world.until_completed(campaign).await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_lease_was_taken_sends_nothing_more_and_still_records() {
    let world = World::new();
    let campaign = world.campaign(60);
    let slow = Answer::accepted().after(Duration::from_secs(8));
    world.provider.always(slow);
    let first = world.process(1).with(|c| c.messages_per_second = 10);
    first.start();
    tokio::time::sleep(Duration::from_secs(2)).await;

    // The database's clock is past the lease; the process does not know.
    let lease_over = Duration::from_mins(1);
    world.ledger.with(|tables| tables.clock_ahead += lease_over);
    world.process(2).start();
    world
        .until("another takes over", |world| {
            world.provider.requests().iter().any(|r| r.by == 2)
        })
        .await;
    let in_doubt = world.count(campaign, DeliveryStatus::InDoubt);
    let by_first = |world: &World| {
        let requests = world.provider.requests().into_iter();
        requests.filter(|request| request.by == 1).count()
    };
    let before = by_first(&world);
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert!(in_doubt > 10, "{in_doubt}");
    // What was claimed before may leave within its quarter of a second.
    assert!(by_first(&world) <= before + 3);
    let after = by_first(&world);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(by_first(&world), after);
    // The answers that came meanwhile settle the doubts.
    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 0);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 60);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_process_cut_off_from_the_store_stops_before_its_lease_is_over() {
    let world = World::new();
    let campaign = world.campaign(400);
    let slow = Answer::accepted().after(Duration::from_secs(40));
    world.provider.always(slow);
    let first = world.process(1).with(|c| c.messages_per_second = 20);
    first.start();
    world
        .process(2)
        .with(|c| c.messages_per_second = 20)
        .start();
    tokio::time::sleep(Duration::from_secs(7)).await;

    first.connection.cut(true);
    let cut_at = Instant::now();
    world
        .until("another takes over", |world| {
            world.provider.requests().iter().any(|r| r.by == 2)
        })
        .await;
    let taken_at = cut_at.elapsed();
    first.connection.cut(false);
    world.until_completed(campaign).await;

    assert!(taken_at <= Duration::from_secs(18), "{taken_at:?}");
    let requests = world.provider.requests();
    let last = requests.iter().rfind(|request| request.by == 1);
    let first_of_other = requests.iter().find(|request| request.by == 2);
    let last = last.expect("the first sent").at;
    let next = first_of_other.expect("the second sent").at;
    assert!(last < next, "both sent at the same time");
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 400);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_under_a_lease_that_ran_out_does_not_leave() {
    let world = World::new();
    let campaign = world.campaign(400);
    // A lease that counts for less time than is claimed ahead.
    let ttl = Duration::from_millis(160);
    let process = world.process(1).with(|c| c.lease_ttl = ttl);
    process.start();
    world
        .until("a claim of many", |world| {
            world.count(campaign, DeliveryStatus::Dispatching) >= 18
        })
        .await;

    process.connection.cut(true);
    let cut_at = Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;

    // Three quarters of it, counted from a renewal that was asked for before the cut.
    let last = world.provider.requests().last().expect("some").at;
    assert!(last <= cut_at + Duration::from_millis(120));
    let left = world.provider.requests().len();
    let begun = world.recipients(campaign);
    let begun = begun.iter().filter(|r| r.delivery.attempts > 0).count();
    assert!(begun > left, "nothing was held back");
}
