//! The worker that turns files into contacts.

use std::time::Duration;

use nexus_domain::InstanceId;
use nexus_domain::ports::StorageError;

use super::ImportPorts;
use crate::Shutdown;

/// Imports files, one at a time. Any number of them may run, in any number of processes.
#[derive(Clone)]
pub struct ImportWorker {
    ports: ImportPorts,
    owner: InstanceId,
}

impl ImportWorker {
    /// A worker of the process `owner`.
    pub fn new(ports: ImportPorts, owner: InstanceId) -> Self {
        Self { ports, owner }
    }

    /// Imports whatever is due until the shutdown, woken by uploads and by a timer.
    pub async fn run(&self, shutdown: Shutdown) {
        let _ = shutdown;
    }

    /// Works on one import that is due: to its end, to the shutdown, or to a failure, which is
    /// dealt with here. Whether there was one. An error means that the store failed before or
    /// while giving the work back; its lease expires by itself.
    pub async fn run_once(&self, shutdown: &Shutdown) -> Result<bool, StorageError> {
        let _ = shutdown;
        Ok(false)
    }
}
