use std::time::Duration;

use nexus_domain::SessionKeyHash;
use tokio::time::Instant;

use super::world::{SESSION, World, next, progress, within};
use crate::events::{Event, FollowError};

#[tokio::test(start_paused = true)]
async fn it_ends_within_two_seconds_of_the_session_and_others_go_on() {
    let world = World::new();
    let id = world.campaign(0);
    let other_session = SessionKeyHash([2; 32]);
    world.sign_in(other_session);
    let mut one = world.follow().await;
    let actor = crate::fixtures::actor();
    let other = world.events.follow(&actor, other_session, None).await;
    let mut other = other.expect("a place");
    next(&mut one).await;
    next(&mut other).await;
    world.sign_out(SESSION);
    let began = Instant::now();
    world.sent(id, 1, 0);
    assert_eq!(one.next().await, None, "it is told nothing more");
    assert!(began.elapsed() <= Duration::from_secs(2));
    assert_eq!(progress(&next(&mut other).await), [(id, 1)]);
    let again = world.try_follow(None).await;
    assert!(matches!(again, Err(FollowError::SignedOut)));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_just_begun_is_known() {
    let world = World::new();
    let _other = world.follow().await;
    // The last look knows nothing of it, and the next one is not due.
    let session = SessionKeyHash([2; 32]);
    world.sign_in(session);
    let actor = crate::fixtures::actor();
    let follower = world.events.follow(&actor, session, None).await;
    assert!(follower.is_ok());
}

#[tokio::test(start_paused = true)]
async fn it_ends_at_once_when_the_process_does() {
    let world = World::new();
    world.campaign(0);
    let mut follower = world.follow().await;
    next(&mut follower).await;
    let began = Instant::now();
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.shutdown.request();
    };
    let (end, ()) = tokio::join!(follower.next(), stopping);
    assert_eq!(end, None);
    assert!(began.elapsed() < Duration::from_millis(310));
    let again = world.try_follow(None).await;
    assert!(matches!(again, Err(FollowError::Stopping)));
}

#[tokio::test(start_paused = true)]
async fn while_nothing_happens_a_heartbeat_comes_every_fifteen_seconds() {
    let world = World::new();
    let mut follower = world.follow().await;
    for _ in 0..4 {
        let began = Instant::now();
        assert_eq!(next(&mut follower).await, [Event::Heartbeat]);
        let took = began.elapsed().as_secs_f64();
        assert!((14.9..=16.1).contains(&took), "{took}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_outlives_the_database_being_away_and_misses_nothing() {
    let world = World::new();
    let (before, during) = (world.campaign(0), world.campaign(0));
    let mut follower = world.follow().await;
    next(&mut follower).await;
    // Committed just before, and not seen yet.
    world.sent(before, 1, 0);
    world.lose_database(true);
    let told = within(&mut follower, 600).await;
    assert!(told.len() >= 30, "{told:?}");
    assert!(told.iter().all(|event| *event == Event::Heartbeat));
    // Another instance reached it all the while.
    world.sent(during, 2, 5);
    let last = world.campaign(10);
    world.lose_database(false);
    let told = progress(&next(&mut follower).await);
    assert_eq!(told.len(), 3, "{told:?}");
    for expected in [(before, 1), (during, 2), (last, 0)] {
        assert!(told.contains(&expected), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_does_not_answer_keeps_no_heartbeat_back() {
    let world = World::new();
    let (mut one, mut two) = (world.follow().await, world.follow().await);
    world.stick(true);
    let (a, b) = tokio::join!(within(&mut one, 200), within(&mut two, 200));
    for told in [a, b] {
        assert!(told.len() >= 8, "{told:?}");
    }
    world.stick(false);
    let id = world.campaign(0);
    assert_eq!(progress(&within(&mut one, 3).await), [(id, 0)]);
    assert_eq!(progress(&within(&mut two, 3).await), [(id, 0)]);
}

#[tokio::test(start_paused = true)]
async fn while_the_database_is_away_nobody_begins() {
    let world = World::new();
    world.lose_database(true);
    for _ in 0..20 {
        let refused = world.try_follow(None).await;
        assert!(matches!(refused, Err(FollowError::Storage(_))));
    }
    world.lose_database(false);
    assert!(world.try_follow(None).await.is_ok(), "no place was kept");
}
