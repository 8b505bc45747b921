//! What the binary `nexus` can be told to do.

mod migrate;
mod openapi;
mod serve;

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
    /// Print the OpenAPI document.
    Openapi,
}

impl Cli {
    /// Does what was asked.
    pub async fn run(self) -> anyhow::Result<()> {
        if let Command::Openapi = self.command {
            return openapi::print();
        }
        let settings: Settings = crate::settings::from_environment()?;
        start_logs(&settings.log)?;
        nexus_infrastructure::install_tls_provider();
        match self.command {
            Command::Serve { no_workers } => serve::serve(&settings, !no_workers).await,
            Command::Worker => serve::work(&settings).await,
            Command::Migrate => migrate::migrate(&settings).await,
            Command::Openapi => Ok(()),
        }
    }
}
