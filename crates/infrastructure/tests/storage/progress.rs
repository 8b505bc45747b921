use std::time::{Duration, Instant};

use nexus_domain::ports::{ChangeMark, MarkedCampaign, ProgressSource};
use nexus_domain::{
    Campaign, CampaignCounters, CampaignId, CampaignState, CounterDelta, SessionKeyHash,
    StoredSession, User, UserId,
};
use sea_orm::ConnectionTrait;

use crate::samples::{self, at};
use crate::store::{Store, assert_same};

on_both_databases!(
    whatever_changes_a_campaign_marks_it_with_the_minute,
    a_campaign_that_is_only_written_down_has_not_changed,
    what_changed_last_comes_first_and_no_more_than_asked_for,
    the_unfinished_campaigns_come_with_those_that_changed_as_late,
    another_user_s_campaigns_and_sessions_are_not_told,
    the_sessions_are_those_that_have_not_expired,
    campaigns_from_before_the_marks_have_the_minute_of_their_change,
);

/// Before every mark that a test sets.
const BEGINNING: ChangeMark = ChangeMark(1);

async fn execute(store: &Store, sql: &str) {
    store.raw().await.execute_unprepared(sql).await.unwrap();
}

/// Stores a campaign as if it had changed at that minute.
async fn changed_at(store: &Store, user: &User, state: CampaignState, minute: i64) -> CampaignId {
    let campaign = Campaign {
        state,
        ..samples::campaign(user.id)
    };
    store.read().campaigns().insert(&campaign).await.unwrap();
    let id = campaign.id.as_uuid();
    let id = if store.is_postgres() {
        format!("'{id}'")
    } else {
        format!("X'{}'", id.simple())
    };
    let sql = format!("UPDATE campaigns SET changed_minute = {minute} WHERE id = {id}");
    execute(store, &sql).await;
    campaign.id
}

fn ids(found: &[MarkedCampaign]) -> Vec<CampaignId> {
    found.iter().map(|found| found.campaign.id).collect()
}

async fn since(store: &Store, user: UserId, since: ChangeMark) -> Vec<MarkedCampaign> {
    store.storage.changed_since(user, since, 100).await.unwrap()
}

/// The minute on the database's clock.
async fn minute(store: &Store) -> i64 {
    let query = if store.is_postgres() {
        "SELECT CAST(floor(extract(epoch FROM now()) / 60) AS bigint)"
    } else {
        "SELECT unixepoch('now') / 60"
    };
    store.number(query).await
}

async fn whatever_changes_a_campaign_marks_it_with_the_minute(store: Store) {
    let user = store.user().await;
    let delta = CounterDelta {
        sent: 1,
        ..CounterDelta::default()
    };
    let changes = ["saved", "counted", "a new total"];
    for change in changes {
        let campaign = store.campaign(&user).await;
        let before = minute(&store).await;
        let mut repositories = store.read();
        let campaigns = repositories.campaigns();
        match change {
            "saved" => campaigns.save(&campaign).await.unwrap(),
            "counted" => {
                let counted = campaigns.count(user.id, campaign.id, &delta).await.unwrap();
                assert_eq!(counted.sent, 1);
            }
            _ => campaigns.set_total(user.id, campaign.id, 7).await.unwrap(),
        }
        let after = minute(&store).await;
        let found = since(&store, user.id, ChangeMark(before)).await;
        let found = found.iter().find(|found| found.campaign.id == campaign.id);
        let found = found.unwrap_or_else(|| panic!("{change}: not marked"));
        assert!((before..=after).contains(&found.mark.0), "{change}");
        let read = campaigns.find(user.id, campaign.id).await.unwrap();
        assert_same(&Some(found.campaign.clone()), &read);
    }
}

async fn a_campaign_that_is_only_written_down_has_not_changed(store: Store) {
    let user = store.user().await;
    store.campaign(&user).await;
    assert_eq!(since(&store, user.id, ChangeMark(0)).await, []);
    let unfinished = store.storage.unfinished(user.id, 100).await.unwrap();
    assert_eq!(unfinished, []);
}

async fn what_changed_last_comes_first_and_no_more_than_asked_for(store: Store) {
    let user = store.user().await;
    let mut expected = Vec::new();
    for minute in [100, 103, 101, 104] {
        expected.push((
            minute,
            changed_at(&store, &user, CampaignState::Draft, minute).await,
        ));
    }
    expected.sort_by_key(|(minute, _)| -minute);
    let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
    let found = since(&store, user.id, BEGINNING).await;
    assert_eq!(ids(&found), expected);
    let found = since(&store, user.id, ChangeMark(103)).await;
    assert_eq!(ids(&found), expected[..2]);
    let found = store.storage.changed_since(user.id, BEGINNING, 3).await;
    assert_eq!(ids(&found.unwrap()), expected[..3]);
    let found = store.storage.unfinished(user.id, 3).await;
    assert_eq!(ids(&found.unwrap()), expected[..3]);
}

