//! Nexus Communicator: use cases and background workers over the domain ports.
//!
//! * [`accounts`] — registration, sign-in, profile and settings, the providers' secrets.
//! * [`contacts`] — creating, changing and finding contacts.
//! * [`segments`] — saving filters of contacts under a name.
//! * [`bulk`] — changing many contacts: the request and the worker.
//! * [`imports`] — files whose rows become contacts: the upload and the worker.
//! * [`campaigns`] — writing campaigns, starting and steering them, what became of their recipients.
//! * [`delivery`] — the dispatcher: every recipient gets their message, once.
//! * [`webhooks`] — what providers report: stored, then applied.
//! * [`statistics`] — the figures of the dashboard.
//! * [`housekeeping`] — deleting what is kept only for a time.
//! * [`fault`] — faults on purpose, in debug builds.
#![deny(missing_docs)]

pub mod accounts;
mod actor;
pub mod bulk;
pub mod campaigns;
pub mod contacts;
mod custom_fields;
pub mod delivery;
pub mod fault;
mod field;
#[cfg(test)]
mod fixtures;
pub mod housekeeping;
pub mod imports;
mod noted;
mod recent;
pub mod segments;
mod shutdown;
pub mod statistics;
pub mod webhooks;

pub use actor::Actor;
pub use custom_fields::CustomFieldInput;
pub use field::Field;
pub use recent::Recent;
pub use shutdown::Shutdown;
