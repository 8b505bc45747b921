//! The composition root: which adapter stands behind which port.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use nexus_application::Shutdown;
use nexus_application::accounts::{AccountDefaults, AccountPorts, Accounts};
use nexus_application::bulk::{BulkChanges, BulkPorts, BulkWorker};
use nexus_application::campaigns::{
    CampaignPorts, Campaigns, MediaPorts, ScheduleConfig, Scheduler, SendingLimits,
};
use nexus_application::contacts::Contacts;
use nexus_application::delivery::{
    Channels, DispatchConfig, DispatchPorts, Dispatcher, FailureLimits,
};
use nexus_application::events::{EventLimits, EventPorts, Events};
use nexus_application::housekeeping::{Housekeeping, Retention};
use nexus_application::imports::{ImportPorts, ImportWorker, Imports};
use nexus_application::integrations::{IntegrationPorts, Integrations};
use nexus_application::replies::{ReplyConfig, ReplyPorts, ReplyWorker};
use nexus_application::reports::Reports;
use nexus_application::segments::Segments;
use nexus_application::statistics::Statistics;
use nexus_application::webhooks::{WebhookPorts, WebhookWorker, Webhooks};
use nexus_domain::InstanceId;
use nexus_domain::ports::{
    Clock, Entropy, FileStore, MessageChannel, SecretSealer, SenderProvisioner, Storage,
};
use nexus_infrastructure::storage::{SqlStorage, StorageOptions};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};
use nexus_infrastructure::whatsapp::{WhatsAppChannel, WhatsAppConfig, WhatsAppWebhooks};
use nexus_infrastructure::{
    Argon2Hasher, BucketFileStore, ContentRecogniser, FolderFileStore, KeyRing, SystemClock,
    SystemEntropy, generate_secret_key, private_folder,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::settings::{Settings, WhatsAppSettings};
use crate::workers::Workers;

/// What stands in for the providers; nothing does by default.
#[derive(Default)]
pub struct Providers {
    /// Gives new accounts a sender that works at once.
    pub provisioner: Option<Arc<dyn SenderProvisioner>>,
    /// Where WhatsApp's API is, in place of the address in the settings.
    pub whatsapp_base_url: Option<String>,
}

/// Every use case, over its adapters.
pub struct Composition {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Tells everything to end.
    pub shutdown: Shutdown,
    /// Use cases on accounts.
    pub accounts: Accounts,
    /// Use cases on contacts.
    pub contacts: Contacts,
    /// Use cases that change many contacts.
    pub bulk_changes: BulkChanges,
    /// Use cases on segments.
    pub segments: Segments,
    /// Use cases on imports.
    pub imports: Imports,
    /// Use cases on campaigns.
    pub campaigns: Campaigns,
    /// Use cases on integrations.
    pub integrations: Integrations,
    /// Use cases on reports.
    pub reports: Reports,
    /// Following campaigns.
    pub events: Events,
    /// Use cases on figures.
    pub statistics: Statistics,
    /// Use cases on webhooks.
    pub webhooks: Webhooks,
    /// What works in the background.
    pub workers: Workers,
    database: SqlStorage,
}

/// Connects to the database that the settings name.
pub async fn connect(settings: &Settings) -> anyhow::Result<SqlStorage> {
    let options = StorageOptions {
        max_connections: settings.database.max_connections,
        ..StorageOptions::default()
    };
    SqlStorage::connect(settings.database.url.expose_secret(), options)
        .await
        .context("DATABASE_URL: the database can't be reached")
}

impl Composition {
    /// Puts everything together. `providers` says where the sandbox is when it runs.
    pub async fn build(settings: &Settings, providers: Providers) -> anyhow::Result<Self> {
        let database = connect(settings).await?;
        let storage: Arc<dyn Storage> = Arc::new(database.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let key = secret_key(settings)?;
        let sealer: Arc<dyn SecretSealer> = Arc::new(KeyRing::new(&key, &settings.previous_keys));
        let files = file_store(settings)?;
        let accounts = Accounts::new(
            AccountPorts {
                storage: Arc::clone(&storage),
                hasher: Arc::new(Argon2Hasher::new()),
                sealer: Arc::clone(&sealer),
                files: Arc::clone(&files),
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
                provisioner: providers.provisioner,
            },
            AccountDefaults {
                language: settings.accounts.language,
                time_zone: settings.accounts.time_zone,
                default_country: settings.accounts.country,
            },
        );
        let contacts = Contacts::new(
            Arc::clone(&storage),
            Arc::clone(&clock),
            Arc::clone(&entropy),
        );
        let segments = Segments::new(
            Arc::clone(&storage),
            Arc::clone(&clock),
            Arc::clone(&entropy),
        );
        let bulk_ports = BulkPorts {
            storage: Arc::clone(&storage),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            wake: Arc::new(Notify::new()),
        };
        let import_ports = ImportPorts {
            storage: Arc::clone(&storage),
            files: Arc::clone(&files),
            tables: Arc::new(SpreadsheetReader::new(TableLimits {
                max_rows: settings.imports.max_rows,
                max_columns: settings.imports.max_columns,
                max_inflated_bytes: settings.imports.max_inflated_bytes,
                ..TableLimits::default()
            })),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            wake: Arc::new(Notify::new()),
        };
        let whatsapp = whatsapp(&settings.whatsapp, providers.whatsapp_base_url)?;
        let channels = Channels::new([Arc::new(whatsapp) as Arc<dyn MessageChannel>]);
        let dispatch_wake = Arc::new(Notify::new());
        let campaigns = Campaigns::new(
            CampaignPorts {
                storage: Arc::clone(&storage),
                media: MediaPorts {
                    files: Arc::clone(&files),
                    recogniser: Arc::new(ContentRecogniser),
                    quota: settings.media.quota,
                },
                sealer: Arc::clone(&sealer),
                channels: channels.clone(),
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
                wake: Arc::clone(&dispatch_wake),
                schedule_wake: Arc::new(Notify::new()),
                keeps_window: settings.whatsapp.keeps_window,
            },
            ScheduleConfig {
                latest_start: settings.schedule.latest_start,
                ..ScheduleConfig::default()
            },
        )
        .within(SendingLimits {
            per_second: settings.dispatch.per_second,
            daily_people: settings.dispatch.daily_people,
        });
        let integrations = Integrations::new(IntegrationPorts {
            storage: Arc::clone(&storage),
            sealer: Arc::clone(&sealer),
            channels: channels.clone(),
            clock: Arc::clone(&clock),
        });
        let reply_ports = ReplyPorts {
            storage: Arc::clone(&storage),
            sealer: Arc::clone(&sealer),
            channels: channels.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        };
        let dispatch_ports = DispatchPorts {
            storage: Arc::clone(&storage),
            sealer: Arc::clone(&sealer),
            channels,
            files: Arc::clone(&files),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            wake: dispatch_wake,
        };
        let webhook_ports = WebhookPorts {
            storage: Arc::clone(&storage),
            sealer,
            reader: Arc::new(WhatsAppWebhooks),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            wake: Arc::new(Notify::new()),
        };
        let reports = Reports::new(
            Arc::clone(&storage),
            Arc::clone(&clock),
            settings.whatsapp.reports_within,
        );
        let shutdown = Shutdown::new();
        let events = Events::new(
            EventPorts {
                source: Arc::new(database.clone()),
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
            },
            EventLimits {
                per_user: settings.events.per_user,
                in_all: settings.events.in_all,
            },
            shutdown.clone(),
        );
        let statistics = Statistics::new(Arc::clone(&storage), Arc::clone(&clock));
        let owner = InstanceId::new(clock.now(), entropy.as_ref());
        Ok(Self {
            bulk_changes: BulkChanges::new(bulk_ports.clone()),
            imports: Imports::new(import_ports.clone(), settings.imports.max_bytes),
            webhooks: Webhooks::new(webhook_ports.clone()),
            workers: Workers {
                imports: ImportWorker::new(import_ports, owner, settings.imports.lease),
                bulk_changes: BulkWorker::new(bulk_ports, owner),
                scheduler: Scheduler::new(campaigns.clone()),
                dispatcher: Dispatcher::new(dispatch_ports, dispatching(settings), owner),
                webhooks: WebhookWorker::new(webhook_ports),
                replies: ReplyWorker::new(
                    reply_ports,
                    ReplyConfig::for_pace(settings.dispatch.per_second),
                ),
                housekeeping: Housekeeping::new(
                    Arc::clone(&storage),
                    files,
                    Arc::clone(&clock),
                    Retention {
                        webhooks: settings.retention.webhooks,
                        idempotency_keys: settings.retention.idempotency,
                        bulk_changes: settings.retention.bulk_changes,
                    },
                ),
            },
            shutdown,
            events,
            storage,
            clock,
            entropy,
            accounts,
            contacts,
            segments,
            campaigns,
            integrations,
            reports,
            statistics,
            database,
        })
    }

    /// Brings the database's schema up to date.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        self.database
            .migrate()
            .await
            .context("the database's schema can't be brought up to date")
    }

    /// Closes the store, after what is under way. To be called last.
    pub async fn close(&self) {
        if let Err(error) = self.database.close().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the store could not be closed in order"
            );
        }
    }
}

