//! From files and environment variables to checked settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use config::{Config, File, FileFormat};
use nexus_application::fault::{Bug, Faults, Point};
use nexus_domain::values::{Country, Language, TimeZone};
use nexus_infrastructure::{BucketConfig, check_strength};
use secrecy::SecretString;

use super::{
    AccountSettings, DatabaseSettings, DispatchSettings, Environment, EventSettings, HttpSettings,
    ImportSettings, LogFormat, LogSettings, MediaSettings, RetentionSettings, SameSite,
    SandboxSettings, ScheduleSettings, SessionSettings, Settings, SignInSettings, WhatsAppSettings,
};

/// Environment variable and the setting that it overrides.
const VARIABLES: &[(&str, &str)] = &[
    ("HOST", "http.host"),
    ("PORT", "http.port"),
    ("PUBLIC_URL", "http.public_url"),
    ("CORS_ORIGINS", "http.cors_origins"),
    ("TRUST_PROXY", "http.trust_proxy"),
    ("MAX_BODY_BYTES", "http.max_body_bytes"),
    ("BODY_TIMEOUT_SECONDS", "http.body_timeout_seconds"),
    ("UPLOAD_GRACE_SECONDS", "http.upload_grace_seconds"),
    ("UPLOAD_BYTES_PER_SECOND", "http.upload_bytes_per_second"),
    ("UNREAD_TIMEOUT_SECONDS", "http.unread_timeout_seconds"),
    ("HTTP_WORKERS", "http.workers"),
    ("COOKIE_SAMESITE", "session.same_site"),
    ("COOKIE_SECURE", "session.secure"),
    ("SESSION_IDLE_DAYS", "session.idle_days"),
    ("SESSION_ABSOLUTE_DAYS", "session.absolute_days"),
    ("SIGN_IN_PER_MINUTE", "sign_in.per_address_per_minute"),
    (
        "SIGN_IN_PER_ACCOUNT_PER_MINUTE",
        "sign_in.per_account_per_minute",
    ),
    ("DATABASE_URL", "database.url"),
    ("DATABASE_MAX_CONNECTIONS", "database.max_connections"),
    ("DATA_FOLDER", "data.folder"),
    ("S3_BUCKET", "s3.bucket"),
    ("S3_ENDPOINT", "s3.endpoint"),
    ("S3_REGION", "s3.region"),
    ("S3_ACCESS_KEY_ID", "s3.access_key_id"),
    ("S3_SECRET_ACCESS_KEY", "s3.secret_access_key"),
    ("S3_PATH_STYLE", "s3.path_style"),
    ("S3_PREFIX", "s3.prefix"),
    ("SECRET_KEY", "secrets.key"),
    ("SECRET_KEY_PREVIOUS", "secrets.previous"),
    ("LOG_LEVEL", "log.level"),
    ("LOG_FORMAT", "log.format"),
    ("WHATSAPP_BASE_URL", "whatsapp.base_url"),
    ("WHATSAPP_API_VERSION", "whatsapp.api_version"),
    ("WHATSAPP_TIMEOUT_SECONDS", "whatsapp.timeout_seconds"),
    ("WHATSAPP_WINDOW", "whatsapp.window"),
    ("WHATSAPP_REPORTS_SECONDS", "whatsapp.reports_seconds"),
    ("SANDBOX", "sandbox.mode"),
    ("SANDBOX_PORT", "sandbox.port"),
    ("SANDBOX_STATUS_DELAY_MS", "sandbox.status_delay_ms"),
    ("SANDBOX_LATENCY_MS", "sandbox.latency_ms"),
    ("SANDBOX_REPLIES", "sandbox.replies"),
    ("SANDBOX_ENFORCE_WINDOW", "sandbox.enforce_window"),
    ("DISPATCH_WINDOW", "dispatch.window"),
    ("DISPATCH_PER_SECOND", "dispatch.per_second"),
    ("DISPATCH_PACE", "dispatch.pace"),
    ("DISPATCH_DAILY_PEOPLE", "dispatch.daily_people"),
    ("DISPATCH_FAILURES_IN_A_ROW", "dispatch.failures_in_a_row"),
    ("DISPATCH_FAILURES_PERCENT", "dispatch.failures_percent"),
    ("DISPATCH_LEASE_SECONDS", "dispatch.lease_seconds"),
    ("DISPATCH_GRACE_SECONDS", "dispatch.grace_seconds"),
    ("DISPATCH_MAX_ATTEMPTS", "dispatch.max_attempts"),
    (
        "SCHEDULE_LATEST_START_MINUTES",
        "schedule.latest_start_minutes",
    ),
    ("EVENT_STREAMS_PER_USER", "events.per_user"),
    ("EVENT_STREAMS", "events.in_all"),
    ("IMPORT_LEASE_SECONDS", "imports.lease_seconds"),
    ("IMPORT_MAX_BYTES", "imports.max_bytes"),
    ("IMPORT_MAX_ROWS", "imports.max_rows"),
    ("IMPORT_MAX_COLUMNS", "imports.max_columns"),
    ("IMPORT_MAX_INFLATED_BYTES", "imports.max_inflated_bytes"),
    ("MEDIA_QUOTA_BYTES", "media.quota_bytes"),
    ("DEFAULT_LANGUAGE", "accounts.language"),
    ("DEFAULT_TIME_ZONE", "accounts.time_zone"),
    ("DEFAULT_COUNTRY", "accounts.country"),
    ("WEBHOOK_RETENTION_DAYS", "retention.webhook_days"),
    ("IDEMPOTENCY_RETENTION_HOURS", "retention.idempotency_hours"),
    ("BULK_CHANGE_RETENTION_DAYS", "retention.bulk_change_days"),
];

