//! Campaigns: written, sent, steered, and what became of their recipients.

pub mod browse;
pub mod control;
mod input;
pub mod preview;
pub mod recipients;
mod refusals;
mod view;
mod words;
pub mod write;
