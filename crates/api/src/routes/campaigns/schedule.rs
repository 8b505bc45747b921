//! Campaigns that start by themselves.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, post};
use nexus_application::campaigns::{
    Campaigns, ScheduleCampaign, ScheduleCampaignError, UnscheduleCampaignError,
};
use nexus_domain::CampaignId;
use nexus_domain::values::Language;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::refusals::not_while;
use super::view::CampaignEnvelope;
use crate::errors::ApiError;
use crate::extract::{Body, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

/// When a campaign starts by itself.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ScheduleBody {
    /// A local time in `timezone`, such as `2026-12-24T09:00`, or an RFC 3339 time with its offset. Up
    /// to two years ahead. Where clocks are put back a local time comes twice, and the first is meant;
    /// one that is skipped where they are put forward is refused.
    #[schema(example = "2026-12-24T09:00")]
    scheduled_at: Option<String>,
    /// From then on the campaign is not started any more, but missed. In either form; 6 hours after
    /// `scheduled_at` unless the server is configured otherwise.
    #[schema(example = "2026-12-24T12:00")]
    latest_start: Option<String>,
    /// An IANA zone; the user's own without it.
    #[schema(example = "America/Mexico_City")]
    timezone: Option<String>,
}

impl From<ScheduleBody> for ScheduleCampaign {
    fn from(body: ScheduleBody) -> Self {
        Self {
            scheduled_at: body.scheduled_at.unwrap_or_default(),
            latest_start: body.latest_start,
            timezone: body.timezone,
        }
    }
}

impl From<(ScheduleCampaignError, Language)> for ApiError {
    fn from((error, language): (ScheduleCampaignError, Language)) -> Self {
        match error {
            ScheduleCampaignError::Invalid(violations) => Self::invalid(&violations),
            ScheduleCampaignError::NotFound => Self::not_found(),
            ScheduleCampaignError::NotSchedulable { status } => not_while(status, language),
            ScheduleCampaignError::Storage(error) => error.into(),
        }
    }
}

impl From<(UnscheduleCampaignError, Language)> for ApiError {
    fn from((error, language): (UnscheduleCampaignError, Language)) -> Self {
        match error {
            UnscheduleCampaignError::NotFound => Self::not_found(),
            UnscheduleCampaignError::NotScheduled { status } => not_while(status, language),
            UnscheduleCampaignError::Storage(error) => error.into(),
        }
    }
}

/// Has a campaign start by itself, once. It may still be changed, and is scheduled anew by asking
/// again. At its time it is checked as when it is sent: what can't be started then for a reason that
/// does not pass by itself becomes `missed`, with `start_problem` saying why; for another reason it is
/// tried again until its latest start.
#[utoipa::path(
    operation_id = "schedule_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    request_body = ScheduleBody,
    responses(
        (status = 200, description = "Scheduled", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/schedule")]
pub async fn schedule(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    Body(body): Body<ScheduleBody>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let language = language_of(&request);
    let details = campaigns
        .schedule(&actor, CampaignId::from_uuid(*id), body.into())
        .await
        .map_err(|error| (error, language))?;
    Ok(Json(CampaignEnvelope::new(
        details,
        language,
        campaigns.now(),
    )))
}

/// Makes a draft again of a campaign that would start by itself, or that was missed.
#[utoipa::path(
    operation_id = "unschedule_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "A draft again", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/unschedule")]
pub async fn unschedule(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let language = language_of(&request);
    let details = campaigns
        .unschedule(&actor, CampaignId::from_uuid(*id))
        .await
        .map_err(|error| (error, language))?;
    Ok(Json(CampaignEnvelope::new(
        details,
        language,
        campaigns.now(),
    )))
}
