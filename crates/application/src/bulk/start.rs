//! Changing many contacts: at once, or handing the change to the worker.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::Violations;
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, ContactFilter, ContactSelection, Job, JobId,
    JobWork, UserId,
};

use super::batch::Batch;
use super::{BulkChanges, BulkRequest};
use crate::Actor;

/// The most contacts that are changed in one transaction while the user waits.
pub(super) const AT_ONCE: u32 = 2_000;

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkOutcome {
    /// It is done.
    Done {
        /// How many contacts were meant.
        matched: u64,
        /// How many it made a difference to.
        changed: u64,
    },
    /// It is being done in the background.
    Queued(Box<BulkChange>),
}

/// Why contacts were not changed.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BulkChanges {
    /// Changes the contacts that are meant.
    pub async fn start(
        &self,
        actor: &Actor,
        request: &BulkRequest,
    ) -> Result<BulkOutcome, BulkError> {
        let user = actor.user_id();
        let storage = self.ports.storage.as_ref();
        let (action, selection) = request.resolve(storage, user).await?;
        Ok(self.change(user, action, selection).await?)
    }

    async fn change(
        &self,
        user: UserId,
        action: BulkAction,
        selection: ContactSelection,
    ) -> Result<BulkOutcome, StorageError> {
        let now = self.ports.clock.now();
        if let Some(done) = self.at_once(user, &action, &selection, now).await? {
            return Ok(done);
        }
        self.queue(user, action, selection, now).await
    }

    /// `None`, and nothing done, when there are too many.
    async fn at_once(
        &self,
        user: UserId,
        action: &BulkAction,
        selection: &ContactSelection,
        now: DateTime<Utc>,
    ) -> Result<Option<BulkOutcome>, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let done = self
            .few(unit.as_mut(), user, action, selection, now)
            .await?;
        if done.is_some() {
            unit.commit().await?;
        }
        Ok(done)
    }

    /// Ends a transaction with the change of the contacts, or, when they are too many for it, with
    /// the decision that the worker changes them.
    pub(super) async fn conclude(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        user: UserId,
        action: BulkAction,
        selection: ContactSelection,
        now: DateTime<Utc>,
    ) -> Result<BulkOutcome, StorageError> {
        let few = self.few(unit.as_mut(), user, &action, &selection, now);
        if let Some(done) = few.await? {
            unit.commit().await?;
            return Ok(done);
        }
        let change = self
            .enqueue(unit.as_mut(), user, action, selection, now)
            .await?;
        unit.commit().await?;
        Ok(self.queued(change))
    }

    /// Changes the contacts in a transaction, unless there are too many for one.
    async fn few(
        &self,
        unit: &mut dyn UnitOfWork,
        user: UserId,
        action: &BulkAction,
        selection: &ContactSelection,
        now: DateTime<Utc>,
    ) -> Result<Option<BulkOutcome>, StorageError> {
        let batch = Batch::find(unit, user, action, selection, None, AT_ONCE + 1).await?;
        let matched = batch.len();
        if matched > AT_ONCE as usize {
            return Ok(None);
        }
        let changed = batch.apply(unit, user, now).await?;
        Ok(Some(BulkOutcome::Done {
            matched: matched as u64,
            changed,
        }))
    }

    async fn queue(
        &self,
        user: UserId,
        action: BulkAction,
        selection: ContactSelection,
        now: DateTime<Utc>,
    ) -> Result<BulkOutcome, StorageError> {
        let mut unit = self.ports.storage.begin().await?;
        let change = self
            .enqueue(unit.as_mut(), user, action, selection, now)
            .await?;
        unit.commit().await?;
        Ok(self.queued(change))
    }

    /// Leaves a change to the worker, in a transaction.
    async fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        user: UserId,
        action: BulkAction,
        selection: ContactSelection,
        now: DateTime<Utc>,
    ) -> Result<BulkChange, StorageError> {
        let selection = as_of(selection, now);
        let matched = match &selection {
            ContactSelection::Filter(filter) => unit.contacts().count(user, filter).await?,
            ContactSelection::Ids(ids) => {
                let most = u32::try_from(ids.len()).unwrap_or(u32::MAX);
                let known = unit.contacts().selected(user, &selection, None, most);
                known.await?.len() as u64
            }
        };
        let entropy = self.ports.entropy.as_ref();
        let change = BulkChange {
            id: BulkChangeId::new(now, entropy),
            user_id: user,
            action,
            selection,
            status: BulkStatus::Queued,
            matched,
            changed: 0,
            seen_through: None,
            created_at: now,
            updated_at: now,
        };
        let job = Job {
            id: JobId::new(now, entropy),
            user_id: user,
            work: JobWork::ChangeContacts {
                change_id: change.id,
            },
            attempts: 0,
            run_after: now,
            created_at: now,
        };
        unit.bulk_changes().insert(&change).await?;
        unit.jobs().enqueue(&job).await?;
        Ok(change)
    }

    /// A change was left to the worker, which is woken.
    fn queued(&self, change: BulkChange) -> BulkOutcome {
        self.ports.wake.notify_one();
        tracing::info!(
            user_id = %change.user_id,
            change_id = %change.id,
            matched = change.matched,
            "many contacts will be changed"
        );
        BulkOutcome::Queued(Box::new(change))
    }
}

/// The selection as it is now: contacts that come while it is gone through are not meant.
fn as_of(selection: ContactSelection, now: DateTime<Utc>) -> ContactSelection {
    match selection {
        ContactSelection::Ids(_) => selection,
        ContactSelection::Filter(filter) => {
            let before = filter.created_before.map_or(now, |before| before.min(now));
            ContactSelection::Filter(ContactFilter {
                created_before: Some(before),
                ..filter
            })
        }
    }
}
