//! `nexus serve` and `nexus worker`.

use anyhow::ensure;

use super::ending::end_in_time;
use crate::composition::{Composition, Providers};
use crate::running::Running;
use crate::settings::Settings;

/// Serves the API until the process is told to stop, with the workers unless they run elsewhere.
pub async fn serve(settings: &Settings, with_workers: bool) -> anyhow::Result<()> {
    let running = Running::start(settings, with_workers).await?;
    tracing::info!(
        api = %format!("{}/api", running.url),
        docs = %format!("{}/api/docs/", running.url),
        "listening"
    );
    if let Some(sandbox) = &running.sandbox {
        tracing::info!(phones = %sandbox.base_url(), "the sandbox stands in for the providers");
    }
    let shutdown = running.shutdown();
    end_in_time(running.run_until(stop_signal()), shutdown).await
}

/// Runs the workers alone until the process is told to stop.
pub async fn work(settings: &Settings) -> anyhow::Result<()> {
    ensure!(
        settings.sandbox.is_none(),
        "SANDBOX: set it to off for workers of their own. The sandbox runs within `nexus serve`, \
         and what other processes send would go to the real WhatsApp"
    );
    let composition = Composition::build(settings, Providers::default()).await?;
    composition.migrate().await?;
    let workers = composition.workers.start(&composition.shutdown);
    tracing::info!("working");
    let shutdown = composition.shutdown.clone();
    let worked = async {
        stop_signal().await;
        tracing::info!("stopping");
        composition.shutdown.request();
        workers.join_all().await;
        composition.close().await;
        Ok(())
    };
    end_in_time(worked, shutdown).await
}

/// Comes when the process is told to stop: Ctrl-C, or SIGTERM.
pub(super) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without handlers for signals the process just goes on until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
