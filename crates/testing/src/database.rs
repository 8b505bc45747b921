use nexus_migration::Migrator;
use sea_orm::{ConnectOptions, Database};
use sea_orm_migration::MigratorTrait;
use tokio::sync::OnceCell;

use crate::administrator::{Content, PostgresDatabase};
use crate::folder::TempFolder;

/// A database that belongs to one test. Keep it alive as long as the test needs it: dropping it removes
/// the database and breaks the connections that are still open.
#[derive(Debug)]
pub struct TestDatabase {
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite { url: String, _folder: TempFolder },
    Postgres(PostgresDatabase),
}

impl TestDatabase {
    /// A migrated SQLite file in a folder of its own.
    ///
    /// # Panics
    /// When the file cannot be written or a migration fails.
    pub async fn sqlite() -> Self {
        // Copying the migrated file is much faster than migrating for every test.
        static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
        let content = MIGRATED.get_or_init(migrated_sqlite_file).await;
        let folder = TempFolder::new();
        std::fs::write(folder.join(FILE), content).expect("a copy of the migrated SQLite file");
        Self::in_folder(folder)
    }

    /// A SQLite address whose file does not exist yet, for the tests of the migrations themselves.
    pub fn unmigrated_sqlite() -> Self {
        Self::in_folder(TempFolder::new())
    }

    /// A migrated database on a throwaway PostgreSQL server, which the first call in a process starts
    /// and the end of the process stops. With `NEXUS_TEST_POSTGRES_URL` set, on that server instead.
    ///
    /// # Panics
    /// When PostgreSQL is not installed (the message says what to do), or a migration fails.
    pub async fn postgres() -> Self {
        Self {
            place: Place::Postgres(PostgresDatabase::create(Content::Migrated).await),
        }
    }

    /// Like [`postgres`](Self::postgres) but empty, for the tests of the migrations themselves.
    ///
    /// # Panics
    /// As [`postgres`](Self::postgres).
    pub async fn unmigrated_postgres() -> Self {
        Self {
            place: Place::Postgres(PostgresDatabase::create(Content::Nothing).await),
        }
    }

    /// The address for `sea_orm::Database::connect`, and for `DATABASE_URL` of a process.
    pub fn url(&self) -> &str {
        match &self.place {
            Place::Sqlite { url, .. } => url,
            Place::Postgres(database) => &database.url,
        }
    }

    fn in_folder(folder: TempFolder) -> Self {
        let url = sqlite_url(&folder);
        Self {
            place: Place::Sqlite {
                url,
                _folder: folder,
            },
        }
    }
}

const FILE: &str = "nexus.db";

fn sqlite_url(folder: &TempFolder) -> String {
    format!("sqlite://{}?mode=rwc", folder.join(FILE).display())
}

async fn migrated_sqlite_file() -> Vec<u8> {
    let folder = TempFolder::new();
    let mut options = ConnectOptions::new(sqlite_url(&folder));
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options)
        .await
        .expect("a new SQLite database");
    Migrator::up(&database, None)
        .await
        .expect("the migrations on SQLite");
    // Closing writes everything to the one file.
    database.close().await.expect("SQLite to close");
    std::fs::read(folder.join(FILE)).expect("the migrated SQLite file")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use sea_orm::sqlx::{Connection, PgConnection};
    use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

    use super::TestDatabase;

    async fn connect(database: &TestDatabase) -> DatabaseConnection {
        Database::connect(database.url()).await.unwrap()
    }

    async fn has_table(connection: &DatabaseConnection, name: &str) -> bool {
        let query = format!("SELECT count(*) AS count FROM {name}");
        let query = Statement::from_string(connection.get_database_backend(), query);
        connection.query_one_raw(query).await.is_ok()
    }

    async fn tables_of_one_are_unknown_to_the_other(one: TestDatabase, other: TestDatabase) {
        assert_ne!(one.url(), other.url());
        let (one, other) = (connect(&one).await, connect(&other).await);
        assert!(has_table(&one, "seaql_migrations").await);
        assert!(has_table(&other, "seaql_migrations").await);
        one.execute_unprepared("CREATE TABLE mine (id int)")
            .await
            .unwrap();
        assert!(has_table(&one, "mine").await);
        assert!(!has_table(&other, "mine").await);
    }

    #[tokio::test]
    async fn sqlite_databases_are_migrated_and_isolated() {
        let (one, other) = (TestDatabase::sqlite().await, TestDatabase::sqlite().await);
        tables_of_one_are_unknown_to_the_other(one, other).await;
    }

    #[tokio::test]
    async fn postgres_databases_are_migrated_and_isolated() {
        let (one, other) = tokio::join!(TestDatabase::postgres(), TestDatabase::postgres());
        tables_of_one_are_unknown_to_the_other(one, other).await;
    }

    #[tokio::test]
    async fn unmigrated_databases_are_empty_on_sqlite_and_postgres() {
        for database in [
            TestDatabase::unmigrated_sqlite(),
            TestDatabase::unmigrated_postgres().await,
        ] {
            assert!(!has_table(&connect(&database).await, "seaql_migrations").await);
        }
    }

    #[tokio::test]
    async fn a_dropped_sqlite_database_leaves_no_file() {
        let database = TestDatabase::sqlite().await;
        let path = database.url().strip_prefix("sqlite://").unwrap();
        let path = std::path::PathBuf::from(path.strip_suffix("?mode=rwc").unwrap());
        assert!(path.is_file());
        drop(database);
        assert!(!path.parent().unwrap().exists());
    }

    #[tokio::test]
    async fn a_dropped_postgres_database_goes_in_spite_of_open_connections() {
        let database = TestDatabase::postgres().await;
        let url = database.url().to_owned();
        let mut open = PgConnection::connect(&url).await.unwrap();
        drop(database);
        let deadline = Instant::now() + Duration::from_secs(20);
        while PgConnection::connect(&url).await.is_ok() {
            assert!(Instant::now() < deadline, "the database is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(open.ping().await.is_err());
    }
}
