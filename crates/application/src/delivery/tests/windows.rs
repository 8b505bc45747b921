//! Campaigns that may be sent only at some hours. The clock starts on a Monday at 10:00.

use std::time::Duration;

use chrono::Weekday;
use nexus_domain::values::{SendWindow, TimeZone, WallTime};
use nexus_domain::{CampaignStatus, DeliveryStatus};
use tokio::time::Instant;

use super::world::World;

fn window(from: &str, to: &str) -> SendWindow {
    let time = |raw| WallTime::parse(raw).expect("a time");
    let days = [Weekday::Mon, Weekday::Tue];
    SendWindow::new(days, time(from), time(to), TimeZone::UTC).expect("a window")
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_before_the_window_opens_and_the_store_is_left_in_peace() {
    let world = World::new();
    let campaign = world.campaign(20);
    world.confine(campaign, window("11:00", "12:00")).await;
    let began = Instant::now();
    world.start();

    tokio::time::sleep(Duration::from_mins(5)).await;
    let before = world.ledger.statements();
    tokio::time::sleep(Duration::from_mins(50)).await;
    let seconds = 50 * 60;
    let asked = world.ledger.statements() - before;
    assert!(asked <= 8 * seconds, "{asked} statements in {seconds} s");
    assert!(world.provider.requests().is_empty());
    assert_eq!(world.count(campaign, DeliveryStatus::Queued), 20);
    assert_eq!(world.status(campaign), CampaignStatus::Active);

    world.until_completed(campaign).await;
    let requests = world.provider.requests();
    assert_eq!(requests.len(), 20);
    let first = requests[0].at - began;
    assert!(first >= Duration::from_hours(1), "{first:?}");
    assert!(first < Duration::from_secs(3_602), "{first:?}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_is_left_when_the_window_closes_waits_until_it_opens_again() {
    let world = World::new();
    let campaign = world.campaign(150);
    world.confine(campaign, window("10:01", "10:03")).await;
    let began = Instant::now();
    world
        .process(1)
        .with(|config| config.messages_per_second = 1)
        .start();

    tokio::time::sleep(Duration::from_mins(10)).await;
    let sent = world.provider.requests();
    assert!((115..=122).contains(&sent.len()), "{}", sent.len());
    for request in &sent {
        let at = request.at - began;
        // What was claimed before the end leaves within a quarter of a second.
        let (open, closed) = (Duration::from_mins(1), Duration::from_millis(180_300));
        assert!((open..closed).contains(&at), "{at:?}");
    }
    world.confine(campaign, window("10:20", "10:30")).await;
    world.until_completed(campaign).await;
    let second = world.provider.requests()[sent.len()].at - began;
    assert!(second >= Duration::from_mins(20), "{second:?}");
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 150);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_closed_campaign_keeps_no_other_waiting() {
    let world = World::new();
    let closed = world.campaign(30);
    let open = world.campaign(30);
    world.confine(closed, window("20:00", "21:00")).await;
    let began = Instant::now();
    world.start();
    world.until_completed(open).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(world.count(closed, DeliveryStatus::Queued), 30);
    let before = world.ledger.statements();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(world.ledger.statements() - before <= 8 * 60);
}

#[tokio::test(start_paused = true)]
async fn an_active_campaign_without_anybody_left_completes() {
    let world = World::new();
    let empty = world.campaign(0);
    let confined = world.campaign(0);
    world.confine(confined, window("20:00", "21:00")).await;
    let other = world.campaign(3);
    world.start();
    for campaign in [empty, confined, other] {
        world.until_completed(campaign).await;
    }
    assert_eq!(world.provider.requests().len(), 3);
    world.check();
}
