//! A server as a process of its own, which can be killed.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nexus_testing::TempFolder;

/// How much of the log is shown when a test fails.
const SHOWN_LINES: usize = 40;
/// The longest wait for a server to be ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// `nexus serve` as a process of its own, on a port that stays the same from start to start. It can
/// be killed, stopped and started again.
pub(crate) struct ServerProcess {
    pub(crate) url: String,
    port: u16,
    variables: Vec<(&'static str, String)>,
    folder: TempFolder,
    child: Option<Child>,
    starts: usize,
}

impl ServerProcess {
    /// A server with these environment variables, ready.
    pub(crate) async fn start(variables: Vec<(&'static str, String)>) -> Self {
        let mut server = Self::prepare(variables);
        server.restart().await;
        server
    }

    /// One that does not run yet.
    pub(crate) fn prepare(variables: Vec<(&'static str, String)>) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("the system has a port")
            .port();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            variables,
            folder: TempFolder::new(),
            child: None,
            starts: 0,
        }
    }

    /// Starts it again, on everything that it left.
    pub(crate) async fn restart(&mut self) {
        assert!(
            self.restart_with(&[]).await,
            "the server does not get ready"
        );
    }

    /// Starts it again with more variables. Whether it got ready before it ended.
    pub(crate) async fn restart_with(&mut self, more: &[(&'static str, String)]) -> bool {
        assert!(self.child.is_none(), "it still runs");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_nexus"))
            .arg("serve")
            .env_clear()
            .env("DATA_FOLDER", self.folder.path())
            .env("PORT", self.port.to_string())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        self.child = Some(child);
        self.starts += 1;
        let client = reqwest::Client::new();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let answer = client.get(format!("{}/ready", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            if self.has_ended().is_some() {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("the server does not get ready");
    }

    /// Ends it at once, without a chance to do anything about it.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it is gone");
    }

    /// Tells it to end, and waits until it has. Its exit status.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal("-TERM");
        match self.ended_within(PATIENCE).await {
            Some(status) => status,
            None => panic!("the server does not end"),
        }
    }

    /// Stops it (SIGSTOP): it does nothing until [`Self::go_on`].
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let child = self.child.as_ref().expect("it runs");
        let told = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(told.success(), "{signal}");
    }

    /// How it ended, if it has by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut()?;
        let status = child.try_wait().expect("it can be asked")?;
        self.child = None;
        Some(status)
    }

    /// How it ended, if it does within this time.
    pub(crate) async fn ended_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let began = Instant::now();
        loop {
            let ended = self.has_ended();
            if self.child.is_none() || began.elapsed() >= time {
                return ended;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether it was started and has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.has_ended();
        self.child.is_some()
    }

    /// How often it was started.
    pub(crate) fn starts(&self) -> usize {
        self.starts
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let first = lines.len().saturating_sub(SHOWN_LINES);
            eprintln!(
                "the end of the server's log:\n{}",
                lines[first..].join("\n")
            );
        }
    }
}
