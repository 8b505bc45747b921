use std::time::Duration;

use nexus_domain::CampaignStatus;

use super::world::{World, event_ids, is_reset, next, progress, resets, within};
use crate::events::Event;
use crate::events::feed::MOST_CAMPAIGNS;
use crate::fixtures::now;

#[tokio::test(start_paused = true)]
async fn a_page_is_told_the_unfinished_campaigns_and_then_what_changes() {
    let world = World::new();
    let (one, two) = (world.campaign(0), world.campaign(0));
    let mut follower = world.follow().await;
    assert_eq!(progress(&next(&mut follower).await), [(one, 0), (two, 0)]);
    world.sent(two, 7, 0);
    assert_eq!(progress(&next(&mut follower).await), [(two, 7)]);
    world.change(one, 1, |campaign| {
        campaign.complete(now()).expect("it is active");
    });
    let events = next(&mut follower).await;
    let [Event::Campaign { progress, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(progress.id, one);
    assert_eq!(progress.state.status(), CampaignStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn however_often_it_changes_a_campaign_is_told_once_a_second_and_once_as_it_ends() {
    let world = World::new();
    let id = world.campaign(0);
    let mut follower = world.follow().await;
    next(&mut follower).await;
    let sending = async {
        for sent in 1..=100 {
            world.sent(id, sent, 0);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (told, ()) = tokio::join!(within(&mut follower, 10), sending);
    let told = progress(&told);
    assert!((5..=6).contains(&told.len()), "{told:?}");
    assert!(told.is_sorted_by_key(|(_, sent)| *sent), "{told:?}");
    assert_eq!(told.last(), Some(&(id, 100)));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_change_is_not_told_again() {
    let world = World::new();
    world.campaign(0);
    let mut follower = world.follow().await;
    next(&mut follower).await;
    let told = within(&mut follower, 60).await;
    assert_eq!(told, vec![Event::Heartbeat; told.len()]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_takes_nothing_for_a_while_gets_the_newest_state_alone() {
    let world = World::new();
    let id = world.campaign(0);
    let mut slow = world.follow().await;
    let mut quick = world.follow().await;
    next(&mut slow).await;
    next(&mut quick).await;
    for sent in 1..=20 {
        world.sent(id, sent, 0);
        assert_eq!(progress(&next(&mut quick).await), [(id, sent)]);
    }
    assert_eq!(progress(&next(&mut slow).await), [(id, 20)]);
    assert_eq!(progress(&within(&mut slow, 10).await), []);
}

#[tokio::test(start_paused = true)]
async fn everyone_who_follows_a_user_shares_one_look_a_second() {
    let world = World::new();
    let id = world.campaign(0);
    assert_eq!(world.looks(), 0, "nobody follows");
    let (mut one, mut two, mut three) = (
        world.follow().await,
        world.follow().await,
        world.follow().await,
    );
    let before = world.looks();
    let changes = async {
        tokio::time::sleep(Duration::from_millis(4_500)).await;
        world.sent(id, 9, 0);
    };
    let (a, b, c, ()) = tokio::join!(
        within(&mut one, 10),
        within(&mut two, 10),
        within(&mut three, 10),
        changes
    );
    for told in [a, b, c] {
        assert_eq!(progress(&told).last(), Some(&(id, 9)));
    }
    let looks = world.looks() - before;
    assert!((9..=11).contains(&looks), "{looks}");
    drop((one, two, three));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.looks() - before, looks, "nobody follows");
}

#[tokio::test(start_paused = true)]
async fn one_who_goes_in_the_middle_of_a_look_leaves_it_to_the_others() {
    let world = World::new();
    let id = world.campaign(0);
    let (mut one, mut two) = (world.follow().await, world.follow().await);
    next(&mut one).await;
    next(&mut two).await;
    world.stick(true);
    // It is looking when it goes.
    assert!(within(&mut one, 2).await.is_empty());
    drop(one);
    world.stick(false);
    world.sent(id, 3, 0);
    assert_eq!(progress(&next(&mut two).await), [(id, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_committed_late_is_told_all_the_same() {
    let world = World::new();
    let (slow, quick) = (world.campaign(0), world.campaign(0));
    let mut follower = world.follow().await;
    next(&mut follower).await;
    world.sent(quick, 1, 10);
    assert_eq!(progress(&next(&mut follower).await), [(quick, 1)]);
    // Marked before the other, and committed after it.
    world.sent(slow, 1, 6);
    assert_eq!(progress(&next(&mut follower).await), [(slow, 1)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_other_users() {
    let world = World::new();
    let other = world.another_user();
    let (own, foreign) = (world.campaign(0), world.campaign_of(other, 0));
    let mut follower = world.follow().await;
    world.sent(foreign, 5, 0);
    assert_eq!(progress(&within(&mut follower, 10).await), [(own, 0)]);
    let mut follower = world.follow_as(other).await.expect("a place");
    assert_eq!(progress(&next(&mut follower).await), [(foreign, 5)]);
}

#[tokio::test(start_paused = true)]
async fn ids_grow_and_only_the_last_of_those_told_together_reaches_as_far_as_all() {
    let world = World::new();
    let ids = [world.campaign(0), world.campaign(3), world.campaign(2)];
    let mut follower = world.follow().await;
    let mut told = event_ids(&next(&mut follower).await);
    for id in ids {
        world.sent(id, 1, 4);
    }
    told.extend(event_ids(&next(&mut follower).await));
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
    let marks: Vec<_> = told.iter().map(|id| id.mark.0).collect();
    let (first, last) = (super::world::START + 3, super::world::START + 4);
    assert_eq!(marks, [0, 0, first, first, first, last]);
}

#[tokio::test(start_paused = true)]
async fn when_more_changes_than_is_read_a_page_is_told_to_look_for_itself() {
    let world = World::new();
    let id = world.campaign(0);
    let mut follower = world.follow().await;
    next(&mut follower).await;
    for _ in 0..MOST_CAMPAIGNS {
        world.campaign(1);
    }
    let events = next(&mut follower).await;
    assert!(is_reset(&events));
    assert_eq!(progress(&events).len(), MOST_CAMPAIGNS as usize);
    assert_eq!(
        resets(&within(&mut follower, 10).await),
        0,
        "once is enough"
    );
    // Once it is read whole again, whatever was missed may have changed.
    world.sent(id, 1, 30);
    let told = within(&mut follower, 10).await;
    assert_eq!(progress(&told), [(id, 1)]);
    assert_eq!(resets(&told), 1);
}
