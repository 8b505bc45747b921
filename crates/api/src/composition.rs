//! The composition root: which adapter stands behind which port.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use nexus_application::Shutdown;
use nexus_application::accounts::{AccountDefaults, AccountPorts, Accounts};
use nexus_application::contacts::Contacts;
use nexus_application::imports::{ImportPorts, ImportWorker, Imports};
use nexus_domain::InstanceId;
use nexus_domain::ports::{Clock, Entropy, FileStore, SecretSealer, SenderProvisioner, Storage};
use nexus_infrastructure::storage::{SqlStorage, StorageOptions};
use nexus_infrastructure::tables::{SpreadsheetReader, TableLimits};
use nexus_infrastructure::{
    Argon2Hasher, FolderFileStore, KeyRing, SystemClock, SystemEntropy, generate_secret_key,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::settings::Settings;

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
    /// Use cases on imports.
    pub imports: Imports,
    /// Imports files in the background.
    pub import_worker: ImportWorker,
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
    /// Puts everything together. `provisioner` is there when the sandbox runs.
    pub async fn build(
        settings: &Settings,
        provisioner: Option<Arc<dyn SenderProvisioner>>,
    ) -> anyhow::Result<Self> {
        let database = connect(settings).await?;
        let storage: Arc<dyn Storage> = Arc::new(database.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let key = secret_key(settings)?;
        let sealer: Arc<dyn SecretSealer> = Arc::new(KeyRing::new(&key, &settings.previous_keys));
        let files: Arc<dyn FileStore> = Arc::new(
            FolderFileStore::open(settings.data_folder.join("files"))
                .context("DATA_FOLDER: uploaded files can't be kept there")?,
        );
        let accounts = Accounts::new(
            AccountPorts {
                storage: Arc::clone(&storage),
                hasher: Arc::new(Argon2Hasher::new()),
                sealer,
                files: Arc::clone(&files),
                clock: Arc::clone(&clock),
                entropy: Arc::clone(&entropy),
                provisioner,
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
        let import_ports = ImportPorts {
            storage: Arc::clone(&storage),
            files,
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
        let owner = InstanceId::new(clock.now(), entropy.as_ref());
        Ok(Self {
            imports: Imports::new(import_ports.clone(), settings.imports.max_bytes),
            import_worker: ImportWorker::new(import_ports, owner),
            shutdown: Shutdown::new(),
            storage,
            clock,
            entropy,
            accounts,
            contacts,
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
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.expose_secret().as_bytes())?;
    file.sync_all()
}
