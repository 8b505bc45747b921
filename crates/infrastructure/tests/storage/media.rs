use nexus_domain::ports::StorageError;
use nexus_domain::{MediaFile, MediaKind};

use crate::samples::{self, at, short};
use crate::store::{Store, assert_same};

on_both_databases!(
    a_file_is_read_as_it_was_written,
    the_files_of_a_campaign_come_oldest_first,
    a_file_goes_with_a_campaign_that_is_there,
    another_user_sees_no_file,
);

async fn a_file_is_read_as_it_was_written(store: Store) {
    let user = store.user().await;
    let kinds = [
        (MediaKind::Image, "image/png"),
        (MediaKind::Video, "video/mp4"),
        (MediaKind::Audio, "audio/ogg; codecs=opus"),
        (MediaKind::Document, "application/pdf"),
    ];
    for (kind, media_type) in kinds {
        let campaign = store.campaign(&user).await;
        let file = MediaFile {
            kind,
            file_name: short("../año \"nuevo\".bin"),
            media_type: media_type.to_owned(),
            size: 5_000_000_000,
            created_at: at(3),
            ..samples::media(&campaign)
        };
        let mut repositories = store.read();
        repositories.media().insert(&file).await.unwrap();
        let found = repositories.media().of_campaign(user.id, campaign.id).await;
        assert_same(&found.unwrap(), &vec![file]);
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
    let found = repositories.media().of_campaign(user.id, campaign.id).await;
    assert_eq!(found.unwrap(), files);
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
        matches!(refused, Err(StorageError::Failed(_))),
        "{refused:?}"
    );
}

async fn another_user_sees_no_file(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let campaign = store.campaign(&user).await;
    let mut repositories = store.read();
    let media = repositories.media();
    media.insert(&samples::media(&campaign)).await.unwrap();
    let seen = media.of_campaign(other.id, campaign.id).await.unwrap();
    assert_eq!(seen, []);
    let seen = media.of_campaign(user.id, campaign.id).await.unwrap();
    assert_eq!(seen.len(), 1);
}
