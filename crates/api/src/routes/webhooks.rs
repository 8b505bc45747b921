//! Where Meta reports what became of messages, and what customers wrote.
//!
//! The address has an unguessable key for each user, shown in the profile. Meta verifies it once
//! with GET and then POSTs, signed with the secret of the user's Meta app (Webhooks, Graph API
//! v23.0).

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};
use nexus_application::webhooks::{ReceiveError, VerifyError, Webhooks};
use serde::Deserialize;
use utoipa::{IntoParams, IntoResponses};

use super::shared::{AnyFailure, Said};
use crate::errors::{ApiError, Code, ProblemDocument};
use crate::extract::{BodyLimits, Query, read_within};

const SIGNATURE: &str = "x-hub-signature-256";
/// Meta's webhooks are at most 3 MB.
const LIMITS: BodyLimits = BodyLimits {
    max_bytes: 4 * 1_024 * 1_024,
    timeout: Duration::from_secs(30),
};
/// The longest word that is repeated; Meta's have 10 digits.
const LONGEST_CHALLENGE: usize = 200;

/// What Meta asks when it verifies an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Verification {
    /// `subscribe`.
    #[serde(rename = "hub.mode")]
    #[param(rename = "hub.mode", example = "subscribe")]
    mode: Option<String>,
    /// The word that the user gave Meta and has in the profile.
    #[serde(rename = "hub.verify_token")]
    #[param(rename = "hub.verify_token")]
    verify_token: Option<String>,
    /// To be repeated.
    #[serde(rename = "hub.challenge")]
    #[param(rename = "hub.challenge", example = "1158201444")]
    challenge: Option<String>,
}

/// A webhook that is not Meta's.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum NeedsSignature {
    /// No such address, or not signed with its owner's app secret.
    #[response(status = 401, content_type = "application/problem+json")]
    Forged(ProblemDocument),
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Refused => Self::new(Code::WebhookRefused),
            VerifyError::Storage(error) => error.into(),
        }
    }
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Forged => Self::new(Code::ForgedWebhook),
            ReceiveError::Storage(error) => error.into(),
        }
    }
}

/// Verifies the address: the answer is the challenge, as plain text, when the word is the one in
/// the profile.
#[utoipa::path(
    tag = "webhooks",
    operation_id = "verify_webhook",
    params(("key" = String, Path, description = "The last part of the profile's whatsapp_webhook_path"), Verification),
    responses(
        (status = 200, description = "The challenge", body = String, content_type = "text/plain", example = "1158201444"),
        AnyFailure,
    ),
    security(())
)]
#[get("/whatsapp/{key}")]
pub async fn verify(
    webhooks: Data<Webhooks>,
    key: Path<String>,
    Query(asked): Query<Verification>,
) -> Result<HttpResponse, ApiError> {
    let refused = || ApiError::new(Code::WebhookRefused);
    let challenge = asked
        .challenge
        .filter(|challenge| challenge.len() <= LONGEST_CHALLENGE)
        .ok_or_else(refused)?;
    if asked.mode.as_deref() != Some("subscribe") {
        return Err(refused());
    }
    let token = asked.verify_token.unwrap_or_default();
    webhooks.verify(&key, &token).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/plain; charset=utf-8")
        .body(challenge))
}

/// Takes a webhook in. It is in the store, byte by byte, before the answer; what it says is applied
/// soon after.
#[utoipa::path(
    tag = "webhooks",
    operation_id = "receive_webhook",
    params(
        ("key" = String, Path, description = "The last part of the profile's whatsapp_webhook_path"),
        ("X-Hub-Signature-256" = Option<String>, Header, description = "`sha256=` and the HMAC of the body with the app secret, in hexadecimal"),
    ),
    request_body(content = serde_json::Value, content_type = "application/json", description = "As Meta sends it"),
    responses(
        (status = 200, description = "Stored", body = Said),
        AnyFailure, NeedsSignature,
    ),
    security(())
)]
#[post("/whatsapp/{key}")]
pub async fn receive(
    webhooks: Data<Webhooks>,
    request: HttpRequest,
    key: Path<String>,
    payload: Payload,
) -> Result<Json<Said>, ApiError> {
    let signature = request
        .headers()
        .get(SIGNATURE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let body = read_within(LIMITS, &mut payload.into_inner()).await?;
    webhooks.receive(&key, signature, body.to_vec()).await?;
    Ok(Json(Said {
        message: "ok".to_owned(),
    }))
}
