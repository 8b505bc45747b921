//! Campaigns: written, sent, steered, and what became of their recipients.

pub mod browse;
pub mod control;
pub(super) mod counters;
pub mod duplicate;
mod input;
pub mod media;
pub mod preflight;
pub mod preview;
pub mod recipients;
pub(super) mod refusals;
pub mod schedule;
pub mod sending_again;
mod start_words;
mod view;
pub(super) mod words;
pub mod write;
