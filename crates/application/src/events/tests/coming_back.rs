use super::world::{START, World, event_ids, is_reset, next, progress, within};
use crate::events::EventId;
use crate::events::feed::MOST_CAMPAIGNS;
use crate::fixtures::now;

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_is_told_all_that_changed_meanwhile() {
    let world = World::new();
    let (same, sent, over) = (world.campaign(0), world.campaign(0), world.campaign(0));
    let mut follower = world.follow().await;
    let last = *event_ids(&next(&mut follower).await).last().expect("ids");
    drop(follower);
    world.sent(sent, 50, 60);
    world.change(over, 120, |campaign| {
        campaign.complete(now()).expect("it is active");
    });
    // Others go on, and the feed with them.
    let mut other = world.follow().await;
    within(&mut other, 5).await;
    let mut follower = world.come_back(last).await;
    let events = next(&mut follower).await;
    assert!(!is_reset(&events));
    let mut told = progress(&events);
    // What changed as late as what was last told may be told again.
    told.retain(|(id, _)| *id != same);
    assert_eq!(told, [(sent, 50), (over, 0)]);
    assert!(event_ids(&events).iter().all(|id| *id > last));
    assert_eq!(progress(&within(&mut follower, 10).await), []);
}

#[tokio::test(start_paused = true)]
async fn whoever_got_some_of_what_was_told_together_is_told_all_of_it_again() {
    let world = World::new();
    let ids = [world.campaign(0), world.campaign(0), world.campaign(0)];
    let mut follower = world.follow().await;
    let beginning = event_ids(&next(&mut follower).await);
    for (id, minute) in ids.into_iter().zip([100, 200, 300]) {
        world.sent(id, 8, minute);
    }
    let together = event_ids(&next(&mut follower).await);
    for last in [beginning[0], beginning[1], together[0], together[1]] {
        let mut follower = world.come_back(last).await;
        let events = next(&mut follower).await;
        assert_eq!(progress(&events), ids.map(|id| (id, 8)), "{last}");
        assert!(!is_reset(&events), "{last}");
    }
    let mut follower = world.come_back(together[2]).await;
    assert_eq!(progress(&next(&mut follower).await), [(ids[2], 8)]);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_says_nothing_gets_the_unfinished_campaigns_and_the_advice_to_look() {
    let world = World::new();
    let (active, over) = (world.campaign(0), world.campaign(0));
    world.change(over, 1, |campaign| {
        campaign.complete(now()).expect("it is active");
    });
    // Much later, so that the one that is over is not told because it is new.
    world.sent(active, 4, 1_000);
    let later = format!("{}-9", START + 1_000_000);
    for last in [
        "",
        "?",
        "12",
        "-5-1",
        "a-1",
        "1-b",
        "99999999999999999999-1",
        &later,
    ] {
        let mut follower = world.try_follow(Some(last)).await.expect("a place");
        let events = next(&mut follower).await;
        assert!(is_reset(&events), "{last}");
        assert_eq!(progress(&events), [(active, 4)], "{last}");
    }
    let mut follower = world.follow().await;
    let events = next(&mut follower).await;
    assert!(!is_reset(&events), "there was nothing to look at again");
    assert_eq!(progress(&events), [(active, 4)]);
}

#[tokio::test(start_paused = true)]
async fn an_id_since_which_too_much_has_changed_is_as_good_as_none() {
    let world = World::new();
    for _ in 0..=MOST_CAMPAIGNS {
        world.campaign(500);
    }
    let last = EventId::parse(&format!("{START}-7")).expect("an id");
    let mut follower = world.come_back(last).await;
    let events = next(&mut follower).await;
    assert!(is_reset(&events));
    assert_eq!(progress(&events).len(), MOST_CAMPAIGNS as usize);
}

#[tokio::test(start_paused = true)]
async fn an_old_id_gets_everything_since_what_is_over_included() {
    let world = World::new();
    let over = world.campaign(10);
    world.change(over, 10, |campaign| {
        campaign.complete(now()).expect("it is active");
    });
    let active = world.campaign(500_000);
    let last = EventId::parse(&format!("{START}-7")).expect("an id");
    let mut follower = world.come_back(last).await;
    let events = next(&mut follower).await;
    assert!(!is_reset(&events));
    assert_eq!(progress(&events), [(over, 0), (active, 0)]);
}
