//! WhatsApp Cloud API as Meta serves it (Graph API v23.0), and the phones at its other end.

mod accounts;
mod content;
mod errors;
mod graph;
mod media;
mod messages;
mod news;
mod numbers;
mod phones;
mod schedule;
mod simulation;
mod templates;
mod throughput;
mod webhooks;

pub use accounts::{AccountRegistration, RegistrationError};
pub(crate) use graph::routes;
pub use news::{NewsError, TemplateChange};
pub use numbers::{TEST_NUMBERS, TestNumber};
pub(crate) use phones::{Conversation, PhoneList};
pub(crate) use schedule::run as run_schedule;
pub use simulation::InboundError;
pub(crate) use simulation::{Setting, Simulation};
pub use webhooks::Redelivery;
