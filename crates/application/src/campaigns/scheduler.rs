//! Starts campaigns at their time.
//!
//! Any number of processes may run one. Whoever looks at a campaign first takes a turn at it under its
//! row's lock, which puts the next look off; and it starts in the transaction in which `send` starts
//! one, if it is still to start by the same schedule. So it starts once, and what a process that died
//! had begun is tried again by the next.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{ChannelError, StorageError};
use nexus_domain::{CampaignId, Schedule, StartProblem, StartTurn, UserId};
use tokio::task::JoinSet;

use super::{Campaigns, SendCampaignError};
use crate::{Actor, Shutdown};

/// How often campaigns are looked for that other processes scheduled.
const PATROL: Duration = Duration::from_secs(2);
/// The shortest time between two looks.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
/// How many campaigns one process starts at the same time: one whose provider is slow does not keep
/// the others waiting.
const AT_ONCE: usize = 8;

/// Starts scheduled campaigns of all users.
#[derive(Clone)]
pub struct Scheduler {
    campaigns: Campaigns,
}

/// What a failed start leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is not to start any more, or not by this schedule.
    Gone,
    /// It may work later.
    Later(Option<StartProblem>),
    /// It will not work before a person does something.
    Never(StartProblem),
}

fn judge(error: &SendCampaignError) -> Verdict {
    use SendCampaignError as E;
    match error {
        E::NotFound | E::NotSendable { .. } => Verdict::Gone,
        E::ChannelUnavailable { .. } => Verdict::Never(StartProblem::ChannelUnavailable),
        E::NoProvider { .. } => Verdict::Never(StartProblem::ProviderMissing),
        E::NoRecipients => Verdict::Never(StartProblem::NoRecipients),
        E::OutsideWindow { .. } => Verdict::Never(StartProblem::OutsideWindow),
        E::FilesUnusable(_) => Verdict::Never(StartProblem::FilesUnusable),
        E::TemplateUnusable(_) => Verdict::Never(StartProblem::TemplateUnusable),
        E::ProviderRefused { reason } => match reason {
            ChannelError::Refused(_)
            | ChannelError::CampaignRefused(_)
            | ChannelError::AccountRefused(_) => Verdict::Never(StartProblem::ProviderRefused),
            ChannelError::Throttled { .. }
            | ChannelError::NotConnected
            | ChannelError::InDoubt { .. } => {
                Verdict::Later(Some(StartProblem::ProviderUnavailable))
            }
        },
        E::TagBeingRenamed { .. } => Verdict::Later(Some(StartProblem::TagBeingRenamed)),
        E::ChangedMeanwhile => Verdict::Later(None),
        E::Storage(_) => Verdict::Later(Some(StartProblem::StoreUnavailable)),
    }
}

impl Scheduler {
    /// One over these use cases.
    pub fn new(campaigns: Campaigns) -> Self {
        Self { campaigns }
    }

    /// Starts what is due until the shutdown. A start that is under way then is given up; unless it
    /// was committed it left nothing, and another process starts the campaign.
    pub async fn run(&self, shutdown: Shutdown) {
        let mut starts = JoinSet::new();
        while !shutdown.requested() {
            let looked = self.look(&mut starts).await;
            if let Err(error) = &looked {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "the scheduler waits for the store"
                );
            }
            // Without room, the next that ends makes some.
            let wait = if looked.is_err() || starts.len() >= AT_ONCE {
                PATROL
            } else {
                self.wait().await
            };
            tokio::select! {
                () = shutdown.wait() => {}
                () = self.campaigns.ports.schedule_wake.notified() => {}
                Some(ended) = starts.join_next() => log_panic(ended),
                () = tokio::time::sleep(wait) => {}
            }
        }
        starts.shutdown().await;
    }

    /// Until the next campaign is due, within limits.
    async fn wait(&self) -> Duration {
        let mut read = self.campaigns.ports.storage.read();
        let next = read.campaigns().next_start().await;
        let now = self.campaigns.ports.clock.now();
        match next {
            Ok(Some(next)) => (next - now)
                .to_std()
                .unwrap_or_default()
                .clamp(AT_MOST_EVERY, PATROL),
            Ok(None) | Err(_) => PATROL,
        }
    }

    /// Begins to start what is due, as far as there is room.
    async fn look(&self, starts: &mut JoinSet<()>) -> Result<(), StorageError> {
        while let Some(ended) = starts.try_join_next() {
            log_panic(ended);
        }
        let room = AT_ONCE.saturating_sub(starts.len());
        if room == 0 {
            return Ok(());
        }
        let most = u32::try_from(room).unwrap_or(u32::MAX);
        let now = self.campaigns.ports.clock.now();
        let due = self
            .campaigns
            .ports
            .storage
            .read()
            .campaigns()
            .due_to_start(now, most)
            .await?;
        for (user, id) in due {
            match self.take_turn(user, id).await? {
                StartTurn::NotDue => {}
                StartTurn::TooLate => {
                    tracing::warn!(user_id = %user, campaign_id = %id, "a campaign missed its start");
                }
                StartTurn::Try(schedule) => {
                    let scheduler = self.clone();
                    starts.spawn(async move { scheduler.start(user, id, &schedule).await });
                }
            }
        }
        Ok(())
    }

    /// Looks at one campaign, so that no other process does for a while.
    async fn take_turn(&self, user: UserId, id: CampaignId) -> Result<StartTurn, StorageError> {
        let ports = &self.campaigns.ports;
        let mut unit = ports.storage.begin().await?;
        let Some(mut campaign) = unit.campaigns().lock(user, id).await? else {
            return Ok(StartTurn::NotDue);
        };
        let turn = campaign.take_turn(ports.clock.now(), |tries| {
            let wait = self.campaigns.scheduling.backoff.steady(tries);
            TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1))
        });
        if turn != StartTurn::NotDue {
            unit.campaigns().save(&campaign).await?;
            unit.commit().await?;
        }
        Ok(turn)
    }

    /// Starts one campaign, or notes why not.
    async fn start(&self, user: UserId, id: CampaignId, schedule: &Schedule) {
        let actor = Actor::on_behalf_of(user);
        let Err(error) = self.campaigns.send_by(&actor, id, schedule).await else {
            return;
        };
        let verdict = judge(&error);
        tracing::warn!(
            user_id = %user,
            campaign_id = %id,
            ?verdict,
            error = &error as &dyn std::error::Error,
            "a scheduled campaign did not start"
        );
        if let Err(error) = self.note(user, id, schedule, verdict).await {
            // The next try is due all the same.
            tracing::warn!(
                user_id = %user,
                campaign_id = %id,
                error = &error as &dyn std::error::Error,
                "why a campaign did not start could not be noted"
            );
        }
    }

    async fn note(
        &self,
        user: UserId,
        id: CampaignId,
        schedule: &Schedule,
        verdict: Verdict,
    ) -> Result<(), StorageError> {
        let ports = &self.campaigns.ports;
        let mut unit = ports.storage.begin().await?;
        let Some(mut campaign) = unit.campaigns().lock(user, id).await? else {
            return Ok(());
        };
        let changed = match verdict {
            Verdict::Gone | Verdict::Later(None) => false,
            Verdict::Later(Some(problem)) => campaign.note_start_problem(schedule, problem),
            Verdict::Never(problem) => campaign.miss(schedule, problem, ports.clock.now()),
        };
        if changed {
            unit.campaigns().save(&campaign).await?;
            unit.commit().await?;
        }
        Ok(())
    }
}

fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "starting a campaign broke down; it is tried again");
    }
}
