//! Placeholder while the driver is being written.

/// Drives sender accounts.
pub struct Dispatcher;
