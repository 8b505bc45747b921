//! One recipient in the hands of one process, without its dispatcher.

use std::sync::Arc;
use std::time::Duration;

use nexus_domain::ports::Storage;
use nexus_domain::{AttemptId, CampaignId, DeliveryStatus, InstanceId, SenderLease};

use super::world::World;
use crate::delivery::Desk;
use crate::delivery::gate::Heard;
use crate::delivery::outcome::{Landed, Outcome, Ticket};
use crate::delivery::outcomes::{Guard, Recorded, record};

pub(super) struct Bench {
    pub(super) world: World,
    pub(super) desk: Desk,
    pub(super) lease: SenderLease,
    pub(super) campaign: CampaignId,
    pub(super) attempt: AttemptId,
}

impl Bench {
    /// A campaign of two, and a process that has the lease.
    pub(super) async fn new() -> Self {
        let world = World::new();
        let campaign = world.campaign(2);
        let process = world.process(1);
        let ports = process.ports();
        let desk = Desk {
            storage: ports.storage,
            sealer: ports.sealer,
            channels: ports.channels,
            files: ports.files,
            clock: ports.clock,
            entropy: ports.entropy,
            config: process.config.clone(),
        };
        let lease = lease(&desk.storage, &world, process.owner).await;
        let recipient = world.recipients(campaign)[0].id;
        Self {
            world,
            desk,
            lease,
            campaign,
            attempt: AttemptId {
                recipient,
                number: 0,
            },
        }
    }

    /// As [`Self::new`], with the first recipient's attempt begun.
    pub(super) async fn with_an_attempt() -> Self {
        let mut bench = Self::new().await;
        bench.begin();
        bench
    }

    /// Begins the next attempt.
    pub(super) fn begin(&mut self) {
        let now = self.world.now();
        self.attempt = self.world.ledger.with(|tables| {
            let recipient = tables.recipients.get_mut(&self.attempt.recipient);
            let recipient = recipient.expect("a recipient");
            recipient.begin_attempt(now).expect("it is queued")
        });
    }

    pub(super) fn landed(&self, outcome: Outcome) -> Landed {
        Landed {
            ticket: Ticket {
                attempt: self.attempt,
                campaign: self.campaign,
                contact: self.world.recipient(self.attempt.recipient).contact_id,
            },
            outcome,
        }
    }

    pub(super) async fn record(&self, landed: Landed, guard: Guard) -> Recorded {
        record(&self.desk, &self.lease, &[landed], &Heard::default(), guard)
            .await
            .expect("the store works")
    }

    pub(super) fn status(&self) -> DeliveryStatus {
        let recipient = self.world.recipient(self.attempt.recipient);
        recipient.delivery.status
    }

    /// Another process takes the lease, and puts the attempt in doubt if there is one.
    pub(super) async fn taken_over(&self) {
        let expired = Duration::from_mins(1);
        self.world.ledger.with(|t| t.clock_ahead += expired);
        let now = self.world.now();
        let owner = InstanceId::new(now, self.desk.entropy.as_ref());
        lease(&self.desk.storage, &self.world, owner).await;
        self.world.ledger.with(|tables| {
            let recipient = tables.recipients.get_mut(&self.attempt.recipient);
            let recipient = recipient.expect("a recipient");
            if self.attempt.number > 0 {
                recipient.doubt(self.attempt, now).expect("dispatching");
            }
        });
    }
}

async fn lease(storage: &Arc<dyn Storage>, world: &World, owner: InstanceId) -> SenderLease {
    let mut unit = storage.begin().await.expect("a unit");
    let lease = unit
        .senders()
        .acquire(
            world.business.user,
            world.business.sender,
            owner,
            Duration::from_secs(15),
        )
        .await
        .expect("the store works")
        .expect("it is free");
    unit.commit().await.expect("committed");
    lease
}
