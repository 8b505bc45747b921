//! A server as a process of its own, which can be killed.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nexus_testing::TempFolder;

/// How much of the log is shown when a test fails.
const SHOWN_LINES: usize = 40;

/// `nexus serve` on a port that stays the same from start to start.
pub(crate) struct ServerProcess {
    pub(crate) url: String,
    port: u16,
    variables: Vec<(&'static str, String)>,
    folder: TempFolder,
    child: Option<Child>,
}

impl ServerProcess {
    /// A server with these environment variables, ready.
    pub(crate) async fn start(variables: Vec<(&'static str, String)>) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("the system has a port")
            .port();
        let mut server = Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            variables,
            folder: TempFolder::new(),
            child: None,
        };
        server.restart().await;
        server
    }

    /// Starts it again, on everything that it left.
    pub(crate) async fn restart(&mut self) {
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
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        self.child = Some(child);
        let client = reqwest::Client::new();
        for _ in 0..600 {
            let answer = client.get(format!("{}/ready", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
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
    pub(crate) async fn terminate(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(told.success());
        for _ in 0..600 {
            if let Some(status) = child.try_wait().expect("it can be asked") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let _ = child.kill();
        panic!("the server does not end");
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
