//! The tags of contacts.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use nexus_application::bulk::{BulkChanges, DeleteTagError, RenameTagError, TagUse};
use nexus_application::contacts::Contacts;
use nexus_domain::values::{Language, Tag};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bulk::{BulkDone, BulkJobEnvelope, answer};
use super::uses::{Named, spoken};
use crate::errors::{ApiError, Code};
use crate::extract::{Body, SignedIn, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

/// When a tag may have its new name on every contact.
const TRY_AGAIN_SECONDS: u64 = 5;

/// A tag and how many contacts have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagView {
    #[schema(example = "clientes")]
    tag: String,
    #[schema(example = 128)]
    contacts: u64,
}

/// The tags in use.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagList {
    tags: Vec<TagView>,
}

/// The tags in use, by name, with the number of contacts of each.
#[utoipa::path(
    tag = "contacts",
    operation_id = "list_tags",
    responses((status = 200, description = "The tags", body = TagList), AnyFailure, NeedsSession)
)]
#[get("/tags")]
pub async fn list(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
) -> Result<Json<TagList>, ApiError> {
    let tags = contacts.tags(&actor).await?;
    Ok(Json(TagList {
        tags: tags
            .into_iter()
            .map(|(tag, contacts)| TagView {
                tag: tag.label().to_owned(),
                contacts,
            })
            .collect(),
    }))
}

/// The new name of a tag.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct RenameTagBody {
    /// Up to 50 characters, without commas. When there is a tag of this name, the two become one.
    #[schema(example = "clientes frecuentes")]
    name: Option<String>,
}

impl From<(RenameTagError, Language)> for ApiError {
    fn from((error, language): (RenameTagError, Language)) -> Self {
        match error {
            RenameTagError::Invalid(violations) => Self::invalid(&violations),
            RenameTagError::NotFound => Self::not_found(),
            RenameTagError::BeingRenamed { tag } => being_renamed(&tag),
            RenameTagError::InUse(uses) => in_use(&uses, language),
            RenameTagError::Storage(error) => error.into(),
        }
    }
}

impl From<(DeleteTagError, Language)> for ApiError {
    fn from((error, language): (DeleteTagError, Language)) -> Self {
        match error {
            DeleteTagError::NotFound => Self::not_found(),
            DeleteTagError::BeingRenamed { tag } => being_renamed(&tag),
            DeleteTagError::InUse(uses) => in_use(&uses, language),
            DeleteTagError::Storage(error) => error.into(),
        }
    }
}

/// A worker is renaming the tag on the contacts.
pub(crate) fn being_renamed(tag: &Tag) -> ApiError {
    ApiError::new(Code::TagBeingRenamed)
        .with("tag", tag.label())
        .retry_after(TRY_AGAIN_SECONDS)
}

fn in_use(uses: &TagUse, language: Language) -> ApiError {
    let campaigns: Vec<Named> = uses
        .campaigns
        .iter()
        .map(|(id, name)| Named::new(id.as_uuid(), name.as_str()))
        .collect();
    let segments: Vec<Named> = uses
        .segments
        .iter()
        .map(|(id, name)| Named::new(id.as_uuid(), name.as_str()))
        .collect();
    let all = campaigns.iter().chain(&segments);
    ApiError::new(Code::TagInUse)
        .with("uses", spoken(all, language))
        .with_member("campaigns", Named::members(&campaigns))
        .with_member("segments", Named::members(&segments))
}

/// Renames a tag on every contact that has it, in segments, and in the audiences of campaigns that
/// have not started; onto the name of another tag, merges the two: what chose contacts by either
/// then chooses those of both. More than 2,000 contacts are changed in the background; until that
/// is done no campaign starts that chooses by the tag, and neither name can be renamed or deleted:
/// 409 with `tag_being_renamed`. 409 with `tag_in_use` when campaigns that have not started or
/// segments choose only contacts that have both of two tags that would become one: the members
/// `campaigns` and `segments` have their `id` and `name`.
#[utoipa::path(
    tag = "contacts",
    operation_id = "rename_tag",
    params(("tag" = String, Path, description = "The tag; accents and case don't matter")),
    request_body = RenameTagBody,
    responses(
        (status = 200, description = "Renamed", body = BulkDone),
        (status = 202, description = "Being renamed; follow it under the job's id", body = BulkJobEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[put("/tags/{tag}")]
pub async fn rename(
    changes: Data<BulkChanges>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    tag: Path<String>,
    Body(body): Body<RenameTagBody>,
) -> Result<HttpResponse, ApiError> {
    let name = body.name.unwrap_or_default();
    let done = changes
        .rename_tag(&actor, &tag, &name)
        .await
        .map_err(|error| (error, language_of(&request)))?;
    Ok(answer(done))
}

/// Takes a tag from every contact that has it; the contacts stay. More than 2,000 contacts are
/// changed in the background. 409 with `tag_in_use` while campaigns that have not started or
/// segments choose contacts by it: the members `campaigns` and `segments` have their `id` and
/// `name`. 409 with `tag_being_renamed` while it, or another tag to its name, is being renamed in
/// the background.
#[utoipa::path(
    tag = "contacts",
    operation_id = "delete_tag",
    params(("tag" = String, Path, description = "The tag; accents and case don't matter")),
    responses(
        (status = 200, description = "Deleted", body = BulkDone),
        (status = 202, description = "Being deleted; follow it under the job's id", body = BulkJobEnvelope),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[delete("/tags/{tag}")]
pub async fn remove(
    changes: Data<BulkChanges>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    tag: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let done = changes
        .delete_tag(&actor, &tag)
        .await
        .map_err(|error| (error, language_of(&request)))?;
    Ok(answer(done))
}
