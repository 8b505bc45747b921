//! The recipients of a campaign and what happened to them.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, get};
use nexus_application::campaigns::{Campaigns, ListRecipientsError, RecipientQuery};
use nexus_domain::CampaignId;
use nexus_domain::values::{RecipientSort, SortDirection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::RecipientView;
use crate::errors::ApiError;
use crate::extract::{ListQuery, Page, Query, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

/// Part of a campaign's recipients.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientList {
    recipients: Vec<RecipientView>,
    pagination: Page,
}

/// Which recipients are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct RecipientFilterQuery {
    /// `queued`, `dispatching`, `accepted`, `delivered`, `read`, `failed`, `skipped`, `in_doubt`,
    /// `unconfirmed` or `cancelled`.
    status: Option<String>,
    /// By what was decided about them when they were `unconfirmed`: `pending` (nothing yet),
    /// `send_again` or `leave`.
    decision: Option<String>,
}

impl From<RecipientFilterQuery> for RecipientQuery {
    fn from(query: RecipientFilterQuery) -> Self {
        Self {
            status: query.status,
            decision: query.decision,
        }
    }
}

impl From<ListRecipientsError> for ApiError {
    fn from(error: ListRecipientsError) -> Self {
        match error {
            ListRecipientsError::Invalid(violations) => Self::invalid(&violations),
            ListRecipientsError::NotFound => Self::not_found(),
            ListRecipientsError::Storage(error) => error.into(),
        }
    }
}

/// The recipients of a campaign that was started, in the order in which they were added
/// (`sort=added`).
#[utoipa::path(
    operation_id = "list_recipients",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign"), ListQuery, RecipientFilterQuery),
    responses(
        (status = 200, description = "Part of the recipients", body = RecipientList),
        AnyFailure, NeedsSession, NeedsObject, TakesValues,
    )
)]
#[get("/{id}/recipients")]
pub async fn list(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    http: HttpRequest,
    id: Path<Uuid>,
    Query(part): Query<ListQuery>,
    Query(filter): Query<RecipientFilterQuery>,
) -> Result<Json<RecipientList>, ApiError> {
    let request = part.read(&[("added", RecipientSort::Added, SortDirection::Ascending)])?;
    let id = CampaignId::from_uuid(*id);
    let listing = campaigns
        .recipients(&actor, id, &filter.into(), &request)
        .await?;
    let language = language_of(&http);
    Ok(Json(RecipientList {
        pagination: Page::of(&listing, &request),
        recipients: listing
            .items
            .into_iter()
            .map(|recipient| RecipientView::new(recipient, language))
            .collect(),
    }))
}
