//! The end of a process.

use std::time::Duration;

use nexus_domain::DeliveryStatus;
use tokio::time::Instant;

use super::provider::Answer;
use super::world::World;

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_lands_and_what_waits_goes_back_to_the_queue() {
    let world = World::new();
    let campaign = world.campaign(100);
    let slow = Answer::accepted().after(Duration::from_secs(4));
    world.provider.always(slow);
    let process = world.process(1).with(|c| c.messages_per_second = 20);
    let task = process.start();
    tokio::time::sleep(Duration::from_millis(2_010)).await;

    process.shutdown.request();
    let asked_at = Instant::now();
    let when_asked = world.provider.requests().len();
    task.await.expect("it ends");

    let sent = world.provider.requests().len();
    assert_eq!(sent, when_asked, "something left after the wish to stop");
    assert!(sent >= 30, "{sent}");
    assert!(asked_at.elapsed() < Duration::from_secs(5));
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), sent);
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 100 - sent);
    world.ledger.with(|tables| {
        let lease = &tables.leases[&world.business.sender];
        assert!(lease.expires.is_none(), "the lease is not given back");
    });
    let held_back = world.recipients(campaign);
    assert!(
        held_back
            .iter()
            .any(|r| r.delivery.status == DeliveryStatus::Queued && r.delivery.attempts == 1),
        "nothing waited"
    );
    world.check();

    world.provider.always(Answer::accepted());
    world.process(2).start();
    world.until_completed(campaign).await;
    assert_eq!(world.provider.requests().len(), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_has_not_landed_when_the_time_is_over_is_in_doubt() {
    let world = World::new();
    let campaign = world.campaign(10);
    let late = Answer::accepted().after(Duration::from_secs(50));
    world.provider.answers(&world.address(campaign, 3), [late]);
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    process.shutdown.request();
    let asked_at = Instant::now();
    task.await.expect("it ends");

    let took = asked_at.elapsed();
    assert!(took >= Duration::from_secs(12), "{took:?}");
    assert!(took < Duration::from_secs(14), "{took:?}");
    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 1);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 9);
    world.ledger.with(|tables| {
        assert!(tables.leases[&world.business.sender].expires.is_none());
    });
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_does_not_keep_the_process_from_ending() {
    let world = World::new();
    let campaign = world.campaign(10);
    let slow = Answer::accepted().after(Duration::from_secs(2));
    world.provider.always(slow);
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    process.connection.cut(true);
    process.shutdown.request();
    let asked_at = Instant::now();
    task.await.expect("it ends");

    let took = asked_at.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(world.count(campaign, DeliveryStatus::Dispatching), 10);

    // What could not be recorded is in doubt, and nobody gets it twice.
    world.process(2).start();
    world.until_completed(campaign).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Unconfirmed), 10);
    assert_eq!(world.provider.requests().len(), 10);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_comes_back_in_time_gets_the_last_outcomes() {
    let world = World::new();
    let campaign = world.campaign(10);
    let slow = Answer::accepted().after(Duration::from_secs(2));
    world.provider.always(slow);
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    process.connection.cut(true);
    process.shutdown.request();

    tokio::time::sleep(Duration::from_secs(8)).await;
    process.connection.cut(false);
    task.await.expect("it ends");

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 10);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_process_with_nothing_to_do_ends_at_once() {
    let world = World::new();
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(5)).await;

    process.shutdown.request();
    let asked_at = Instant::now();
    task.await.expect("it ends");

    assert!(asked_at.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_lost_its_lease_long_ago_has_as_much_time_to_end() {
    let world = World::new();
    let campaign = world.campaign(20);
    let slow = Answer::accepted().after(Duration::from_secs(30));
    world.provider.always(slow);
    let process = world.process(1);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let lease_over = Duration::from_mins(1);
    world.ledger.with(|tables| tables.clock_ahead += lease_over);
    world.process(2).start();
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert_eq!(world.count(campaign, DeliveryStatus::InDoubt), 20);

    process.shutdown.request();
    task.await.expect("it ends");

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 20);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_does_not_keep_the_process() {
    let world = World::new();
    let campaign = world.campaign(200);
    let process = world.process(1).with(|c| c.messages_per_second = 20);
    let task = process.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    process.connection.hang();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let began = Instant::now();

    process.shutdown.request();
    task.await.expect("it ends");

    assert!(
        began.elapsed() <= Duration::from_secs(21),
        "{:?}",
        began.elapsed()
    );
    // Nothing was begun meanwhile that is not in the store as begun.
    let requests = world.provider.requests();
    assert!(requests.iter().all(|r| r.stored.is_some()));
    assert!(world.count(campaign, DeliveryStatus::Queued) > 0);
}
