//! Changes of many contacts.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post};
use nexus_application::bulk::{
    BulkChanges, BulkError, BulkOutcome, BulkRequest, GetBulkChangeError,
};
use nexus_domain::{BulkChange, BulkChangeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::ContactFilterBody;
use crate::errors::ApiError;
use crate::extract::{Body, Patch, SignedIn, blank};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

/// What is to happen to which contacts: `contact_ids` or `filter`, and not both.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BulkBody {
    /// `delete`, `tag`, `untag` or `set_status`.
    #[schema(example = "tag")]
    action: Option<String>,
    /// The tags to give (`tag`) or to take (`untag`). A contact that would have more than 50 keeps
    /// those it has.
    #[schema(example = json!(["vip"]))]
    tags: Option<Vec<String>>,
    /// `active`, `inactive` or `unsubscribed`, for `set_status`.
    status: Option<String>,
    /// Up to 10,000. Those that are not there count neither as matched nor as changed.
    #[schema(value_type = Option<Vec<Uuid>>)]
    contact_ids: Option<Vec<String>>,
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<ContactFilterBody>)]
    filter: Patch<ContactFilterBody>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkDone {
    /// How many contacts were meant.
    #[schema(example = 120)]
    matched: u64,
    /// How many it made a difference to.
    #[schema(example = 118)]
    changed: u64,
}

/// A change that runs, or ran, in the background.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkJob {
    id: Uuid,
    /// `queued`, `running`, `completed` or `failed`; what a failed one changed stays so.
    #[schema(example = "running")]
    status: &'static str,
    /// How many contacts were meant when it was asked for.
    #[schema(example = 50_000)]
    matched: u64,
    /// How many it made a difference to so far.
    #[schema(example = 12_500)]
    changed: u64,
}

/// A change that runs, or ran, in the background.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkJobEnvelope {
    job: BulkJob,
}

impl From<BulkChange> for BulkJobEnvelope {
    fn from(change: BulkChange) -> Self {
        Self {
            job: BulkJob {
                id: change.id.as_uuid(),
                status: change.status.as_str(),
                matched: change.matched,
                changed: change.changed,
            },
        }
    }
}

/// 200 with what was done, or 202 with the job that does it.
pub(super) fn answer(outcome: BulkOutcome) -> HttpResponse {
    match outcome {
        BulkOutcome::Done { matched, changed } => {
            HttpResponse::Ok().json(BulkDone { matched, changed })
        }
        BulkOutcome::Queued(change) => {
            HttpResponse::Accepted().json(BulkJobEnvelope::from(*change))
        }
    }
}

impl From<BulkError> for ApiError {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Invalid(violations) => Self::invalid(&violations),
            BulkError::Storage(error) => error.into(),
        }
    }
}

impl From<GetBulkChangeError> for ApiError {
    fn from(error: GetBulkChangeError) -> Self {
        match error {
            GetBulkChangeError::NotFound => Self::not_found(),
            GetBulkChangeError::Storage(error) => error.into(),
        }
    }
}

/// Changes or deletes many contacts: up to 2,000 at once, more in the background.
#[utoipa::path(
    tag = "contacts",
    operation_id = "change_contacts",
    request_body = BulkBody,
    responses(
        (status = 200, description = "Done", body = BulkDone),
        (status = 202, description = "Being done; follow it under the job's id", body = BulkJobEnvelope),
        AnyFailure, NeedsSession, TakesValues,
    )
)]
#[post("/bulk")]
pub async fn start(
    changes: Data<BulkChanges>,
    SignedIn(actor): SignedIn,
    Body(body): Body<BulkBody>,
) -> Result<HttpResponse, ApiError> {
    let request = BulkRequest {
        action: body.action.unwrap_or_default(),
        tags: body.tags.unwrap_or_default(),
        status: body.status,
        contact_ids: body.contact_ids,
        filter: body.filter.value().map(Into::into),
    };
    Ok(answer(changes.start(&actor, &request).await?))
}

/// How far a change of many contacts is.
#[utoipa::path(
    tag = "contacts",
    operation_id = "read_contact_change",
    params(("id" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "The job", body = BulkJobEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/bulk/{id}")]
pub async fn read(
    changes: Data<BulkChanges>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
) -> Result<Json<BulkJobEnvelope>, ApiError> {
    let change = changes.get(&actor, BulkChangeId::from_uuid(*id)).await?;
    Ok(Json(change.into()))
}
