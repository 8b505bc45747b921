//! Looks for sender accounts with something to do, and drives each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use nexus_domain::ports::StorageError;
use nexus_domain::{InstanceId, SenderAccount, SenderId};
use tokio::sync::Notify;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::driver::{Driven, drive};
use super::{Desk, DispatchConfig, DispatchPorts};
use crate::Shutdown;

/// How often accounts are looked for that other processes left, or whose doubts have ripened.
const PATROL: Duration = Duration::from_secs(2);
/// How long the accounts may take to end after what is in flight was given up, whatever the store
/// does: their leases expire by themselves.
const ENDING: Duration = Duration::from_secs(8);
/// The shortest time between two looks, whatever happens.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// Sends the campaigns of all users. Any number of processes may run one: each account is driven
/// by one of them at a time.
#[derive(Clone)]
pub struct Dispatcher {
    desk: Arc<Desk>,
    owner: InstanceId,
    wake: Arc<Notify>,
}

/// The accounts that this process drives.
#[derive(Default)]
struct Drivers {
    tasks: JoinSet<Result<Driven, StorageError>>,
    accounts: HashMap<task::Id, SenderId>,
    wakes: HashMap<SenderId, Arc<Notify>>,
}

impl Dispatcher {
    /// A dispatcher of the process `owner`.
    pub fn new(ports: DispatchPorts, config: DispatchConfig, owner: InstanceId) -> Self {
        let DispatchPorts {
            storage,
            sealer,
            channels,
            files,
            clock,
            entropy,
            wake,
        } = ports;
        Self {
            desk: Arc::new(Desk {
                storage,
                sealer,
                channels,
                files,
                clock,
                entropy,
                config,
            }),
            owner,
            wake,
        }
    }

    /// Sends until the shutdown, then lets what is in flight land and gives every account back.
    pub async fn run(&self, shutdown: Shutdown) {
        let mut drivers = Drivers::default();
        while !shutdown.requested() {
            let looked_at = Instant::now();
            tokio::select! {
                () = self.look_for_work(&mut drivers, &shutdown) => {}
                () = shutdown.wait() => break,
            }
            let next_look = looked_at + PATROL;
            loop {
                tokio::select! {
                    () = shutdown.wait() => break,
                    () = self.wake.notified() => {
                        drivers.wake();
                        break;
                    }
                    // An account whose work is over may have been given new work meanwhile; one
                    // that another process drives is left until the next look.
                    driven = drivers.ended(), if !drivers.is_empty() => {
                        if driven == Some(Driven::Over) {
                            break;
                        }
                    }
                    () = tokio::time::sleep_until(next_look) => break,
                }
            }
            if !shutdown.requested() {
                tokio::time::sleep_until(looked_at + AT_MOST_EVERY).await;
            }
        }
        let all_ended = async {
            while !drivers.is_empty() {
                drivers.ended().await;
            }
        };
        let limit = self.desk.config.drain_timeout + ENDING;
        if tokio::time::timeout(limit, all_ended).await.is_err() {
            tracing::error!(
                accounts = drivers.tasks.len(),
                "the store does not answer; messages whose outcome is not recorded will be in doubt"
            );
            drivers.tasks.abort_all();
        }
    }

    async fn look_for_work(&self, drivers: &mut Drivers, shutdown: &Shutdown) {
        let accounts = self.desk.storage.read().senders().with_work().await;
        match accounts {
            Ok(accounts) => {
                for account in accounts {
                    self.drive(drivers, account, shutdown);
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the dispatcher waits for the store"
            ),
        }
    }

    fn drive(&self, drivers: &mut Drivers, account: SenderAccount, shutdown: &Shutdown) {
        let id = account.id;
        if drivers.wakes.contains_key(&id) {
            return;
        }
        let wake = Arc::new(Notify::new());
        let task = drivers.tasks.spawn(drive(
            Arc::clone(&self.desk),
            account,
            self.owner,
            shutdown.clone(),
            Arc::clone(&wake),
        ));
        drivers.accounts.insert(task.id(), id);
        drivers.wakes.insert(id, wake);
    }
}

impl Drivers {
    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Tells every driver that there may be something new.
    fn wake(&self) {
        for wake in self.wakes.values() {
            wake.notify_one();
        }
    }

    /// How the next one ends; `None` when it failed or none is left.
    async fn ended(&mut self) -> Option<Driven> {
        let joined = self.tasks.join_next_with_id().await?;
        let (task, driven) = match joined {
            Ok((task, driven)) => (task, Some(driven)),
            Err(error) => {
                tracing::error!(%error, "driving a sender account broke down");
                (error.id(), None)
            }
        };
        let sender = self.accounts.remove(&task)?;
        self.wakes.remove(&sender);
        match driven? {
            Ok(driven) => Some(driven),
            Err(error) => {
                tracing::warn!(
                    sender_id = %sender,
                    error = &error as &dyn std::error::Error,
                    "driving a sender account failed"
                );
                None
            }
        }
    }
}
