//! The wish to stop, seen by every worker.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells workers that the process is about to end: they finish what they hold, give back the
/// rest and return. Clones share one state; it never goes back.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            requested: Arc::new(watch::Sender::new(false)),
        }
    }
}

impl Shutdown {
    /// Nobody has asked to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everyone who holds a clone to stop.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Whether somebody has asked to stop.
    pub fn requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Returns once somebody has asked to stop.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so the wait ends only with the request.
        let _ = self
            .requested
            .subscribe()
            .wait_for(|requested| *requested)
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_of_it_before_and_after() {
        let shutdown = Shutdown::new();
        let early = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        tokio::task::yield_now().await;
        assert!(!shutdown.requested());

        shutdown.clone().request();

        early.await.expect("woken");
        assert!(shutdown.requested());
        shutdown.wait().await;
    }
}
