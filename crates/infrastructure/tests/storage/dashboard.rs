use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::Storage;
use nexus_domain::{
    ActivityItem, ActivityKind, Campaign, CampaignCounters, CampaignState, Dashboard, Direction,
    ImportFailure, ImportStatus, ImportedFile, Message, MessageBucket, MessageDelta, MessageTotals,
    UserId,
};

use crate::samples::{self, at, short};
use crate::store::Store;

on_both_databases!(
    what_happens_within_a_quarter_of_an_hour_adds_up,
    what_is_counted_at_once_is_all_counted,
    quarters_without_anything_are_left_out,
    campaigns_and_their_messages_add_up,
    what_happened_lately_comes_latest_first,
    the_recent_things_are_the_latest_of_all_kinds,
    a_new_user_s_dashboard_is_empty,
    another_user_s_figures_are_in_no_dashboard,
);

pub(crate) async fn dashboard(store: &Store, user: UserId, since: DateTime<Utc>) -> Dashboard {
    let mut repositories = store.read();
    let statistics = repositories.statistics();
    statistics.dashboard(user, since, 10).await.unwrap()
}

async fn count(store: &Store, user: UserId, at: DateTime<Utc>, delta: MessageDelta) {
    let mut repositories = store.read();
    let statistics = repositories.statistics();
    statistics.count_messages(user, at, &delta).await.unwrap();
}

/// 16:00 UTC on a day of November, the start of a quarter.
pub(crate) fn four() -> DateTime<Utc> {
    DateTime::from_timestamp(1_764_000_000, 0).unwrap()
}

fn delta(first: i64) -> MessageDelta {
    MessageDelta {
        sent: first,
        delivered: first + 1,
        read: first + 2,
        failed: first + 3,
        replied: first + 4,
    }
}

fn bucket(start: DateTime<Utc>, count: MessageDelta) -> MessageBucket {
    MessageBucket { start, count }
}

async fn what_happens_within_a_quarter_of_an_hour_adds_up(store: Store) {
    let user = store.user().await.id;
    let quarter = TimeDelta::minutes(15);
    let micro = TimeDelta::microseconds(1);
    for (at, first) in [
        (four() - micro, 1),
        (four(), 10),
        (four() + TimeDelta::minutes(7), 20),
        (four() + quarter - micro, 40),
        (four() + quarter, 100),
    ] {
        count(&store, user, at, delta(first)).await;
    }
    let minus = MessageDelta {
        failed: -3,
        sent: 3,
        ..MessageDelta::default()
    };
    count(&store, user, four() + quarter, minus).await;
    let expected = [
        bucket(four() - quarter, delta(1)),
        bucket(four(), delta(10).plus(delta(20)).plus(delta(40))),
        bucket(four() + quarter, delta(100).plus(minus)),
    ];
    let since = four() - quarter;
    assert_eq!(dashboard(&store, user, since).await.buckets, expected);
    // Since then, and not before.
    let later = dashboard(&store, user, four()).await;
    assert_eq!(later.buckets, expected[1..]);
    let later = dashboard(&store, user, four() + micro).await;
    assert_eq!(later.buckets, expected[2..]);
}

async fn what_is_counted_at_once_is_all_counted(store: Store) {
    let user = store.user().await.id;
    store
        .race(12, move |storage| async move {
            let mut unit = storage.begin().await.unwrap();
            let statistics = unit.statistics();
            let counted = statistics.count_messages(user, four(), &delta(1)).await;
            counted.unwrap();
            unit.commit().await.unwrap();
        })
        .await;
    let expected = MessageDelta {
        sent: 12,
        delivered: 24,
        read: 36,
        failed: 48,
        replied: 60,
    };
    let found = dashboard(&store, user, four()).await;
    assert_eq!(found.buckets, [bucket(four(), expected)]);
}

async fn quarters_without_anything_are_left_out(store: Store) {
    let user = store.user().await.id;
    count(&store, user, four(), MessageDelta::default()).await;
    let rows = store.number("SELECT count(*) FROM message_totals").await;
    assert_eq!(rows, 0);
    let one = MessageDelta {
        sent: 1,
        ..MessageDelta::default()
    };
    let none = MessageDelta {
        sent: -1,
        ..MessageDelta::default()
    };
    count(&store, user, four(), one).await;
    count(&store, user, four(), none).await;
    assert_eq!(dashboard(&store, user, four()).await.buckets, []);
}

