//! Writing campaigns.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, post, put};
use nexus_application::campaigns::{
    Campaigns, CreateCampaignError, DeleteCampaignError, UpdateCampaignError,
};
use nexus_domain::CampaignId;
use nexus_domain::values::Language;
use uuid::Uuid;

use super::input::{CreateCampaignBody, UpdateCampaignBody};
use super::refusals::not_while;
use super::view::CampaignEnvelope;
use crate::errors::ApiError;
use crate::extract::{Body, SignedIn, language_of};
use crate::routes::shared::{
    AnyFailure, CanConflict, NeedsObject, NeedsSession, Said, TakesValues,
};

impl From<CreateCampaignError> for ApiError {
    fn from(error: CreateCampaignError) -> Self {
        match error {
            CreateCampaignError::Invalid(violations) => Self::invalid(&violations),
            CreateCampaignError::Storage(error) => error.into(),
        }
    }
}

impl From<(UpdateCampaignError, Language)> for ApiError {
    fn from((error, language): (UpdateCampaignError, Language)) -> Self {
        match error {
            UpdateCampaignError::Invalid(violations) => Self::invalid(&violations),
            UpdateCampaignError::NotFound => Self::not_found(),
            UpdateCampaignError::NotEditable { status } => not_while(status, language),
            UpdateCampaignError::Storage(error) => error.into(),
        }
    }
}

impl From<(DeleteCampaignError, Language)> for ApiError {
    fn from((error, language): (DeleteCampaignError, Language)) -> Self {
        match error {
            DeleteCampaignError::NotFound => Self::not_found(),
            DeleteCampaignError::NotDeletable { status } => not_while(status, language),
            DeleteCampaignError::Storage(error) => error.into(),
        }
    }
}

/// Adds a campaign, as a draft.
#[utoipa::path(
    operation_id = "create_campaign",
    tag = "campaigns",
    request_body = CreateCampaignBody,
    responses(
        (status = 201, description = "Added", body = CampaignEnvelope),
        AnyFailure, NeedsSession, TakesValues, CanConflict,
    )
)]
#[post("")]
pub async fn create(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    Body(body): Body<CreateCampaignBody>,
) -> Result<HttpResponse, ApiError> {
    let details = campaigns.create(&actor, body.into()).await?;
    let campaign = CampaignEnvelope::new(details, language_of(&request), campaigns.now());
    Ok(HttpResponse::Created().json(campaign))
}

/// Changes a campaign that has not started. `status` and counters in the body change nothing.
#[utoipa::path(
    operation_id = "update_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    request_body = UpdateCampaignBody,
    responses(
        (status = 200, description = "Changed", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[put("/{id}")]
pub async fn update(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    Body(body): Body<UpdateCampaignBody>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let id = CampaignId::from_uuid(*id);
    let language = language_of(&request);
    let details = campaigns
        .update(&actor, id, body.into())
        .await
        .map_err(|error| (error, language))?;
    Ok(Json(CampaignEnvelope::new(
        details,
        language,
        campaigns.now(),
    )))
}

/// Deletes a campaign and what is known of its recipients. While messages of it may be on their
/// way it can't be deleted: cancel it first.
#[utoipa::path(
    operation_id = "delete_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "Deleted", body = Said),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/{id}")]
pub async fn remove(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<Said>, ApiError> {
    let language = language_of(&request);
    campaigns
        .delete(&actor, CampaignId::from_uuid(*id))
        .await
        .map_err(|error| (error, language))?;
    let message = match language {
        Language::Es => "La campaña se eliminó.",
        Language::En => "The campaign was deleted.",
    };
    Ok(Json(Said {
        message: message.to_owned(),
    }))
}
