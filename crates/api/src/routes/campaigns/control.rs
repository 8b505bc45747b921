//! Starting campaigns and steering them.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use nexus_application::campaigns::{
    CampaignDetails, Campaigns, CancelCampaignError, PauseCampaignError, ResumeCampaignError,
    SendCampaignError,
};
use nexus_domain::CampaignId;
use nexus_domain::values::Language;
use uuid::Uuid;

use super::refusals::{
    files_unusable, not_while, provider_failed, provider_missing, template_unusable,
};
use super::sending_again::no_sender;
use super::view::CampaignEnvelope;
use super::words::name_channel;
use crate::errors::{ApiError, Code, ProblemDocument, number};
use crate::extract::{SignedIn, language_of};
use crate::routes::contacts::tags::being_renamed;
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession, TakesValues};

impl From<(SendCampaignError, Language)> for ApiError {
    fn from((error, language): (SendCampaignError, Language)) -> Self {
        match error {
            SendCampaignError::NotFound => Self::not_found(),
            SendCampaignError::NotSendable { status } => not_while(status, language),
            SendCampaignError::ChannelUnavailable { channel } => {
                Self::new(Code::ChannelUnavailable).with("channel", name_channel(channel))
            }
            SendCampaignError::NoProvider { missing } => provider_missing(missing, language),
            SendCampaignError::NoRecipients => Self::new(Code::NoRecipients),
            SendCampaignError::OutsideWindow { count } => Self::new(Code::OutsideWindow)
                .with("who", not_heard_from(count, language))
                .with_member("outside_window_count", count),
            SendCampaignError::TagBeingRenamed { tag } => being_renamed(&tag),
            SendCampaignError::FilesUnusable(problem) => files_unusable(&problem, language),
            SendCampaignError::TemplateUnusable(problem) => template_unusable(&problem, language),
            SendCampaignError::ProviderRefused { reason } => provider_failed(&reason),
            SendCampaignError::ChangedMeanwhile => Self::new(Code::CampaignChanged),
            SendCampaignError::Storage(error) => error.into(),
        }
    }
}

/// How many recipients did not write, as a part of a sentence.
fn not_heard_from(count: u64, language: Language) -> String {
    match (count, language) {
        (1, Language::Es) => "1 de los destinatarios no lo hizo".to_owned(),
        (1, Language::En) => "1 of the recipients did not".to_owned(),
        (count, Language::Es) => format!("{} de los destinatarios no lo hicieron", number(count)),
        (count, Language::En) => format!("{} of the recipients did not", number(count)),
    }
}

impl From<(PauseCampaignError, Language)> for ApiError {
    fn from((error, language): (PauseCampaignError, Language)) -> Self {
        match error {
            PauseCampaignError::NotFound => Self::not_found(),
            PauseCampaignError::NotPausable { status } => not_while(status, language),
            PauseCampaignError::Storage(error) => error.into(),
        }
    }
}

impl From<(ResumeCampaignError, Language)> for ApiError {
    fn from((error, language): (ResumeCampaignError, Language)) -> Self {
        match error {
            ResumeCampaignError::NotFound => Self::not_found(),
            ResumeCampaignError::NotResumable { status } => not_while(status, language),
            ResumeCampaignError::Sender(problem) => no_sender(problem, language),
            ResumeCampaignError::Storage(error) => error.into(),
        }
    }
}

impl From<(CancelCampaignError, Language)> for ApiError {
    fn from((error, language): (CancelCampaignError, Language)) -> Self {
        match error {
            CancelCampaignError::NotFound => Self::not_found(),
            CancelCampaignError::NotCancellable { status } => not_while(status, language),
            CancelCampaignError::Storage(error) => error.into(),
        }
    }
}

/// What a person is told of a campaign that was to be steered.
fn steered<E>(
    outcome: Result<CampaignDetails, E>,
    campaigns: &Campaigns,
    request: &HttpRequest,
) -> Result<CampaignEnvelope, ApiError>
where
    ApiError: From<(E, Language)>,
{
    let language = language_of(request);
    match outcome {
        Ok(details) => Ok(CampaignEnvelope::new(details, language, campaigns.now())),
        Err(error) => Err((error, language).into()),
    }
}

/// Starts a campaign now. It is sent in the background: follow its counters and its recipients. 409
/// with `tag_being_renamed` while not every contact has the new name of a tag of its audience.
///
/// WhatsApp lets a text of your own reach only people who wrote to you within 24 hours; everyone else
/// can be sent an approved template. What becomes of the others is the campaign's `outside_window`:
/// with `skip` they are passed over when their turn comes (`outside_window` is the recipient's
/// `reason`), with `refuse` the campaign does not start while there are any (422 `outside_window`, and
/// the member `outside_window_count` says how many).
#[utoipa::path(
    operation_id = "send_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 202, description = "Started; being sent", body = CampaignEnvelope),
        (
            status = 422,
            description = "It can't be sent as it is. `code` says why: `provider_missing` (the \
                           member `missing` lists the profile's fields), `channel_unavailable`, \
                           `no_recipients`, `outside_window`, `template_unusable`, \
                           `provider_refused`",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[post("/{id}/send")]
pub async fn send(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let outcome = campaigns.send(&actor, CampaignId::from_uuid(*id)).await;
    let campaign = steered(outcome, &campaigns, &request)?;
    Ok(HttpResponse::Accepted().json(campaign))
}

/// Stops a campaign for now: what is on its way arrives, nothing new is sent.
#[utoipa::path(
    operation_id = "pause_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "Paused", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/pause")]
pub async fn pause(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let outcome = campaigns.pause(&actor, CampaignId::from_uuid(*id)).await;
    steered(outcome, &campaigns, &request).map(Json)
}

/// Lets a paused campaign go on, with the sender that began it.
#[utoipa::path(
    operation_id = "resume_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "Being sent again", body = CampaignEnvelope),
        (
            status = 422,
            description = "`provider_missing`: the profile lacks what is needed; the member \
                           `missing` lists its fields",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[post("/{id}/resume")]
pub async fn resume(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let outcome = campaigns.resume(&actor, CampaignId::from_uuid(*id)).await;
    steered(outcome, &campaigns, &request).map(Json)
}

/// Gives a campaign up: recipients whose turn has not come get nothing.
#[utoipa::path(
    operation_id = "cancel_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "Cancelled", body = CampaignEnvelope),
        AnyFailure, NeedsSession, NeedsObject, TakesValues, CanConflict,
    )
)]
#[post("/{id}/cancel")]
pub async fn cancel(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<CampaignEnvelope>, ApiError> {
    let outcome = campaigns.cancel(&actor, CampaignId::from_uuid(*id)).await;
    steered(outcome, &campaigns, &request).map(Json)
}
