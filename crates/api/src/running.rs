//! A whole server in this process: the API, its workers, and the sandbox where it stands in for the
//! providers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use nexus_application::Shutdown;
use nexus_domain::ports::SenderProvisioner;
use nexus_infrastructure::private_folder;
use nexus_sandbox::{Behaviour, Sandbox, SandboxConfig};
use tokio::task::JoinSet;

use crate::composition::{Composition, Providers};
use crate::sandbox_senders::SandboxSenders;
use crate::settings::{SandboxSettings, Settings};
use crate::startup::{Application, listen};

/// A server that answers.
pub struct Running {
    /// Where it answers on this machine: `http://127.0.0.1:5000`.
    pub url: String,
    /// What stands in for the providers, if anything does.
    pub sandbox: Option<Arc<Sandbox>>,
    composition: Composition,
    application: Application,
    workers: JoinSet<()>,
}

impl Running {
    /// Starts everything, with the workers unless they run elsewhere. The schema is brought up to
    /// date first.
    pub async fn start(settings: &Settings, with_workers: bool) -> anyhow::Result<Self> {
        let listener = listen(settings)?;
        let port = listener.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        let sandbox = match &settings.sandbox {
            Some(sandbox) => Some(Arc::new(start_sandbox(settings, sandbox).await?)),
            None => None,
        };
        let providers = Providers {
            provisioner: sandbox.as_ref().map(|sandbox| {
                Arc::new(SandboxSenders::new(Arc::clone(sandbox), url.clone()))
                    as Arc<dyn SenderProvisioner>
            }),
            whatsapp_base_url: sandbox.as_ref().map(|sandbox| sandbox.base_url()),
        };
        let composition = Composition::build(settings, providers).await?;
        composition.migrate().await?;
        let application = Application::build(settings, &composition, listener)?;
        let workers = if with_workers {
            composition.workers.start(&composition.shutdown)
        } else {
            JoinSet::new()
        };
        Ok(Self {
            url,
            sandbox,
            composition,
            application,
            workers,
        })
    }

    /// Tells everything to end.
    pub fn shutdown(&self) -> Shutdown {
        self.composition.shutdown.clone()
    }

    /// Answers until `stop` comes; then nothing new is begun, messages and requests in flight end,
    /// and the store is closed.
    ///
    /// The server stops last: connections to providers and to the store belong to the thread that
    /// opened them, and those of the server's threads would break off under the workers.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let shutdown = self.composition.shutdown.clone();
        let workers = self.workers;
        self.application
            .run_until(async {
                stop.await;
                tracing::info!("stopping");
                shutdown.request();
                workers.join_all().await;
            })
            .await?;
        self.composition.close().await;
        Ok(())
    }
}

async fn start_sandbox(settings: &Settings, sandbox: &SandboxSettings) -> anyhow::Result<Sandbox> {
    private_folder(&settings.data_folder).context("DATA_FOLDER: the folder can't be made")?;
    Sandbox::start(SandboxConfig {
        port: sandbox.port,
        journal: Some(settings.data_folder.join("sandbox.jsonl")),
        behaviour: Behaviour {
            latency_ms: milliseconds(sandbox.latency),
            status_delay_ms: milliseconds(sandbox.status_delay),
            replies: sandbox.replies,
            enforce_window: sandbox.enforce_window,
            ..Behaviour::default()
        },
        ..SandboxConfig::default()
    })
    .await
    .context("SANDBOX: it can't be started")
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
