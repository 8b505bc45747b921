//! A store on a database of its own, and what its tests have in common.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

use nexus_domain::ports::{DuplicateKey, Repositories, Storage, StorageError, UnitOfWork};
use nexus_domain::values::{ListRequest, Listing, Paging};
use nexus_domain::{Campaign, Contact, Segment, SenderAccount, User};
use nexus_infrastructure::storage::{SqlStorage, StorageOptions};
use nexus_migration::{Migrator, MigratorTrait};
use nexus_testing::TestDatabase;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tokio::task::JoinHandle;

use crate::samples;

/// How long a test waits for what must come, so that one that hangs ends all the same.
const PATIENCE: Duration = Duration::from_mins(1);

/// A store, and the database that goes with it.
pub(crate) struct Store {
    pub(crate) storage: SqlStorage,
    pub(crate) database: TestDatabase,
}

impl Store {
    pub(crate) async fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite().await).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::on(TestDatabase::postgres().await).await
    }

    async fn on(database: TestDatabase) -> Self {
        let storage = Self::open(database.url()).await;
        Self { storage, database }
    }

    async fn open(url: &str) -> SqlStorage {
        SqlStorage::connect(url, StorageOptions::default())
            .await
            .expect("the database of the test")
    }

    /// The same database as another process sees it.
    pub(crate) async fn other_process(&self) -> SqlStorage {
        Self::open(self.database.url()).await
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.database.url().starts_with("postgres")
    }

    pub(crate) fn read(&self) -> Box<dyn Repositories> {
        self.storage.read()
    }

    pub(crate) async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.storage.begin().await.expect("a transaction")
    }

    /// A user who is stored.
    pub(crate) async fn user(&self) -> User {
        let user = samples::user();
        self.read().users().insert(&user).await.expect("a new user");
        user
    }

    /// Stores contacts.
    pub(crate) async fn add(&self, contacts: &[Contact]) {
        self.read()
            .contacts()
            .insert(contacts)
            .await
            .expect("new contacts");
    }

    /// A sender account that is stored.
    pub(crate) async fn sender(&self, user: &User) -> SenderAccount {
        self.read()
            .senders()
            .ensure(&samples::sender(user.id))
            .await
            .expect("a new account")
    }

    /// A campaign that is stored.
    pub(crate) async fn campaign(&self, user: &User) -> Campaign {
        let campaign = samples::campaign(user.id);
        self.read()
            .campaigns()
            .insert(&campaign)
            .await
            .expect("a new campaign");
        campaign
    }

    /// A segment that is stored.
    pub(crate) async fn segment(&self, user: &User) -> Segment {
        let name = format!("Segmento {}", samples::next());
        let segment = samples::segment(user.id, &name);
        self.read()
            .segments()
            .insert(&segment)
            .await
            .expect("a new segment");
        segment
    }

    /// A campaign that this account is sending.
    pub(crate) async fn active_campaign(&self, user: &User, sender: &SenderAccount) -> Campaign {
        let mut campaign = samples::campaign(user.id);
        campaign.start(sender.id, samples::at(0)).expect("a draft");
        self.read()
            .campaigns()
            .insert(&campaign)
            .await
            .expect("a new campaign");
        campaign
    }

    /// A connection that goes round the store.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        Database::connect(self.database.url())
            .await
            .expect("the database of the test")
    }

    /// Takes back the change of the schema whose name ends so, and those after it.
    pub(crate) async fn undo(&self, change: &str) {
        let changes = Migrator::migrations();
        let first = changes
            .iter()
            .position(|known| known.name().ends_with(change))
            .expect("a change of this name");
        let undone = u32::try_from(changes.len() - first).expect("few changes");
        Migrator::down(&self.raw().await, Some(undone))
            .await
            .expect("a change that can be taken back");
    }

    /// The number that a query finds.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let raw = self.raw().await;
        let query = Statement::from_string(raw.get_database_backend(), query);
        let row = raw.query_one_raw(query).await.expect("the query");
        row.expect("a row")
            .try_get_by_index(0)
            .expect("a number in it")
    }

    /// What `count` tasks in two processes come to, all at once.
    pub(crate) async fn race<T, F>(&self, count: usize, task: impl Fn(SqlStorage) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let processes = [self.storage.clone(), self.other_process().await];
        let tasks: Vec<_> = processes
            .iter()
            .cycle()
            .take(count)
            .map(|process| tokio::spawn(task(process.clone())))
            .collect();
        let mut outcomes = Vec::with_capacity(count);
        for task in tasks {
            outcomes.push(within_patience(task).await.expect("a task"));
        }
        outcomes
    }

    /// Runs `second` in another process while `first` is open, and ends `first` once `second`
    /// waits for it, as it must. What `second` came to.
    pub(crate) async fn in_turn<T, F>(
        &self,
        first: Box<dyn UnitOfWork>,
        second: impl FnOnce(SqlStorage) -> F,
    ) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let second = tokio::spawn(second(self.other_process().await));
        self.until_stopped(&second).await;
        assert!(!second.is_finished(), "the second did not wait");
        first.commit().await.expect("the first transaction");
        within_patience(second).await.expect("the second")
    }

    /// Returns when a lock stops `task`. SQLite does not say so: there, it gets the time of some
    /// queries to run into the lock.
    async fn until_stopped<T>(&self, task: &JoinHandle<T>) {
        if !self.is_postgres() {
            for _ in 0..20 {
                self.number("SELECT count(*) FROM users").await;
            }
            return;
        }
        let waiting = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + PATIENCE;
        while !task.is_finished() && self.number(waiting).await == 0 {
            assert!(Instant::now() < deadline, "it neither waits nor ends");
        }
    }
}

/// What `future` comes to, unless it never does.
pub(crate) async fn within_patience<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("an end of the wait")
}

/// Asks until there is an answer: until a lease is over.
pub(crate) async fn until<T, F>(mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "no answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every item of a list, `request.size` at a time, from cursor to cursor.
pub(crate) async fn walk<S, T>(
    mut request: ListRequest<S>,
    mut part: impl AsyncFnMut(&ListRequest<S>) -> Listing<T>,
) -> Vec<T> {
    request.paging = Paging::After { cursor: None };
    let size = usize::try_from(request.size).expect("a size");
    let mut items = Vec::new();
    loop {
        let listing = part(&request).await;
        assert_eq!(listing.total, None, "a cursor's part has no total");
        assert!(listing.items.len() <= size, "more than asked for");
        items.extend(listing.items);
        assert!(items.len() < 10_000, "the list goes round in a circle");
        if listing.next.is_none() {
            return items;
        }
        assert_eq!(items.len() % size, 0, "the list goes on after a short part");
        request.paging = Paging::After {
            cursor: listing.next,
        };
    }
}

/// That both are the same to the letter: addresses and tags are equal in any spelling.
#[track_caller]
pub(crate) fn assert_same<T: Debug>(found: &T, written: &T) {
    assert_eq!(format!("{found:#?}"), format!("{written:#?}"));
}

/// That nothing was done because of what was there already.
#[track_caller]
pub(crate) fn assert_duplicate<T: Debug>(outcome: &Result<T, StorageError>, key: DuplicateKey) {
    let named = match outcome {
        Err(StorageError::Duplicate(named)) => Some(*named),
        _ => None,
    };
    assert_eq!(named, Some(key), "{outcome:?}");
}
