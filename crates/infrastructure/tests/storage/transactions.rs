use nexus_domain::ports::Storage;
use sea_orm::ConnectionTrait;

use crate::samples;
use crate::store::Store;

on_both_databases!(
    what_is_committed_lasts,
    what_is_dropped_leaves_nothing,
    a_transaction_sees_its_own_changes_and_others_do_not,
    writers_wait_for_one_another_instead_of_failing,
    a_nul_in_a_text_is_left_out,
);

async fn what_is_committed_lasts(store: Store) {
    let user = samples::user();
    let mut unit = store.begin().await;
    unit.users().insert(&user).await.unwrap();
    unit.commit().await.unwrap();
    assert!(store.read().users().find(user.id).await.unwrap().is_some());
}

async fn what_is_dropped_leaves_nothing(store: Store) {
    let user = store.user().await;
    let contact = samples::contact(user.id, "Luz");
    let mut unit = store.begin().await;
    unit.contacts()
        .insert(std::slice::from_ref(&contact))
        .await
        .unwrap();
    drop(unit);
    let mut repositories = store.read();
    let contacts = repositories.contacts();
    assert_eq!(contacts.find(user.id, contact.id).await.unwrap(), None);
    let everyone = nexus_domain::ContactFilter::default();
    assert_eq!(contacts.count(user.id, &everyone).await.unwrap(), 0);
    // And the next transaction is not in the way.
    store.add(&[contact]).await;
}

async fn a_transaction_sees_its_own_changes_and_others_do_not(store: Store) {
    let user = samples::user();
    let mut unit = store.begin().await;
    unit.users().insert(&user).await.unwrap();
    assert!(unit.users().find(user.id).await.unwrap().is_some());
    assert_eq!(store.read().users().find(user.id).await.unwrap(), None);
    unit.commit().await.unwrap();
}

/// Each reads and then writes, in two processes, many at a time.
async fn writers_wait_for_one_another_instead_of_failing(store: Store) {
    let user = store.user().await;
    let sender = store.sender(&user).await;
    let campaign = store.active_campaign(&user, &sender).await;
    let other = store.other_process().await;
    let writers: Vec<_> = (0..40)
        .map(|number| {
            let storage = if number % 2 == 0 {
                store.storage.clone()
            } else {
                other.clone()
            };
            let (user, campaign) = (user.id, campaign.id);
            tokio::spawn(async move {
                for _ in 0..5 {
                    let mut unit = storage.begin().await?;
                    let found = unit.campaigns().lock(user, campaign).await?.unwrap();
                    let one = nexus_domain::CounterDelta {
                        total: 1,
                        ..nexus_domain::CounterDelta::default()
                    };
                    let after = unit.campaigns().count(user, campaign, &one).await?;
                    assert_eq!(after.total, found.counters.total + 1);
                    unit.commit().await?;
                }
                Ok::<_, nexus_domain::ports::StorageError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let found = store.read().campaigns().find(user.id, campaign.id).await;
    assert_eq!(found.unwrap().unwrap().counters.total, 200);
}

async fn a_nul_in_a_text_is_left_out(store: Store) {
    let user = store.user().await;
    let mut message = samples::message(user.id);
    message.body = nexus_domain::MessageBody::Text("a\0b".to_owned());
    assert!(store.read().messages().insert(&message).await.unwrap());
    let raw = store.raw().await;
    let query =
        sea_orm::Statement::from_string(raw.get_database_backend(), "SELECT body FROM messages");
    let row = raw.query_one_raw(query).await.unwrap().unwrap();
    assert_eq!(row.try_get::<String>("", "body").unwrap(), "ab");
}
