//! Webhooks over the store and the dispatcher of delivery's tests.

mod failures;
mod holding;
mod inbound;
mod news;
mod receiving;
mod reports;
mod settling;
mod tenants;
mod wishes;
pub(crate) mod world;
