use std::iter::repeat_with;

use nexus_domain::ports::StorageError;
use nexus_domain::{ContentHash, MediaFile, MediaType};
use sea_orm::ConnectionTrait as _;

use crate::samples::{self, at, short};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_file_is_read_as_it_was_written,
    the_files_of_a_campaign_come_oldest_first,
    the_files_of_several_campaigns_come_by_campaign,
    of_no_campaign_nothing_is_read,
    a_file_goes_with_a_campaign_that_is_there,
    another_user_sees_no_file,
    a_file_is_found_and_deleted_in_its_campaign_by_its_user,
    the_bytes_of_a_user_are_summed,
);

async fn a_file_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    for media_type in MediaType::ALL {
        let campaign = store.campaign(&user).await;
        let file = MediaFile {
            file_name: short("../año \"nuevo\".bin"),
            media_type,
            size: 5_000_000_000,
            sha256: ContentHash(std::array::from_fn(
                |place| if place == 0 { 255 } else { 0 },
            )),
            created_at: at(3),
            ..samples::media(&campaign)
        };
        let mut repositories = store.read();
        repositories.media().insert(&file).await.unwrap();
        let found = repositories
            .media()
            .of_campaigns(user.id, &[campaign.id])
            .await;
        assert_same(&found.unwrap(), &vec![file.clone()]);
        let found = repositories.media().find(user.id, campaign.id, file.id);
        assert_same(&found.await.unwrap(), &Some(file));
    }
}

async fn the_files_of_a_campaign_come_oldest_first(store: Store) {
    let user = store.user().await;
    let (campaign, second) = (store.campaign(&user).await, store.campaign(&user).await);
    let mut repositories = store.read();
    let mut files: Vec<_> = [at(2), at(1), at(3), at(1)]
        .into_iter()
        .map(|created_at| MediaFile {
            created_at,
            ..samples::media(&campaign)
        })
        .collect();
    for file in files.iter().chain([&samples::media(&second)]) {
        repositories.media().insert(file).await.unwrap();
    }
    files.sort_by_key(|file| (file.created_at, file.id));
    let found = repositories
        .media()
        .of_campaigns(user.id, &[campaign.id])
        .await;
    assert_eq!(found.unwrap(), files);
}

async fn the_files_of_several_campaigns_come_by_campaign(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut repositories = store.read();
    let mut expected = Vec::new();
    for _ in 0..5 {
        let campaign = store.campaign(&user).await;
        for created_at in [at(2), at(1), at(3)] {
            expected.push(MediaFile {
                created_at,
                ..samples::media(&campaign)
            });
        }
    }
    let (unasked, of_other) = (store.campaign(&user).await, store.campaign(&other).await);
    let others = [samples::media(&unasked), samples::media(&of_other)];
    for file in expected.iter().chain(&others) {
        repositories.media().insert(file).await.unwrap();
    }
    expected.sort_by_key(|file| (file.campaign_id, file.created_at, file.id));
    // More than one statement takes, in no order; some twice, some of nobody or of somebody else.
    let mut ids: Vec<_> = expected.iter().map(|file| file.campaign_id).rev().collect();
    ids.extend(repeat_with(samples::campaign_id).take(2_500));
    ids.extend([of_other.id, expected[0].campaign_id]);
    let found = repositories.media().of_campaigns(user.id, &ids).await;
    assert_eq!(found.unwrap(), expected);
}

async fn of_no_campaign_nothing_is_read(store: Store) {
    let user = store.user().await;
    // What would be read is gone, so that any statement fails.
    let raw = store.raw().await;
    raw.execute_unprepared("DROP TABLE media").await.unwrap();
    let mut repositories = store.read();
    let refused = repositories
        .media()
        .of_campaigns(user.id, &[samples::campaign_id()])
        .await;
    assert!(
        matches!(refused, Err(StorageError::Failed(_))),
        "{refused:?}"
    );
    let none = repositories.media().of_campaigns(user.id, &[]).await;
    assert_eq!(none.unwrap(), []);
}

async fn a_file_goes_with_a_campaign_that_is_there(store: Store) {
    let user = store.user().await;
    let never_stored = samples::campaign(user.id);
    let refused = store
        .read()
        .media()
        .insert(&samples::media(&never_stored))
        .await;
    assert!(
        matches!(refused, Err(StorageError::Orphaned)),
        "{refused:?}"
    );
}

async fn another_user_sees_no_file(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let campaign = store.campaign(&user).await;
    let mut repositories = store.read();
    let media = repositories.media();
    media.insert(&samples::media(&campaign)).await.unwrap();
    let seen = media.of_campaigns(other.id, &[campaign.id]).await.unwrap();
    assert_eq!(seen, []);
    let seen = media.of_campaigns(user.id, &[campaign.id]).await.unwrap();
    assert_eq!(seen.len(), 1);
}

async fn a_file_is_found_and_deleted_in_its_campaign_by_its_user(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let (campaign, second) = (store.campaign(&user).await, store.campaign(&user).await);
    let (file, kept) = (samples::media(&campaign), samples::media(&campaign));
    let mut repositories = store.read();
    let media = repositories.media();
    for file in [&file, &kept] {
        media.insert(file).await.unwrap();
    }
    for (user, campaign, id) in [
        (other.id, campaign.id, file.id),
        (user.id, second.id, file.id),
        (user.id, campaign.id, samples::media(&campaign).id),
    ] {
        assert_eq!(media.find(user, campaign, id).await.unwrap(), None);
        assert!(!media.delete(user, campaign, id).await.unwrap());
    }
    assert!(media.delete(user.id, campaign.id, file.id).await.unwrap());
    assert!(!media.delete(user.id, campaign.id, file.id).await.unwrap());
    let left = media.of_campaigns(user.id, &[campaign.id]).await.unwrap();
    assert_eq!(left, [kept]);
}

async fn the_bytes_of_a_user_are_summed(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let (first, second) = (store.campaign(&user).await, store.campaign(&user).await);
    let of_other = store.campaign(&other).await;
    let mut repositories = store.read();
    let media = repositories.media();
    assert_eq!(media.used_bytes(user.id).await.unwrap(), 0);
    for (campaign, size) in [(&first, 5_000_000_000), (&second, 7), (&of_other, 100)] {
        let file = MediaFile {
            size,
            ..samples::media(campaign)
        };
        media.insert(&file).await.unwrap();
    }
    assert_eq!(media.used_bytes(user.id).await.unwrap(), 5_000_000_007);
}
