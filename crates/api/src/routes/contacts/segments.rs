//! Segments: filters of contacts that are saved under a name.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use nexus_application::Field;
use nexus_application::segments::{
    CreateSegment, CreateSegmentError, DeleteSegmentError, GetSegmentError, Segments,
    UpdateSegment, UpdateSegmentError,
};
use nexus_domain::values::Language;
use nexus_domain::{Segment, SegmentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::{ContactFilterBody, ContactFilterView};
use super::uses::{Named, spoken};
use crate::errors::{ApiError, Code};
use crate::extract::{Body, Patch, SignedIn, blank, language_of};
use crate::routes::shared::{
    AnyFailure, CanConflict, NeedsObject, NeedsSession, Said, TakesValues,
};

/// A saved filter of contacts. Who is in it is asked anew each time it is used.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentView {
    id: Uuid,
    #[schema(example = "Clientes del norte")]
    name: String,
    filter: ContactFilterView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Segment> for SegmentView {
    fn from(segment: Segment) -> Self {
        Self {
            id: segment.id.as_uuid(),
            name: segment.name.to_string(),
            filter: (&segment.filter).into(),
            created_at: segment.created_at,
            updated_at: segment.updated_at,
        }
    }
}

/// A segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentEnvelope {
    segment: SegmentView,
}

impl From<Segment> for SegmentEnvelope {
    fn from(segment: Segment) -> Self {
        Self {
            segment: segment.into(),
        }
    }
}

/// A segment, and how many contacts are in it now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentSizeEnvelope {
    segment: SegmentView,
    #[schema(example = 128)]
    contacts: u64,
}

/// All segments.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentList {
    segments: Vec<SegmentView>,
}

/// A new segment.
#[derive(Debug, Deserialize, ToSchema)]
pub struct CreateSegmentBody {
    /// Up to 120 characters; no other segment may have the same, accents and case aside.
    #[schema(example = "Clientes del norte")]
    name: Option<String>,
    /// Who is in it; `{}` is everyone.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<ContactFilterBody>)]
    filter: Patch<ContactFilterBody>,
}

/// Changes of a segment. An absent field is unchanged.
#[derive(Debug, Deserialize, ToSchema)]
pub struct UpdateSegmentBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Clientes del sur")]
    name: Patch<String>,
    /// Replaces all conditions.
    #[serde(default, deserialize_with = "blank::object")]
    #[schema(value_type = Option<ContactFilterBody>)]
    filter: Patch<ContactFilterBody>,
}

fn name_taken(existing: SegmentId) -> ApiError {
    ApiError::new(Code::SegmentNameTaken).with_member("segment_id", existing.to_string())
}

impl From<CreateSegmentError> for ApiError {
    fn from(error: CreateSegmentError) -> Self {
        match error {
            CreateSegmentError::Invalid(violations) => Self::invalid(&violations),
            CreateSegmentError::NameTaken { existing } => name_taken(existing),
            CreateSegmentError::TooMany => {
                Self::new(Code::SegmentLimit).with("max", Segment::MOST_PER_USER)
            }
            CreateSegmentError::NoSuchUser => Self::new(Code::NotSignedIn),
            CreateSegmentError::Storage(error) => error.into(),
        }
    }
}

impl From<GetSegmentError> for ApiError {
    fn from(error: GetSegmentError) -> Self {
        match error {
            GetSegmentError::NotFound => Self::not_found(),
            GetSegmentError::Storage(error) => error.into(),
        }
    }
}

impl From<UpdateSegmentError> for ApiError {
    fn from(error: UpdateSegmentError) -> Self {
        match error {
            UpdateSegmentError::Invalid(violations) => Self::invalid(&violations),
            UpdateSegmentError::NotFound => Self::not_found(),
            UpdateSegmentError::NameTaken { existing } => name_taken(existing),
            UpdateSegmentError::NoSuchUser => Self::new(Code::NotSignedIn),
            UpdateSegmentError::Storage(error) => error.into(),
        }
    }
}