const DEFAULTS: &str = include_str!("../../../../config/default.toml");
const PRODUCTION: &str = include_str!("../../../../config/production.toml");

/// A setting that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The environment variable.
    pub variable: String,
    /// What it takes.
    pub accepts: String,
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.variable, self.accepts)
    }
}

impl std::error::Error for SettingsError {}

/// The settings of this process's environment variables.
pub fn from_environment() -> Result<Settings, SettingsError> {
    from_pairs(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// The settings of these environment variables; others than those of the product are ignored.
pub fn from_pairs(
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let variables: HashMap<String, String> = pairs.into_iter().collect();
    let environment = match variables
        .get("APP_ENV")
        .map_or("development", String::as_str)
    {
        "development" | "" => Environment::Development,
        "production" => Environment::Production,
        _ => return Err(refused("APP_ENV", "development or production")),
    };
    let source = Source {
        config: merged(environment, &variables)?,
    };
    let mut settings = read(environment, &source)?;
    if cfg!(debug_assertions) {
        settings.faults = read_faults(&variables)?;
    }
    if environment == Environment::Production {
        check_production(&settings)?;
    }
    Ok(settings)
}

/// What tests have a debug build do wrong. Not in the files: nobody else has a use for it.
fn read_faults(variables: &HashMap<String, String>) -> Result<Faults, SettingsError> {
    fn read<T: FromStr>(
        variables: &HashMap<String, String>,
        name: &str,
        accepts: &str,
    ) -> Result<Option<T>, SettingsError> {
        let value = variables.get(name).filter(|value| !value.is_empty());
        value
            .map(|value| value.parse().map_err(|_| refused(name, accepts)))
            .transpose()
    }
    let points: Vec<_> = Point::ALL.iter().map(|point| point.as_str()).collect();
    let bugs: Vec<_> = Bug::ALL.iter().map(|bug| bug.as_str()).collect();
    Ok(Faults {
        fault: read(
            variables,
            "NEXUS_FAULT",
            &format!(
                "POINT, POINT:NTH or POINT:NTH:stop; the points are {}",
                points.join(", ")
            ),
        )?,
        bug: read(variables, "NEXUS_PLANTED_BUG", &bugs.join(", "))?,
    })
}

fn merged(
    environment: Environment,
    variables: &HashMap<String, String>,
) -> Result<Config, SettingsError> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if environment == Environment::Production {
        builder = builder.add_source(File::from_str(PRODUCTION, FileFormat::Toml));
    }
    if let Some(path) = variables
        .get("NEXUS_CONFIG")
        .filter(|path| !path.is_empty())
    {
        builder = builder.add_source(File::new(path, FileFormat::Toml));
    }
    for (variable, key) in VARIABLES {
        if let Some(value) = variables.get(*variable).filter(|value| !value.is_empty()) {
            builder = builder
                .set_override(*key, value.as_str())
                .map_err(|error| refused(variable, &error.to_string()))?;
        }
    }
    builder
        .build()
        .map_err(|error| refused("NEXUS_CONFIG", &format!("a readable TOML file ({error})")))
}

fn refused(variable: &str, accepts: &str) -> SettingsError {
    SettingsError {
        variable: variable.to_owned(),
        accepts: accepts.to_owned(),
    }
}

/// Reads single settings as text, so that a secret made of digits stays as it was written.
struct Source {
    config: Config,
}

impl Source {
    fn variable(key: &str) -> &str {
        VARIABLES
            .iter()
            .find(|(_, known)| *known == key)
            .map_or(key, |(variable, _)| variable)
    }

    fn text(&self, key: &str) -> Result<String, SettingsError> {
        self.config
            .get_string(key)
            .map(|text| text.trim().to_owned())
            .map_err(|_| refused(Self::variable(key), "a text"))
    }

    fn read<T: FromStr>(&self, key: &str, accepts: &str) -> Result<T, SettingsError> {
        self.text(key)?
            .parse()
            .map_err(|_| refused(Self::variable(key), accepts))
    }

    fn number<T: FromStr + PartialOrd + Copy>(
        &self,
        key: &str,
        least: T,
        most: T,
        accepts: &str,
    ) -> Result<T, SettingsError> {
        let number: T = self.read(key, accepts)?;
        if number < least || number > most {
            return Err(refused(Self::variable(key), accepts));
        }
        Ok(number)
    }

    fn list(&self, key: &str) -> Result<Vec<String>, SettingsError> {
        Ok(self
            .text(key)?
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect())
    }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

fn read(environment: Environment, source: &Source) -> Result<Settings, SettingsError> {
    let data_folder = PathBuf::from(source.text("data.folder")?);
    let secret_key = source.text("secrets.key")?;
    let previous = source.list("secrets.previous")?;
    let same_site = match source
        .text("session.same_site")?
        .to_ascii_lowercase()
        .as_str()
    {
        "lax" => SameSite::Lax,
        "none" => SameSite::None,
        _ => return Err(refused("COOKIE_SAMESITE", "lax or none")),
    };
    let secure = match source.text("session.secure")?.as_str() {
        "auto" => environment == Environment::Production || same_site == SameSite::None,
        "true" => true,
        "false" => false,
        _ => return Err(refused("COOKIE_SECURE", "auto, true or false")),
    };
    if same_site == SameSite::None && !secure {
        return Err(refused(
            "COOKIE_SECURE",
            "true or auto while COOKIE_SAMESITE=none: browsers drop such a cookie otherwise",
        ));
    }
    Ok(Settings {
        environment,
        http: read_http(source)?,
        session: SessionSettings {
            same_site,
            secure,
            idle: days(source.number("session.idle_days", 1, 365, "days, 1 to 365")?),
            absolute: days(source.number("session.absolute_days", 1, 365, "days, 1 to 365")?),
        },
        sign_in: SignInSettings {
            per_address_per_minute: source.number(
                "sign_in.per_address_per_minute",
                1,
                100_000,
                "a number, 1 to 100000",
            )?,
            per_account_per_minute: source.number(
                "sign_in.per_account_per_minute",
                1,
                100_000,
                "a number, 1 to 100000",
            )?,
        },
        database: read_database(source, &data_folder)?,
        secret_key: (!secret_key.is_empty()).then(|| SecretString::from(secret_key)),
        previous_keys: previous.into_iter().map(SecretString::from).collect(),
        log: LogSettings {
            level: source.text("log.level")?,
            format: match source.text("log.format")?.as_str() {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err(refused("LOG_FORMAT", "text or json")),
            },
        },
        whatsapp: read_whatsapp(source)?,
        sandbox: read_sandbox(source)?,
        dispatch: read_dispatch(source)?,
        schedule: ScheduleSettings {
            latest_start: Duration::from_secs(
                60 * source.number(
                    "schedule.latest_start_minutes",
                    1_u64,
                    10_080,
                    "minutes, 1 to 10080",
                )?,
            ),
        },
        events: EventSettings {
            per_user: source.number("events.per_user", 1, 1_000, "a number, 1 to 1000")?,
            in_all: source.number("events.in_all", 1, 100_000, "a number, 1 to 100000")?,
        },
        imports: ImportSettings {
            lease: Duration::from_secs(source.number(
                "imports.lease_seconds",
                2,
                600,
                "seconds, 2 to 600",
            )?),
            max_bytes: source.number("imports.max_bytes", 1_024, 1 << 40, "bytes, 1024 or more")?,
            max_rows: source.number("imports.max_rows", 1, 100_000_000, "rows, 1 or more")?,
            max_columns: source.number("imports.max_columns", 1, 16_384, "columns, 1 to 16384")?,
            max_inflated_bytes: source.number(
                "imports.max_inflated_bytes",
                1_024,
                1 << 40,
                "bytes, 1024 or more",
            )?,
        },
        media: MediaSettings {
            quota: source.number("media.quota_bytes", 0, 1 << 50, "bytes, 0 or more")?,
        },
        accounts: AccountSettings {
            language: Language::parse(&source.text("accounts.language")?)
                .map_err(|_| refused("DEFAULT_LANGUAGE", "es or en"))?,
            time_zone: TimeZone::parse(&source.text("accounts.time_zone")?).map_err(|_| {
                refused(
                    "DEFAULT_TIME_ZONE",
                    "an IANA time zone such as America/Mexico_City",
                )
            })?,
            country: Country::parse(&source.text("accounts.country")?)
                .map_err(|_| refused("DEFAULT_COUNTRY", "an ISO 3166-1 country such as MX"))?,
        },
        retention: RetentionSettings {
            webhooks: days(source.number("retention.webhook_days", 1, 3_650, "days, 1 to 3650")?),
            idempotency: Duration::from_secs(
                3_600
                    * source.number(
                        "retention.idempotency_hours",
                        1_u64,
                        8_760,
                        "hours, 1 to 8760",
                    )?,
            ),
            bulk_changes: days(source.number(
                "retention.bulk_change_days",
                1,
                3_650,
                "days, 1 to 3650",
            )?),
        },
        faults: Faults::default(),
        bucket: read_bucket(source)?,
        data_folder,
    })
}

/// An `http://` or `https://` address without a slash at its end; `None` when empty.
fn read_url(source: &Source, key: &str) -> Result<Option<String>, SettingsError> {
    let text = source.text(key)?;
    if text.is_empty() {
        return Ok(None);
    }
    let valid = reqwest::Url::parse(&text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !valid {
        return Err(refused(
            Source::variable(key),
            "an address that begins with http:// or https://",
        ));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

fn read_whatsapp(source: &Source) -> Result<WhatsAppSettings, SettingsError> {
    let base_url = read_url(source, "whatsapp.base_url")?
        .ok_or_else(|| refused("WHATSAPP_BASE_URL", "an http(s) address"))?;
    Ok(WhatsAppSettings {
        api_version: read_api_version(source)?,
        timeout: Duration::from_secs(source.number(
            "whatsapp.timeout_seconds",
            1,
            300,
            "seconds, 1 to 300",
        )?),
        keeps_window: match source.text("whatsapp.window")?.as_str() {
            "on" => true,
            "off" => false,
            // Whatever stands in for Meta has no window, unless it is told to.
            "auto" => match read_sandbox(source)? {
                Some(sandbox) => sandbox.enforce_window,
                None => base_url.contains("://graph.facebook.com"),
            },
            _ => return Err(refused("WHATSAPP_WINDOW", "auto, on or off")),
        },
        reports_within: Duration::from_secs(source.number(
            "whatsapp.reports_seconds",
            1,
            86_400,
            "seconds, 1 to 86400",
        )?),
        base_url,
    })
}

fn read_api_version(source: &Source) -> Result<String, SettingsError> {
    let version = source.text("whatsapp.api_version")?;
    let valid = version.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    if valid {
        Ok(version)
    } else {
        Err(refused("WHATSAPP_API_VERSION", "a version such as v23.0"))
    }
}

fn read_http(source: &Source) -> Result<HttpSettings, SettingsError> {
    let cors_origins = source.list("http.cors_origins")?;
    for origin in &cors_origins {
        let valid = origin == "*"
            || reqwest::Url::parse(origin)
                .is_ok_and(|url| url.origin().ascii_serialization() == *origin);
        if !valid {
            return Err(refused(
                "CORS_ORIGINS",
                "origins such as https://app.example.com, separated by commas, without a path or a slash at the end",
            ));
        }
    }
    if cors_origins.iter().any(|origin| origin == "*") {
        return Err(refused(
            "CORS_ORIGINS",
            "the exact origins of your applications; the wildcard * is refused, since it would let any site act for a signed-in user",
        ));
    }
    Ok(HttpSettings {
        host: source.text("http.host")?,
        port: source.read("http.port", "a port, 0 to 65535")?,
        public_url: read_url(source, "http.public_url")?,
        cors_origins,
        trust_proxy: source.read("http.trust_proxy", "true or false")?,
        max_body_bytes: source.number(
            "http.max_body_bytes",
            1_024,
            1 << 30,
            "bytes, 1024 to 1073741824",
        )?,
        body_timeout: Duration::from_secs(source.number(
            "http.body_timeout_seconds",
            1,
            600,
            "seconds, 1 to 600",
        )?),
        upload_grace: Duration::from_secs(source.number(
            "http.upload_grace_seconds",
            1,
            3_600,
            "seconds, 1 to 3600",
        )?),
        upload_bytes_per_second: source.number(
            "http.upload_bytes_per_second",
            1,
            1 << 30,
            "bytes, 1 to 1073741824",
        )?,
        unread_timeout: Duration::from_secs(source.number(
            "http.unread_timeout_seconds",
            1,
            3_600,
            "seconds, 1 to 3600",
        )?),
        workers: source.number("http.workers", 0, 256, "a number, 0 to 256")?,
    })
}

fn read_database(
    source: &Source,
    data_folder: &std::path::Path,
) -> Result<DatabaseSettings, SettingsError> {
    let url = source.text("database.url")?;
    let url = if url.is_empty() {
        format!(
            "sqlite://{}?mode=rwc",
            data_folder.join("nexus.db").display()
        )
    } else {
        url
    };
    let known = ["sqlite:", "postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !known || url.contains(":memory:") {
        return Err(refused(
            "DATABASE_URL",
            "sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE",
        ));
    }
    Ok(DatabaseSettings {
        url: SecretString::from(url),
        max_connections: source.number(
            "database.max_connections",
            2,
            1_000,
            "a number, 2 to 1000",
        )?,
    })
}

/// The bucket, whole or not at all: files must not land in the folder by mistake.
fn read_bucket(source: &Source) -> Result<Option<BucketConfig>, SettingsError> {
    let bucket = source.text("s3.bucket")?;
    let endpoint = read_url(source, "s3.endpoint")?;
    let access_key_id = source.text("s3.access_key_id")?;
    let secret = source.text("s3.secret_access_key")?;
    let prefix = source.text("s3.prefix")?;
    let given = [
        ("S3_BUCKET", !bucket.is_empty()),
        ("S3_ACCESS_KEY_ID", !access_key_id.is_empty()),
        ("S3_SECRET_ACCESS_KEY", !secret.is_empty()),
    ];
    let any = given.iter().any(|(_, given)| *given) || endpoint.is_some() || !prefix.is_empty();
    if !any {
        return Ok(None);
    }
    if let Some((missing, _)) = given.iter().find(|(_, given)| !given) {
        return Err(refused(
            missing,
            "must be set too when files are kept in a bucket: S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together",
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !prefix.chars().all(plain) || prefix.contains("..") {
        return Err(refused(
            "S3_PREFIX",
            "letters, digits, -, _, . and / such as nexus/files",
        ));
    }
    let region = source.text("s3.region")?;
    if region.is_empty() {
        return Err(refused("S3_REGION", "a region such as us-east-1, or auto"));
    }
    Ok(Some(BucketConfig {
        bucket,
        endpoint,
        region,
        access_key_id,
        secret_access_key: SecretString::from(secret),
        path_style: source.read("s3.path_style", "true or false")?,
        prefix,
    }))
}

fn read_sandbox(source: &Source) -> Result<Option<SandboxSettings>, SettingsError> {
    match source.text("sandbox.mode")?.as_str() {
        "on" => {}
        "off" => return Ok(None),
        _ => return Err(refused("SANDBOX", "on or off")),
    }
    let milliseconds = |key: &str| {
        source
            .number(key, 0_u64, 3_600_000, "milliseconds, 0 to 3600000")
            .map(Duration::from_millis)
    };
    Ok(Some(SandboxSettings {
        port: source.read("sandbox.port", "a port, 0 to 65535")?,
        status_delay: milliseconds("sandbox.status_delay_ms")?,
        latency: milliseconds("sandbox.latency_ms")?,
        replies: source.read("sandbox.replies", "true or false")?,
        enforce_window: source.read("sandbox.enforce_window", "true or false")?,
    }))
}

/// The window of an account that sends slowly.
const LEAST_WINDOW: u32 = 32;

fn read_dispatch(source: &Source) -> Result<DispatchSettings, SettingsError> {
    let per_second: u32 = source.number("dispatch.per_second", 1, 1_000, "a number, 1 to 1000")?;
    Ok(DispatchSettings {
        window: match source.text("dispatch.window")?.as_str() {
            "auto" => per_second.max(LEAST_WINDOW),
            _ => source.number("dispatch.window", 1, 1_000, "auto, or a number, 1 to 1000")?,
        },
        per_second,
        paced: match source.text("dispatch.pace")?.as_str() {
            "on" => true,
            "off" => false,
            _ => return Err(refused("DISPATCH_PACE", "on or off")),
        },
        daily_people: match source.text("dispatch.daily_people")?.as_str() {
            "unlimited" => None,
            _ => Some(source.number(
                "dispatch.daily_people",
                1,
                100_000_000,
                "unlimited, or a number such as 250, 2000, 10000 or 100000",
            )?),
        },
        failures_in_a_row: source.number(
            "dispatch.failures_in_a_row",
            1,
            100_000,
            "a number, 1 to 100000",
        )?,
        failures_percent: source.number(
            "dispatch.failures_percent",
            1,
            100,
            "a number, 1 to 100",
        )?,
        lease: Duration::from_secs(source.number(
            "dispatch.lease_seconds",
            2,
            600,
            "seconds, 2 to 600",
        )?),
        grace: Duration::from_secs(source.number(
            "dispatch.grace_seconds",
            1,
            604_800,
            "seconds, 1 to 604800",
        )?),
        max_attempts: source.number("dispatch.max_attempts", 1, 100, "a number, 1 to 100")?,
    })
}

fn check_production(settings: &Settings) -> Result<(), SettingsError> {
    let Some(key) = &settings.secret_key else {
        return Err(refused(
            "SECRET_KEY",
            "must be set in production: 32 random characters or more, for example from `openssl rand -base64 32`",
        ));
    };
    if let Err(weakness) = check_strength(key) {
        return Err(refused(
            "SECRET_KEY",
            &format!(
                "is too weak ({weakness}); use 32 random characters or more, for example from `openssl rand -base64 32`"
            ),
        ));
    }
    if settings.sandbox.is_some() {
        return Err(refused(
            "SANDBOX",
            "off in production: the sandbox delivers nothing to anyone",
        ));
    }
    let endpoint = settings
        .bucket
        .as_ref()
        .and_then(|bucket| bucket.endpoint.as_ref());
    if endpoint.is_some_and(|endpoint| !endpoint.starts_with("https://")) {
        return Err(refused("S3_ENDPOINT", "an https:// address in production"));
    }
    if !settings.whatsapp.base_url.starts_with("https://") {
        return Err(refused(
            "WHATSAPP_BASE_URL",
            "an https:// address in production",
        ));
    }
    if !settings.dispatch.paced {
        return Err(refused(
            "DISPATCH_PACE",
            "on in production: without a pace WhatsApp blocks the number",
        ));
    }
    if !settings.session.secure {
        return Err(refused("COOKIE_SECURE", "auto or true in production"));
    }
    if settings.faults != Faults::default() {
        return Err(refused(
            "NEXUS_FAULT, NEXUS_PLANTED_BUG",
            "nothing in production",
        ));
    }
    Ok(())
}
