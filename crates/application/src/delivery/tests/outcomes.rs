//! Outcomes that come late, or twice.

use std::sync::Arc;
use std::time::Duration;

use nexus_domain::ports::Storage;
use nexus_domain::{
    AttemptId, CampaignId, CampaignStatus, DeliveryStatus, FailureCode, InstanceId, SenderLease,
};

use super::provider::failure;
use super::world::World;
use crate::delivery::Desk;
use crate::delivery::outcome::{Landed, Outcome, Ticket};
use crate::delivery::outcomes::{Guard, Recorded, record};

struct Bench {
    world: World,
    desk: Desk,
    lease: SenderLease,
    campaign: CampaignId,
    attempt: AttemptId,
}

impl Bench {
    /// A campaign of two; the first recipient's attempt is begun under a lease.
    async fn new() -> Self {
        let world = World::new();
        let campaign = world.campaign(2);
        let process = world.process(1);
        let ports = process.ports();
        let desk = Desk {
            storage: ports.storage,
            sealer: ports.sealer,
            channels: ports.channels,
            clock: ports.clock,
            entropy: ports.entropy,
            config: process.config.clone(),
        };
        let lease = lease(&desk.storage, &world, process.owner).await;
        let recipient = world.recipients(campaign)[0].id;
        let mut bench = Self {
            world,
            desk,
            lease,
            campaign,
            attempt: AttemptId {
                recipient,
                number: 0,
            },
        };
        bench.begin();
        bench
    }

    /// Begins the next attempt.
    fn begin(&mut self) {
        let now = self.world.now();
        self.attempt = self.world.ledger.with(|tables| {
            let recipient = tables.recipients.get_mut(&self.attempt.recipient);
            let recipient = recipient.expect("a recipient");
            recipient.begin_attempt(now).expect("it is queued")
        });
    }

    fn landed(&self, outcome: Outcome) -> Landed {
        Landed {
            ticket: Ticket {
                attempt: self.attempt,
                campaign: self.campaign,
                contact: self.world.recipient(self.attempt.recipient).contact_id,
            },
            outcome,
        }
    }

    async fn record(&self, landed: Landed, guard: Guard) -> Recorded {
        record(&self.desk, &self.lease, &[landed], guard)
            .await
            .expect("the store works")
    }

    fn status(&self) -> DeliveryStatus {
        let recipient = self.world.recipient(self.attempt.recipient);
        recipient.delivery.status
    }

    /// Another process takes the account and puts the attempt in doubt.
    async fn taken_over(&self) {
        let expired = Duration::from_mins(1);
        self.world.ledger.with(|t| t.clock_ahead += expired);
        let now = self.world.now();
        let owner = InstanceId::new(now, self.desk.entropy.as_ref());
        lease(&self.desk.storage, &self.world, owner).await;
        self.world.ledger.with(|tables| {
            let recipient = tables.recipients.get_mut(&self.attempt.recipient);
            let recipient = recipient.expect("a recipient");
            recipient.doubt(self.attempt, now).expect("dispatching");
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

fn accepted() -> Outcome {
    Outcome::Accepted {
        message_id: "wamid.1".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_without_the_lease() {
    let bench = Bench::new().await;
    bench.taken_over().await;
    let landed = bench.landed(accepted());

    let recorded = bench.record(landed, Guard::Attempt).await;

    assert_eq!(recorded, Recorded::Done);
    assert_eq!(bench.status(), DeliveryStatus::Accepted);
    bench.world.check();
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_may_be_of_nothing_is_not_recorded_without_the_lease() {
    let bench = Bench::new().await;
    bench.taken_over().await;
    let landed = bench.landed(Outcome::HeldBack);

    let recorded = bench.record(landed, Guard::Lease).await;

    assert_eq!(recorded, Recorded::LeaseLost);
    assert_eq!(bench.status(), DeliveryStatus::InDoubt);
}

#[tokio::test(start_paused = true)]
async fn what_certainly_never_left_ends_the_doubt_of_the_next_owner() {
    let throttled = Outcome::Throttled {
        retry_after: None,
        recipient_only: false,
    };
    for outcome in [Outcome::HeldBack, Outcome::NotConnected, throttled] {
        let bench = Bench::new().await;
        bench.taken_over().await;
        let landed = bench.landed(outcome);

        bench.record(landed, Guard::Attempt).await;

        assert_eq!(bench.status(), DeliveryStatus::Queued);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_of_an_older_attempt_says_nothing_of_the_current_one() {
    let refused = Outcome::Refused(failure(FailureCode::Unreachable));
    let doubt = Outcome::InDoubt {
        reason: "reset".to_owned(),
    };
    for outcome in [accepted(), refused, doubt, Outcome::HeldBack] {
        let mut bench = Bench::new().await;
        let late = bench.landed(outcome);
        let held_back = bench.landed(Outcome::HeldBack);
        bench.record(held_back, Guard::Attempt).await;
        bench.begin();

        bench.record(late, Guard::Attempt).await;

        assert_eq!(bench.status(), DeliveryStatus::Dispatching);
        let recipient = bench.world.recipient(bench.attempt.recipient);
        assert_eq!(recipient.delivery.attempts, 2);
        assert_eq!(recipient.delivery.message_id, None);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_outcome_twice_changes_nothing() {
    let refused = Outcome::Refused(failure(FailureCode::Unreachable));
    for outcome in [accepted(), refused, Outcome::NotConnected] {
        let bench = Bench::new().await;
        let landed = bench.landed(outcome);

        bench.record(landed.clone(), Guard::Attempt).await;
        let once = bench.world.recipient(bench.attempt.recipient);
        bench.record(landed, Guard::Attempt).await;

        let twice = bench.world.recipient(bench.attempt.recipient);
        assert_eq!(twice.delivery.status, once.delivery.status);
        assert_eq!(twice.delivery.not_before, once.delivery.not_before);
        bench.world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_came_before_the_answer_is_not_undone_by_it() {
    let bench = Bench::new().await;
    bench.world.ledger.with(|tables| {
        let recipient = tables.recipients.get_mut(&bench.attempt.recipient);
        recipient.expect("a recipient").delivery.status = DeliveryStatus::Read;
        let campaign = tables.campaigns.get_mut(&bench.campaign);
        let counters = &mut campaign.expect("a campaign").counters;
        (counters.pending, counters.sent) = (1, 1);
        (counters.delivered, counters.opened) = (1, 1);
    });
    let landed = bench.landed(accepted());

    bench.record(landed, Guard::Attempt).await;

    assert_eq!(bench.status(), DeliveryStatus::Read);
    let counters = bench.world.campaign_now(bench.campaign).counters;
    assert_eq!(
        (counters.pending, counters.sent, counters.opened),
        (1, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_lands_after_its_campaign_was_cancelled_leaves_it_cancelled() {
    let bench = Bench::new().await;
    bench.world.cancel(bench.campaign).await;
    let code = FailureCode::TemplateUnusable;
    let landed = bench.landed(Outcome::CampaignRefused(failure(code)));

    bench.record(landed, Guard::Attempt).await;

    assert_eq!(bench.status(), DeliveryStatus::Failed);
    let status = bench.world.status(bench.campaign);
    assert_eq!(status, CampaignStatus::Cancelled);
    bench.world.check();
}
