//! Nexus Communicator: use cases and background workers over the domain ports.
//!
//! * [`accounts`] — registration, sign-in, profile and settings, the providers' secrets.
//! * [`contacts`] — creating, changing and finding contacts.
//! * [`segments`] — saving filters of contacts under a name.
//! * [`bulk`] — changing many contacts: the request and the worker.
//! * [`imports`] — files whose rows become contacts: the upload and the worker.
//! * [`campaigns`] — writing campaigns, starting and steering them, what became of their recipients.
//! * [`integrations`] — whether the providers work, and the templates that can be sent.
//! * [`delivery`] — the dispatcher: every recipient gets their message, once.
//! * [`replies`] — the answers that the product gives by itself.
//! * [`reports`] — whether the provider reports on what it took.
//! * [`webhooks`] — what providers report: stored, then applied.
//! * [`events`] — pages that stay open hear of it when campaigns get on.
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
pub mod events;
pub mod fault;
mod field;
mod file_name;
#[cfg(test)]
mod fixtures;
pub mod housekeeping;
pub mod imports;
pub mod integrations;
mod noted;
mod opt_outs;
mod recent;
pub mod replies;
pub mod reports;
pub mod segments;
mod shutdown;
pub mod statistics;
mod stored_files;
pub mod webhooks;

pub use actor::Actor;
pub use custom_fields::CustomFieldInput;
pub use field::Field;
pub use recent::Recent;
pub use shutdown::Shutdown;
