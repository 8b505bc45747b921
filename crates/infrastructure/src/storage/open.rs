//! Opening, migrating, checking and closing the store.

use std::collections::HashSet;
use std::time::Duration;

use nexus_domain::ports::StorageError;
use nexus_migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult,
};

use super::SqlStorage;
use super::connection::{Connection, Pools};
use super::errors::failed;
use super::sql::{Sql, params};
use crate::private::private_file;

/// One number for all instances, so that they migrate one after the other.
const MIGRATION_LOCK: i64 = 0x006e_6578_7573;

/// How long PostgreSQL lets a statement wait for a lock, and a transaction wait for its process.
const LONGEST_LOCK_WAIT: &str = "4s";
const LONGEST_IDLE_TRANSACTION: &str = "10s";

/// How many connections read a SQLite file at once. Each is a thread with a cache of its own, and they
/// wait for a disk of this machine, not for a network.
const MOST_READERS_OF_FILE: u32 = 4;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// The most connections: to PostgreSQL, or that read a SQLite file (one more writes). Those
    /// that read a file are four at most.
    pub max_connections: u32,
    /// How long a statement waits for a free connection, and on SQLite a writer for another
    /// process that writes.
    pub patience: Duration,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            max_connections: 10,
            patience: Duration::from_secs(5),
        }
    }
}

impl SqlStorage {
    /// Opens the store at a `sqlite:` or `postgres:` address. A SQLite file and its folder are
    /// made when they are missing; nothing is migrated.
    pub async fn connect(url: &str, options: StorageOptions) -> Result<Self, StorageError> {
        let pools = if url.starts_with("sqlite:") {
            sqlite(url, &options).await?
        } else {
            let pool = postgres(url, &options).await?;
            Pools {
                writing: pool.clone(),
                reading: pool,
            }
        };
        Ok(Self { pools })
    }

    /// Brings the schema up to date: all or nothing, and one instance at a time.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        let connection = self.pools.begin().await?;
        if let Connection::Transaction(transaction) = &connection {
            if self.pools.writing.get_database_backend() == DbBackend::Postgres {
                // Another instance may take its time for the same.
                connection
                    .execute(Sql::new("SET LOCAL lock_timeout = 0"))
                    .await?;
                let lock = "SELECT pg_advisory_xact_lock($1)";
                connection
                    .execute(Sql::with(lock, params![MIGRATION_LOCK]))
                    .await?;
            }
            up(transaction).await?;
        }
        connection.commit().await
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) -> Result<(), StorageError> {
        // The last connection to a SQLite file merges its log into it: the one that may write.
        self.pools.reading.close_by_ref().await.map_err(failed)?;
        self.pools.writing.close_by_ref().await.map_err(failed)
    }

    /// Whether the database answers and every change of the schema was applied.
    pub(super) async fn check_schema(&self) -> Result<(), StorageError> {
        let connection = Connection::Pools(self.pools.clone());
        let applied: Vec<Applied> = connection
            .all(Sql::new("SELECT version FROM seaql_migrations"))
            .await?;
        let applied: HashSet<String> = applied.into_iter().map(|row| row.version).collect();
        let missing: Vec<String> = Migrator::migrations()
            .iter()
            .map(|migration| migration.name().to_owned())
            .filter(|name| !applied.contains(name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = format!("the schema is older than the program: {missing:?}");
        Err(StorageError::Failed(missing.into()))
    }
}

#[derive(FromQueryResult)]
struct Applied {
    version: String,
}

async fn up(transaction: &DatabaseTransaction) -> Result<(), StorageError> {
    Migrator::up(transaction, None).await.map_err(failed)
}

fn options(url: &str, connections: u32, patience: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(patience)
        // Statements carry what people wrote and sealed keys: they go to no log.
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

async fn postgres(url: &str, given: &StorageOptions) -> Result<DatabaseConnection, StorageError> {
    let mut options = options(url, given.max_connections.max(1), given.patience);
    // A connection in constant use proves itself; asking it each time would double the trips.
    options.test_before_acquire_if_idle_for(Duration::from_secs(1));
    // A process that was stopped within a transaction keeps its locks: the others must neither wait
    // for it with all their connections, nor for ever. No unit of work waits for anything else.
    options.map_sqlx_postgres_opts(|options| {
        options.options([
            ("lock_timeout", LONGEST_LOCK_WAIT),
            (
                "idle_in_transaction_session_timeout",
                LONGEST_IDLE_TRANSACTION,
            ),
        ])
    });
    Database::connect(options).await.map_err(failed)
}

async fn sqlite(url: &str, given: &StorageOptions) -> Result<Pools, StorageError> {
    let parsed: SqliteConnectOptions = url
        .parse()
        .map_err(|error| StorageError::Failed(Box::new(error)))?;
    // SQLite gives the files beside it the permissions of the database.
    let file = parsed.get_filename().to_path_buf();
    tokio::task::spawn_blocking(move || private_file(&file))
        .await
        .map_err(std::io::Error::other)
        .and_then(|made| made)
        .map_err(|error| StorageError::Failed(Box::new(error)))?;

    let patience = given.patience;
    let mut writing = options(url, 1, patience);
    writing.map_sqlx_sqlite_opts(move |options| {
        options
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // The ledger says what was sent; a commit that is lost sends again.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(patience)
            // In KiB. The indexes of many contacts are written to all over.
            .pragma("cache_size", "-8192")
    });
    let writing = Database::connect(writing).await.map_err(failed)?;

    let readers = given.max_connections.clamp(1, MOST_READERS_OF_FILE);
    let mut reading = options(url, readers, patience);
    reading.map_sqlx_sqlite_opts(move |options| {
        options
            .foreign_keys(true)
            .busy_timeout(patience)
            .pragma("query_only", "1")
    });
    let reading = Database::connect(reading).await.map_err(failed)?;
    Ok(Pools { writing, reading })
}
