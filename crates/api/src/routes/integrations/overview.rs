//! How the user's connections stand, and the check whether they work.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, post};
use chrono::{DateTime, Utc};
use nexus_application::integrations::{CheckIntegrationError, Integrations, WhatsAppOverview};
use nexus_application::reports::{Reports, SilentAccount};
use nexus_domain::values::Language;
use nexus_domain::{AccountStanding, Asked, KnownFailure};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{
    explain_flag, explain_known_failure, explain_quality, explain_standing, explain_status,
    explain_unavailable,
};
use crate::errors::{ApiError, ProblemDocument};
use crate::extract::{SignedIn, language_of};
use crate::routes::campaigns::refusals::{asked_a_moment_ago, provider_missing};
use crate::routes::campaigns::words::{explain_silence, name_profile_field};
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession};

/// Something that a provider refused or did not answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailureView {
    at: DateTime<Utc>,
    /// For a program; `unavailable` when there was no answer.
    #[schema(example = "credential_invalid")]
    code: String,
    /// For a person, in their language.
    #[schema(example = "La clave de WhatsApp no es válida o venció; cámbiala en tu perfil.")]
    text: &'static str,
    /// The provider's own code.
    #[schema(example = 190)]
    provider_code: Option<i64>,
    /// The provider's own words.
    detail: Option<String>,
}

impl FailureView {
    fn new(at: DateTime<Utc>, failure: KnownFailure, language: Language) -> Self {
        Self {
            at,
            text: explain_known_failure(&failure, language),
            code: failure.code,
            provider_code: failure.provider_code,
            detail: failure.detail,
        }
    }
}

/// The last check of the credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckView {
    at: DateTime<Utc>,
    /// Whether they work.
    ok: bool,
    /// Why they don't.
    failure: Option<FailureView>,
}

impl CheckView {
    fn new(asked: Asked, language: Language) -> Self {
        let at = asked.at;
        Self {
            at,
            ok: asked.failure.is_none(),
            failure: asked
                .failure
                .map(|failure| FailureView::new(at, failure, language)),
        }
    }
}

/// A field of the profile that is empty.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingFieldView {
    /// Its name in the API.
    #[schema(example = "whatsapp_phone_number_id")]
    field: &'static str,
    /// What people call it.
    #[schema(example = "el identificador del número")]
    name: &'static str,
    /// Whether nothing can be sent without it.
    #[schema(example = true)]
    needed: bool,
}

/// Webhooks of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookStateView {
    /// Whether the provider has verified the address, or webhooks come.
    #[schema(example = true)]
    verified: bool,
    /// When the provider last verified the address.
    verified_at: Option<DateTime<Utc>>,
    /// When a webhook last came, to the minute.
    last_received_at: Option<DateTime<Utc>>,
}

/// Something that the provider said by itself and that still holds, or its silence.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// For a program: `number_flagged`, `account_warned`, `account_restricted`, `account_disabled`;
    /// `no_reports` when the provider takes messages and does not report what became of them.
    #[schema(example = "number_flagged")]
    code: &'static str,
    /// For a person, with what to do.
    text: String,
    /// Since when.
    since: DateTime<Utc>,
    /// Until when, if it ends by itself.
    until: Option<DateTime<Utc>>,
}

/// How a connection to a provider stands, as far as is known.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationView {
    /// `whatsapp`, `gmail` or `gemini`.
    #[schema(example = "whatsapp")]
    provider: &'static str,
    /// `incomplete`, `unchecked`, `connected`, `failing`, `restricted`, or `unavailable` for a
    /// provider that can't be connected yet.
    #[schema(example = "connected")]
    status: &'static str,
    /// The same for a person, with what to do.
    #[schema(example = "WhatsApp está conectado.")]
    text: &'static str,
    /// Fields of the profile that are empty.
    missing: Vec<MissingFieldView>,
    /// The number that people see.
    #[schema(example = "+52 55 1234 5678")]
    number: Option<String>,
    /// The name that people see.
    #[schema(example = "Taquería Ñandú")]
    display_name: Option<String>,
    /// The provider's rating of the number, in its words.
    #[schema(example = "GREEN")]
    quality: Option<String>,
    /// The same for a person.
    #[schema(example = "Calidad alta.")]
    quality_text: Option<&'static str>,
    /// How many people the number may write to in a day, in the provider's words.
    #[schema(example = "TIER_2K")]
    messaging_limit: Option<String>,
    /// Whether the number belongs to the business account in the profile, where that is known.
    number_in_account: Option<bool>,
    webhook: Option<WebhookStateView>,
    last_check: Option<CheckView>,
    last_error: Option<FailureView>,
    /// What the provider said by itself and still holds, and whether it reports on messages.
    alerts: Vec<AlertView>,
    /// When the provider was last asked for the templates.
    templates_synced_at: Option<DateTime<Utc>>,
}

