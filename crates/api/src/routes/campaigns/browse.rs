//! Looking at campaigns.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, get};
use nexus_application::campaigns::{
    CampaignQuery, Campaigns, GetCampaignError, ListCampaignsError,
};
use nexus_application::reports::Reports;
use nexus_domain::CampaignId;
use nexus_domain::values::{CampaignSort, SortDirection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{CampaignEnvelope, CampaignView};
use crate::errors::ApiError;
use crate::extract::{ListQuery, Page, Query, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

/// Up to how many recipients a campaign's answer names the contacts chosen one by one. Those
/// chosen are always among the recipients, so their number bounds the query and the answer.
const MOST_CONTACT_IDS: i64 = 1_000;

/// Part of the campaigns.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignList {
    campaigns: Vec<CampaignView>,
    pagination: Page,
}

/// Which campaigns are listed; every condition must hold.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct CampaignFilterQuery {
    /// A part of the name; accents and case don't matter.
    search: Option<String>,
    /// `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled` or `missed`.
    status: Option<String>,
    /// `whatsapp` or `gmail`.
    channel: Option<String>,
}

impl From<CampaignFilterQuery> for CampaignQuery {
    fn from(query: CampaignFilterQuery) -> Self {
        Self {
            search: query.search,
            status: query.status,
            channel: query.channel,
        }
    }
}

impl From<ListCampaignsError> for ApiError {
    fn from(error: ListCampaignsError) -> Self {
        match error {
            ListCampaignsError::Invalid(violations) => Self::invalid(&violations),
            ListCampaignsError::Storage(error) => error.into(),
        }
    }
}

impl From<GetCampaignError> for ApiError {
    fn from(error: GetCampaignError) -> Self {
        match error {
            GetCampaignError::NotFound => Self::not_found(),
            GetCampaignError::Storage(error) => error.into(),
        }
    }
}

/// The campaigns, newest first unless sorted otherwise by `name` or `created_at`.
#[utoipa::path(
    operation_id = "list_campaigns",
    tag = "campaigns",
    params(ListQuery, CampaignFilterQuery),
    responses(
        (status = 200, description = "Part of the campaigns", body = CampaignList),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[get("")]
pub async fn list(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    http: HttpRequest,
    Query(part): Query<ListQuery>,
    Query(filter): Query<CampaignFilterQuery>,
) -> Result<Json<CampaignList>, ApiError> {
    let request = part.read(&[
        (
            "created_at",
            CampaignSort::CreatedAt,
            SortDirection::Descending,
        ),
        ("name", CampaignSort::Name, SortDirection::Ascending),
    ])?;
    let listing = campaigns.list(&actor, &filter.into(), &request).await?;
    let (language, now) = (language_of(&http), campaigns.now());
    Ok(Json(CampaignList {
        pagination: Page::of(&listing, &request),
        campaigns: listing
            .items
            .into_iter()
            .map(|details| CampaignView::new(details, language, now))
            .collect(),
    }))
}

/// One campaign. `contact_ids`, the contacts chosen one by one, are in this answer alone, and are
/// left out when the campaign has more than 1,000 recipients.
#[utoipa::path(
    operation_id = "read_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "The campaign", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/{id}")]
pub async fn read(
    campaigns: Data<Campaigns>,
    reports: Data<Reports>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
    request: HttpRequest,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let id = CampaignId::from_uuid(*id);
    let details = campaigns.get(&actor, id).await?;
    let is_small = details.campaign.counters.total <= MOST_CONTACT_IDS;
    let outlook = campaigns.outlook(&details.campaign).await?;
    let silent_since = reports.missing_since(&details.campaign).await?;
    let language = language_of(&request);
    let mut campaign = CampaignView::new(details, language, campaigns.now())
        .with_outlook(outlook)
        .with_silence(silent_since, language);
    if is_small {
        campaign = campaign.with_chosen(&campaigns.chosen(&actor, id).await?);
    }
    Ok(Json(campaign.into()))
}
