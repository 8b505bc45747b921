//! Messages on their way: each waits for its moment, passes the gate, and leaves.

use std::collections::HashMap;
use std::sync::Arc;

use nexus_domain::CampaignId;
use nexus_domain::ports::{MessageChannel, SenderCredentials};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::Instant;

use super::Desk;
use super::claims::Flight;
use super::gate::Gate;
use super::outcome::{Landed, Outcome, Ticket};
use crate::fault::{self, Point};

/// What messages of one account leave through.
#[derive(Clone)]
pub(super) struct Exit {
    pub(super) desk: Arc<Desk>,
    pub(super) gate: Arc<Gate>,
    pub(super) channel: Arc<dyn MessageChannel>,
    pub(super) credentials: Arc<SenderCredentials>,
}

impl Exit {
    /// Sends one message at `leaves_at`, unless something stands against it by then.
    async fn send(self, flight: Flight, leaves_at: Instant) -> Outcome {
        tokio::time::sleep_until(leaves_at).await;
        let campaign = flight.ticket.campaign;
        fault::at(Point::SendLeaving);
        if !self.gate.lets_out(campaign) {
            return Outcome::HeldBack;
        }
        let left_at = Instant::now();
        let send = self.channel.send(&self.credentials, &flight.message);
        let send = fault::amid(Point::SendInFlight, send);
        let outcome = match tokio::time::timeout(self.desk.config.send_timeout, send).await {
            Ok(answer) => Outcome::from(answer).carrying(flight.file_id()),
            Err(_) => Outcome::InDoubt {
                reason: "no answer in time".to_owned(),
            },
        };
        fault::at(Point::SendAnswered);
        let entropy = self.desk.entropy.as_ref();
        self.gate.learn(campaign, left_at, &outcome, entropy);
        outcome
    }
}

/// The messages of one account that are on their way.
#[derive(Default)]
pub(super) struct Flights {
    tasks: JoinSet<Outcome>,
    tickets: HashMap<task::Id, Ticket>,
}

impl Flights {
    /// Lets a message leave at `leaves_at`.
    pub(super) fn launch(&mut self, exit: Exit, flight: Flight, leaves_at: Instant) {
        let ticket = flight.ticket.clone();
        let task = self.tasks.spawn(exit.send(flight, leaves_at));
        self.tickets.insert(task.id(), ticket);
    }

    pub(super) fn len(&self) -> usize {
        self.tickets.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Whether anything of this campaign is on its way.
    pub(super) fn has(&self, campaign: CampaignId) -> bool {
        self.tickets
            .values()
            .any(|ticket| ticket.campaign == campaign)
    }

    /// The next to land; never returns while nothing is on its way.
    pub(super) async fn land(&mut self) -> Landed {
        loop {
            match self.tasks.join_next_with_id().await {
                Some(joined) => {
                    if let Some(landed) = self.landed(joined) {
                        return landed;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Everything that has landed already.
    pub(super) fn landed_already(&mut self) -> Vec<Landed> {
        let mut all = Vec::new();
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            all.extend(self.landed(joined));
        }
        all
    }

    /// Gives up waiting: whatever has not landed is in doubt.
    pub(super) async fn abandon(&mut self) -> Vec<Landed> {
        self.tasks.abort_all();
        let mut all = Vec::new();
        while let Some(joined) = self.tasks.join_next_with_id().await {
            all.extend(self.landed(joined));
        }
        all
    }

    fn landed(&mut self, joined: Result<(task::Id, Outcome), JoinError>) -> Option<Landed> {
        let (id, outcome) = match joined {
            Ok(landed) => landed,
            // Nobody knows how far a task came that was stopped or broke down.
            Err(error) => {
                let reason = if error.is_cancelled() {
                    "the process ended before the answer"
                } else {
                    "sending broke down"
                };
                let reason = reason.to_owned();
                (error.id(), Outcome::InDoubt { reason })
            }
        };
        let ticket = self.tickets.remove(&id)?;
        Some(Landed { ticket, outcome })
    }
}
