//! How a campaign reads to one person.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use nexus_application::campaigns::{Campaigns, Preview, PreviewError};
use nexus_domain::{CampaignId, ContactId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::errors::ApiError;
use crate::extract::{Query, SignedIn};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession, TakesValues};

/// For whom the preview is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PreviewQuery {
    /// A contact; without it the campaign's first recipient, or an example person when it has
    /// none.
    #[param(value_type = Option<Uuid>)]
    contact_id: Option<String>,
}

impl PreviewQuery {
    /// The contact that is meant. An id that is no id is the id of nobody.
    fn contact(&self) -> Result<Option<ContactId>, ApiError> {
        self.contact_id
            .as_deref()
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(|id| id.parse().map_err(|_| ApiError::not_found()))
            .transpose()
    }
}

/// A campaign as one person would get it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// Null for the example person.
    contact_id: Option<Uuid>,
    /// The contact's name; null for the example person.
    #[schema(example = "Ana Torres")]
    name: Option<String>,
    /// Where it would be sent; null when it would not be sent to this contact.
    #[schema(example = "+525512345678")]
    address: Option<String>,
    subject: Option<String>,
    #[schema(example = "Hola Ana Torres, esta semana tenemos 20 % de descuento.")]
    message: String,
    /// The template's variables and their values for this person.
    #[schema(example = json!({}))]
    variables: BTreeMap<String, String>,
}

impl From<Preview> for PreviewView {
    fn from(preview: Preview) -> Self {
        let (contact_id, name) = preview.contact.unzip();
        Self {
            contact_id: contact_id.map(|id| id.as_uuid()),
            name,
            address: preview.to,
            subject: preview.subject,
            message: preview.message,
            variables: preview.variables.into_iter().collect(),
        }
    }
}

/// A preview.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewEnvelope {
    preview: PreviewView,
}

impl From<PreviewError> for ApiError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::NotFound | PreviewError::NoSuchContact => Self::not_found(),
            PreviewError::Storage(error) => error.into(),
        }
    }
}

/// How a campaign reads to a contact. An unknown contact is answered like an unknown campaign.
#[utoipa::path(
    operation_id = "preview_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign"), PreviewQuery),
    responses(
        (status = 200, description = "The preview", body = PreviewEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues,
    )
)]
#[get("/{id}/preview")]
pub async fn read(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    id: Path<Uuid>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PreviewEnvelope>, ApiError> {
    let preview = campaigns
        .preview(&actor, CampaignId::from_uuid(*id), query.contact()?)
        .await?;
    Ok(Json(PreviewEnvelope {
        preview: preview.into(),
    }))
}
