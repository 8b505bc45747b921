//! Campaigns: writing them, sending them, steering them, and what became of their recipients.

mod audience;
mod browse;
mod content;
mod control;
mod create;
mod duplicate;
mod enrolment;
mod files;
mod media;
mod outlook;
mod preflight;
mod preview;
mod readiness;
mod recipients;
mod schedule;
mod scheduler;
mod send;
mod sending_again;
mod template;
#[cfg(test)]
mod tests;
mod update;
mod window;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Clock, Entropy, MediaRepository, SecretSealer, Storage, StorageError};
use nexus_domain::{Campaign, MediaFile, User};
use tokio::sync::Notify;

use crate::Actor;
use crate::delivery::Channels;

pub use browse::{
    CampaignQuery, DeleteCampaignError, GetCampaignError, ListCampaignsError, ListRecipientsError,
    RecipientQuery,
};
pub use content::{AudienceInput, ButtonInput, HeaderInput, TemplateInput};
pub use control::{CancelCampaignError, PauseCampaignError, ResumeCampaignError, SenderProblem};
pub use create::{CreateCampaign, CreateCampaignError};
pub use duplicate::DuplicateCampaignError;
pub use files::FileProblem;
pub use media::{
    AddMediaError, IncomingMedia, MediaContent, MediaPorts, OpenMediaError, QuotaExceeded,
    RemoveMediaError,
};
pub use outlook::{DailyRoom, Outlook, SendingLimits, WaitingFor};
pub use preflight::{Caution, Preflight, PreflightError};
pub use preview::{Preview, PreviewError};
pub use readiness::{CheckedTemplate, CredentialCheck, Obstacle};
pub use schedule::{
    ScheduleCampaign, ScheduleCampaignError, ScheduleConfig, UnscheduleCampaignError,
};
pub use scheduler::Scheduler;
pub use send::SendCampaignError;
pub use sending_again::{
    DecideUnconfirmed, DecideUnconfirmedError, Decided, LeftOut, Retried, RetryFailedError,
};
pub use template::{TemplatePart, TemplateProblem};
pub use update::{UpdateCampaign, UpdateCampaignError};
pub use window::SendWindowInput;

/// What campaigns work with.
#[derive(Clone)]
pub struct CampaignPorts {
    /// The store.
    pub storage: Arc<dyn Storage>,
    /// What files are kept with.
    pub media: MediaPorts,
    /// Opens the providers' secrets.
    pub sealer: Arc<dyn SecretSealer>,
    /// The channels there are.
    pub channels: Channels,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub entropy: Arc<dyn Entropy>,
    /// Wakes the dispatcher of this process when there is something to send.
    pub wake: Arc<Notify>,
    /// Wakes the scheduler of this process when a campaign was scheduled.
    pub schedule_wake: Arc<Notify>,
    /// Whether texts go only to people who wrote within 24 hours, as WhatsApp demands.
    pub keeps_window: bool,
}

/// The use cases on campaigns.
#[derive(Clone)]
pub struct Campaigns {
    ports: CampaignPorts,
    scheduling: ScheduleConfig,
    /// What the provider said within the last minute.
    asked: readiness::RecentlyAsked,
    limits: SendingLimits,
}

/// A campaign with what is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignDetails {
    /// The campaign.
    pub campaign: Campaign,
    /// The files that go with its message, oldest first.
    pub media: Vec<MediaFile>,
}

impl Campaigns {
    /// The use cases over these ports.
    pub fn new(ports: CampaignPorts, scheduling: ScheduleConfig) -> Self {
        Self {
            ports,
            scheduling,
            asked: readiness::RecentlyAsked::default(),
            limits: SendingLimits::default(),
        }
    }

    /// The time at which campaigns are looked at, for what depends on it.
    pub fn now(&self) -> DateTime<Utc> {
        self.ports.clock.now()
    }

    /// With what the dispatcher keeps to.
    #[must_use]
    pub fn within(self, limits: SendingLimits) -> Self {
        Self { limits, ..self }
    }

    /// The acting user.
    async fn user(&self, actor: &Actor) -> Result<Option<User>, StorageError> {
        self.ports
            .storage
            .read()
            .users()
            .find(actor.user_id())
            .await
    }
}

/// The campaign with its files. Where it is changed they are read before the commit: what fails
/// after it would be told as a failure of what was done.
async fn with_media(
    media: &mut dyn MediaRepository,
    campaign: Campaign,
) -> Result<CampaignDetails, StorageError> {
    let media = media.of_campaigns(campaign.user_id, &[campaign.id]).await?;
    Ok(CampaignDetails { campaign, media })
}
