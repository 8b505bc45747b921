//! A sender account's lease while this process has it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nexus_domain::ports::{Storage, StorageError};
use nexus_domain::{InstanceId, SenderAccount, SenderLease};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::fault::{self, Bug, Point};

/// The longest wait before a renewal that failed is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// What the process knows of its lease without asking, on its own clock, which runs on while the
/// process is stopped. It reckons from before the database was asked and leaves out the last
/// quarter, so that it ends before the lease does on the database's clock.
#[derive(Debug)]
pub(super) struct LeaseWatch {
    until: Mutex<Instant>,
    lost: AtomicBool,
}

impl LeaseWatch {
    pub(super) fn new(asked_at: Instant, ttl: Duration) -> Self {
        Self {
            until: Mutex::new(asked_at + usable(ttl)),
            lost: AtomicBool::new(false),
        }
    }

    fn prolong(&self, asked_at: Instant, ttl: Duration) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked_at + usable(ttl);
    }

    /// Another process has the account, or may.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    /// Whether it is gone for good.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Whether a request may leave now.
    pub(super) fn is_valid(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.is_lost() && Instant::now() < until) || fault::has(Bug::IgnoreLease)
    }
}

fn usable(ttl: Duration) -> Duration {
    ttl.mul_f64(0.75)
}

/// A lease that is renewed until this is dropped.
pub(super) struct KeptLease {
    pub(super) lease: SenderLease,
    pub(super) watch: Arc<LeaseWatch>,
    keeper: JoinHandle<()>,
}

impl Drop for KeptLease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl KeptLease {
    /// Takes the lease of an account, unless another has it.
    pub(super) async fn acquire(
        storage: &Arc<dyn Storage>,
        sender: &SenderAccount,
        owner: InstanceId,
        ttl: Duration,
    ) -> Result<Option<Self>, StorageError> {
        let asked_at = Instant::now();
        let mut unit = storage.begin().await?;
        let acquired = unit
            .senders()
            .acquire(sender.user_id, sender.id, owner, ttl)
            .await?;
        let Some(lease) = acquired else {
            return Ok(None);
        };
        fault::at(Point::LeaseTaking);
        unit.commit().await?;
        fault::at(Point::LeaseTaken);
        let watch = Arc::new(LeaseWatch::new(asked_at, ttl));
        let keeper = tokio::spawn(keep(
            Arc::clone(storage),
            lease.clone(),
            ttl,
            Arc::clone(&watch),
        ));
        Ok(Some(Self {
            lease,
            watch,
            keeper,
        }))
    }

    /// Gives the lease back.
    pub(super) async fn release(self, storage: &dyn Storage) -> Result<(), StorageError> {
        self.keeper.abort();
        let mut unit = storage.begin().await?;
        unit.senders().release(&self.lease).await?;
        fault::at(Point::LeaseReleasing);
        unit.commit().await?;
        fault::at(Point::LeaseReleased);
        Ok(())
    }
}

/// Renews the lease until it is lost.
async fn keep(
    storage: Arc<dyn Storage>,
    lease: SenderLease,
    ttl: Duration,
    watch: Arc<LeaseWatch>,
) {
    let mut wait = ttl / 3;
    loop {
        tokio::time::sleep(wait).await;
        let asked_at = Instant::now();
        match renew(storage.as_ref(), &lease, ttl).await {
            Ok(true) => {
                watch.prolong(asked_at, ttl);
                wait = ttl / 3;
            }
            Ok(false) => {
                watch.lose();
                return;
            }
            Err(error) => {
                tracing::warn!(
                    sender_id = %lease.sender_id,
                    error = &error as &dyn std::error::Error,
                    "a sender's lease could not be renewed"
                );
                wait = (ttl / 15).min(LONGEST_RETRY);
            }
        }
    }
}

async fn renew(
    storage: &dyn Storage,
    lease: &SenderLease,
    ttl: Duration,
) -> Result<bool, StorageError> {
    let mut unit = storage.begin().await?;
    let held = unit.senders().renew(lease, ttl).await?;
    fault::at(Point::LeaseRenewing);
    unit.commit().await?;
    fault::at(Point::LeaseRenewed);
    Ok(held)
}
