//! Two contacts that are the same person.

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use nexus_application::contacts::{Contacts, MergeContactsError};
use nexus_domain::ContactId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ContactEnvelope;
use crate::errors::ApiError;
use crate::extract::{Body, SignedIn};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

/// The contact that goes.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MergeBody {
    other_id: Uuid,
}

impl From<MergeContactsError> for ApiError {
    fn from(error: MergeContactsError) -> Self {
        match error {
            MergeContactsError::Invalid(violations) => Self::invalid(&violations),
            MergeContactsError::NotFound => Self::not_found(),
            MergeContactsError::Storage(error) => error.into(),
        }
    }
}

/// Makes two contacts one. The contact keeps its values and gets what it lacks from the other:
/// phone, e-mail, tags, notes below its own. It is unsubscribed when either was. Messages and
/// recipients of campaigns move to it, and the other is deleted; a campaign that had both keeps the
/// record of the second without a contact.
#[utoipa::path(
    tag = "contacts",
    operation_id = "merge_contacts",
    params(("id" = Uuid, Path, description = "The contact that stays")),
    request_body = MergeBody,
    responses(
        (status = 200, description = "The contact that both are now", body = ContactEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues,
    )
)]
#[post("/{id}/merge")]
pub async fn merge(
    contacts: Data<Contacts>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
    Body(body): Body<MergeBody>,
) -> Result<Json<ContactEnvelope>, ApiError> {
    let (id, other) = (
        ContactId::from_uuid(*id),
        ContactId::from_uuid(body.other_id),
    );
    let contact = contacts.merge(&actor, id, other).await?;
    Ok(Json(ContactEnvelope {
        contact: contact.into(),
    }))
}
