//! Deleting what is kept only for a time.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{Clock, Storage, StorageError};

use crate::Shutdown;

/// How often.
const INTERVAL: Duration = Duration::from_hours(1);
/// The first time is not in the way of a start.
const FIRST: Duration = Duration::from_mins(1);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Webhooks that were applied, or that can't be.
    pub webhooks: Duration,
    /// `Idempotency-Key`s with their answers.
    pub idempotency_keys: Duration,
}

/// Deletes webhooks, idempotency keys and sessions whose time is over. Any number may run.
#[derive(Clone)]
pub struct Housekeeping {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

impl Housekeeping {
    /// Housekeeping in this store.
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, retention: Retention) -> Self {
        Self {
            storage,
            clock,
            retention,
        }
    }

    /// Tidies up every hour until the shutdown.
    pub async fn run(&self, shutdown: Shutdown) {
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = INTERVAL;
            if let Err(error) = self.tidy_up().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "housekeeping waits for the store"
                );
            }
        }
    }

    /// Deletes everything whose time is over.
    pub async fn tidy_up(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let before =
            |kept: Duration| now - TimeDelta::from_std(kept).unwrap_or(TimeDelta::days(36_500));
        let mut store = self.storage.read();
        let sessions = store.sessions().delete_expired(now).await?;
        let webhooks = store
            .webhooks()
            .delete_settled(before(self.retention.webhooks))
            .await?;
        let keys = store
            .idempotency()
            .delete_before(before(self.retention.idempotency_keys))
            .await?;
        if sessions + webhooks + keys > 0 {
            tracing::info!(sessions, webhooks, keys, "deleted what is kept no longer");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nexus_domain::mocks::{MockUnitOfWork, ScriptedStorage};

    use super::*;
    use crate::fixtures::{clock, now};

    #[tokio::test]
    async fn each_kind_of_thing_is_kept_for_its_own_time() {
        let mut unit = MockUnitOfWork::default();
        unit.sessions
            .expect_delete_expired()
            .withf(|at| *at == now())
            .times(1)
            .returning(|_| Ok(1));
        unit.webhooks
            .expect_delete_settled()
            .withf(|before| *before == now() - TimeDelta::days(30))
            .times(1)
            .returning(|_| Ok(2));
        unit.idempotency
            .expect_delete_before()
            .withf(|before| *before == now() - TimeDelta::hours(24))
            .times(1)
            .returning(|_| Ok(3));
        let day = Duration::from_hours(24);
        let housekeeping = Housekeeping::new(
            Arc::new(ScriptedStorage::new().then_read(unit)),
            clock(),
            Retention {
                webhooks: day * 30,
                idempotency_keys: day,
            },
        );
        housekeeping.tidy_up().await.expect("everything is deleted");
    }
}
