//! What providers have of an account's files.

use nexus_domain::ports::Storage as _;
use nexus_domain::{ContentHash, MediaContent, MediaType, MediaUpload, SenderAccount, User};

use crate::samples::at;
use crate::store::{Store, assert_same};

on_both_databases!(
    an_upload_is_read_as_it_was_written,
    what_is_written_later_stays,
    contents_types_and_accounts_are_told_apart,
    an_upload_is_found_by_the_providers_id,
    another_user_sees_and_changes_no_upload,
    two_that_hand_the_same_over_at_once_both_succeed,
    uploads_go_with_their_account,
);

fn content(number: u8) -> MediaContent {
    MediaContent {
        sha256: ContentHash([number; 32]),
        media_type: MediaType::Png,
    }
}

fn upload(account: &SenderAccount, number: u8, id: &str) -> MediaUpload {
    let mut upload = MediaUpload::never(account.user_id, account.id, content(number));
    upload.taken(id.to_owned(), at(1));
    upload
}

async fn account(store: &Store) -> (User, SenderAccount) {
    let user = store.user().await;
    let account = store.sender(&user).await;
    (user, account)
}

async fn save(store: &Store, upload: &MediaUpload) {
    store.read().media().save_upload(upload).await.unwrap();
}

async fn find(
    store: &Store,
    account: &SenderAccount,
    content: &MediaContent,
) -> Option<MediaUpload> {
    let mut repositories = store.read();
    let found = repositories
        .media()
        .upload(account.user_id, account.id, content)
        .await;
    found.unwrap()
}

async fn an_upload_is_read_as_it_was_written(store: Store) {
    let (_, account) = account(&store).await;
    assert_eq!(find(&store, &account, &content(1)).await, None);
    let mut written = upload(&account, 1, "77");
    save(&store, &written).await;
    assert_same(
        &find(&store, &account, &content(1)).await,
        &Some(written.clone()),
    );
    written.refused("77", at(5));
    save(&store, &written).await;
    assert_same(&find(&store, &account, &content(1)).await, &Some(written));
}

async fn what_is_written_later_stays(store: Store) {
    let (_, account) = account(&store).await;
    save(&store, &upload(&account, 1, "77")).await;
    let mut later = upload(&account, 1, "88");
    later.uploaded_at = at(9);
    save(&store, &later).await;
    assert_eq!(find(&store, &account, &content(1)).await, Some(later));
}

async fn contents_types_and_accounts_are_told_apart(store: Store) {
    let (user, account) = account(&store).await;
    let other = store.sender(&user).await;
    let mut as_document = upload(&account, 1, "3");
    as_document.content.media_type = MediaType::Pdf;
    let all = [
        upload(&account, 1, "1"),
        upload(&account, 2, "2"),
        as_document,
        upload(&other, 1, "4"),
    ];
    for upload in &all {
        save(&store, upload).await;
    }
    for upload in all {
        let of = if upload.sender_id == other.id {
            &other
        } else {
            &account
        };
        assert_eq!(find(&store, of, &upload.content).await, Some(upload));
    }
}

async fn an_upload_is_found_by_the_providers_id(store: Store) {
    let (user, account) = account(&store).await;
    let (first, second) = (upload(&account, 1, "1"), upload(&account, 2, "2"));
    save(&store, &first).await;
    save(&store, &second).await;
    for (id, expected) in [("1", Some(first)), ("2", Some(second)), ("3", None)] {
        let mut unit = store.begin().await;
        let found = unit.media().lock_upload(user.id, account.id, id).await;
        assert_eq!(found.unwrap(), expected, "{id}");
    }
}

async fn another_user_sees_and_changes_no_upload(store: Store) {
    let (_, account) = account(&store).await;
    let other = store.user().await;
    let own = upload(&account, 1, "77");
    save(&store, &own).await;
    let mut repositories = store.read();
    let media = repositories.media();
    let seen = media.upload(other.id, account.id, &content(1)).await;
    assert_eq!(seen.unwrap(), None);
    let seen = media.lock_upload(other.id, account.id, "77").await;
    assert_eq!(seen.unwrap(), None);
    let mut foreign = upload(&account, 1, "66");
    foreign.user_id = other.id;
    media.save_upload(&foreign).await.unwrap();
    assert_eq!(find(&store, &account, &content(1)).await, Some(own));
}

async fn two_that_hand_the_same_over_at_once_both_succeed(store: Store) {
    let (_, account) = account(&store).await;
    let outcomes = store
        .race(8, |process| {
            let account = account.clone();
            async move {
                let id = crate::samples::next().to_string();
                let upload = upload(&account, 1, &id);
                process
                    .read()
                    .media()
                    .save_upload(&upload)
                    .await
                    .map(|()| id)
            }
        })
        .await;
    let ids: Vec<_> = outcomes
        .into_iter()
        .map(|id| id.expect("it is kept"))
        .collect();
    let kept = find(&store, &account, &content(1))
        .await
        .expect("one is kept");
    assert!(ids.contains(&kept.provider_id.expect("an id")));
}

async fn uploads_go_with_their_account(store: Store) {
    let (user, account) = account(&store).await;
    save(&store, &upload(&account, 1, "77")).await;
    let all = "SELECT count(*) FROM media_uploads";
    assert_eq!(store.number(all).await, 1);
    store.read().users().delete(user.id).await.unwrap();
    assert_eq!(store.number(all).await, 0);
}
