//! WhatsApp's templates.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, post};
use chrono::{DateTime, Utc};
use nexus_application::integrations::{
    Integrations, ListTemplatesError, SyncTemplatesError, TemplateShelf,
};
use nexus_domain::values::Language;
use nexus_domain::{StoredTemplate, TemplateButton, TemplateHeader};
use serde::Serialize;
use utoipa::ToSchema;

use crate::errors::{ApiError, ProblemDocument};
use crate::extract::{SignedIn, language_of};
use crate::routes::campaigns::refusals::{asked_a_moment_ago, provider_failed, provider_missing};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession};

/// The header of a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateHeaderView {
    /// `text`, `image`, `video`, `document`, or another word of WhatsApp's in small letters.
    #[schema(example = "text")]
    kind: String,
    #[schema(example = "Promoción de {{1}}")]
    text: Option<String>,
    /// The variables of its text.
    #[schema(example = json!(["1"]))]
    variables: Vec<String>,
}

impl From<TemplateHeader> for TemplateHeaderView {
    fn from(header: TemplateHeader) -> Self {
        match header {
            TemplateHeader::Text { text, variables } => Self {
                kind: "text".to_owned(),
                text: Some(text),
                variables,
            },
            TemplateHeader::Media { format } | TemplateHeader::Other { format } => Self {
                kind: format.to_lowercase(),
                text: None,
                variables: Vec::new(),
            },
        }
    }
}

/// A button of a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateButtonView {
    /// Which one, counted from 0.
    index: usize,
    /// `url`, `quick_reply`, or another word of WhatsApp's in small letters.
    #[schema(example = "url")]
    kind: String,
    #[schema(example = "Ver en la tienda")]
    text: String,
    #[schema(example = "https://tienda.example/p/{{1}}")]
    url: Option<String>,
    /// The variables of its address.
    #[schema(example = json!(["1"]))]
    variables: Vec<String>,
    /// Whether a campaign must give a value for it.
    needs_value: bool,
}

impl TemplateButtonView {
    fn new(index: usize, button: TemplateButton) -> Self {
        Self {
            index,
            needs_value: button.needs_value(),
            kind: button.kind.to_lowercase(),
            text: button.text,
            url: button.url,
            variables: button.variables,
        }
    }
}

/// A template as it is known here.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredTemplateView {
    #[schema(example = "promocion_mensual")]
    name: String,
    #[schema(example = "es_MX")]
    language: String,
    /// In WhatsApp's words: `MARKETING`, `UTILITY`, ….
    #[schema(example = "MARKETING")]
    category: String,
    /// In WhatsApp's words; only `APPROVED` ones can be sent.
    #[schema(example = "APPROVED")]
    status: String,
    /// Why it was rejected or stopped, in WhatsApp's words.
    reason: Option<String>,
    /// In WhatsApp's words: `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    #[schema(example = "GREEN")]
    quality: Option<String>,
    /// `positional` or `named`: whether its variables are numbers or names.
    #[schema(example = "positional")]
    parameter_format: String,
    #[schema(example = "Hola {{1}}, este mes tienes {{2}} de descuento.")]
    body: String,
    /// The variables of its body, in order.
    #[schema(example = json!(["1", "2"]))]
    variables: Vec<String>,
    header: Option<TemplateHeaderView>,
    footer: Option<String>,
    buttons: Vec<TemplateButtonView>,
    /// Parts that need what a campaign can't give, in WhatsApp's words: it can't be sent.
    #[schema(example = json!([]))]
    unsupported_parts: Vec<String>,
    /// When WhatsApp was last asked for it; null when it was only heard of.
    synced_at: Option<DateTime<Utc>>,
}

impl From<StoredTemplate> for StoredTemplateView {
    fn from(stored: StoredTemplate) -> Self {
        let template = stored.template;
        let buttons = template.buttons.into_iter().enumerate();
        Self {
            name: template.name,
            language: template.language,
            category: template.category,
            status: template.status,
            reason: template.reason,
            quality: template.quality,
            parameter_format: template.parameter_format.to_lowercase(),
            body: template.body,
            variables: template.variables,
            header: template.header.map(Into::into),
            footer: template.footer,
            buttons: buttons
                .map(|(index, button)| TemplateButtonView::new(index, button))
                .collect(),
            unsupported_parts: template.other_values,
            synced_at: stored.synced_at,
        }
    }
}

/// The templates of the account in the profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateList {
    templates: Vec<StoredTemplateView>,
    /// When WhatsApp was last asked for all of them; null when it never was.
    last_synced_at: Option<DateTime<Utc>>,
}

impl From<TemplateShelf> for TemplateList {
    fn from(shelf: TemplateShelf) -> Self {
        Self {
            templates: shelf.templates.into_iter().map(Into::into).collect(),
            last_synced_at: shelf.synced_at,
        }
    }
}

impl From<ListTemplatesError> for ApiError {
    fn from(error: ListTemplatesError) -> Self {
        match error {
            ListTemplatesError::NotFound => Self::not_found(),
            ListTemplatesError::Storage(error) => error.into(),
        }
    }
}

impl From<(SyncTemplatesError, Language)> for ApiError {
    fn from((error, language): (SyncTemplatesError, Language)) -> Self {
        match error {
            SyncTemplatesError::NotFound => Self::not_found(),
            SyncTemplatesError::NoProvider { missing } => provider_missing(missing, language),
            SyncTemplatesError::TooSoon { wait } => asked_a_moment_ago(wait),
            SyncTemplatesError::ProviderRefused { reason } => provider_failed(&reason),
            SyncTemplatesError::Storage(error) => error.into(),
        }
    }
}

/// The templates of the WhatsApp Business account, by name, as they were when WhatsApp was last
/// asked and with what it said since. Nobody is asked.
#[utoipa::path(
    operation_id = "list_whatsapp_templates",
    tag = "integrations",
    responses(
        (status = 200, description = "The templates", body = TemplateList),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/whatsapp/templates")]
pub async fn list(
    integrations: Data<Integrations>,
    SignedIn(actor): SignedIn,
) -> Result<Json<TemplateList>, ApiError> {
    Ok(Json(integrations.templates(&actor).await?.into()))
}

/// Asks WhatsApp for the templates and keeps them; those that it has no more are forgotten. At most
/// once a minute for an account.
#[utoipa::path(
    operation_id = "sync_whatsapp_templates",
    tag = "integrations",
    responses(
        (status = 200, description = "The templates", body = TemplateList),
        (
            status = 422,
            description = "`provider_missing`: the profile lacks the key or an id; the member \
                           `missing` lists its fields. `provider_refused`: WhatsApp refuses the key \
                           or does not know the account",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        (
            status = 429,
            description = "`asked_a_moment_ago`: at most once a minute; `Retry-After` says when",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[post("/whatsapp/templates/sync")]
pub async fn sync(
    integrations: Data<Integrations>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<Json<TemplateList>, ApiError> {
    let shelf = integrations
        .sync_templates(&actor)
        .await
        .map_err(|error| (error, language_of(&request)))?;
    Ok(Json(shelf.into()))
}