impl From<(DeleteSegmentError, Language)> for ApiError {
    fn from((error, language): (DeleteSegmentError, Language)) -> Self {
        match error {
            DeleteSegmentError::NotFound => Self::not_found(),
            DeleteSegmentError::InUse { campaigns } => {
                let campaigns: Vec<Named> = campaigns
                    .iter()
                    .map(|(id, name)| Named::new(id.as_uuid(), name.as_str()))
                    .collect();
                Self::new(Code::SegmentInUse)
                    .with("campaigns", spoken(campaigns.iter(), language))
                    .with_member("campaigns", Named::members(&campaigns))
            }
            DeleteSegmentError::Storage(error) => error.into(),
        }
    }
}

/// Every segment, by name: at most 100.
#[utoipa::path(
    tag = "contacts",
    operation_id = "list_segments",
    responses(
        (status = 200, description = "The segments", body = SegmentList),
        AnyFailure, NeedsSession,
    )
)]
#[get("/segments")]
pub async fn list(
    segments: Data<Segments>,
    SignedIn(actor): SignedIn,
) -> Result<Json<SegmentList>, ApiError> {
    let segments = segments.list(&actor).await?;
    Ok(Json(SegmentList {
        segments: segments.into_iter().map(Into::into).collect(),
    }))
}

/// Saves a filter of contacts under a name. 409 with `segment_name_taken` and the member
/// `segment_id` when there is one of this name, with `segment_limit` when there are 100.
#[utoipa::path(
    tag = "contacts",
    operation_id = "create_segment",
    request_body = CreateSegmentBody,
    responses(
        (status = 201, description = "Added", body = SegmentEnvelope),
        AnyFailure, NeedsSession, TakesValues, CanConflict,
    )
)]
#[post("/segments")]
pub async fn create(
    segments: Data<Segments>,
    SignedIn(actor): SignedIn,
    Body(body): Body<CreateSegmentBody>,
) -> Result<HttpResponse, ApiError> {
    let typed = CreateSegment {
        name: body.name.unwrap_or_default(),
        filter: body.filter.value().map(Into::into),
    };
    let segment = segments.create(&actor, &typed).await?;
    Ok(HttpResponse::Created().json(SegmentEnvelope::from(segment)))
}

/// One segment, and how many contacts are in it now.
#[utoipa::path(
    tag = "contacts",
    operation_id = "read_segment",
    params(("id" = Uuid, Path, description = "The segment")),
    responses(
        (status = 200, description = "The segment", body = SegmentSizeEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/segments/{id}")]
pub async fn read(
    segments: Data<Segments>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
) -> Result<Json<SegmentSizeEnvelope>, ApiError> {
    let found = segments.get(&actor, SegmentId::from_uuid(*id)).await?;
    Ok(Json(SegmentSizeEnvelope {
        segment: found.segment.into(),
        contacts: found.contacts,
    }))
}

/// Changes a segment. Campaigns that have not started and use it go to whoever is in it when they
/// start.
#[utoipa::path(
    tag = "contacts",
    operation_id = "update_segment",
    params(("id" = Uuid, Path, description = "The segment")),
    request_body = UpdateSegmentBody,
    responses(
        (status = 200, description = "Changed", body = SegmentEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[put("/segments/{id}")]
pub async fn update(
    segments: Data<Segments>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
    Body(body): Body<UpdateSegmentBody>,
) -> Result<Json<SegmentEnvelope>, ApiError> {
    let changes = UpdateSegment {
        name: body.name.into(),
        filter: match body.filter {
            Patch::Absent => Field::Keep,
            Patch::Null => Field::Clear,
            Patch::Value(filter) => Field::Set(filter.into()),
        },
    };
    let segment = segments
        .update(&actor, SegmentId::from_uuid(*id), changes)
        .await?;
    Ok(Json(segment.into()))
}

/// Deletes a segment; its contacts stay. 409 with `segment_in_use` while campaigns that have not
/// started use it: the member `campaigns` has their `id` and `name`.
#[utoipa::path(
    tag = "contacts",
    operation_id = "delete_segment",
    params(("id" = Uuid, Path, description = "The segment")),
    responses(
        (status = 200, description = "Deleted", body = Said),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/segments/{id}")]
pub async fn remove(
    segments: Data<Segments>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<Said>, ApiError> {
    let language = language_of(&request);
    segments
        .delete(&actor, SegmentId::from_uuid(*id))
        .await
        .map_err(|error| (error, language))?;
    let message = match language {
        Language::Es => "El segmento se eliminó.",
        Language::En => "The segment was deleted.",
    };
    Ok(Json(Said {
        message: message.to_owned(),
    }))
}
