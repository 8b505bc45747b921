//! The routes, a file for each resource: request and answer shapes, documentation, and handlers
//! that extract, call one use case and map.

pub mod auth;
pub mod campaigns;
pub mod contacts;
pub mod events;
pub mod health;
pub mod imports;
pub mod integrations;
pub mod profile;
pub mod shared;
pub mod statistics;
pub mod webhooks;
