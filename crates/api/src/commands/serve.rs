//! `nexus serve` and `nexus worker`.

use std::sync::Arc;

use anyhow::Context;
use nexus_application::Shutdown;
use nexus_domain::ports::SenderProvisioner;
use nexus_sandbox::{Behaviour, Sandbox, SandboxConfig};
use tokio::task::JoinSet;

use crate::composition::Composition;
use crate::sandbox_senders::SandboxSenders;
use crate::settings::{SandboxSettings, Settings};
use crate::startup::{Application, listen};

/// Serves the API until the process is told to stop, with the workers unless they run elsewhere.
pub async fn serve(settings: &Settings, with_workers: bool) -> anyhow::Result<()> {
    let listener = listen(settings)?;
    let address = listener.local_addr()?;
    let own_url = format!("http://127.0.0.1:{}", address.port());
    let sandbox = match &settings.sandbox {
        Some(sandbox) => Some(Arc::new(start_sandbox(settings, sandbox).await?)),
        None => None,
    };
    let provisioner = sandbox.as_ref().map(|sandbox| {
        Arc::new(SandboxSenders::new(Arc::clone(sandbox), own_url.clone()))
            as Arc<dyn SenderProvisioner>
    });
    let composition = Composition::build(settings, provisioner).await?;
    composition.migrate().await?;
    let application = Application::build(settings, &composition, listener)?;
    tracing::info!(api = %format!("{own_url}/api"), docs = %format!("{own_url}/api/docs/"), "listening on {}", application.address());
    if let Some(sandbox) = &sandbox {
        tracing::info!(phones = %sandbox.base_url(), "the sandbox stands in for the providers");
    }
    let shutdown = composition.shutdown.clone();
    let mut workers = JoinSet::new();
    if with_workers {
        start_workers(&composition, &mut workers);
    }
    application
        .run_until(async {
            stop_signal().await;
            tracing::info!("stopping");
            shutdown.request();
        })
        .await?;
    workers.join_all().await;
    Ok(())
}

/// Runs the workers alone until the process is told to stop.
pub async fn work(settings: &Settings) -> anyhow::Result<()> {
    let composition = Composition::build(settings, None).await?;
    composition.migrate().await?;
    let mut workers = JoinSet::new();
    start_workers(&composition, &mut workers);
    tracing::info!("working");
    stop_signal().await;
    tracing::info!("stopping");
    composition.shutdown.request();
    workers.join_all().await;
    Ok(())
}

fn start_workers(composition: &Composition, workers: &mut JoinSet<()>) {
    let shutdown: Shutdown = composition.shutdown.clone();
    let imports = composition.import_worker.clone();
    workers.spawn(async move { imports.run(shutdown).await });
}

async fn start_sandbox(settings: &Settings, sandbox: &SandboxSettings) -> anyhow::Result<Sandbox> {
    std::fs::create_dir_all(&settings.data_folder)
        .context("DATA_FOLDER: the folder can't be made")?;
    Sandbox::start(SandboxConfig {
        port: sandbox.port,
        journal: Some(settings.data_folder.join("sandbox.jsonl")),
        behaviour: Behaviour {
            latency_ms: milliseconds(sandbox.latency),
            status_delay_ms: milliseconds(sandbox.status_delay),
            replies: sandbox.replies,
            ..Behaviour::default()
        },
        ..SandboxConfig::default()
    })
    .await
    .context("SANDBOX: it can't be started")
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Comes when the process is told to stop: Ctrl-C, or SIGTERM.
async fn stop_signal() {
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
