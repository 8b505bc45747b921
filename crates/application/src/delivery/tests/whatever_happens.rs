//! Everything at once, by chance: a provider that answers anything and reports on what it took in
//! any order, a store that comes and goes, processes that are cut off, die and are replaced.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use nexus_domain::{
    AttemptId, CampaignId, CampaignStatus, DeliveryStatus, FailureCode, StatusUpdate,
};
use tokio::task::JoinHandle;

use super::process::Process;
use super::provider::Answer;
use super::units::{Lost, Of};
use super::world::World;
use crate::webhooks::tests::world::{Inbox, report_on};

/// Numbers that look random, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn answer(&mut self) -> Answer {
        let retry_after = Duration::from_secs(self.below(30));
        let answer = match self.below(16) {
            0 => Answer::throttled(None),
            1 => Answer::throttled(Some(retry_after)),
            2 => Answer::recipient_throttled(Some(retry_after)),
            3 => Answer::not_connected(),
            4 => Answer::refused(FailureCode::Unreachable),
            5 => Answer::in_doubt(true),
            6 => Answer::in_doubt(false),
            7 => Answer::campaign_refused(FailureCode::TemplateUnusable),
            8 => Answer::account_refused(FailureCode::AccountBlocked),
            9 => Answer::panic(),
            _ => Answer::accepted(),
        };
        answer.after(Duration::from_millis(self.below(4_000)))
    }
}

/// A business whose provider, store and processes do what they like.
struct Turmoil {
    chance: Chance,
    inbox: Inbox,
    campaigns: [CampaignId; 2],
    processes: Vec<(Process, JoinHandle<()>)>,
    /// The attempts that the provider has reported as sent, and as delivered.
    reported: [HashSet<AttemptId>; 2],
}

impl Turmoil {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let world = World::new();
        let campaigns = [world.campaign(80), world.campaign(40)];
        for recipient in campaigns.iter().flat_map(|id| world.recipients(*id)) {
            let tries = chance.below(4);
            let answers: Vec<_> = (0..tries).map(|_| chance.answer()).collect();
            let address = recipient.address.expect("an address");
            world.provider.answers(&address, answers);
        }
        let processes = (1..=2).map(|number| begin(&world, number)).collect();
        Self {
            chance,
            inbox: Inbox::of(world),
            campaigns,
            processes,
            reported: [HashSet::new(), HashSet::new()],
        }
    }

    async fn trouble(&mut self) {
        let world = &self.inbox.world;
        let place = usize::try_from(self.chance.below(2)).expect("few");
        let (process, task) = &mut self.processes[place];
        let connection = process.connection.clone();
        match self.chance.below(6) {
            0 => connection.cut(true),
            1 => connection.lose_next_commit(Of::Claims, Lost::Answer),
            2 => connection.lose_next_commit(Of::Outcomes, Lost::Answer),
            3 => connection.lose_next_commit(Of::Claims, Lost::Request),
            4 => {
                task.abort();
                (*process, *task) = begin(world, process.number);
            }
            _ => {
                process.shutdown.request();
                (*process, *task) = begin(world, process.number);
            }
        }
        tokio::time::sleep(Duration::from_millis(self.chance.below(20_000))).await;
        connection.cut(false);
    }

    /// The provider reports on most of what it took and has not reported on.
    async fn report(&mut self) {
        let at = self.inbox.world.now();
        let mut said = Vec::new();
        for attempt in self.inbox.world.provider.taken() {
            for (step, update) in [StatusUpdate::Sent, StatusUpdate::Delivered]
                .into_iter()
                .enumerate()
            {
                if self.chance.below(3) > 0 && self.reported[step].insert(attempt) {
                    let place = self.chance.below(said.len() as u64 + 1);
                    let place = usize::try_from(place).expect("few");
                    said.insert(place, report_on(attempt, update, at));
                }
            }
        }
        for webhook in said.chunks(3) {
            self.inbox.receive(webhook.to_vec()).await;
        }
        self.inbox.work().await;
    }

    async fn resume(&self) {
        for campaign in self.campaigns {
            if self.inbox.world.status(campaign) == CampaignStatus::Paused {
                self.inbox.world.resume(campaign).await;
            }
        }
    }

    fn is_over(&self) -> bool {
        let world = &self.inbox.world;
        let mut campaigns = self.campaigns.iter();
        campaigns.all(|id| world.status(*id) == CampaignStatus::Completed)
    }

    fn is_reported(&self) -> bool {
        self.reported[1].len() == self.inbox.world.provider.taken().len()
    }

    async fn end(self) {
        for (process, task) in self.processes {
            process.shutdown.request();
            task.await.expect("it ends");
        }
    }

    /// What the rows say is what happened.
    fn check_ends(&self) {
        let world = &self.inbox.world;
        let taken: BTreeSet<_> = world.provider.taken().iter().map(|a| a.recipient).collect();
        for recipient in self.campaigns.iter().flat_map(|id| world.recipients(*id)) {
            let got_it = taken.contains(&recipient.id);
            let status = recipient.delivery.status;
            match status {
                DeliveryStatus::Delivered => assert!(got_it, "{status:?}"),
                DeliveryStatus::Failed | DeliveryStatus::Unconfirmed => {
                    assert!(!got_it, "{status:?}");
                }
                _ => panic!("not settled: {status:?}"),
            }
        }
        let delivered = self
            .campaigns
            .map(|id| world.count(id, DeliveryStatus::Delivered));
        assert!(delivered.iter().sum::<usize>() > 80, "{delivered:?}");
    }
}

fn begin(world: &World, number: usize) -> (Process, JoinHandle<()>) {
    let process = world.process(number).with(|c| c.messages_per_second = 10);
    let task = process.start();
    (process, task)
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_nobody_is_sent_to_twice_and_nobody_is_lost() {
    for seed in 1..=6 {
        let mut turmoil = Turmoil::new(seed);
        for _ in 0..25 {
            let calm = turmoil.chance.below(5_000);
            tokio::time::sleep(Duration::from_millis(calm)).await;
            turmoil.trouble().await;
            turmoil.report().await;
            turmoil.inbox.world.check();
            turmoil.resume().await;
        }
        for _ in 0..240 {
            turmoil.report().await;
            turmoil.resume().await;
            if turmoil.is_over() && turmoil.is_reported() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        assert!(turmoil.is_over(), "seed {seed}: somebody is lost");
        turmoil.check_ends();
        turmoil.inbox.world.check();
        turmoil.end().await;
    }
}
