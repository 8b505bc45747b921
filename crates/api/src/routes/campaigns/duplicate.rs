//! Copies of campaigns.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use nexus_application::campaigns::{Campaigns, DuplicateCampaignError};
use nexus_domain::CampaignId;
use uuid::Uuid;

use super::view::CampaignEnvelope;
use crate::errors::{ApiError, Code};
use crate::extract::{SignedIn, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

impl From<DuplicateCampaignError> for ApiError {
    fn from(error: DuplicateCampaignError) -> Self {
        match error {
            DuplicateCampaignError::NotFound => Self::not_found(),
            DuplicateCampaignError::Invalid(violations) => Self::invalid(&violations),
            DuplicateCampaignError::Quota(error) => error.into(),
            DuplicateCampaignError::Changing => Self::new(Code::MediaChanging),
            DuplicateCampaignError::Files(error) => error.into(),
            DuplicateCampaignError::Storage(error) => error.into(),
        }
    }
}

/// Adds a draft with the content, the files, the recipients' choice and the send window of this campaign,
/// called the same with “(copia)” or “(copy)” after it. Neither its schedule nor what became of it is copied.
/// A rule whose segment was deleted since is left out: the draft then has no `audience`.
#[utoipa::path(
    operation_id = "duplicate_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 201, description = "Added", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/duplicate")]
pub async fn duplicate(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let details = campaigns
        .duplicate(&actor, CampaignId::from_uuid(*id), language)
        .await?;
    let campaign = CampaignEnvelope::new(details, language, campaigns.now());
    Ok(HttpResponse::Created().json(campaign))
}
