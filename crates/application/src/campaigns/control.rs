//! Steering a campaign that was started.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Repositories, StorageError, UnitOfWork};
use nexus_domain::{
    Campaign, CampaignId, CampaignStatus, CounterDelta, DeliveryStatus, User, UserId,
};

use super::{CampaignDetails, Campaigns, with_media};
use crate::Actor;
use crate::delivery::credentials_for;
use crate::fault::{self, Point};

/// How many recipients are cancelled with one statement.
const BATCH: u32 = 500;
/// How often a cancellation is tried when it and the sending get into each other's way.
const CANCEL_TRIES: u32 = 3;

/// Why a campaign was not paused.
#[derive(Debug, thiserror::Error)]
pub enum PauseCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It is not being sent.
    #[error("a campaign that is {} can't be paused", .status.as_str())]
    NotPausable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a campaign does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It is not paused.
    #[error("a campaign that is {} can't be resumed", .status.as_str())]
    NotResumable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The profile does not name the sender that began it.
    #[error(transparent)]
    Sender(#[from] SenderProblem),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why nothing more of a campaign can be sent with what the profile has.
#[derive(Debug, thiserror::Error)]
pub enum SenderProblem {
    /// The user's profile lacks what the channel needs.
    #[error("missing to send: {}", .missing.join(", "))]
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// The profile names another sender than the one that began this campaign.
    #[error("the campaign was begun by another sender")]
    SenderChanged,
}

/// Why a campaign was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It is over already.
    #[error("a campaign that is {} can't be cancelled", .status.as_str())]
    NotCancellable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// Stops a campaign for now. What is in flight is finished, nothing new is sent.
    pub async fn pause(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, PauseCampaignError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(actor.user_id(), id)
            .await?
            .ok_or(PauseCampaignError::NotFound)?;
        campaign
            .pause(None, self.ports.clock.now())
            .map_err(|error| PauseCampaignError::NotPausable {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        let details = with_media(unit.media(), campaign).await?;
        fault::at(Point::PauseCommitting);
        unit.commit().await?;
        fault::at(Point::PauseCommitted);
        Ok(details)
    }

    /// Lets a paused campaign go on.
    pub async fn resume(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, ResumeCampaignError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(ResumeCampaignError::NotFound)?;
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(user.id, id)
            .await?
            .ok_or(ResumeCampaignError::NotFound)?;
        campaign.resume(self.ports.clock.now()).map_err(|error| {
            ResumeCampaignError::NotResumable {
                status: error.status,
            }
        })?;
        self.check_sender(unit.as_mut(), &user, &campaign).await??;
        unit.campaigns().save(&campaign).await?;
        let details = with_media(unit.media(), campaign).await?;
        fault::at(Point::ResumeCommitting);
        unit.commit().await?;
        fault::at(Point::ResumeCommitted);
        self.ports.wake.notify_one();
        Ok(details)
    }

    /// Whether the profile still names the sender that began the campaign.
    pub(super) async fn check_sender(
        &self,
        repositories: &mut dyn Repositories,
        user: &User,
        campaign: &Campaign,
    ) -> Result<Result<(), SenderProblem>, StorageError> {
        let credentials = match credentials_for(campaign.channel, self.ports.sealer.as_ref(), user)
        {
            Ok(credentials) => credentials,
            Err(error) => {
                return Ok(Err(SenderProblem::NoProvider {
                    missing: error.missing,
                }));
            }
        };
        let Some(sender) = campaign.sender_id else {
            return Ok(Ok(()));
        };
        let begun_by = repositories.senders().find(user.id, sender).await?;
        let is_same = begun_by.is_some_and(|sender| sender.external_id == credentials.external_id);
        Ok(is_same.then_some(()).ok_or(SenderProblem::SenderChanged))
    }

    /// Gives a campaign up: recipients whose turn has not come are cancelled with it.
    pub async fn cancel(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, CancelCampaignError> {
        let mut tries = 1;
        let details = loop {
            match self.cancel_once(actor.user_id(), id, tries > 1).await {
                Err(CancelCampaignError::Storage(StorageError::Unavailable(_)))
                    if tries < CANCEL_TRIES =>
                {
                    tries += 1;
                }
                outcome => break outcome?,
            }
        };
        tracing::info!(
            user_id = %actor.user_id(),
            campaign_id = %id,
            in_flight = details.campaign.counters.pending,
            "a campaign is cancelled"
        );
        Ok(details)
    }

    /// One try; `again` when there was one before. That one may have been committed although the
    /// store was gone before it said so: a campaign that is cancelled then is what was wished.
    async fn cancel_once(
        &self,
        user: UserId,
        id: CampaignId,
        again: bool,
    ) -> Result<CampaignDetails, CancelCampaignError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(user, id)
            .await?
            .ok_or(CancelCampaignError::NotFound)?;
        if again && campaign.status() == CampaignStatus::Cancelled {
            return Ok(with_media(unit.media(), campaign).await?);
        }
        campaign
            .cancel(now)
            .map_err(|error| CancelCampaignError::NotCancellable {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        if campaign.state.started_at().is_some() {
            let delta = cancel_queued(unit.as_mut(), &campaign, now).await?;
            campaign.counters = unit.campaigns().count(user, id, &delta).await?;
        }
        let details = with_media(unit.media(), campaign).await?;
        fault::at(Point::CancelCommitting);
        unit.commit().await?;
        fault::at(Point::CancelCommitted);
        Ok(details)
    }
}

async fn cancel_queued(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    now: DateTime<Utc>,
) -> Result<CounterDelta, StorageError> {
    let mut delta = CounterDelta::default();
    loop {
        let mut queued = unit
            .recipients()
            .lock_queued(campaign.user_id, campaign.id, BATCH)
            .await?;
        queued.retain_mut(|recipient| recipient.cancel(now).is_ok());
        if queued.is_empty() {
            return Ok(delta);
        }
        for _ in &queued {
            delta = delta.plus(CounterDelta::shift(
                DeliveryStatus::Queued,
                DeliveryStatus::Cancelled,
            ));
        }
        unit.recipients().save(&queued).await?;
    }
}
