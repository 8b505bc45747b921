//! `nexus demo`: the main job from beginning to end, on everything that runs in production.
//!
//! Starts the API, its workers and the sandbox in a fresh folder, and then does over HTTP what the
//! browser application does: registers, imports the contacts file that ships with the project,
//! sends a campaign, and watches what becomes of every recipient.

mod client;
mod folder;
mod screen;
mod story;

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use tokio::sync::oneshot;

use self::folder::DemoFolder;
use self::story::Story;
use super::serve::stop_signal;
use crate::running::Running;
use crate::settings::{Environment, Settings, from_pairs};
use crate::start_logs;

/// How the demo goes.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// End when the campaign is over; the exit status says whether everyone is accounted for.
    #[arg(long)]
    exit: bool,
    /// Keep everything in this folder, which must be empty or not there. Without it, a temporary
    /// folder is used and deleted at the end.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Runs the demo.
pub async fn demo(options: &DemoOptions) -> anyhow::Result<()> {
    let folder = DemoFolder::open(options.folder.as_deref())?;
    let settings = settings(folder.path())?;
    start_logs(&settings.log)?;
    nexus_infrastructure::install_tls_provider();
    let running = Running::start(&settings, true).await?;
    let phones = running
        .sandbox
        .as_ref()
        .map(|sandbox| sandbox.base_url())
        .context("SANDBOX: the demo needs it on")?;
    let story = Story::new(&running.url, &phones)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(running.run_until(async {
        let _ = stopped.await;
    }));
    let told = tokio::select! {
        told = story.tell() => told,
        () = stop_signal() => {
            println!("\nStopping.");
            Ok(())
        }
    };
    if let Ok(()) = &told
        && !options.exit
    {
        story.stay();
        stop_signal().await;
    }
    drop(stop);
    server.await.context("the server broke down")??;
    told
}

/// The environment's settings, with those that the demo needs in their place.
fn settings(folder: &Path) -> anyhow::Result<Settings> {
    let folder = folder
        .to_str()
        .context("the demo's folder has a name that is no text")?;
    let mut variables: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    for (name, value) in [("DATA_FOLDER", folder), ("SANDBOX", "on")] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let port = free_port_like_the_usual();
    for (name, value) in [
        ("PORT", port),
        ("LOG_LEVEL", "warn"),
        // Some of the simulated phones never answer: a demo does not wait long for them.
        ("WHATSAPP_TIMEOUT_SECONDS", "3"),
        ("DISPATCH_GRACE_SECONDS", "5"),
    ] {
        variables
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }
    let settings = from_pairs(variables)?;
    ensure!(
        settings.environment == Environment::Development,
        "APP_ENV: the demo runs in development only"
    );
    if settings.sandbox.is_none() {
        bail!("SANDBOX: the demo needs it on");
    }
    Ok(settings)
}

/// The usual port when nothing listens there, else one that the system chooses.
fn free_port_like_the_usual() -> &'static str {
    const USUAL: u16 = 5_000;
    match TcpListener::bind(("127.0.0.1", USUAL)) {
        Ok(_) => "5000",
        Err(_) => "0",
    }
}
