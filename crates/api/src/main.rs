//! The binary `nexus`.

use std::time::Duration;

use clap::Parser;
use nexus_api::commands::Cli;

/// How long threads may take to end after everything else has.
const LAST_MOMENT: Duration = Duration::from_millis(500);

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("nexus: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(cli.run());
    // What a thread still waits for, a disk or a database, does not keep the process.
    runtime.shutdown_timeout(LAST_MOMENT);
    match ended {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nexus: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
