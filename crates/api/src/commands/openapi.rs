//! `nexus openapi`: the document, as it is committed in `docs/openapi.json`.

use std::io::Write;

use crate::startup::document;

/// Prints the document.
pub fn print() -> anyhow::Result<()> {
    let json = document().to_pretty_json()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{json}")?;
    Ok(())
}
