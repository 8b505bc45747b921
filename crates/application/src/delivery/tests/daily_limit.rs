//! Accounts that may write to so many new people a day.

use std::time::Duration;

use nexus_domain::{
    CampaignContact, CampaignContent, CampaignId, CampaignStatus, DailyLimit, DeliveryStatus,
};

use super::process::Process;
use super::world::World;

/// A process that lets accounts write to so many new people a day.
fn process(world: &World, number: usize, people: u32) -> Process {
    world
        .process(number)
        .with(|config| config.daily_people = Some(people))
}

/// Hours pass, and then the time in which that is noticed.
async fn hours_pass(world: &World, hours: i64) {
    world.clock.move_ahead(hours);
    tokio::time::sleep(Duration::from_secs(10)).await;
}

fn accepted(world: &World, campaign: CampaignId) -> usize {
    world.count(campaign, DeliveryStatus::Accepted)
}

#[tokio::test(start_paused = true)]
async fn a_campaign_waits_for_the_next_day_and_goes_on_by_itself() {
    let world = World::new();
    let campaign = world.campaign(40);
    process(&world, 1, 25).start();

    hours_pass(&world, 0).await;
    assert_eq!(accepted(&world, campaign), 25);
    hours_pass(&world, 23).await;
    assert_eq!(accepted(&world, campaign), 25);
    assert_eq!(world.status(campaign), CampaignStatus::Active);
    assert_eq!(world.count(campaign, DeliveryStatus::Dispatching), 0);

    hours_pass(&world, 2).await;
    assert_eq!(accepted(&world, campaign), 40);
    assert_eq!(world.status(campaign), CampaignStatus::Completed);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn in_no_day_are_there_more_than_the_limit() {
    let world = World::new();
    let process = process(&world, 1, 20);
    process.start();
    let mut sent = Vec::new();
    for _ in 0..24 {
        // More than a day's worth a day.
        world.campaign(4);
        process.wake.notify_one();
        hours_pass(&world, 3).await;
        sent.push(world.provider.requests().len());
    }

    for (now, a_day_ago) in sent.iter().skip(8).zip(&sent) {
        assert!(now - a_day_ago <= 20, "{sent:?}");
    }
    assert!(sent.last() >= Some(&50), "{sent:?}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn who_was_written_to_that_day_does_not_count_again() {
    let world = World::new();
    let first = world.campaign(10);
    let process = process(&world, 1, 10);
    process.start();
    world.until_completed(first).await;

    let known = world.recipients(first);
    let second = world.campaign(3);
    for recipient in &known[..5] {
        world.write_again(second, recipient);
    }
    process.wake.notify_one();
    tokio::time::sleep(Duration::from_mins(1)).await;

    let recipients = world.recipients(second);
    let sent = |r: &&nexus_domain::CampaignContact| r.delivery.status == DeliveryStatus::Accepted;
    let again: Vec<_> = recipients.iter().filter(sent).collect();
    assert_eq!(again.len(), 5);
    assert!(
        again
            .iter()
            .all(|r| known.iter().any(|k| k.address == r.address))
    );
    assert_eq!(world.count(second, DeliveryStatus::Queued), 3);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn campaigns_share_what_is_left_and_other_accounts_are_unharmed() {
    let world = World::new();
    let (one, two) = (world.campaign(90), world.campaign(90));
    let elsewhere = world.another_business();
    let CampaignContent::Text(text) = world.campaign_now(one).content else {
        panic!("a text");
    };
    let unharmed = world.campaign_of(elsewhere, CampaignContent::Text(text), 100);
    process(&world, 1, 100).start();

    world.until_completed(unharmed).await;
    tokio::time::sleep(Duration::from_mins(1)).await;

    let (of_one, of_two) = (accepted(&world, one), accepted(&world, two));
    assert_eq!(of_one + of_two, 100);
    assert!(of_one.abs_diff(of_two) <= 10, "{of_one} and {of_two}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_takes_effect_within_seconds() {
    let world = World::new();
    let campaign = world.campaign(30);
    process(&world, 1, 10).start();
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(accepted(&world, campaign), 10);

    world.ledger.with(|tables| {
        let user = tables.users.get_mut(&world.business.user);
        user.expect("the user").whatsapp_daily_limit = Some(DailyLimit::Of2000);
    });
    tokio::time::sleep(Duration::from_secs(10)).await;

    assert_eq!(accepted(&world, campaign), 30);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn another_process_goes_on_with_the_same_budget() {
    let world = World::new();
    let campaign = world.campaign(50);
    let first = process(&world, 1, 20);
    let task = first.start();
    tokio::time::sleep(Duration::from_mins(1)).await;
    first.shutdown.request();
    task.await.expect("it ends");

    process(&world, 2, 20).start();
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(accepted(&world, campaign), 20);
    world.check();
}

/// A campaign to so many people, of whom those behind them all were written to already.
fn with_known_people_last(world: &World, new: usize, known: &[CampaignContact]) -> CampaignId {
    let campaign = world.campaign(new);
    for recipient in known {
        world.write_again(campaign, recipient);
    }
    campaign
}

#[tokio::test(start_paused = true)]
async fn who_counts_already_does_not_wait_behind_new_people() {
    let world = World::new();
    let first = world.campaign(10);
    let process = process(&world, 1, 10);
    process.start();
    world.until_completed(first).await;

    let known = world.recipients(first);
    let one = with_known_people_last(&world, 600, &known[..4]);
    let two = with_known_people_last(&world, 600, &known[4..]);
    process.wake.notify_one();
    tokio::time::sleep(Duration::from_mins(1)).await;

    assert_eq!(accepted(&world, one), 4);
    assert_eq!(accepted(&world, two), 6);
    assert_eq!(world.count(one, DeliveryStatus::Queued), 600);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn who_counts_already_and_comes_later_is_noticed_within_a_minute() {
    let world = World::new();
    let campaign = world.campaign(30);
    process(&world, 1, 10).start();
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(accepted(&world, campaign), 10);

    let sent = |r: &CampaignContact| r.delivery.status == DeliveryStatus::Accepted;
    let known = world.recipients(campaign).into_iter().find(sent);
    let other = world.campaign(0);
    world.write_again(other, &known.expect("somebody who counts"));
    tokio::time::sleep(Duration::from_mins(1)).await;

    assert_eq!(accepted(&world, other), 1);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_day_of_waiting_asks_the_store_little() {
    let world = World::new();
    let campaign = world.campaign(40);
    process(&world, 1, 25).start();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(accepted(&world, campaign), 25);

    let before = world.ledger.statements();
    tokio::time::sleep(Duration::from_hours(1)).await;

    // Accounts with work every second, the limits, the campaigns and the lease every few seconds, a
    // claim now and then. Going round without a wait would be tens of times as much.
    let asked = world.ledger.statements() - before;
    assert!(asked < 3 * 3_600, "{asked} statements in an hour");
}
