use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The supervisor; it says itself why it is a shell script and what it answers.
const SUPERVISOR: &str = include_str!("throwaway-postgres.sh");

/// A PostgreSQL server of one's own, for tests which take the server away and bring it back.
/// All others want [`TestDatabase::postgres`](crate::TestDatabase::postgres), which shares one server.
///
/// It stops and its folder vanishes when this is dropped, and equally when the process ends in any other
/// way: the supervisor sees the end of the pipe held here.
#[derive(Debug)]
pub struct PostgresServer {
    supervisor: Child,
    /// `None` once dropping has begun.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl PostgresServer {
    /// Starts a server with no database but `postgres`. Takes about a second.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start; the message says what to do.
    pub fn start() -> Self {
        match Self::try_start() {
            Ok(server) => server,
            Err(reason) => panic!("no PostgreSQL for the tests: {reason}"),
        }
    }

    pub(crate) fn try_start() -> Result<Self, String> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "throwaway-postgres"])
            .current_dir("/")
            // Ctrl-C in the terminal is for the tests; the supervisor goes by their end.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some((user, group)) = other_user_when_root()? {
            command.uid(user).gid(group);
        }
        let mut supervisor = command
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let orders = supervisor.stdin.take();
        let answers = supervisor.stdout.take().ok_or("sh has no output")?;
        let mut server = Self {
            supervisor,
            orders,
            answers: BufReader::new(answers),
            folder: PathBuf::new(),
        };
        server.folder = PathBuf::from(server.answer("ready")?);
        Ok(server)
    }

    /// The address of the database `postgres`, as the administrator. It stays the same across
    /// [`stop`](Self::stop) and [`resume`](Self::resume).
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@localhost:5432/postgres?host={}",
            percent_encoded(&self.folder)
        )
    }

    /// Kills the server as a crash would: every connection breaks, committed work stays on disk.
    /// Blocks the thread until it is gone.
    ///
    /// # Panics
    /// When the supervisor does not obey.
    pub fn stop(&mut self) {
        self.order("stop", "stopped");
    }

    /// Starts the server again on the same data. Blocks the thread until it takes connections.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn resume(&mut self) {
        self.order("start", "ready");
    }

    fn order(&mut self, order: &str, expected: &str) {
        let orders = self.orders.as_mut().expect("open until dropped");
        writeln!(orders, "{order}").expect("the supervisor of PostgreSQL is gone");
        if let Err(reason) = self.answer(expected) {
            panic!("PostgreSQL did not {order}: {reason}");
        }
    }

    /// Reads one answer and returns what follows the expected word.
    fn answer(&mut self, expected: &str) -> Result<String, String> {
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        if let Some(rest) = line.trim_end().strip_prefix(expected) {
            return Ok(rest.trim_start().to_owned());
        }
        let mut reason = String::new();
        let _ = self.answers.read_to_string(&mut reason);
        Err(reason)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.supervisor.wait();
    }
}

/// PostgreSQL refuses to run as root, so root's tests run it as a user without rights.
fn other_user_when_root() -> Result<Option<(u32, u32)>, String> {
    if id("-u", None) != Some(0) {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|user| Some((id("-u", Some(user))?, id("-g", Some(user))?)))
        .map(Some)
        .ok_or_else(|| {
            "it does not run as root, and there is neither a user postgres nor a user nobody".into()
        })
}

fn id(option: &str, user: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(option).args(user).output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn percent_encoded(path: &Path) -> String {
    use std::fmt::Write;
    let mut encoded = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use sea_orm::sqlx::{self, Connection, PgConnection};

    use super::{PostgresServer, percent_encoded};

    fn process_runs(id: &str) -> bool {
        Command::new("ps")
            .args(["-p", id])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    fn server_process(folder: &Path) -> String {
        let file = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    #[test]
    fn a_path_survives_in_an_address() {
        assert_eq!(percent_encoded(Path::new("/tmp/a b&c")), "/tmp/a%20b%26c");
    }

    #[tokio::test]
    async fn a_postgres_server_keeps_what_was_committed_before_it_crashed() {
        let mut server = PostgresServer::start();
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        sqlx::raw_sql("CREATE TABLE kept AS SELECT 7 AS number")
            .execute(&mut connection)
            .await
            .unwrap();

        server.stop();
        assert!(connection.ping().await.is_err());
        assert!(PgConnection::connect(&server.url()).await.is_err());

        server.resume();
        let mut connection = PgConnection::connect(&server.url()).await.unwrap();
        let number: i32 = sqlx::query_scalar("SELECT number FROM kept")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(number, 7);
    }

    #[test]
    fn a_postgres_server_goes_when_it_is_dropped() {
        let server = PostgresServer::start();
        let (folder, process) = (server.folder.clone(), server_process(&server.folder));
        assert!(process_runs(&process));
        drop(server);
        assert!(!process_runs(&process));
        assert!(!folder.exists());
    }

    /// Runs itself once more as another process, which starts a server and gets killed.
    #[test]
    fn a_postgres_server_goes_when_its_process_is_killed() {
        const VICTIM: &str = "NEXUS_TESTING_VICTIM";
        const NAME: &str = "server::tests::a_postgres_server_goes_when_its_process_is_killed";
        if std::env::var_os(VICTIM).is_some() {
            let server = PostgresServer::start();
            println!("\nserver in {}", server.folder.display());
            sleep(Duration::from_mins(1));
            unreachable!("it should have been killed");
        }

        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(VICTIM, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let folder = BufReader::new(victim.stdout.take().unwrap())
            .lines()
            .find_map(|line| line.unwrap().strip_prefix("server in ").map(PathBuf::from))
            .unwrap();
        let process = server_process(&folder);
        assert!(process_runs(&process));

        victim.kill().unwrap();
        victim.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while process_runs(&process) || folder.exists() {
            assert!(Instant::now() < deadline, "the server outlived its process");
            sleep(Duration::from_millis(20));
        }
    }
}