/// The bucket, where one is configured, or the data folder.
fn file_store(settings: &Settings) -> anyhow::Result<Arc<dyn FileStore>> {
    if let Some(bucket) = &settings.bucket {
        let copies = settings.data_folder.join("copies");
        let store = BucketFileStore::open(bucket, copies)
            .context("S3_BUCKET, DATA_FOLDER: uploaded files can't be kept there")?;
        return Ok(Arc::new(store));
    }
    let folder = settings.data_folder.join("files");
    let store =
        FolderFileStore::open(folder).context("DATA_FOLDER: uploaded files can't be kept there")?;
    Ok(Arc::new(store))
}

fn dispatching(settings: &Settings) -> DispatchConfig {
    let keeps_window = settings.whatsapp.keeps_window;
    let settings = &settings.dispatch;
    DispatchConfig {
        keeps_window,
        window: usize::try_from(settings.window).unwrap_or(usize::MAX),
        messages_per_second: if settings.paced {
            settings.per_second
        } else {
            u32::MAX
        },
        daily_people: settings.daily_people,
        failures: FailureLimits {
            in_a_row: settings.failures_in_a_row,
            of_last_hundred: settings.failures_percent,
        },
        lease_ttl: settings.lease,
        grace: settings.grace,
        retry_max_attempts: settings.max_attempts,
        ..DispatchConfig::default()
    }
}

