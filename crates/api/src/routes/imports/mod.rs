//! Imports of contacts from files: looked at first or not, followed, stopped, taken back.

pub mod browse;
mod choices;
pub mod control;
mod form;
pub mod preview;
pub mod refused_rows;
pub mod upload;
mod view;
mod words;
