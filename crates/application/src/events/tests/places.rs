use std::time::Duration;

use super::world::{World, next, within};
use crate::events::{Event, EventLimits, FollowError};

#[tokio::test(start_paused = true)]
async fn a_user_has_so_many_places_and_one_that_is_left_is_free() {
    let world = World::new();
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(world.follow().await);
    }
    let refused = world.try_follow(None).await;
    assert!(matches!(
        refused,
        Err(FollowError::TooManyOfUser { most: 3 })
    ));
    places.pop();
    places.push(world.follow().await);
    assert!(world.try_follow(None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_instance_has_so_many_places() {
    let world = World::with(EventLimits {
        per_user: 3,
        in_all: 4,
    });
    let mut places = Vec::new();
    for _ in 0..4 {
        let other = world.another_user();
        places.push(world.follow_as(other).await.expect("a place"));
    }
    let refused = world.try_follow(None).await;
    assert!(matches!(refused, Err(FollowError::TooMany)));
    places.clear();
    assert!(world.try_follow(None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_place_of_one_who_takes_nothing_for_long_goes_to_the_next() {
    let world = World::new();
    let mut stuck = world.follow().await;
    let (mut one, mut two) = (world.follow().await, world.follow().await);
    assert!(world.try_follow(None).await.is_err());
    tokio::join!(within(&mut one, 31), within(&mut two, 31));
    let _next = world.follow().await;
    assert_eq!(stuck.next().await, None, "it comes back if it lives");
    drop(stuck);
    assert!(
        world.try_follow(None).await.is_err(),
        "the others are there"
    );
}

#[tokio::test(start_paused = true)]
async fn one_who_takes_nothing_for_long_is_let_go_though_nobody_wants_the_place() {
    let world = World::new();
    world.campaign(0);
    let mut follower = world.follow().await;
    next(&mut follower).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(follower.next().await, None);
    drop(follower);
    // Within the wait for the next look as well.
    let mut follower = world.follow().await;
    next(&mut follower).await;
    let mut waiting = Box::pin(follower.next());
    assert!(waits(&mut waiting).await);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(waiting.await, None);
}

/// Polls once. Whether it waits.
async fn waits<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        let polled = std::pin::Pin::new(&mut *future).poll(context);
        std::task::Poll::Ready(polled.is_pending())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_gone_are_found_out_before_one_is_refused() {
    let world = World::new();
    let mut places = vec![world.follow().await, world.follow().await];
    let mut gone = world.follow().await;
    // What is sent to it first is lost, and then the connection knows.
    let leaving = async {
        assert_eq!(next(&mut gone).await, [Event::Heartbeat]);
        assert_eq!(next(&mut gone).await, [Event::Heartbeat]);
        drop(gone);
    };
    let (next, ()) = tokio::join!(world.try_follow(None), leaving);
    places.push(next.expect("a place"));
    assert!(world.try_follow(None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn pages_come_back_at_different_times() {
    let world = World::new();
    let (one, two) = (world.follow().await, world.follow().await);
    for follower in [&one, &two] {
        let after = follower.retry_after().as_secs_f64();
        assert!((2.0..=4.0).contains(&after), "{after}");
    }
    assert_ne!(one.retry_after(), two.retry_after());
}
