//! The REST API of Nexus Communicator: routes, sessions, errors, documentation, configuration, and
//! the composition of all parts into one program.

pub mod commands;
pub mod composition;
mod errors;
mod extract;
mod logs;
mod middleware;
pub mod openapi;
mod routes;
pub mod running;
mod sandbox_senders;
mod session;
pub mod settings;
pub mod startup;
mod workers;

pub use logs::start_logs;
