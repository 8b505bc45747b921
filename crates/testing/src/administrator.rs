use std::sync::OnceLock;
use std::thread;

use nexus_migration::Migrator;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use sea_orm::{ConnectOptions, Database};
use sea_orm_migration::MigratorTrait;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use crate::server::PostgresServer;

/// Names a server to use instead of a throwaway one: the address of a database on it, as a user who may
/// create databases.
const OTHER_SERVER: &str = "NEXUS_TEST_POSTGRES_URL";

/// What new databases of the tests on PostgreSQL contain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    Migrated,
    Nothing,
}

enum Order {
    Create(Content, oneshot::Sender<Result<PostgresDatabase, String>>),
    Drop(String),
}

/// A database on the server of this process, removed when dropped.
#[derive(Debug)]
pub(crate) struct PostgresDatabase {
    name: String,
    pub(crate) url: String,
}

impl PostgresDatabase {
    pub(crate) async fn create(content: Content) -> Self {
        let (reply, answer) = oneshot::channel();
        let _ = administrator().send(Order::Create(content, reply));
        let answer = answer
            .await
            .expect("the administrator of PostgreSQL has panicked");
        match answer {
            Ok(database) => database,
            Err(reason) => panic!("no PostgreSQL for the tests: {reason}"),
        }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let _ = administrator().send(Order::Drop(std::mem::take(&mut self.name)));
    }
}

/// The one thread of this process that creates and drops databases. Each test has a runtime of its own
/// that ends with it, so none of them could keep the connection; and a template admits one copy at a time.
fn administrator() -> &'static mpsc::UnboundedSender<Order> {
    static ADMINISTRATOR: OnceLock<mpsc::UnboundedSender<Order>> = OnceLock::new();
    ADMINISTRATOR.get_or_init(|| {
        let (sender, orders) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("postgres administrator".into())
            .spawn(move || {
                runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime for the administrator")
                    .block_on(administer(orders));
            })
            .expect("a thread for the administrator");
        sender
    })
}

async fn administer(mut orders: mpsc::UnboundedReceiver<Order>) {
    let mut office = Office::open().await;
    while let Some(order) = orders.recv().await {
        match (&mut office, order) {
            (Ok(office), Order::Create(content, reply)) => {
                let created = office.create(content).await;
                // The test may be gone; the answer then drops the database again.
                let _ = reply.send(created.map_err(|error| error.to_string()));
            }
            (Ok(office), Order::Drop(name)) => {
                // The server, or the sweep of the next run, removes what this cannot.
                let _ = office.drop_database(&name).await;
            }
            (Err(reason), Order::Create(_, reply)) => {
                let _ = reply.send(Err(reason.clone()));
            }
            (Err(_), Order::Drop(_)) => {}
        }
    }
}

struct Office {
    url: String,
    connection: PgConnection,
    /// First part of the names of all databases of this process, unique on the server.
    prefix: String,
    count: u64,
    /// Held so that it runs as long as this process.
    _server: Option<PostgresServer>,
}

impl Office {
    async fn open() -> Result<Self, String> {
        let (server, url) = if let Ok(url) = std::env::var(OTHER_SERVER) {
            (None, url)
        } else {
            let server = PostgresServer::try_start()?;
            let url = server.url();
            (Some(server), url)
        };
        let connect = PgConnection::connect(&url).await;
        let connection = connect.map_err(|error| format!("cannot connect: {error}"))?;
        let mut office = Self {
            url,
            connection,
            prefix: String::new(),
            count: 0,
            _server: server,
        };
        let prepare = office.prepare().await;
        prepare.map_err(|error| format!("cannot prepare the template: {error}"))?;
        Ok(office)
    }

    async fn prepare(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let session: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut self.connection)
            .await?;
        self.prefix = format!("nexus_test_{session}");
        self.sweep(session).await?;

        let template = self.template();
        self.execute(format!("CREATE DATABASE {template}")).await?;
        let mut options = ConnectOptions::new(with_database(&self.url, &template));
        options.max_connections(1).sqlx_logging(false);
        let database = Database::connect(options).await?;
        Migrator::up(&database, None).await?;
        database.close().await?;
        Ok(())
    }

    /// Removes what earlier runs left on a server that outlives them. A run's databases carry the number
    /// of its administrator's session; once that session is gone, so is the run.
    async fn sweep(&mut self, session: i32) -> Result<(), sqlx::Error> {
        let stale: Vec<String> = sqlx::query_scalar(
            "SELECT datname FROM pg_database \
             WHERE datname ~ '^nexus_test_[0-9]+_' \
             AND (split_part(datname, '_', 3)::int = $1 \
               OR split_part(datname, '_', 3)::int NOT IN (SELECT pid FROM pg_stat_activity))",
        )
        .bind(session)
        .fetch_all(&mut self.connection)
        .await?;
        for name in stale {
            self.drop_database(&name).await?;
        }
        Ok(())
    }

    fn template(&self) -> String {
        format!("{}_template", self.prefix)
    }

    async fn create(&mut self, content: Content) -> Result<PostgresDatabase, sqlx::Error> {
        self.count += 1;
        let name = format!("{}_{}", self.prefix, self.count);
        let template = match content {
            Content::Migrated => self.template(),
            Content::Nothing => "template1".to_owned(),
        };
        self.execute(format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await?;
        let url = with_database(&self.url, &name);
        Ok(PostgresDatabase { name, url })
    }

    async fn drop_database(&mut self, name: &str) -> Result<(), sqlx::Error> {
        // FORCE: the connections of the test that ended may not be closed yet.
        self.execute(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
    }

    /// `statement` is put together from names made here, never from input.
    async fn execute(&mut self, statement: String) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// The same address with another database: `scheme://user@host/DATABASE?options`.
fn with_database(url: &str, name: &str) -> String {
    let (address, options) = match url.split_once('?') {
        Some((address, options)) => (address, Some(options)),
        None => (url, None),
    };
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[host..]
        .find('/')
        .map_or(address.len(), |slash| host + slash);
    let mut changed = format!("{}/{name}", &address[..end]);
    if let Some(options) = options {
        changed.push('?');
        changed.push_str(options);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_of_an_address_changes() {
        for (address, expected) in [
            ("postgres://u:p@host:1/old", "postgres://u:p@host:1/new"),
            ("postgres://u@host", "postgres://u@host/new"),
            (
                "postgres://u@host/old?host=/tmp/x",
                "postgres://u@host/new?host=/tmp/x",
            ),
            (
                "postgres://host/?sslmode=disable",
                "postgres://host/new?sslmode=disable",
            ),
        ] {
            assert_eq!(with_database(address, "new"), expected);
        }
    }
}