async fn insert(store: &Store, campaigns: &[Campaign]) {
    let mut unit = store.begin().await;
    for campaign in campaigns {
        unit.campaigns().insert(campaign).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn campaigns_and_their_messages_add_up(store: Store) {
    let user = store.user().await.id;
    let with = |state, [sent, delivered, opened, failed, replied]: [i64; 5]| Campaign {
        state,
        counters: CampaignCounters {
            total: 1_000,
            pending: 500,
            sent,
            delivered,
            opened,
            failed,
            replied,
            clicked: 100,
            skipped: 200,
            unconfirmed: 300,
            unconfirmed_left: 30,
        },
        ..samples::campaign(user)
    };
    let active = CampaignState::Active { started_at: at(0) };
    let completed = CampaignState::Completed {
        started_at: at(0),
        at: at(1),
    };
    let campaigns = [
        samples::campaign(user),
        samples::campaign(user),
        with(active, [50, 40, 30, 2, 5]),
        with(active, [7, 6, 5, 1, 0]),
        with(completed, [100, 99, 98, 0, 20]),
    ];
    insert(&store, &campaigns).await;
    let found = dashboard(&store, user, at(0)).await;
    let by_status = [("active", 2), ("completed", 1), ("draft", 2)];
    let by_status = by_status.map(|(status, count)| (status.to_owned(), count));
    assert_eq!(found.campaigns, by_status.into());
    let expected = MessageTotals {
        sent: 157,
        delivered: 145,
        read: 133,
        failed: 3,
        replied: 25,
    };
    assert_eq!(found.messages, expected);
}

fn named(user: UserId, name: &str, state: CampaignState) -> Campaign {
    Campaign {
        name: short(name),
        state,
        ..samples::campaign(user)
    }
}

async fn what_happened_lately_comes_latest_first(store: Store) {
    let user = store.user().await.id;
    let completed = CampaignState::Completed {
        started_at: at(10),
        at: at(40),
    };
    let paused = CampaignState::Paused {
        started_at: at(5),
        reason: None,
    };
    let never_started = CampaignState::Cancelled {
        started_at: None,
        at: at(90),
    };
    let completed = named(user, "Otoño", completed);
    let paused = named(user, "Invierno", paused);
    let never_started = named(user, "Nunca", never_started);
    insert(&store, &[completed.clone(), paused.clone(), never_started]).await;
    let import = |status| ImportedFile {
        status,
        ..samples::import(user)
    };
    let failure = ImportFailure::NoRows;
    let imports = [
        import(ImportStatus::Completed { at: at(20) }),
        import(ImportStatus::Failed {
            at: at(50),
            failure,
        }),
        import(ImportStatus::Running),
    ];
    let inbound = Message {
        sent_at: at(30),
        created_at: at(99),
        ..samples::message(user)
    };
    let outbound = Message {
        direction: Direction::Outbound,
        sent_at: at(60),
        ..samples::message(user)
    };
    let mut unit = store.begin().await;
    for import in &imports {
        unit.imports().insert(import).await.unwrap();
    }
    for message in [&inbound, &outbound] {
        assert!(unit.messages().insert(message).await.unwrap());
    }
    unit.commit().await.unwrap();

    let item = |kind, subject: &str, id, seconds| ActivityItem {
        kind,
        subject: subject.to_owned(),
        id,
        at: at(seconds),
    };
    let file = imports[0].file_name.as_str();
    let ended = ActivityKind::ImportFinished;
    let started = ActivityKind::CampaignStarted;
    let over = ActivityKind::CampaignCompleted;
    let wrote = ActivityKind::MessageReceived;
    let expected = [
        item(ended, file, imports[1].id.as_uuid(), 50),
        item(over, "Otoño", completed.id.as_uuid(), 40),
        item(wrote, &inbound.address, inbound.id.as_uuid(), 30),
        item(ended, file, imports[0].id.as_uuid(), 20),
        item(started, "Otoño", completed.id.as_uuid(), 10),
        item(started, "Invierno", paused.id.as_uuid(), 5),
    ];
    // They are not bound to the days asked for.
    let found = dashboard(&store, user, at(1_000_000)).await;
    assert_eq!(found.recent, expected);
}

async fn the_recent_things_are_the_latest_of_all_kinds(store: Store) {
    let user = store.user().await.id;
    let mut unit = store.begin().await;
    for seconds in 0..8 {
        let message = Message {
            sent_at: at(seconds),
            ..samples::message(user)
        };
        assert!(unit.messages().insert(&message).await.unwrap());
    }
    unit.commit().await.unwrap();
    let active = CampaignState::Active { started_at: at(5) };
    let before = CampaignState::Active { started_at: at(-5) };
    insert(
        &store,
        &[named(user, "Otoño", active), named(user, "Antes", before)],
    )
    .await;
    let mut repositories = store.read();
    let statistics = repositories.statistics();
    let found = statistics.dashboard(user, at(0), 5).await.unwrap();
    let times: Vec<_> = found.recent.iter().map(|item| item.at).collect();
    assert_eq!(times, [at(7), at(6), at(5), at(5), at(4)]);
    let found = statistics.dashboard(user, at(0), 0).await.unwrap();
    assert_eq!(found.recent, []);
}

async fn a_new_user_s_dashboard_is_empty(store: Store) {
    let user = store.user().await.id;
    assert_eq!(dashboard(&store, user, at(0)).await, Dashboard::default());
}

async fn another_user_s_figures_are_in_no_dashboard(store: Store) {
    let (user, other) = (store.user().await.id, store.user().await.id);
    store.add(&samples::contacts(user, 2)).await;
    let active = CampaignState::Active { started_at: at(5) };
    insert(&store, &[named(user, "Otoño", active)]).await;
    count(&store, user, four(), delta(1)).await;
    assert!(
        store
            .read()
            .messages()
            .insert(&samples::message(user))
            .await
            .unwrap()
    );
    assert_eq!(dashboard(&store, other, at(-9)).await, Dashboard::default());
    let own = dashboard(&store, user, four()).await;
    assert_eq!(own.contacts.active, 2);
    assert_eq!((own.buckets.len(), own.recent.len()), (1, 2));
}
