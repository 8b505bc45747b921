//! Campaigns: written, sent, steered, and what became of their recipients.

pub mod browse;
pub mod control;
mod input;
pub mod preflight;
pub mod preview;
pub mod recipients;
pub(super) mod refusals;
mod view;
pub(super) mod words;
pub mod write;
