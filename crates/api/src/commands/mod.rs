//! What the binary `nexus` can be told to do.

mod demo;
mod ending;
mod migrate;
mod openapi;
mod serve;
mod webhooks;

use clap::{Parser, Subcommand};

use crate::settings::Settings;
use crate::start_logs;

/// Nexus Communicator: talk to your customers over WhatsApp.
#[derive(Debug, Parser)]
#[command(name = "nexus", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, with the background workers.
    Serve {
        /// Without the background workers; run `nexus worker` beside it.
        #[arg(long)]
        no_workers: bool,
    },
    /// Run the background workers alone.
    Worker,
    /// Bring the database's schema up to date.
    Migrate,
    /// Look after the webhooks that are kept.
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Show the main job from beginning to end, with a provider that is simulated.
    Demo(demo::DemoOptions),
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve { no_workers } => serve::serve(&prepare()?, !no_workers).await,
            Command::Worker => serve::work(&prepare()?).await,
            Command::Migrate => migrate::migrate(&prepare()?).await,
            Command::Webhooks(command) => command.run(&prepare()?).await,
            Command::Openapi => openapi::print(),
            Command::Demo(options) => demo::demo(&options).await,
        }
    }
}

/// Reads the settings, and starts what every command needs that uses them.
fn prepare() -> anyhow::Result<Settings> {
    let settings = crate::settings::from_environment()?;
    start_logs(&settings.log)?;
    nexus_application::fault::plant(settings.faults);
    nexus_infrastructure::install_tls_provider();
    Ok(settings)
}