impl IntegrationView {
    fn whatsapp(overview: WhatsAppOverview, language: Language) -> Self {
        let alerts = alerts(&overview, language);
        let missing = |fields: &[&'static str], needed| -> Vec<MissingFieldView> {
            let view = |field: &&'static str| MissingFieldView {
                field,
                name: name_profile_field(field, language),
                needed,
            };
            fields.iter().map(view).collect()
        };
        let number = overview.number;
        let quality = number.as_ref().and_then(|number| number.quality.clone());
        let notice = overview.number_notice;
        let limit = number.as_ref().and_then(|number| {
            let heard = notice.filter(|notice| notice.at > number.at);
            heard
                .and_then(|notice| notice.limit)
                .or_else(|| number.limit.clone())
        });
        Self {
            provider: "whatsapp",
            status: overview.status.as_str(),
            text: explain_status(overview.status, language),
            missing: missing(&overview.missing, true)
                .into_iter()
                .chain(missing(&overview.advised, false))
                .collect(),
            quality_text: quality
                .as_deref()
                .and_then(|quality| explain_quality(quality, language)),
            quality,
            messaging_limit: limit,
            number_in_account: number.as_ref().and_then(|number| number.in_account),
            display_name: number
                .as_ref()
                .and_then(|number| number.display_name.clone()),
            number: number.map(|number| number.display_number),
            webhook: Some(WebhookStateView {
                verified: overview.webhook_verified_at.is_some()
                    || overview.webhook_received_at.is_some(),
                verified_at: overview.webhook_verified_at,
                last_received_at: overview.webhook_received_at,
            }),
            last_check: overview
                .last_check
                .map(|asked| CheckView::new(asked, language)),
            last_error: overview
                .last_error
                .map(|(at, failure)| FailureView::new(at, failure, language)),
            alerts,
            templates_synced_at: overview.templates_synced_at,
        }
    }

    /// With an alert when messages of an account are not reported on, the longest silence of them.
    fn with_silence(mut self, silent: &[SilentAccount], language: Language) -> Self {
        let since = silent.iter().map(|account| account.since).min();
        self.alerts.extend(since.map(|since| AlertView {
            code: "no_reports",
            text: explain_silence(language).to_owned(),
            since,
            until: None,
        }));
        self
    }

    fn unavailable(provider: &'static str, language: Language) -> Self {
        Self {
            provider,
            status: "unavailable",
            text: explain_unavailable(language),
            missing: Vec::new(),
            number: None,
            display_name: None,
            quality: None,
            quality_text: None,
            messaging_limit: None,
            number_in_account: None,
            webhook: None,
            last_check: None,
            last_error: None,
            alerts: Vec::new(),
            templates_synced_at: None,
        }
    }
}

fn alerts(overview: &WhatsAppOverview, language: Language) -> Vec<AlertView> {
    let flag = overview
        .number_notice
        .as_ref()
        .filter(|notice| notice.flagged)
        .map(|notice| AlertView {
            code: "number_flagged",
            text: explain_flag(language).to_owned(),
            since: notice.at,
            until: None,
        });
    let account = overview
        .account_notice
        .as_ref()
        .map(|(standing, notice)| AlertView {
            code: match standing {
                AccountStanding::Good | AccountStanding::Warned => "account_warned",
                AccountStanding::Restricted => "account_restricted",
                AccountStanding::Disabled => "account_disabled",
            },
            text: explain_standing(*standing, &notice.words, language),
            since: notice.at,
            until: notice.until,
        });
    flag.into_iter().chain(account).collect()
}

/// The connections.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationList {
    integrations: Vec<IntegrationView>,
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct IntegrationEnvelope {
    integration: IntegrationView,
}

/// How the connection to each provider stands, as far as is known: nobody is asked.
#[utoipa::path(
    operation_id = "list_integrations",
    tag = "integrations",
    responses(
        (status = 200, description = "The connections", body = IntegrationList),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("")]
pub async fn read(
    integrations: Data<Integrations>,
    reports: Data<Reports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<Json<IntegrationList>, ApiError> {
    let language = language_of(&request);
    let overview = integrations
        .whatsapp(&actor)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let silent = reports.silent_accounts(&actor).await?;
    let whatsapp = IntegrationView::whatsapp(overview, language).with_silence(&silent, language);
    let others = ["gmail", "gemini"].map(|name| IntegrationView::unavailable(name, language));
    Ok(Json(IntegrationList {
        integrations: [whatsapp].into_iter().chain(others).collect(),
    }))
}

impl From<(CheckIntegrationError, Language)> for ApiError {
    fn from((error, language): (CheckIntegrationError, Language)) -> Self {
        match error {
            CheckIntegrationError::NotFound => Self::not_found(),
            CheckIntegrationError::NoProvider { missing } => provider_missing(missing, language),
            CheckIntegrationError::TooSoon { wait } => asked_a_moment_ago(wait),
            CheckIntegrationError::Storage(error) => error.into(),
        }
    }
}

/// Asks WhatsApp whether the credentials in the profile work. That they don't is an answer and no
/// error: `last_check` says so, and why.
#[utoipa::path(
    operation_id = "check_whatsapp",
    tag = "integrations",
    responses(
        (status = 200, description = "What WhatsApp said", body = IntegrationEnvelope),
        (
            status = 422,
            description = "`provider_missing`: the profile lacks what is needed to ask; the member \
                           `missing` lists its fields",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        (
            status = 429,
            description = "`asked_a_moment_ago`: at most every 10 seconds; `Retry-After` says when",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[post("/whatsapp/check")]
pub async fn check(
    integrations: Data<Integrations>,
    reports: Data<Reports>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<Json<IntegrationEnvelope>, ApiError> {
    let language = language_of(&request);
    let overview = integrations
        .check_whatsapp(&actor)
        .await
        .map_err(|error| (error, language))?;
    let silent = reports.silent_accounts(&actor).await?;
    let whatsapp = IntegrationView::whatsapp(overview, language).with_silence(&silent, language);
    Ok(Json(IntegrationEnvelope {
        integration: whatsapp,
    }))
}
