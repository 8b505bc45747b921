//! `Idempotency-Key` on POSTs that create or send: however often the same request comes, one thing
//! happens and one answer is given.
//!
//! What creates or starts a campaign notes it with the key in its own transaction. When the process
//! ends before the answer is kept, the same request is answered from that note.

use std::sync::Arc;
use std::time::Duration;

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpResponse, web};
use chrono::TimeDelta;
use nexus_application::fault::{self, Bug, Point};
use nexus_domain::UserId;
use nexus_domain::ports::{Clock, Effect, IdempotencyState, Storage, StoredAnswer, TakenKey};
use nexus_domain::values::Problem;
use sha2::{Digest, Sha256};

use crate::errors::{ApiError, Code};
use crate::extract::{read_body, signed_in_user};

const HEADER: &str = "idempotency-key";
/// The most characters of a key.
pub const MAX_KEY: u32 = 255;
/// Where POSTs have no key. Where passwords travel nothing is kept of a request, not even a hash; and
/// signing out or in again means it each time. Providers, which send webhooks, have no session.
const WITHOUT: [&str; 3] = ["/api/auth", "/api/profile", "/api/webhooks"];
/// Answers repeat what was sent, which is limited too: none of ours comes near this.
const MAX_ANSWER: usize = 16 * 1_024 * 1_024;
/// A key whose request is not over by then and did nothing is given up. A request that notes its
/// effect and lost its key does nothing at all; no other takes nearly as long.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::minutes(1);
/// Between two looks at a key that a twin has.
const LOOK: Duration = Duration::from_millis(100);
/// How often it is looked at.
const LOOKS: u32 = 100;
/// How often, once the twin has had its effect.
const LOOKS_FOR_ANSWER: u32 = 15;
/// Tells an answer that is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What the middleware needs.
#[derive(Clone)]
pub struct Idempotency {
    /// Where answers are kept.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Whether POSTs to this path with JSON, or nothing, honour a key.
pub fn honours_keys(path: &str) -> bool {
    !WITHOUT.iter().any(|without| path.starts_with(without))
}

/// Middleware: gives the answer of the first request to each that repeats it.
pub async fn honour_idempotency_key(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let applies = request.method() == Method::POST
        && is_json_or_empty(&request)
        && honours_keys(request.path());
    let (Some(key), Some(user), true) = (
        request.headers().get(HEADER).cloned(),
        signed_in_user(&request.get_session()),
        applies,
    ) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let Some(store) = request.app_data::<web::Data<Idempotency>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let body = {
        let http_request = request.request().clone();
        read_body(&http_request, &mut request.take_payload()).await
    };
    let known = match body {
        Ok(body) => {
            let fingerprint = fingerprint(&request, &body);
            request.set_payload(Payload::from(body));
            match read_key(&key) {
                Ok(key) => take(&store, user, key, &fingerprint).await,
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    };
    let key = match known {
        Ok((key, IdempotencyState::New)) => key,
        Ok((_, IdempotencyState::InProgress)) => {
            let error = ApiError::new(Code::IdempotencyInProgress).retry_after(1);
            return Ok(request.error_response(error));
        }
        Ok((_, IdempotencyState::Mismatch)) => {
            return Ok(request.error_response(ApiError::new(Code::IdempotencyMismatch)));
        }
        Ok((key, IdempotencyState::Done(effect))) => {
            return answer_again(&store, user, &key, effect, request, next).await;
        }
        Ok((key, IdempotencyState::Answered(_))) if fault::has(Bug::AnswerKeyAnew) => key,
        Ok((_, IdempotencyState::Answered(answer))) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
            let response = HttpResponse::build(status)
                .content_type("application/json")
                .insert_header((REPLAYED, "true"))
                .body(answer.body);
            return Ok(request.into_response(response));
        }
        Err(error) => return Ok(request.error_response(error)),
    };

    if !fault::has(Bug::AnswerKeyAnew) {
        request.extensions_mut().insert(key.clone());
    }
    let outcome = next.call(request).await;
    let succeeded = matches!(&outcome, Ok(response) if response.status().is_success());
    if !succeeded {
        // Whatever was done is noted with the key, which stays then; else the same request may be
        // tried again.
        store
            .storage
            .read()
            .idempotency()
            .free(user, &key)
            .await
            .map_err(ApiError::from)?;
        return outcome.map(ServiceResponse::map_into_boxed_body);
    }
    fault::at(Point::AnswerKeeping);
    let response = keep(&store, user, &key, outcome?).await;
    fault::at(Point::AnswerKept);
    response
}

/// Keeps an answer, to be given again.
async fn keep(
    store: &Idempotency,
    user: UserId,
    key: &TakenKey,
    answered: ServiceResponse<impl MessageBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (http_request, response) = answered.into_parts();
    let status = response.status().as_u16();
    let (head, body) = response.into_parts();
    let body = to_bytes_limited(body, MAX_ANSWER)
        .await
        .map_err(|_| ApiError::new(Code::Internal))?
        .map_err(|_| ApiError::new(Code::Internal))?;
    let answer = StoredAnswer {
        status,
        body: body.to_vec(),
    };
    store
        .storage
        .read()
        .idempotency()
        .answer(user, &key.key, &answer)
        .await
        .map_err(ApiError::from)?;
    Ok(ServiceResponse::new(
        http_request,
        head.set_body(BoxBody::new(body)),
    ))
}

/// The first request did this, and nobody was told: the answer is what it did, as it is now.
async fn answer_again(
    store: &Idempotency,
    user: UserId,
    key: &TakenKey,
    effect: Effect,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (id, status) = match effect {
        Effect::CampaignCreated(id) => (id, StatusCode::CREATED),
        Effect::CampaignStarted(id) => (id, StatusCode::ACCEPTED),
    };
    let uri = Uri::try_from(format!("/api/campaigns/{id}"))
        .map_err(|error| ApiError::internal(&error))?;
    request.set_payload(Payload::None);
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    request.head_mut().method = Method::GET;
    let mut response = next.call(request).await?;
    if !response.status().is_success() {
        return Ok(response.map_into_boxed_body());
    }
    *response.response_mut().status_mut() = status;
    let mut response = keep(store, user, key, response).await?;
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    Ok(response)
}

fn read_key(value: &HeaderValue) -> Result<String, ApiError> {
    let problem = match value.to_str() {
        Ok("") => Problem::Required,
        Ok(key) if key.len() > MAX_KEY as usize => Problem::TooLong { max: MAX_KEY },
        Ok(key) => return Ok(key.to_owned()),
        Err(_) => Problem::Malformed {
            expected: "ASCII".to_owned(),
        },
    };
    Err(ApiError::invalid_field("Idempotency-Key", problem))
}

fn is_json_or_empty(request: &ServiceRequest) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| {
            value
                .as_bytes()
                .to_ascii_lowercase()
                .starts_with(b"application/json")
        })
}

fn fingerprint(request: &ServiceRequest, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(request.path().trim_end_matches('/').as_bytes());
    hash.update([0]);
    hash.update(body);
    hex::encode(hash.finalize())
}

/// Takes the key, waiting a little for a twin of this request that is being handled.
async fn take(
    store: &Idempotency,
    user: UserId,
    key: String,
    fingerprint: &str,
) -> Result<(TakenKey, IdempotencyState), ApiError> {
    let mut key = TakenKey {
        key,
        taken_at: store.clock.now(),
    };
    let mut unanswered = 0;
    for _ in 0..LOOKS {
        key.taken_at = store.clock.now();
        let state = store
            .storage
            .read()
            .idempotency()
            .take(
                user,
                &key.key,
                fingerprint,
                key.taken_at,
                key.taken_at - GIVEN_UP_AFTER,
            )
            .await?;
        match state {
            IdempotencyState::InProgress => {}
            // Its answer comes at once, unless the process is gone.
            IdempotencyState::Done(_) if unanswered < LOOKS_FOR_ANSWER => unanswered += 1,
            state => return Ok((key, state)),
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok((key, IdempotencyState::InProgress))
}
