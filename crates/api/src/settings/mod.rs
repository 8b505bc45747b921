//! Configuration: read in one place, checked at start, documented field by field in
//! `config/default.toml`.

mod load;

use std::path::PathBuf;
use std::time::Duration;

use nexus_application::fault::Faults;
use nexus_domain::values::{Country, Language, TimeZone};
use nexus_infrastructure::BucketConfig;
use secrecy::SecretString;

pub use load::{SettingsError, from_environment, from_pairs};

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A laptop: SQLite, sandbox, readable logs.
    Development,
    /// The real thing: nothing insecure is accepted.
    Production,
}

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the program runs.
    pub environment: Environment,
    /// The HTTP server.
    pub http: HttpSettings,
    /// Sessions and their cookie.
    pub session: SessionSettings,
    /// Limits on signing in.
    pub sign_in: SignInSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// Where files are kept.
    pub data_folder: PathBuf,
    /// The bucket that uploaded files are kept in; `None`: in the data folder.
    pub bucket: Option<BucketConfig>,
    /// The key that seals secrets; `None` in development, where one is made.
    pub secret_key: Option<SecretString>,
    /// Earlier keys.
    pub previous_keys: Vec<SecretString>,
    /// Logs.
    pub log: LogSettings,
    /// WhatsApp's Cloud API.
    pub whatsapp: WhatsAppSettings,
    /// The sandbox; `None` when it is off.
    pub sandbox: Option<SandboxSettings>,
    /// The dispatcher.
    pub dispatch: DispatchSettings,
    /// Campaigns that start by themselves.
    pub schedule: ScheduleSettings,
    /// Following campaigns.
    pub events: EventSettings,
    /// Imports.
    pub imports: ImportSettings,
    /// Files of campaigns.
    pub media: MediaSettings,
    /// What new accounts begin with.
    pub accounts: AccountSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
    /// What goes wrong on purpose; always nothing in a release build.
    pub faults: Faults,
}

/// The HTTP server.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The address to listen on.
    pub host: String,
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// How the world reaches the server, without a slash at the end.
    pub public_url: Option<String>,
    /// Origins that may call with cookies.
    pub cors_origins: Vec<String>,
    /// Whether forwarding headers are believed.
    pub trust_proxy: bool,
    /// The largest JSON body in bytes.
    pub max_body_bytes: usize,
    /// How long a JSON body may take.
    pub body_timeout: Duration,
    /// How long an upload may take however slow it is.
    pub upload_grace: Duration,
    /// The least average of uploads after that.
    pub upload_bytes_per_second: u32,
    /// How long a client may take nothing of what is sent to it.
    pub unread_timeout: Duration,
    /// Threads that serve requests; 0 means one a core.
    pub workers: usize,
}

/// `SameSite` of the session's cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Application and API under one site.
    Lax,
    /// The application on another site.
    None,
}

/// Sessions and their cookie.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Secure`.
    pub secure: bool,
    /// Ends after so long without a request.
    pub idle: Duration,
    /// Ends after so long in any case.
    pub absolute: Duration,
}

/// Limits on signing in.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// Tries from one address, per minute.
    pub per_address_per_minute: u32,
    /// Tries at one account from one address, per minute.
    pub per_account_per_minute: u32,
}

/// The database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Its URL; may hold a password.
    pub url: SecretString,
    /// The most connections.
    pub max_connections: u32,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Logs.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Level and directives.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// WhatsApp's Cloud API.
#[derive(Debug, Clone)]
pub struct WhatsAppSettings {
    /// The base address.
    pub base_url: String,
    /// The version: `v23.0`.
    pub api_version: String,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether texts go only to people who wrote within 24 hours, as WhatsApp demands.
    pub keeps_window: bool,
    /// How soon something is reported on every message, as long as reports come through.
    pub reports_within: Duration,
}

/// The sandbox.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// Between accepted, sent, delivered and read.
    pub status_delay: Duration,
    /// How long a send takes.
    pub latency: Duration,
    /// Whether some of the simulated people answer.
    pub replies: bool,
    /// Whether texts are refused to people who have not written within 24 hours.
    pub enforce_window: bool,
}

/// The dispatcher.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// Messages of one sender account on their way at once.
    pub window: u32,
    /// The most messages per second of one sender account.
    pub per_second: u32,
    /// Whether that is kept to.
    pub paced: bool,
    /// New people per 24 hours of an account without a limit of its own; `None`: any number.
    pub daily_people: Option<u32>,
    /// So many refused messages in a row stop a campaign.
    pub failures_in_a_row: u32,
    /// So many refused messages of the last hundred stop a campaign.
    pub failures_percent: u32,
    /// How long a stopped process keeps a sender account.
    pub lease: Duration,
    /// How long a message in doubt waits for a status.
    pub grace: Duration,
    /// Tries of one message.
    pub max_attempts: u32,
}

/// Campaigns that start by themselves.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// How long after its time a campaign may start that does not say so itself.
    pub latest_start: Duration,
}

/// Following campaigns.
#[derive(Debug, Clone)]
pub struct EventSettings {
    /// Open streams of one user at this instance.
    pub per_user: usize,
    /// Open streams of all users at this instance.
    pub in_all: usize,
}

/// Imports.
#[derive(Debug, Clone)]
pub struct ImportSettings {
    /// How long a stopped process keeps an import.
    pub lease: Duration,
    /// The largest file in bytes.
    pub max_bytes: u64,
    /// The most rows.
    pub max_rows: u64,
    /// The most columns.
    pub max_columns: u32,
    /// What a compressed workbook may inflate to, in bytes.
    pub max_inflated_bytes: u64,
}

/// Files of campaigns.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// The most bytes that the files of one user may have together.
    pub quota: u64,
}

/// What new accounts begin with.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Their language, when the browser asks for none that we speak.
    pub language: Language,
    /// Their time zone.
    pub time_zone: TimeZone,
    /// The country of their phone numbers.
    pub country: Country,
}

/// How long things are kept.
#[derive(Debug, Clone)]
pub struct RetentionSettings {
    /// Received webhooks.
    pub webhooks: Duration,
    /// `Idempotency-Key`s.
    pub idempotency: Duration,
    /// Changes of many contacts that are over.
    pub bulk_changes: Duration,
}
