//! Nexus Communicator: use cases and background workers over the domain ports.
//!
//! * [`accounts`] — registration, sign-in, profile and settings, the providers' secrets.
//! * [`contacts`] — creating, changing and finding contacts.
//! * [`imports`] — files whose rows become contacts: the upload and the worker.
#![deny(missing_docs)]

pub mod accounts;
mod actor;
pub mod contacts;
mod field;
#[cfg(test)]
mod fixtures;
pub mod imports;
mod shutdown;

pub use actor::Actor;
pub use field::Field;
pub use shutdown::Shutdown;
