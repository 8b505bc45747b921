//! Starting, driving and stopping a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::behaviour::{Behaviour, ImpossibleBehaviour};
use crate::connection::{CuttableListener, Cutter};
use crate::control;
use crate::journal::{AcceptedMessage, Event, InboundContent, JournalEntry, JournalError};
use crate::whatsapp::{
    self, AccountRegistration, InboundError, NewsError, Redelivery, RegistrationError, Setting,
    Simulation, TemplateChange,
};

/// Requests that hang on purpose must not hold up the end.
const LONGEST_STOP: Duration = Duration::from_secs(2);

/// How a sandbox starts.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// 0 lets the system choose. The sandbox listens on 127.0.0.1 only.
    pub port: u16,
    /// A file to remember everything in: appended to, and read at the start. Media go to a
    /// folder beside it. Without it the sandbox forgets at its end.
    pub journal: Option<PathBuf>,
    pub behaviour: Behaviour,
    pub redelivery: Redelivery,
    /// Mexican mobiles get the `wa_id` `521…` although the business writes to `52…`, as on
    /// WhatsApp.
    pub mexican_wa_id: bool,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            port: 0,
            journal: None,
            behaviour: Behaviour::default(),
            redelivery: Redelivery::default(),
            mexican_wa_id: true,
        }
    }
}

/// Why the sandbox can't do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the sandbox can't listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: std::io::Error },
    #[error("the sandbox's HTTP client can't be built")]
    HttpClient(#[source] reqwest::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Registration(#[from] RegistrationError),
    #[error(transparent)]
    Behaviour(#[from] ImpossibleBehaviour),
    #[error(transparent)]
    Inbound(#[from] InboundError),
    #[error(transparent)]
    News(#[from] NewsError),
}

/// A running sandbox. Dropping it stops it too, without waiting for what is in flight.
pub struct Sandbox {
    simulation: Arc<Simulation>,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts listening. Must be called on a Tokio runtime.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        config.behaviour.check()?;
        // Fails when the process has installed a provider already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(SandboxError::HttpClient)?;
        let listening = |source| SandboxError::Listen {
            port: config.port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))
            .await
            .map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let simulation = Simulation::open(Setting {
            base_url: format!("http://{address}"),
            journal: config.journal.as_deref(),
            behaviour: config.behaviour,
            redelivery: config.redelivery,
            mexican_wa_id: config.mexican_wa_id,
            http,
        })?;
        tokio::spawn(whatsapp::run_schedule(Arc::clone(&simulation)));

        let app = control::routes()
            .merge(whatsapp::routes())
            .with_state(Arc::clone(&simulation))
            .into_make_service_with_connect_info::<Cutter>();
        let until = Arc::clone(&simulation);
        let server = tokio::spawn(async move {
            let served = axum::serve(CuttableListener(listener), app)
                .with_graceful_shutdown(async move { until.stopped().await })
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the sandbox stopped listening");
            }
        });
        tracing::info!(%address, "sandbox ready");
        Ok(Self {
            simulation,
            address,
            server: Some(server),
        })
    }

    /// `http://127.0.0.1:PORT`: the Graph API's base URL (add `/v23.0/…`) and the page.
    pub fn base_url(&self) -> String {
        self.simulation.base_url().to_owned()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds an account, or replaces the one with the same phone number id.
    pub fn register_account(&self, account: &AccountRegistration) -> Result<(), SandboxError> {
        account.check()?;
        Ok(self.simulation.register(account)?)
    }

    /// Every accepted message, oldest first.
    pub fn accepted(&self) -> Vec<AcceptedMessage> {
        let entries = self.simulation.journal().entries();
        let accepted = entries.iter().filter_map(|entry| match &entry.event {
            Event::Accepted(message) => Some(message.clone()),
            _ => None,
        });
        accepted.collect()
    }

    /// Everything that happened, oldest first.
    pub fn journal(&self) -> Vec<Arc<JournalEntry>> {
        self.simulation.journal().entries()
    }

    pub fn behaviour(&self) -> Behaviour {
        self.simulation.behaviour()
    }

    /// Changes how the provider behaves from now on.
    pub fn set_behaviour(&self, behaviour: Behaviour) -> Result<(), SandboxError> {
        behaviour.check()?;
        self.simulation.change_behaviour(|current| {
            *current = behaviour;
            Ok::<_, SandboxError>(())
        })?;
        Ok(())
    }

    /// A customer writes to a business number; the webhook follows. Returns the message id.
    pub fn receive(
        &self,
        from: &str,
        phone_number_id: &str,
        text: &str,
    ) -> Result<String, SandboxError> {
        let content = InboundContent::Text(text.to_owned());
        let received = self
            .simulation
            .receive(from, phone_number_id, content, None);
        Ok(received?)
    }

    /// Changes a template of the business that owns this number, as Meta does when it has judged it:
    /// the webhook follows.
    pub fn change_template(
        &self,
        phone_number_id: &str,
        change: &TemplateChange,
    ) -> Result<(), SandboxError> {
        Ok(self.simulation.change_template(phone_number_id, change)?)
    }

    /// Adds a template, in Meta's form, that is approved at once; no webhook follows.
    pub fn add_template(
        &self,
        phone_number_id: &str,
        template: serde_json::Value,
    ) -> Result<(), SandboxError> {
        Ok(self.simulation.add_template(phone_number_id, template)?)
    }

    /// Forgets every uploaded file, as Meta does after 30 days. How many there were.
    pub fn expire_media(&self) -> usize {
        let ids = self.simulation.media().ids();
        for media_id in &ids {
            self.simulation.media().remove(media_id);
            let media_id = media_id.clone();
            self.simulation
                .record_or_log(Event::MediaDeleted { media_id });
        }
        ids.len()
    }

    /// Rates a number, as Meta shows it when it is asked.
    pub fn rate_number(&self, phone_number_id: &str, quality: &str) {
        self.simulation.ratings().set(phone_number_id, quality);
    }

    /// Meta says something by itself: a webhook with this `field` and `value`, triggered so many
    /// seconds ago.
    pub fn tell(
        &self,
        phone_number_id: &str,
        field: &str,
        value: serde_json::Value,
        seconds_ago: u32,
    ) -> Result<(), SandboxError> {
        let told = self
            .simulation
            .tell(phone_number_id, field, value, seconds_ago);
        Ok(told?)
    }

    /// Stops and waits for requests in flight, for two seconds at most. What is still planned
    /// goes on at the next start on the same journal.
    pub async fn shutdown(mut self) {
        self.simulation.stop();
        if let Some(server) = self.server.take() {
            let abort = server.abort_handle();
            if tokio::time::timeout(LONGEST_STOP, server).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.simulation.stop();
    }
}
