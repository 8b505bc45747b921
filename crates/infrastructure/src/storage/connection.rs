//! What statements run on: one transaction, or the pools.

use std::time::Duration;

use nexus_domain::ports::StorageError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    FromQueryResult, QueryResult, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};

use super::errors::failed;
use super::sql::Sql;

/// The connections of a process. On SQLite one connection writes and the others read; on
/// PostgreSQL both are the same pool.
#[derive(Clone)]
pub(super) struct Pools {
    pub(super) writing: DatabaseConnection,
    pub(super) reading: DatabaseConnection,
}

impl Pools {
    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<Connection, StorageError> {
        let transaction = self.transaction().await.map_err(failed)?;
        Ok(Connection::Transaction(transaction))
    }

    async fn transaction(&self) -> Result<DatabaseTransaction, DbErr> {
        if self.writing.get_database_backend() != DbBackend::Sqlite {
            return self.writing.begin().await;
        }
        // A transaction that reads and then writes fails at once when another process wrote in
        // between, whatever the busy timeout; one that has the write lock from the start waits.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writing.begin_with_options(options).await
    }
}

/// What statements run on.
pub(super) enum Connection {
    /// Each statement stands alone.
    Pools(Pools),
    /// All statements together.
    Transaction(DatabaseTransaction),
}

impl Connection {
    /// Makes what was done in the transaction lasting.
    pub(super) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Pools(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await.map_err(failed),
        }
    }

    /// For several statements that must happen together: within the caller's transaction when
    /// there is one, else in one of their own.
    pub(super) async fn together(&self) -> Result<Together<'_>, StorageError> {
        match self {
            Self::Pools(pools) => Ok(Together::Own(pools.begin().await?)),
            Self::Transaction(_) => Ok(Together::Callers(self)),
        }
    }

    /// For statements that PostgreSQL must plan for their values each time: how rare a needle is
    /// decides how it is found, and a plan that is kept for all of them may read everything for one.
    pub(super) async fn planned_each_time(&self) -> Result<Together<'_>, StorageError> {
        if !self.is_postgres() {
            return Ok(Together::Callers(self));
        }
        let together = self.together().await?;
        let sql = Sql::new("SET LOCAL plan_cache_mode = force_custom_plan");
        together.db().execute(sql).await?;
        Ok(together)
    }

    fn backend(&self) -> DbBackend {
        match self {
            Self::Pools(pools) => pools.writing.get_database_backend(),
            Self::Transaction(transaction) => transaction.get_database_backend(),
        }
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    /// The end of a `SELECT` that keeps its rows from change by others. On SQLite the
    /// transaction itself keeps everything from change.
    pub(super) fn for_update(&self) -> &'static str {
        if self.is_postgres() {
            " FOR NO KEY UPDATE"
        } else {
            ""
        }
    }

    /// The end of a `SELECT` that keeps its rows from deletion by others, and from nothing else.
    pub(super) fn for_key_share(&self) -> &'static str {
        if self.is_postgres() {
            " FOR KEY SHARE"
        } else {
            ""
        }
    }

    /// As [`Self::for_update`], of the rows called `r` alone.
    pub(super) fn for_update_of_r(&self) -> &'static str {
        if self.is_postgres() {
            " FOR NO KEY UPDATE OF r"
        } else {
            ""
        }
    }

    /// As [`Self::for_update`], passing over rows that others hold.
    pub(super) fn for_update_of_free(&self) -> &'static str {
        if self.is_postgres() {
            " FOR NO KEY UPDATE SKIP LOCKED"
        } else {
            ""
        }
    }

    /// What follows `… CROSS JOIN`: for each row so far the one row `r` of `table` for which
    /// `condition` holds, looked up by an index whatever the planner thinks of the table's size.
    pub(super) fn each_of(&self, table: &str, condition: &str) -> String {
        if self.is_postgres() {
            format!("LATERAL (SELECT r.* FROM {table} AS r WHERE {condition} LIMIT 1) AS r")
        } else {
            format!("{table} AS r WHERE {condition}")
        }
    }

    /// Now, on the database's clock.
    pub(super) fn now(&self) -> &'static str {
        if self.is_postgres() {
            "clock_timestamp()"
        } else {
            "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"
        }
    }

    /// A time after now on the database's clock, by the seconds in the value numbered `value`.
    pub(super) fn after_now(&self, value: u8) -> String {
        if self.is_postgres() {
            format!("clock_timestamp() + make_interval(secs => ${value})")
        } else {
            format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', printf('+%.3f seconds', ${value}))")
        }
    }

    /// Runs a statement. How many rows it changed.
    pub(super) async fn execute(&self, sql: Sql) -> Result<u64, StorageError> {
        let result = self.run(sql.statement(self.backend())).await;
        Ok(result.map_err(failed)?.rows_affected())
    }

    async fn run(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pools(pools) => pools.writing.execute_raw(statement).await,
            Self::Transaction(transaction) => transaction.execute_raw(statement).await,
        }
    }

    /// Has PostgreSQL look at tables of which much has changed: it plans by what it saw last, finds
    /// pages all of whose rows everyone sees, and merges what waits to be indexed. It would do so by
    /// itself, later. Not within a transaction.
    pub(super) async fn look_afresh(&self, tables: &[&str]) -> Result<(), StorageError> {
        if self.is_postgres() {
            let tables = tables.join(", ");
            let sql = Sql::new(format!("VACUUM (ANALYZE, SKIP_LOCKED) {tables}"));
            self.execute(sql).await?;
        }
        Ok(())
    }

    /// The rows of a query, or those that a statement returns.
    pub(super) async fn all<R: FromQueryResult>(&self, sql: Sql) -> Result<Vec<R>, StorageError> {
        let rows = self.fetch(sql).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }

    /// The only row of a query, or the one that a statement returns.
    pub(super) async fn one<R: FromQueryResult>(
        &self,
        sql: Sql,
    ) -> Result<Option<R>, StorageError> {
        // All rows are fetched, so that a statement that writes has run to its end.
        let rows = self.fetch(sql).await.map_err(failed)?;
        rows.first().map(read).transpose()
    }

    async fn fetch(&self, sql: Sql) -> Result<Vec<QueryResult>, DbErr> {
        let reads = sql.reads();
        let statement = sql.statement(self.backend());
        match self {
            Self::Pools(pools) if reads => pools.reading.query_all_raw(statement).await,
            Self::Pools(pools) => pools.writing.query_all_raw(statement).await,
            Self::Transaction(transaction) => transaction.query_all_raw(statement).await,
        }
    }
}

fn read<R: FromQueryResult>(row: &QueryResult) -> Result<R, StorageError> {
    R::from_query_result(row, "").map_err(|error| StorageError::Unreadable(error.to_string()))
}

/// Statements that happen together.
pub(super) enum Together<'a> {
    /// In the caller's transaction.
    Callers(&'a Connection),
    /// In a transaction of their own.
    Own(Connection),
}

impl Together<'_> {
    pub(super) fn db(&self) -> &Connection {
        match self {
            Self::Callers(connection) => connection,
            Self::Own(connection) => connection,
        }
    }

    /// All of them were done.
    pub(super) async fn done(self) -> Result<(), StorageError> {
        match self {
            Self::Callers(_) => Ok(()),
            Self::Own(connection) => connection.commit().await,
        }
    }
}

/// Seconds for [`Connection::after_now`].
pub(super) fn seconds(ttl: Duration) -> f64 {
    ttl.as_secs_f64()
}