async fn the_unfinished_campaigns_come_with_those_that_changed_as_late(store: Store) {
    let user = store.user().await;
    let started_at = at(3);
    let (at, reason) = (at(7), None);
    let long_ago = [
        samples::scheduled(7),
        CampaignState::Active { started_at },
        CampaignState::Paused { started_at, reason },
        CampaignState::Draft,
        CampaignState::Completed { started_at, at },
    ];
    let mut expected = Vec::new();
    for (index, state) in long_ago.into_iter().enumerate() {
        let id = changed_at(&store, &user, state, 1_000).await;
        if index < 3 {
            expected.push(id);
        }
    }
    let over = CampaignState::Completed { started_at, at };
    let latest = changed_at(&store, &user, over, 9_000).await;
    let just_in = changed_at(&store, &user, over, 9_000 - ChangeMark::SETTLING_MINUTES).await;
    changed_at(&store, &user, over, 8_999 - ChangeMark::SETTLING_MINUTES).await;
    let found = store.storage.unfinished(user.id, 100).await.unwrap();
    assert_eq!(ids(&found)[..2], [latest, just_in]);
    let mut others = ids(&found)[2..].to_vec();
    others.sort_unstable();
    expected.sort_unstable();
    assert_eq!(others, expected);
}

fn session(byte: u8, user: UserId, seconds: i64) -> StoredSession {
    StoredSession {
        key: SessionKeyHash([byte; 32]),
        user_id: Some(user),
        state: "{}".to_owned(),
        created_at: at(0),
        expires_at: at(seconds),
    }
}

async fn another_user_s_campaigns_and_sessions_are_not_told(store: Store) {
    let (user, other) = (store.user().await, store.user().await);
    let active = CampaignState::Active { started_at: at(3) };
    changed_at(&store, &user, active, 100).await;
    let mut repositories = store.read();
    let sessions = repositories.sessions();
    sessions.insert(&session(1, user.id, 60)).await.unwrap();
    assert_eq!(since(&store, other.id, BEGINNING).await, []);
    let source = &store.storage;
    assert_eq!(source.unfinished(other.id, 100).await.unwrap(), []);
    assert_eq!(source.sessions(other.id, at(0)).await.unwrap(), []);
}

async fn the_sessions_are_those_that_have_not_expired(store: Store) {
    let user = store.user().await;
    let mut repositories = store.read();
    for (byte, seconds) in [(1, 60), (2, 61), (3, 62)] {
        let session = session(byte, user.id, seconds);
        repositories.sessions().insert(&session).await.unwrap();
    }
    let mut keys = store.storage.sessions(user.id, at(60)).await.unwrap();
    keys.sort_unstable_by_key(|key| key.0);
    assert_eq!(keys, [SessionKeyHash([2; 32]), SessionKeyHash([3; 32])]);
    let gone = SessionKeyHash([3; 32]);
    repositories.sessions().delete(gone).await.unwrap();
    let keys = store.storage.sessions(user.id, at(60)).await.unwrap();
    assert_eq!(keys, [SessionKeyHash([2; 32])]);
}

async fn campaigns_from_before_the_marks_have_the_minute_of_their_change(store: Store) {
    store.undo("campaign_changes").await;
    let user = store.user().await;
    let started_at = at(3);
    for state in [
        CampaignState::Draft,
        CampaignState::Completed {
            started_at,
            at: at(7),
        },
    ] {
        let campaign = Campaign {
            state,
            updated_at: at(120),
            ..samples::campaign(user.id)
        };
        store.read().campaigns().insert(&campaign).await.unwrap();
    }
    store.storage.migrate().await.unwrap();
    let found = since(&store, user.id, ChangeMark(0)).await;
    let marks: Vec<_> = found.iter().map(|found| found.mark.0).collect();
    assert_eq!(marks, [at(120).timestamp() / 60]);
}

/// What it must not cost: an update that PostgreSQL can't keep within the page gets an entry in each of
/// the table's indexes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counting_touches_no_index_on_postgres() {
    const COUNTS: i64 = 200;
    let store = Store::postgres().await;
    let user = store.user().await;
    let campaign = store.campaign(&user).await;
    let delta = CampaignCounters {
        sent: 1,
        ..CampaignCounters::default()
    };
    for _ in 0..COUNTS {
        let mut repositories = store.read();
        let campaigns = repositories.campaigns();
        campaigns.count(user.id, campaign.id, &delta).await.unwrap();
    }
    let number = |column: &str| {
        format!("SELECT {column} FROM pg_stat_user_tables WHERE relname = 'campaigns'")
    };
    // A connection tells its figures when it has nothing to do, a second later at most.
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.number(&number("n_tup_upd")).await < COUNTS {
        assert!(Instant::now() < deadline, "no figures");
        tokio::time::sleep(Duration::from_millis(200)).await;
        store
            .read()
            .campaigns()
            .find(user.id, campaign.id)
            .await
            .unwrap();
    }
    let indexed = store.number(&number("n_tup_upd - n_tup_hot_upd")).await;
    assert!(
        indexed <= COUNTS / 10,
        "{indexed} of {COUNTS} touched indexes"
    );
}
