//! Starting a campaign.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{ChannelError, Effect, SenderCredentials, StorageError, UnitOfWork};
use nexus_domain::values::Tag;
use nexus_domain::{
    ApprovedTemplate, Campaign, CampaignCounters, CampaignId, CampaignStatus, ChannelKind,
    CounterDelta, MediaId, OutsideWindow, Schedule, SenderAccount, SenderId,
};

use super::enrolment::{Enrolled, Enrolment};
use super::readiness::{Purpose, recipient_obstacle, tag_obstacle};
use super::{CampaignDetails, Campaigns, FileProblem, Obstacle, TemplateProblem, audience, files};
use crate::Actor;
use crate::fault::{self, Point};

/// Why a campaign was not started.
#[derive(Debug, thiserror::Error)]
pub enum SendCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has started already, or is over.
    #[error("a campaign that is {} can't be sent", .status.as_str())]
    NotSendable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// There is no adapter for its channel yet.
    #[error("sending over {} is not available yet", .channel.as_str())]
    ChannelUnavailable {
        /// The channel.
        channel: ChannelKind,
    },
    /// The user's profile lacks what the channel needs.
    #[error("missing to send: {}", .missing.join(", "))]
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// Nobody it is meant for can be reached.
    #[error("the campaign has no recipient that can be reached")]
    NoRecipients,
    /// It is to be sent only when everyone wrote within 24 hours, and some did not.
    #[error("{count} recipients have not written within 24 hours")]
    OutsideWindow {
        /// How many.
        count: u64,
    },
    /// A tag that its audience chooses contacts by is being renamed: some have the new name, others
    /// not yet. To be tried again.
    #[error("a tag of the audience is being renamed")]
    TagBeingRenamed {
        /// The tag.
        tag: Tag,
    },
    /// Its files don't go with its message.
    #[error(transparent)]
    FilesUnusable(#[from] FileProblem),
    /// The provider would not take its template.
    #[error(transparent)]
    TemplateUnusable(#[from] TemplateProblem),
    /// The provider refuses the credentials, or did not tell about the template.
    #[error("the provider refuses, or did not tell about the template")]
    ProviderRefused {
        /// What it said.
        #[source]
        reason: ChannelError,
    },
    /// It was changed while its template was being checked; to be tried again.
    #[error("the campaign was changed meanwhile")]
    ChangedMeanwhile,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What was found fit to be sent.
struct Checked {
    campaign: Campaign,
    files: Vec<MediaId>,
    credentials: SenderCredentials,
}

/// Who starts a campaign.
#[derive(Clone, Copy)]
enum Trigger<'a> {
    /// The user, now.
    User,
    /// The clock, by what the campaign was scheduled for then.
    Schedule(&'a Schedule),
}

impl Trigger<'_> {
    fn check(self, campaign: &Campaign, now: DateTime<Utc>) -> Result<(), SendCampaignError> {
        let may_start = match self {
            Self::User => campaign.check_editable().is_ok(),
            Self::Schedule(schedule) => campaign.may_start_by(schedule, now),
        };
        may_start
            .then_some(())
            .ok_or_else(|| SendCampaignError::NotSendable {
                status: campaign.status(),
            })
    }
}

impl Campaigns {
    /// Starts a campaign now: its recipients are written in the transaction that makes it active,
    /// or it does not start.
    pub async fn send(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, SendCampaignError> {
        self.send_when(actor, id, Trigger::User).await
    }

    /// As [`Self::send`], when the campaign is still to start by this schedule.
    pub(super) async fn send_by(
        &self,
        actor: &Actor,
        id: CampaignId,
        schedule: &Schedule,
    ) -> Result<CampaignDetails, SendCampaignError> {
        self.send_when(actor, id, Trigger::Schedule(schedule)).await
    }

    async fn send_when(
        &self,
        actor: &Actor,
        id: CampaignId,
        trigger: Trigger<'_>,
    ) -> Result<CampaignDetails, SendCampaignError> {
        let checked = self.check_sendable(actor, id, trigger).await?;
        let effect = Effect::CampaignStarted(id);
        let unit = actor.noting(effect, self.ports.storage.begin().await?);
        let started = self.start(unit, &checked, trigger).await?;
        tracing::info!(
            user_id = %started.campaign.user_id,
            campaign_id = %id,
            recipients = started.campaign.counters.total,
            queued = started.campaign.counters.pending,
            skipped = started.campaign.counters.skipped,
            "a campaign starts"
        );
        self.ports.wake.notify_one();
        Ok(started)
    }

    /// Everything that can be known before the transaction, the provider's word included.
    async fn check_sendable(
        &self,
        actor: &Actor,
        id: CampaignId,
        trigger: Trigger<'_>,
    ) -> Result<Checked, SendCampaignError> {
        let found = self
            .readiness(actor, id, Purpose::Sending)
            .await?
            .ok_or(SendCampaignError::NotFound)?;
        trigger.check(&found.campaign, self.ports.clock.now())?;
        match (found.obstacles.into_iter().next(), found.credentials) {
            (Some(obstacle), _) => Err(obstacle.into()),
            (None, Some(credentials)) => Ok(Checked {
                files: found.files.iter().map(|file| file.id).collect(),
                campaign: found.campaign,
                credentials,
            }),
            // Without an obstacle there are credentials.
            (None, None) => Err(SendCampaignError::ChangedMeanwhile),
        }
    }

    async fn start(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        checked: &Checked,
        trigger: Trigger<'_>,
    ) -> Result<CampaignDetails, SendCampaignError> {
        let Checked {
            campaign: checked,
            files: checked_files,
            credentials,
        } = checked;
        let now = self.ports.clock.now();
        let entropy = self.ports.entropy.as_ref();
        check_not_stopped(unit.as_mut(), checked, credentials).await?;
        // Before the campaign: claims lock the sender first as well.
        let sender = unit
            .senders()
            .ensure(&SenderAccount {
                id: SenderId::new(now, entropy),
                user_id: checked.user_id,
                channel: checked.channel,
                external_id: credentials.external_id.clone(),
                confirmed_through: None,
                created_at: now,
            })
            .await?;
        let mut campaign = unit
            .campaigns()
            .lock(checked.user_id, checked.id)
            .await?
            .ok_or(SendCampaignError::NotFound)?;
        trigger.check(&campaign, now)?;
        let same = campaign.channel == checked.channel
            && campaign.content.template() == checked.content.template();
        if !same {
            return Err(SendCampaignError::ChangedMeanwhile);
        }
        let media = unit
            .media()
            .of_campaigns(campaign.user_id, &[campaign.id])
            .await?;
        if !media.iter().map(|file| &file.id).eq(checked_files) {
            return Err(SendCampaignError::ChangedMeanwhile);
        }
        // Its text may have changed.
        files::check(&campaign, &media)?;
        let audience = audience::lock(unit.as_mut(), &campaign).await?;
        if let Some(obstacle) =
            tag_obstacle(unit.as_mut(), campaign.user_id, audience.as_ref()).await?
        {
            return Err(obstacle.into());
        }
        let refuses = self.ports.keeps_window
            && campaign.needs_window()
            && campaign.outside_window == OutsideWindow::Refuse;
        let Enrolled { counted, outside } =
            Enrolment::new(&campaign, audience, sender.id, entropy, now)
                .counting_outside_window_of(refuses.then_some(sender.external_id))
                .write(unit.as_mut())
                .await?;
        let reachable = u64::try_from(counted.pending).unwrap_or_default();
        if let Some(obstacle) = recipient_obstacle(reachable) {
            return Err(obstacle.into());
        }
        if outside > 0 {
            return Err(SendCampaignError::OutsideWindow { count: outside });
        }
        campaign
            .start(sender.id, now)
            .map_err(|error| SendCampaignError::NotSendable {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        campaign.counters = unit
            .campaigns()
            .count(
                campaign.user_id,
                campaign.id,
                &in_place_of_estimate(counted, &campaign.counters),
            )
            .await?;
        let details = CampaignDetails { campaign, media };
        fault::at(Point::StartCommitting);
        unit.commit().await?;
        fault::at(Point::StartCommitted);
        Ok(details)
    }
}

/// What the provider said of the template since it was checked. Whoever takes in such news holds the
/// template until it has paused what is being sent: either that sees this campaign, or this sees the
/// news.
async fn check_not_stopped(
    unit: &mut dyn UnitOfWork,
    checked: &Campaign,
    credentials: &SenderCredentials,
) -> Result<(), SendCampaignError> {
    let (Some(wanted), Some(account)) = (
        checked.content.template(),
        credentials.business_account_id.as_deref(),
    ) else {
        return Ok(());
    };
    let (name, language) = (wanted.name.as_str(), wanted.language.as_str());
    let stored = unit
        .whatsapp()
        .lock_template(checked.user_id, account, name, language)
        .await?;
    let stopped = stored.map(|stored| stored.template.status);
    match stopped.filter(|status| ApprovedTemplate::stops_messages(status)) {
        Some(status) => Err(TemplateProblem::NotApproved { status }.into()),
        None => Ok(()),
    }
}

impl From<Obstacle> for SendCampaignError {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::NotSendable { status } => Self::NotSendable { status },
            Obstacle::ChannelUnavailable { channel } => Self::ChannelUnavailable { channel },
            Obstacle::NoProvider { missing } => Self::NoProvider { missing },
            Obstacle::FilesUnusable(problem) => Self::FilesUnusable(problem),
            Obstacle::TemplateUnusable(problem) => Self::TemplateUnusable(problem),
            Obstacle::ProviderRefused { reason } => Self::ProviderRefused { reason },
            Obstacle::TagBeingRenamed { tag } => Self::TagBeingRenamed { tag },
            Obstacle::NoRecipients => Self::NoRecipients,
            Obstacle::OutsideWindow { count } => Self::OutsideWindow { count },
        }
    }
}

/// A draft's total is an estimate of its audience; from the start on it is what was enrolled.
fn in_place_of_estimate(counted: CampaignCounters, estimate: &CampaignCounters) -> CounterDelta {
    CounterDelta {
        total: counted.total - estimate.total,
        ..counted
    }
}
