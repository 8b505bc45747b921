//! Processes that send.

use std::sync::Arc;

use nexus_domain::InstanceId;
use nexus_domain::ports::{Clock, Entropy, LocalCopy, MockFileStore};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::provider::{ProcessChannel, Provider};
use super::units::Connection;
use crate::Shutdown;
use crate::delivery::{Channels, DispatchConfig, DispatchPorts, Dispatcher};
use crate::fixtures::PaperSealer;

/// One process with its dispatcher.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) connection: Connection,
    pub(crate) provider: Arc<Provider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) shutdown: Shutdown,
    pub(crate) owner: InstanceId,
    pub(crate) config: DispatchConfig,
}

impl Process {
    pub(crate) fn with(self, change: impl FnOnce(&mut DispatchConfig)) -> Self {
        let mut changed = self;
        change(&mut changed.config);
        changed
    }

    pub(crate) fn ports(&self) -> DispatchPorts {
        let channel = ProcessChannel {
            provider: Arc::clone(&self.provider),
            process: self.number,
        };
        DispatchPorts {
            storage: Arc::new(self.connection.clone()),
            sealer: Arc::new(PaperSealer),
            channels: Channels::new([Arc::new(channel) as Arc<_>]),
            files: Arc::new(self.files()),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            wake: Arc::clone(&self.wake),
        }
    }

    /// A store of files in which a file is as long as its row has a size.
    fn files(&self) -> MockFileStore {
        let connection = self.connection.clone();
        let mut files = MockFileStore::new();
        files.expect_local_copy().returning(move |user, id| {
            let is_there =
                connection.has_file(|file| (file.user_id, file.id.as_uuid()) == (user, id));
            Ok(is_there.then(|| LocalCopy::of(format!("/files/{id}"))))
        });
        files
    }

    pub(crate) fn start(&self) -> JoinHandle<()> {
        let dispatcher = Dispatcher::new(self.ports(), self.config.clone(), self.owner);
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move { dispatcher.run(shutdown).await })
    }
}
