use nexus_domain::ports::Storage;
use nexus_domain::{CampaignContact, ChannelKind, DeliveryStatus, SenderAccount, SenderId};

use crate::recipients::in_status;
use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    an_account_is_added_once,
    an_account_that_many_add_at_once_is_one,
    accounts_differ_by_user_channel_and_name,
    what_is_confirmed_goes_forward_only,
    accounts_with_something_to_do_are_found,
    another_user_finds_and_changes_no_account,
);

async fn find(store: &Store, account: &SenderAccount) -> Option<SenderAccount> {
    let mut repositories = store.read();
    let senders = repositories.senders();
    senders.find(account.user_id, account.id).await.unwrap()
}

async fn an_account_is_added_once(store: Store) {
    let user = store.user().await;
    let account = SenderAccount {
        external_id: "Ventas@Example.com".to_owned(),
        channel: ChannelKind::Gmail,
        confirmed_through: Some(at(3)),
        created_at: at(1),
        ..samples::sender(user.id)
    };
    let again = SenderAccount {
        id: samples::sender_id(),
        confirmed_through: None,
        created_at: at(9),
        ..account.clone()
    };
    let mut unit = store.begin().await;
    for asked in [&account, &again] {
        let ensured = unit.senders().ensure(asked).await.unwrap();
        assert_same(&ensured, &account);
    }
    unit.commit().await.unwrap();
    let ensured = store.read().senders().ensure(&again).await.unwrap();
    assert_same(&ensured, &account);
    assert_same(&find(&store, &account).await, &Some(account));
    assert_eq!(find(&store, &again).await, None);
}

async fn an_account_that_many_add_at_once_is_one(store: Store) {
    let user = store.user().await;
    let account = samples::sender(user.id);
    let ensured = store
        .race(20, |storage| {
            let account = SenderAccount {
                id: samples::sender_id(),
                ..account.clone()
            };
            async move { storage.read().senders().ensure(&account).await.unwrap() }
        })
        .await;
    for one in &ensured {
        assert_eq!(one, &ensured[0]);
    }
    assert_eq!(store.number("SELECT count(*) FROM senders").await, 1);
}

async fn accounts_differ_by_user_channel_and_name(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let account = samples::sender(user.id);
    let accounts = [
        account.clone(),
        SenderAccount {
            id: samples::sender_id(),
            user_id: other.id,
            ..account.clone()
        },
        SenderAccount {
            id: samples::sender_id(),
            channel: ChannelKind::Gmail,
            ..account.clone()
        },
        SenderAccount {
            id: samples::sender_id(),
            external_id: format!("{}0", account.external_id),
            ..account
        },
    ];
    for account in accounts {
        let ensured = store.read().senders().ensure(&account).await.unwrap();
        assert_same(&ensured, &account);
        assert_same(&find(&store, &account).await, &Some(account));
    }
}

async fn what_is_confirmed_goes_forward_only(store: Store) {
    let user = store.user().await;
    let (account, untouched) = (store.sender(&user).await, store.sender(&user).await);
    for (noted, confirmed) in [
        (at(5), at(5)),
        (at(3), at(5)),
        (at(5), at(5)),
        (at(6), at(6)),
    ] {
        let mut repositories = store.read();
        let senders = repositories.senders();
        senders
            .note_confirmed(user.id, account.id, noted)
            .await
            .unwrap();
        let expected = SenderAccount {
            confirmed_through: Some(confirmed),
            ..account.clone()
        };
        assert_same(&find(&store, &account).await, &Some(expected));
    }
    assert_same(&find(&store, &untouched).await, &Some(untouched));
}

/// An account whose only campaign is over but for one recipient in this status.
async fn account_with(store: &Store, status: DeliveryStatus) -> SenderId {
    let user = store.user().await;
    let account = store.sender(&user).await;
    let mut campaign = store.active_campaign(&user, &account).await;
    campaign.cancel(at(1)).unwrap();
    store.read().campaigns().save(&campaign).await.unwrap();
    let recipient: CampaignContact = in_status(&campaign, &account, status);
    let mut repositories = store.read();
    repositories
        .recipients()
        .insert(&[recipient])
        .await
        .unwrap();
    account.id
}

async fn accounts_with_something_to_do_are_found(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let mut expected = Vec::new();
    for user in [&user, &other] {
        let account = store.sender(user).await;
        // Two campaigns, one account.
        store.active_campaign(user, &account).await;
        store.active_campaign(user, &account).await;
        expected.push(account.id);
    }
    for status in DeliveryStatus::ALL {
        let account = account_with(&store, status).await;
        if matches!(
            status,
            DeliveryStatus::Dispatching | DeliveryStatus::InDoubt
        ) {
            expected.push(account);
        }
    }
    store.sender(&user).await;
    let resting = store.sender(&user).await;
    let mut paused = store.active_campaign(&user, &resting).await;
    paused.pause(None, at(1)).unwrap();
    store.read().campaigns().save(&paused).await.unwrap();

    let mut found: Vec<_> = store
        .read()
        .senders()
        .with_work()
        .await
        .unwrap()
        .into_iter()
        .map(|account| account.id)
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

async fn another_user_finds_and_changes_no_account(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let account = store.sender(&user).await;
    let mut repositories = store.read();
    let senders = repositories.senders();
    assert_eq!(senders.find(other.id, account.id).await.unwrap(), None);
    senders
        .note_confirmed(other.id, account.id, at(5))
        .await
        .unwrap();
    assert_same(&find(&store, &account).await, &Some(account));
}
