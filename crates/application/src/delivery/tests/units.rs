//! Transactions on [`Tables`]: a unit of work changes a copy, which its commit puts in the place of
//! what was there. One writes at a time. Each process has its own connection, which can fail.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nexus_domain::mocks::MockUnitOfWork;
use nexus_domain::ports::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, FieldRepository, IdempotencyRepository,
    ImportRepository, JobRepository, MediaRepository, MessageRepository, ReplyRepository,
    Repositories, SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository,
    Storage, StorageError, StoredFileRepository, UnitOfWork, UserRepository, WebhookRepository,
    WhatsAppRepository,
};
use nexus_domain::{DeliveryStatus, MediaFile};
use tokio::sync::OwnedMutexGuard;

use super::Later;
use super::repositories::repositories;
use super::tables::Tables;

/// How long the store takes to commit: long enough for something else to happen meanwhile.
const COMMIT: Duration = Duration::from_millis(1);

/// The store of all processes.
#[derive(Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    committed: Tables,
    /// What the open transaction made of it.
    working: Option<Tables>,
    /// The most recipients that were ever dispatching at once.
    most_dispatching: usize,
    /// How many statements there were.
    statements: u64,
}

fn dispatching(tables: &Tables) -> usize {
    let all = tables.recipients.values();
    all.filter(|r| r.delivery.status == DeliveryStatus::Dispatching)
        .count()
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks at what is committed, or changes it as somebody else would in a transaction of their
    /// own: it must not overlap one of the processes.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Tables) -> T) -> T {
        look(&mut self.state().committed)
    }

    /// Changes rows in a transaction that waits for its turn.
    pub(crate) async fn change<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        let _turn = self.writer.lock().await;
        self.with(change)
    }

    pub(crate) fn statements(&self) -> u64 {
        self.state().statements
    }

    pub(crate) fn most_dispatching(&self) -> usize {
        self.state().most_dispatching
    }
}

/// Which commits go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Those that begin attempts.
    Claims,
    /// Those that record what became of attempts.
    Outcomes,
}

/// What is wrong with a commit whose answer does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The request: nothing was committed.
    Request,
    /// Only the answer: all was committed.
    Answer,
}

#[derive(Debug, Default)]
struct Faults {
    away: bool,
    hangs: bool,
    commits: Vec<(Of, Lost)>,
}

/// One process's connection to the store.
#[derive(Clone, Default)]
pub(crate) struct Connection {
    ledger: Arc<Ledger>,
    faults: Arc<Mutex<Faults>>,
}

impl Connection {
    pub(crate) fn to(ledger: &Arc<Ledger>) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            faults: Arc::default(),
        }
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the store of files beside it has this one: as long as its row has a size.
    pub(crate) fn has_file(&self, is_it: impl Fn(&MediaFile) -> bool) -> bool {
        self.ledger.with(|tables| {
            let mut media = tables.media.iter();
            media.any(|file| is_it(file) && file.size > 0)
        })
    }

    /// Nothing gets through from now on, or it does again.
    pub(crate) fn cut(&self, away: bool) {
        self.faults().away = away;
    }

    /// Nothing is answered any more.
    pub(crate) fn hang(&self) {
        self.faults().hangs = true;
    }

    async fn wait_while_it_hangs(&self) {
        if self.faults().hangs {
            std::future::pending::<()>().await;
        }
    }

    /// The next commit of this kind is answered by nothing but an error.
    pub(crate) fn lose_next_commit(&self, of: Of, lost: Lost) {
        self.faults().commits.push((of, lost));
    }

    /// Whether all that was to go wrong did.
    pub(crate) fn has_lost_all(&self) -> bool {
        self.faults().commits.is_empty()
    }

    fn check(&self) -> Result<(), StorageError> {
        if self.faults().away {
            return Err(unavailable());
        }
        Ok(())
    }

    fn lost(&self, before: &Tables, after: &Tables) -> Option<Lost> {
        let moved = |from: fn(DeliveryStatus) -> bool, to: fn(DeliveryStatus) -> bool| {
            let statuses = before.recipients.iter().filter_map(|(id, recipient)| {
                let after = after.recipients.get(id)?;
                Some((recipient.delivery.status, after.delivery.status))
            });
            statuses
                .into_iter()
                .any(|(before, after)| from(before) && to(after))
        };
        let is: fn(DeliveryStatus) -> bool = |status| status == DeliveryStatus::Dispatching;
        let is_not: fn(DeliveryStatus) -> bool = |status| status != DeliveryStatus::Dispatching;
        let mut faults = self.faults();
        let place = faults.commits.iter().position(|(of, _)| match of {
            Of::Claims => moved(is_not, is),
            Of::Outcomes => moved(is, is_not),
        })?;
        Some(faults.commits.remove(place).1)
    }
}

