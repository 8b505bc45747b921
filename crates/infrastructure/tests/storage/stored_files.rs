use chrono::TimeDelta;
use nexus_domain::ports::UnneededFile::{self, All, One};
use nexus_domain::ports::{Storage as _, StorageError};
use uuid::Uuid;

use crate::samples::{self, at};
use crate::store::Store;

on_both_databases!(
    a_file_is_awaited_until_it_has_an_owner,
    what_is_given_up_gets_no_owner,
    unneeded_files_are_found_until_they_are_forgotten,
    notes_outlive_the_account,
    of_an_owner_and_a_refusal_one_comes_first,
);

fn file(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

async fn unneeded(store: &Store) -> Vec<UnneededFile> {
    let mut repositories = store.read();
    let found = repositories.stored_files().unneeded(100).await.unwrap();
    found.into_iter().map(|(_, file)| file).collect()
}

async fn a_file_is_awaited_until_it_has_an_owner(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let mut repositories = store.read();
    let files = repositories.stored_files();
    files.note_incoming(user, file(1), at(0)).await.unwrap();
    let twice = files.note_incoming(user, file(1), at(0)).await;
    assert!(
        matches!(twice, Err(StorageError::Duplicate(_))),
        "{twice:?}"
    );
    assert!(!files.note_owned(other, file(1)).await.unwrap());
    assert!(!files.note_owned(user, file(2)).await.unwrap());
    assert!(files.note_owned(user, file(1)).await.unwrap());
    assert!(!files.note_owned(user, file(1)).await.unwrap());
    assert!(!files.note_refused(user, file(1)).await.unwrap());
    assert_eq!(unneeded(&store).await, []);
}

async fn what_is_given_up_gets_no_owner(store: Store) {
    let user = store.user().await.id;
    let mut repositories = store.read();
    let files = repositories.stored_files();
    for (number, noted) in [(1, at(0)), (2, at(0)), (3, at(60)), (4, at(60))] {
        files
            .note_incoming(user, file(number), noted)
            .await
            .unwrap();
    }
    assert!(files.note_refused(user, file(4)).await.unwrap());
    assert!(!files.note_refused(user, file(4)).await.unwrap());
    assert_eq!(files.give_up(at(60)).await.unwrap(), 2);
    assert_eq!(files.give_up(at(60)).await.unwrap(), 0);
    for number in [1, 2, 4] {
        assert!(!files.note_owned(user, file(number)).await.unwrap());
    }
    assert!(files.note_owned(user, file(3)).await.unwrap());
    assert_eq!(
        unneeded(&store).await,
        [1, 2, 4].map(|number| One(file(number)))
    );
}

async fn unneeded_files_are_found_until_they_are_forgotten(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    let mut repositories = store.read();
    let files = repositories.stored_files();
    files.note_incoming(user, file(2), at(0)).await.unwrap();
    let later = at(0) + TimeDelta::seconds(1);
    files
        .note_unneeded(user, &[One(file(2)), One(file(2)), All], later)
        .await
        .unwrap();
    files
        .note_unneeded(other, &[One(file(1))], at(0))
        .await
        .unwrap();
    files.note_unneeded(other, &[], at(0)).await.unwrap();
    assert_eq!(files.unneeded(1).await.unwrap(), [(other, One(file(1)))]);
    assert_eq!(unneeded(&store).await, [One(file(1)), All, One(file(2))]);
    files.forget(user, One(file(1))).await.unwrap();
    files.forget(user, All).await.unwrap();
    assert_eq!(unneeded(&store).await, [One(file(1)), One(file(2))]);
}

async fn notes_outlive_the_account(store: Store) {
    let user = store.user().await;
    let mut unit = store.begin().await;
    unit.users().delete(user.id).await.unwrap();
    unit.stored_files()
        .note_unneeded(user.id, &[All], at(0))
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let found = store.read().stored_files().unneeded(9).await.unwrap();
    assert_eq!(found, [(user.id, All)]);
}

/// A transaction gives the file its owner while another process refuses it: one of them is told.
async fn of_an_owner_and_a_refusal_one_comes_first(store: Store) {
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    for _ in 0..10 {
        let media = samples::media(&campaign);
        let (user, id) = (user.id, media.id.as_uuid());
        let mut repositories = store.read();
        repositories
            .stored_files()
            .note_incoming(user, id, at(0))
            .await
            .unwrap();
        let outcomes = store
            .race(4, move |storage| async move {
                let mut unit = storage.begin().await.unwrap();
                let owned = unit.stored_files().note_owned(user, id).await.unwrap();
                unit.commit().await.unwrap();
                let refused = storage.read().stored_files().note_refused(user, id).await;
                u32::from(owned) + u32::from(refused.unwrap())
            })
            .await;
        assert_eq!(outcomes.iter().sum::<u32>(), 1, "{outcomes:?}");
    }
}
