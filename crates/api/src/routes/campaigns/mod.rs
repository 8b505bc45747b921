//! Campaigns: written, sent, steered, and what became of their recipients.

pub mod browse;
pub mod control;
pub mod duplicate;
mod input;
pub mod preview;
pub mod recipients;
mod refusals;
pub mod schedule;
pub mod sending_again;
mod view;
mod words;
pub mod write;