fn unavailable() -> StorageError {
    StorageError::Unavailable("the connection is gone".into())
}

/// A connection in a transaction, or outside any.
#[derive(Clone)]
pub(super) struct Session {
    connection: Connection,
    in_unit: bool,
}

impl Session {
    /// One statement.
    pub(super) fn ask<T>(
        &self,
        statement: impl FnOnce(&mut Tables) -> T,
    ) -> Result<T, StorageError> {
        self.connection.check()?;
        let mut state = self.connection.ledger.state();
        state.statements += 1;
        if !self.in_unit {
            return Ok(statement(&mut state.committed));
        }
        state
            .working
            .as_mut()
            .map(statement)
            .ok_or_else(unavailable)
    }

    /// One statement that also changes rows outside of transactions: it touches none that an open
    /// transaction has changed.
    pub(super) fn write(&self, statement: impl Fn(&mut Tables)) -> Result<(), StorageError> {
        self.ask(&statement)?;
        if !self.in_unit {
            let mut state = self.connection.ledger.state();
            state.working.as_mut().map(statement);
        }
        Ok(())
    }
}

struct Unit {
    mocks: MockUnitOfWork,
    connection: Connection,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.connection.ledger.state().working = None;
    }
}

impl Unit {
    async fn commit(self) -> Result<(), StorageError> {
        tokio::time::sleep(COMMIT).await;
        self.connection.wait_while_it_hangs().await;
        self.connection.check()?;
        let mut state = self.connection.ledger.state();
        let after = state.working.take().expect("one commit a unit");
        let lost = self.connection.lost(&state.committed, &after);
        if lost != Some(Lost::Request) {
            state.most_dispatching = state.most_dispatching.max(dispatching(&after));
            state.committed = after;
        }
        lost.map_or(Ok(()), |_| Err(unavailable()))
    }
}

impl UnitOfWork for Unit {
    fn commit<'all>(self: Box<Self>) -> Later<'all, Result<(), StorageError>> {
        Box::pin(Unit::commit(*self))
    }
}

impl Connection {
    async fn transaction(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let turn = Arc::clone(&self.ledger.writer).lock_owned().await;
        self.wait_while_it_hangs().await;
        self.check()?;
        let mut state = self.ledger.state();
        state.working = Some(state.committed.clone());
        let session = Session {
            connection: self.clone(),
            in_unit: true,
        };
        Ok(Box::new(Unit {
            mocks: repositories(&session),
            connection: self.clone(),
            _turn: turn,
        }))
    }
}

impl Storage for Connection {
    fn begin<'me, 'all>(&'me self) -> Later<'all, Result<Box<dyn UnitOfWork>, StorageError>>
    where
        'me: 'all,
    {
        Box::pin(self.transaction())
    }

    fn read(&self) -> Box<dyn Repositories> {
        Box::new(repositories(&Session {
            connection: self.clone(),
            in_unit: false,
        }))
    }

    fn check<'me, 'all>(&'me self) -> Later<'all, Result<(), StorageError>>
    where
        'me: 'all,
    {
        Box::pin(async { Connection::check(self) })
    }
}

macro_rules! lend {
    ($($name:ident: $repository:ident),* $(,)?) => {
        impl Repositories for Unit {
            $(fn $name(&mut self) -> &mut dyn $repository {
                self.mocks.$name()
            })*
        }
    };
}

lend! {
    users: UserRepository,
    sessions: SessionRepository,
    contacts: ContactRepository,
    fields: FieldRepository,
    bulk_changes: BulkChangeRepository,
    campaigns: CampaignRepository,
    recipients: CampaignContactRepository,
    segments: SegmentRepository,
    senders: SenderRepository,
    media: MediaRepository,
    stored_files: StoredFileRepository,
    imports: ImportRepository,
    messages: MessageRepository,
    correspondents: CorrespondentRepository,
    replies: ReplyRepository,
    bot_activity: BotActivityRepository,
    webhooks: WebhookRepository,
    whatsapp: WhatsAppRepository,
    jobs: JobRepository,
    statistics: StatisticsRepository,
    idempotency: IdempotencyRepository,
}
