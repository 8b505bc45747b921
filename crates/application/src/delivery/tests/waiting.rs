//! Messages that were certainly not sent and are tried again.

use std::time::Duration;

use nexus_domain::{CampaignId, DeliveryStatus, FailureCode};
use tokio::time::Instant;

use super::provider::{Answer, Request};
use super::world::World;

/// Lets the first try of the recipient in this place be answered so.
fn first_answer(world: &World, campaign: CampaignId, place: usize, answer: Answer) -> String {
    let address = world.address(campaign, place);
    world.provider.answers(&address, [answer]);
    address
}

/// The longest time without any request.
fn longest_silence(requests: &[Request]) -> (Instant, Duration) {
    let pairs = requests.windows(2);
    let silences = pairs.map(|pair| (pair[0].at, pair[1].at - pair[0].at));
    silences
        .max_by_key(|(_, silence)| *silence)
        .expect("two requests")
}

#[tokio::test(start_paused = true)]
async fn a_throttled_message_is_sent_later() {
    let world = World::new();
    let campaign = world.campaign(50);
    let throttled = Answer::throttled(None);
    let address = first_answer(&world, campaign, 10, throttled);
    world.start();

    world.until_completed(campaign).await;

    let tries = world.provider.requests_to(&address);
    assert_eq!(tries.len(), 2);
    assert!(tries[0].attempt.number < tries[1].attempt.number);
    assert!(tries[1].at - tries[0].at >= Duration::from_millis(500));
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 50);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_account_leaves_before_retry_after_has_passed() {
    let world = World::new();
    let (throttled, other) = (world.campaign(50), world.campaign(50));
    let answer = Answer::throttled(Some(Duration::from_secs(90)));
    first_answer(&world, throttled, 5, answer);
    world.start();

    world.until_completed(throttled).await;
    world.until_completed(other).await;

    // The answer takes 20 ms, in which others may leave.
    let (_, silence) = longest_silence(&world.provider.requests());
    assert!(silence >= Duration::from_secs(90), "{silence:?}");
    assert!(silence <= Duration::from_secs(93), "{silence:?}");
    // Nobody was claimed for nothing meanwhile.
    let recipients = world.recipients(other);
    assert!(recipients.iter().all(|r| r.delivery.attempts <= 2));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn throttled_again_and_again_the_account_waits_longer_each_time() {
    let world = World::new();
    let campaign = world.campaign(1);
    let answers = vec![Answer::throttled(None); 5];
    world.provider.answers(&world.address(campaign, 0), answers);
    world.start();

    world.until_completed(campaign).await;

    let requests = world.provider.requests();
    let waits: Vec<_> = requests
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at).as_secs_f64())
        .collect();
    assert_eq!(waits.len(), 5);
    for (wait, whole) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0]) {
        // A second more: the rows are looked at once a second.
        let range = whole / 2.0..whole + 1.1;
        assert!(range.contains(wait), "{wait} of {whole}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recipient_written_to_too_often_waits_alone() {
    let world = World::new();
    let campaign = world.campaign(200);
    let answer = Answer::recipient_throttled(Some(Duration::from_secs(40)));
    let address = first_answer(&world, campaign, 20, answer);
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();

    world.until_completed(campaign).await;

    let tries = world.provider.requests_to(&address);
    assert_eq!(tries.len(), 2);
    assert!(tries[1].at - tries[0].at >= Duration::from_secs(40));
    let mut others = world.provider.requests();
    others.retain(|request| request.to != address);
    let (_, silence) = longest_silence(&others);
    assert!(silence < Duration::from_millis(200), "{silence:?}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_message_throttled_each_time_is_given_up() {
    let world = World::new();
    let campaign = world.campaign(5);
    let address = world.address(campaign, 1);
    let answers = vec![Answer::recipient_throttled(None); 9];
    world.provider.answers(&address, answers);
    world.process(1).with(|c| c.retry_max_attempts = 4).start();

    world.until_completed(campaign).await;

    let failed = world.recipients(campaign).swap_remove(1).delivery;
    assert_eq!(failed.status, DeliveryStatus::Failed);
    let code = failed.failure.expect("a failure").code;
    assert_eq!(code, FailureCode::RetriesExhausted);
    assert_eq!(world.provider.requests_to(&address).len(), 4);
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 4);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn without_connection_tries_end_with_time() {
    let world = World::new();
    let campaign = world.campaign(1);
    world.provider.always(Answer::not_connected());
    let began = Instant::now();
    world
        .process(1)
        .with(|config| {
            config.retry_max_attempts = 2;
            config.retry_max_age = Duration::from_mins(30);
        })
        .start();

    world.until_completed(campaign).await;

    let failed = world.recipients(campaign).swap_remove(0).delivery;
    let code = failed.failure.expect("a failure").code;
    assert_eq!(code, FailureCode::RetriesExhausted);
    assert!(began.elapsed() >= Duration::from_mins(30));
    assert!(world.provider.requests().len() > 20);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn when_the_connection_is_back_everyone_gets_their_message() {
    let world = World::new();
    let campaign = world.campaign(100);
    world.provider.always(Answer::not_connected());
    world.start();
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 0);

    world.provider.always(Answer::accepted());
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 100);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_account_throttled_for_an_hour_loses_nobody() {
    let world = World::new();
    let campaign = world.campaign(60);
    world.provider.always(Answer::throttled(None));
    world.start();
    tokio::time::sleep(Duration::from_hours(1)).await;

    world.provider.always(Answer::accepted());
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 60);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_campaign_resumed_after_days_survives_a_moment_without_connection() {
    let world = World::new();
    let campaign = world.campaign(60);
    let refused = Answer::account_refused(FailureCode::CredentialInvalid);
    first_answer(&world, campaign, 0, refused);
    world.start();
    tokio::time::sleep(Duration::from_hours(48)).await;

    world.provider.always(Answer::not_connected());
    world.resume(campaign).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    world.provider.always(Answer::accepted());
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 60);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_person_written_to_too_often_is_left_alone_longer_each_time() {
    let world = World::new();
    let campaign = world.campaign(1);
    let address = world.address(campaign, 0);
    let answers = vec![Answer::recipient_throttled(None); 4];
    world.provider.answers(&address, answers);
    world.start();

    world.until_completed(campaign).await;

    let requests = world.provider.requests_to(&address);
    let waits = requests
        .windows(2)
        .map(|pair| (pair[1].at - pair[0].at).as_secs_f64());
    for (wait, least) in waits.zip([4.0, 16.0, 64.0, 256.0]) {
        // A quarter more, and a second: the rows are looked at once a second.
        let range = least..least * 1.25 + 1.1;
        assert!(range.contains(&wait), "{wait} of {least}");
    }
    assert_eq!(requests.len(), 5);
    assert_eq!(world.recipients(campaign)[0].delivery.put_off, 4);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_the_provider_asked_for_is_kept_by_the_next_owner() {
    let world = World::new();
    let campaign = world.campaign(20);
    let answer = Answer::throttled(Some(Duration::from_mins(10)));
    first_answer(&world, campaign, 0, answer);
    let first = world.process(1).with(|c| c.messages_per_second = 10);
    let task = first.start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = world.provider.requests().len();
    first.shutdown.request();
    task.await.expect("it ends");

    world.process(2).start();
    tokio::time::sleep(Duration::from_mins(9)).await;
    assert_eq!(world.provider.requests().len(), before);

    world.until_completed(campaign).await;
    let requests = world.provider.requests();
    let rested = requests[before].at - requests[0].at;
    assert!(rested >= Duration::from_mins(10), "{rested:?}");
    assert!(
        rested < Duration::from_mins(10) + Duration::from_secs(5),
        "{rested:?}"
    );
    assert!(requests[before..].iter().all(|request| request.by == 2));
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_too_fast_becomes_slower_and_recovers() {
    let world = World::new();
    let campaign = world.campaign(800);
    for place in [20, 21, 22] {
        let throttled = vec![Answer::throttled(None); 2];
        world
            .provider
            .answers(&world.address(campaign, place), throttled);
    }
    world
        .process(1)
        .with(|c| c.messages_per_second = 20)
        .start();
    world.until_completed(campaign).await;

    let requests = world.provider.requests();
    let (throttled_at, _) = longest_silence(&requests);
    let within = |from: u64, to: u64| {
        let from = throttled_at + Duration::from_secs(from);
        let to = throttled_at + Duration::from_secs(to);
        requests
            .iter()
            .filter(|request| request.at >= from && request.at < to)
            .count()
    };
    let (soon, later) = (within(5, 7), within(55, 57));
    assert!(soon < 34, "{soon}");
    assert!((38..=42).contains(&later), "{later}");
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_never_left_does_not_count_as_a_try() {
    let world = World::new();
    let campaign = world.campaign(30);
    world.provider.always(Answer::not_connected());
    let process = world.process(1).with(|c| c.retry_max_attempts = 3);
    process.start();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let many = world.recipients(campaign);
    assert!(many.iter().any(|r| r.delivery.attempts > 3));
    assert!(many.iter().all(|r| r.delivery.tries() == 0));

    // Each is put off twice, which is allowed.
    for place in 0..30 {
        let answers = vec![Answer::recipient_throttled(None); 2];
        world
            .provider
            .answers(&world.address(campaign, place), answers);
    }
    world.provider.always(Answer::accepted());
    world.until_completed(campaign).await;

    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 30);
    let sent = world.recipients(campaign);
    assert!(sent.iter().all(|r| r.delivery.tries() == 3));
    world.check();
}

/// The second day of a campaign that takes two, with these answers for most of an hour.
async fn most_of_an_hour_on_the_second_day(world: &World, answer: Answer) -> CampaignId {
    let campaign = world.campaign(20);
    world
        .process(1)
        .with(|config| config.daily_people = Some(10))
        .start();
    tokio::time::sleep(Duration::from_hours(23)).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 10);

    world.provider.always(answer);
    tokio::time::sleep(Duration::from_mins(135)).await;
    let tried = world.recipients(campaign);
    assert!(tried.iter().any(|r| r.delivery.attempts >= 30));
    world.provider.always(Answer::accepted());
    tokio::time::sleep(Duration::from_mins(5)).await;
    campaign
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_connection_on_the_second_day_loses_nobody() {
    let world = World::new();
    let answer = Answer::not_connected();
    let campaign = most_of_an_hour_on_the_second_day(&world, answer).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 20);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn an_account_throttled_on_the_second_day_loses_nobody() {
    let world = World::new();
    let answer = Answer::throttled(None);
    let campaign = most_of_an_hour_on_the_second_day(&world, answer).await;
    assert_eq!(world.count(campaign, DeliveryStatus::Accepted), 20);
    world.check();
}
