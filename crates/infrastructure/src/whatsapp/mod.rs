//! WhatsApp's Cloud API (Meta Graph API v23.0).
//!
//! [`WhatsAppChannel`] sends, [`WhatsAppWebhooks`] reads what comes back. What Meta's codes mean is
//! in one table, used by both.

mod channel;
mod config;
mod errors;
mod graph;
mod media;
mod messages;
mod notices;
mod secrets;
mod templates;
mod webhooks;

pub use channel::WhatsAppChannel;
pub use config::{WhatsAppConfig, WhatsAppConfigError};
pub use webhooks::WhatsAppWebhooks;
