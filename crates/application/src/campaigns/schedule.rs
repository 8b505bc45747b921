//! Having a campaign start by itself.

use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::StorageError;
use nexus_domain::values::{EnteredTime, TimeZone, Violations};
use nexus_domain::{CampaignId, CampaignStatus, Schedule, User};

use super::{CampaignDetails, Campaigns, with_media};
use crate::Actor;
use crate::delivery::Backoff;
use crate::field::optional;

/// How campaigns start by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleConfig {
    /// How long after its time a campaign may start, when it does not say so itself.
    pub latest_start: Duration,
    /// The waits between tries to start it.
    pub backoff: Backoff,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            latest_start: Duration::from_hours(6),
            // Longer than a provider takes to answer about templates, or two processes would ask at
            // the same time.
            backoff: Backoff {
                base: Duration::from_secs(40),
                cap: Duration::from_mins(15),
            },
        }
    }
}

/// When a campaign starts, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct ScheduleCampaign {
    /// By the clocks of the zone, or with an offset.
    pub scheduled_at: String,
    /// From when on it is not started any more; without it, some hours later.
    pub latest_start: Option<String>,
    /// The zone; without it, the user's.
    pub timezone: Option<String>,
}

/// Why a campaign is not scheduled.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleCampaignError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has started already, or is over.
    #[error("a campaign that is {} can't be scheduled", .status.as_str())]
    NotSchedulable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a campaign still starts by itself, or never did.
#[derive(Debug, thiserror::Error)]
pub enum UnscheduleCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It is not scheduled.
    #[error("a campaign that is {} is not scheduled", .status.as_str())]
    NotScheduled {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// Has a campaign start by itself. One that is scheduled already is moved.
    pub async fn schedule(
        &self,
        actor: &Actor,
        id: CampaignId,
        typed: ScheduleCampaign,
    ) -> Result<CampaignDetails, ScheduleCampaignError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(ScheduleCampaignError::NotFound)?;
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(user.id, id)
            .await?
            .ok_or(ScheduleCampaignError::NotFound)?;
        campaign
            .check_editable()
            .map_err(|error| ScheduleCampaignError::NotSchedulable {
                status: error.status,
            })?;
        let schedule = self
            .parse_schedule(&user, &typed)
            .map_err(ScheduleCampaignError::Invalid)?;
        campaign
            .schedule(schedule, self.ports.clock.now())
            .map_err(|error| ScheduleCampaignError::NotSchedulable {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        let details = with_media(unit.media(), campaign).await?;
        unit.commit().await?;
        self.ports.schedule_wake.notify_one();
        tracing::info!(
            user_id = %user.id,
            campaign_id = %id,
            at = %schedule.at,
            latest_start_at = %schedule.latest_start_at,
            "a campaign is scheduled"
        );
        Ok(details)
    }

    fn parse_schedule(
        &self,
        user: &User,
        typed: &ScheduleCampaign,
    ) -> Result<Schedule, Violations> {
        let mut violations = Violations::new();
        let zone = optional(typed.timezone.as_deref(), TimeZone::parse);
        let zone = violations
            .check("timezone", zone)
            .map(|zone| zone.unwrap_or(user.time_zone));
        // Times are judged by a zone all the same, so that everything wrong is told at once.
        let judged_by = zone.unwrap_or(user.time_zone);
        let entered = if typed.scheduled_at.trim().is_empty() {
            Err(nexus_domain::values::Problem::Required)
        } else {
            EnteredTime::parse(&typed.scheduled_at, judged_by)
        };
        let entered = violations.check("scheduled_at", entered);
        let latest = optional(typed.latest_start.as_deref(), |raw| {
            EnteredTime::parse(raw, judged_by)
        });
        let latest = violations.check("latest_start", latest);
        let (Some(entered), Some(latest), true) = (entered, latest, violations.is_empty()) else {
            return Err(violations);
        };
        let usual_delay =
            TimeDelta::from_std(self.scheduling.latest_start).unwrap_or(TimeDelta::hours(6));
        Schedule::new(entered, latest, usual_delay, self.ports.clock.now())
    }

    /// Makes a draft again of a campaign that would start by itself, or that missed its start.
    pub async fn unschedule(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, UnscheduleCampaignError> {
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(actor.user_id(), id)
            .await?
            .ok_or(UnscheduleCampaignError::NotFound)?;
        campaign
            .unschedule(self.ports.clock.now())
            .map_err(|error| UnscheduleCampaignError::NotScheduled {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        let details = with_media(unit.media(), campaign).await?;
        unit.commit().await?;
        Ok(details)
    }
}
