//! Sending again to those who failed, and decisions about those of whom nobody knows.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use nexus_application::campaigns::{
    Campaigns, DecideUnconfirmed, DecideUnconfirmedError, LeftOut, RetryFailedError, SenderProblem,
};
use nexus_domain::CampaignId;
use nexus_domain::values::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::refusals::{not_while, provider_missing};
use super::view::CampaignView;
use super::words::{explain_failure, explain_skip};
use crate::errors::{ApiError, Code, ProblemDocument};
use crate::extract::{Body, Patch, SignedIn, blank, language_of};
use crate::routes::shared::{AnyFailure, CanConflict, NeedsObject, NeedsSession};

/// Recipients who are not sent to again for the same reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOutView {
    /// Why, for a program: the reason of a failure, or that of a recipient who is passed over.
    #[schema(example = "unreachable")]
    reason: &'static str,
    /// The same for a person.
    #[schema(example = "Este número no recibe mensajes de WhatsApp.")]
    reason_text: &'static str,
    #[schema(example = 2)]
    count: u64,
}

fn left_out(counts: BTreeMap<LeftOut, u64>, language: Language) -> Vec<LeftOutView> {
    counts
        .into_iter()
        .map(|(reason, count)| {
            let (reason, reason_text) = match reason {
                LeftOut::Failure(code) => (code.as_str(), explain_failure(code, language)),
                LeftOut::Contact(skip) => (skip.as_str(), explain_skip(skip, language)),
            };
            LeftOutView {
                reason,
                reason_text,
                count,
            }
        })
        .collect()
}

/// What became of a wish to send again to those who failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetryAnswer {
    campaign: CampaignView,
    /// Recipients that wait to be sent to again.
    #[schema(example = 12)]
    requeued: u64,
    /// Of those, how many are not due yet: WhatsApp holds back marketing messages to them for 24 hours
    /// after the failure.
    #[schema(example = 1)]
    waiting: u64,
    /// Recipients that stay failed.
    #[schema(example = 2)]
    not_requeued: u64,
    /// Those, by reason.
    not_requeued_by_reason: Vec<LeftOutView>,
}

/// A decision about messages of which nobody knows whether they were sent.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DecisionBody {
    /// `send_again`: each gets another attempt, and may get the message twice. `leave`: they stay
    /// unconfirmed and are not asked about any more.
    #[schema(example = "leave")]
    decision: Option<String>,
    /// Ids of recipients of this campaign; without it, all that wait for a decision.
    #[serde(default, deserialize_with = "blank::list")]
    #[schema(value_type = Option<Vec<String>>)]
    recipient_ids: Patch<Vec<String>>,
}

impl From<DecisionBody> for DecideUnconfirmed {
    fn from(body: DecisionBody) -> Self {
        Self {
            decision: body.decision.unwrap_or_default(),
            recipient_ids: body.recipient_ids.value(),
        }
    }
}

/// What became of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionAnswer {
    campaign: CampaignView,
    /// Recipients it was recorded for.
    #[schema(example = 3)]
    decided: u64,
    /// Named recipients that are none of this campaign, or not unconfirmed.
    #[schema(example = 0)]
    not_unconfirmed: u64,
    /// Recipients that are not sent to again because of their contacts: they stay unconfirmed.
    #[schema(example = 0)]
    not_sent_again: u64,
    /// Those, by reason.
    not_sent_again_by_reason: Vec<LeftOutView>,
}

/// Nothing more can be sent with what the profile has.
pub(super) fn no_sender(problem: SenderProblem, language: Language) -> ApiError {
    match problem {
        SenderProblem::NoProvider { missing } => provider_missing(missing, language),
        SenderProblem::SenderChanged => ApiError::new(Code::SenderChanged),
    }
}

impl From<(RetryFailedError, Language)> for ApiError {
    fn from((error, language): (RetryFailedError, Language)) -> Self {
        match error {
            RetryFailedError::NotFound => Self::not_found(),
            RetryFailedError::NotPossible { status } => not_while(status, language),
            RetryFailedError::Sender(problem) => no_sender(problem, language),
            RetryFailedError::Storage(error) => error.into(),
        }
    }
}

impl From<(DecideUnconfirmedError, Language)> for ApiError {
    fn from((error, language): (DecideUnconfirmedError, Language)) -> Self {
        match error {
            DecideUnconfirmedError::Invalid(violations) => Self::invalid(&violations),
            DecideUnconfirmedError::NotFound => Self::not_found(),
            DecideUnconfirmedError::NotPossible { status } => not_while(status, language),
            DecideUnconfirmedError::Sender(problem) => no_sender(problem, language),
            DecideUnconfirmedError::Storage(error) => error.into(),
        }
    }
}

/// Sends again to the recipients that failed, as far as that can help: never to those who do not want
/// messages or whose number can't receive them, and not before WhatsApp's wait is over. A completed
/// campaign is `active` once more; a paused one stays paused.
#[utoipa::path(
    operation_id = "retry_failed_recipients",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 202, description = "What became of them", body = RetryAnswer),
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
#[post("/{id}/retry-failed")]
pub async fn retry_failed(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let language = language_of(&request);
    let retried = campaigns
        .retry_failed(&actor, CampaignId::from_uuid(*id))
        .await
        .map_err(|error| (error, language))?;
    Ok(HttpResponse::Accepted().json(RetryAnswer {
        campaign: CampaignView::new(retried.details, language, campaigns.now()),
        requeued: retried.requeued,
        waiting: retried.waiting,
        not_requeued: retried.left_out.values().sum(),
        not_requeued_by_reason: left_out(retried.left_out, language),
    }))
}

/// Decides about messages of which nobody knows whether they were sent: `unconfirmed` recipients.
#[utoipa::path(
    operation_id = "decide_unconfirmed_recipients",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    request_body = DecisionBody,
    responses(
        (status = 200, description = "What became of them", body = DecisionAnswer),
        (
            status = 422,
            description = "Values were refused, or `provider_missing`: the profile lacks what is \
                           needed to send",
            body = ProblemDocument,
            content_type = "application/problem+json"
        ),
        AnyFailure, NeedsSession, NeedsObject, CanConflict,
    )
)]
#[post("/{id}/unconfirmed")]
pub async fn decide_unconfirmed(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
    Body(body): Body<DecisionBody>,
) -> Result<Json<DecisionAnswer>, ApiError> {
    let language = language_of(&request);
    let decided = campaigns
        .decide_unconfirmed(&actor, CampaignId::from_uuid(*id), body.into())
        .await
        .map_err(|error| (error, language))?;
    Ok(Json(DecisionAnswer {
        campaign: CampaignView::new(decided.details, language, campaigns.now()),
        decided: decided.decided,
        not_unconfirmed: decided.not_unconfirmed,
        not_sent_again: decided.left_out.values().sum(),
        not_sent_again_by_reason: left_out(decided.left_out, language),
    }))
}