/// WhatsApp's API where the settings say, or at `base_url`.
fn whatsapp(
    settings: &WhatsAppSettings,
    base_url: Option<String>,
) -> anyhow::Result<WhatsAppChannel> {
    let config = WhatsAppConfig {
        base_url: base_url.unwrap_or_else(|| settings.base_url.clone()),
        version: settings.api_version.clone(),
        request_timeout: settings.timeout,
        ..WhatsAppConfig::default()
    };
    WhatsAppChannel::new(&config)
        .context("WHATSAPP_BASE_URL, WHATSAPP_API_VERSION: there is no channel for these")
}

/// The configured key, or the development key beside the database, made when there is none.
fn secret_key(settings: &Settings) -> anyhow::Result<SecretString> {
    if let Some(key) = &settings.secret_key {
        return Ok(key.clone());
    }
    let path = settings.data_folder.join("development.key");
    match std::fs::read_to_string(&path) {
        Ok(key) => Ok(SecretString::from(key.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = generate_secret_key();
            keep_key(&path, &key).with_context(|| {
                format!("DATA_FOLDER: the key can't be kept in {}", path.display())
            })?;
            tracing::info!(path = %path.display(), "made a key for development");
            Ok(key)
        }
        Err(error) => {
            Err(error).with_context(|| format!("the key in {} can't be read", path.display()))
        }
    }
}

/// Writes the key so that only this user can read it, and never over another.
fn keep_key(path: &Path, key: &SecretString) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.expose_secret().as_bytes())?;
    file.sync_all()
}
