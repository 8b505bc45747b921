//! The background workers of one process.

use std::future::Future;
use std::time::Duration;

use nexus_application::Shutdown;
use nexus_application::bulk::BulkWorker;
use nexus_application::campaigns::Scheduler;
use nexus_application::delivery::Dispatcher;
use nexus_application::housekeeping::Housekeeping;
use nexus_application::imports::ImportWorker;
use nexus_application::replies::ReplyWorker;
use nexus_application::webhooks::WebhookWorker;
use tokio::task::JoinSet;

/// The wait before a worker that broke down is started again.
const RESTART: Duration = Duration::from_secs(1);

/// Everything that works in the background.
#[derive(Clone)]
pub struct Workers {
    /// Imports files.
    pub imports: ImportWorker,
    /// Changes many contacts.
    pub bulk_changes: BulkWorker,
    /// Starts scheduled campaigns.
    pub scheduler: Scheduler,
    /// Sends campaigns.
    pub dispatcher: Dispatcher,
    /// Applies webhooks.
    pub webhooks: WebhookWorker,
    /// Sends what the product answers by itself.
    pub replies: ReplyWorker,
    /// Deletes what is kept no longer.
    pub housekeeping: Housekeeping,
}

impl Workers {
    /// Starts them all; they end in order after `shutdown`, and the set is empty then.
    pub fn start(&self, shutdown: &Shutdown) -> JoinSet<()> {
        let mut running = JoinSet::new();
        macro_rules! start {
            ($($name:literal: $worker:ident),+ $(,)?) => {$(
                let worker = self.$worker.clone();
                running.spawn(keep_running($name, shutdown.clone(), move |shutdown| {
                    let worker = worker.clone();
                    async move { worker.run(shutdown).await }
                }));
            )+};
        }
        start!(
            "imports": imports,
            "changes of contacts": bulk_changes,
            "scheduler": scheduler,
            "dispatcher": dispatcher,
            "webhooks": webhooks,
            "replies": replies,
            "housekeeping": housekeeping,
        );
        running
    }
}

/// Runs a worker until the shutdown. One that panics has lost nothing that the store does not have,
/// so it begins again.
async fn keep_running<F>(name: &'static str, shutdown: Shutdown, run: impl Fn(Shutdown) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = tokio::spawn(run(shutdown.clone())).await {
        tracing::error!(worker = name, %error, "a worker broke down and begins again");
        tokio::select! {
            () = shutdown.wait() => {}
            () = tokio::time::sleep(RESTART) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_begins_again_and_one_that_ends_does_not() {
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        keep_running("planted", Shutdown::new(), move |_| {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move { assert!(start >= 2, "planted") }
        })
        .await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
