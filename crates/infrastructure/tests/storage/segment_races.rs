//! A segment is deleted while a campaign takes it.

use nexus_domain::ports::Storage;
use nexus_domain::{Audience, Campaign};

use crate::samples;
use crate::store::Store;

on_both_databases!(
    a_segment_that_is_being_taken_is_not_deleted,
    a_segment_that_is_being_deleted_is_not_taken,
    a_segment_is_locked_by_one_at_a_time,
);

async fn a_segment_that_is_being_taken_is_not_deleted(store: Store) {
    let user = store.user().await;
    let segment = store.segment(&user).await;
    let campaign = Campaign {
        audience: Some(Audience {
            segment: Some(segment.id),
            ..Audience::default()
        }),
        ..samples::campaign(user.id)
    };
    let mut first = store.begin().await;
    let locked = first.segments().lock(user.id, segment.id).await.unwrap();
    assert!(locked.is_some());
    first.campaigns().insert(&campaign).await.unwrap();
    let (user, id) = (user.id, segment.id);
    let awaiting = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let locked = unit.segments().lock(user, id).await.unwrap();
            assert!(locked.is_some());
            unit.campaigns().awaiting(user, id).await.unwrap()
        })
        .await;
    assert_eq!(awaiting, [(campaign.id, campaign.name)]);
}

async fn a_segment_that_is_being_deleted_is_not_taken(store: Store) {
    let user = store.user().await;
    let segment = store.segment(&user).await;
    let mut first = store.begin().await;
    assert!(first.segments().delete(user.id, segment.id).await.unwrap());
    let (user, id) = (user.id, segment.id);
    let found = store
        .in_turn(first, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            unit.segments().lock(user, id).await.unwrap()
        })
        .await;
    assert_eq!(found, None);
}

async fn a_segment_is_locked_by_one_at_a_time(store: Store) {
    let user = store.user().await;
    let segment = store.segment(&user).await;
    let mut changed = segment.clone();
    changed.updated_at = samples::at(7);
    for all in [false, true] {
        let mut first = store.begin().await;
        if all {
            first.segments().lock_all(user.id).await.unwrap();
        } else {
            first.segments().lock(user.id, segment.id).await.unwrap();
        }
        first.segments().save(&changed).await.unwrap();
        let (user, id) = (user.id, segment.id);
        let seen = store
            .in_turn(first, move |storage| async move {
                let mut unit = storage.begin().await.unwrap();
                unit.segments().lock(user, id).await.unwrap()
            })
            .await;
        assert_eq!(seen, Some(changed.clone()));
    }
}
