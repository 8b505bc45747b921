//! The store, on SQLite and PostgreSQL.
//!
//! Every repository is a file; all are implemented by [`SqlRepositories`], which speaks through
//! one [`connection::Connection`]: a transaction, or the pools. The statements are written in the
//! SQL that both databases understand, with every value bound; where they differ, the connection
//! knows the words. They are written out instead of built from entities because most of them are
//! not plain: locks that pass over rows, batches in one statement, keyset pages, leases on the
//! database's clock; and because a constant text is prepared only once.

mod bot_activity;
mod bulk_changes;
mod campaign_rows;
mod campaigns;
mod connection;
mod contact_changes;
mod contact_filter;
mod contact_lists;
mod contact_marks;
mod contact_rows;
mod contact_totals;
mod contacts;
mod correspondents;
mod errors;
mod fields;
mod idempotency;
mod import_plans;
mod imports;
mod jobs;
mod lists;
mod media;
mod media_uploads;
mod messages;
mod open;
mod progress;
mod recipient_rows;
mod recipient_tally;
mod recipients;
mod render;
mod replies;
mod rows;
mod segments;
mod sender_limits;
mod senders;
mod sessions;
mod sql;
mod statistics;
mod stored_files;
mod stored_filter;
mod template_values;
mod users;
mod webhooks;
mod whatsapp;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use nexus_domain::ports::{
    BotActivityRepository, BulkChangeRepository, CampaignContactRepository, CampaignRepository,
    ContactRepository, CorrespondentRepository, FieldRepository, IdempotencyRepository,
    ImportRepository, JobRepository, MediaRepository, MessageRepository, ReplyRepository,
    Repositories, SegmentRepository, SenderRepository, SessionRepository, StatisticsRepository,
    Storage, StorageError, StoredFileRepository, UnitOfWork, UserRepository, WebhookRepository,
    WhatsAppRepository,
};

use self::connection::{Connection, Pools, Together};
use self::contact_totals::TotalsChange;
pub use self::open::StorageOptions;

/// The store of one process.
#[derive(Clone)]
pub struct SqlStorage {
    pools: Pools,
}

/// The repositories of one transaction, or of none.
struct SqlRepositories {
    connection: Connection,
    /// What the transaction has changed of the totals so far.
    totals: Mutex<TotalsChange>,
}

impl SqlRepositories {
    fn on(connection: Connection) -> Self {
        Self {
            connection,
            totals: Mutex::default(),
        }
    }

    fn db(&self) -> &Connection {
        &self.connection
    }

    /// Counts what was changed: in a transaction at its end.
    async fn change_totals(
        &self,
        together: Together<'_>,
        change: TotalsChange,
    ) -> Result<(), StorageError> {
        if let Together::Own(connection) = &together {
            change.store(connection).await?;
        } else {
            self.pending_totals().merge(change);
        }
        together.done().await
    }

    /// Stores what is pending, before it is read or committed.
    async fn settle_totals(&self) -> Result<(), StorageError> {
        let pending = std::mem::take(&mut *self.pending_totals());
        pending.store(&self.connection).await
    }

    fn pending_totals(&self) -> MutexGuard<'_, TotalsChange> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repositories for SqlRepositories {
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }
    fn sessions(&mut self) -> &mut dyn SessionRepository {
        self
    }
    fn contacts(&mut self) -> &mut dyn ContactRepository {
        self
    }
    fn fields(&mut self) -> &mut dyn FieldRepository {
        self
    }
    fn bulk_changes(&mut self) -> &mut dyn BulkChangeRepository {
        self
    }
    fn segments(&mut self) -> &mut dyn SegmentRepository {
        self
    }
    fn campaigns(&mut self) -> &mut dyn CampaignRepository {
        self
    }
    fn recipients(&mut self) -> &mut dyn CampaignContactRepository {
        self
    }
    fn senders(&mut self) -> &mut dyn SenderRepository {
        self
    }
    fn media(&mut self) -> &mut dyn MediaRepository {
        self
    }
    fn stored_files(&mut self) -> &mut dyn StoredFileRepository {
        self
    }
    fn imports(&mut self) -> &mut dyn ImportRepository {
        self
    }
    fn messages(&mut self) -> &mut dyn MessageRepository {
        self
    }
    fn correspondents(&mut self) -> &mut dyn CorrespondentRepository {
        self
    }
    fn replies(&mut self) -> &mut dyn ReplyRepository {
        self
    }
    fn bot_activity(&mut self) -> &mut dyn BotActivityRepository {
        self
    }
    fn webhooks(&mut self) -> &mut dyn WebhookRepository {
        self
    }
    fn whatsapp(&mut self) -> &mut dyn WhatsAppRepository {
        self
    }
    fn jobs(&mut self) -> &mut dyn JobRepository {
        self
    }
    fn statistics(&mut self) -> &mut dyn StatisticsRepository {
        self
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self
    }
}

#[async_trait]
impl UnitOfWork for SqlRepositories {
    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.settle_totals().await?;
        self.connection.commit().await
    }
}

#[async_trait]
impl Storage for SqlStorage {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        let connection = self.pools.begin().await?;
        Ok(Box::new(SqlRepositories::on(connection)))
    }

    fn read(&self) -> Box<dyn Repositories> {
        let connection = Connection::Pools(self.pools.clone());
        Box::new(SqlRepositories::on(connection))
    }

    async fn check(&self) -> Result<(), StorageError> {
        self.check_schema().await
    }
}
