//! The id of a request: in every log line and in every answer.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};
use nexus_domain::WebhookEventId;
use nexus_domain::ports::{Clock, Entropy};
use tracing::Instrument;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, a UUIDv7.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(Uuid);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where request ids come from.
#[derive(Clone)]
pub struct RequestIds {
    /// The time in them.
    pub clock: Arc<dyn Clock>,
    /// The rest of them.
    pub entropy: Arc<dyn Entropy>,
}

/// Middleware: gives the request an id, a log span that carries it, and one line at its end.
pub async fn assign_request_id(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = match request.app_data::<web::Data<RequestIds>>() {
        // Any id type of the domain makes a UUIDv7; none of them is stored.
        Some(ids) => WebhookEventId::new(ids.clock.now(), ids.entropy.as_ref()).as_uuid(),
        None => Uuid::nil(),
    };
    request.extensions_mut().insert(RequestId(id));
    let span = tracing::info_span!("request", request_id = %id);
    let method = request.method().clone();
    // The pattern, not the path: a path may hold a webhook's key.
    let started = std::time::Instant::now();
    async move {
        let mut response = match next.call(request).await {
            Ok(response) => response,
            Err(error) => {
                let mut response = error.error_response();
                stamp(response.headers_mut(), id);
                return Err(InternalError::from_response(error, response).into());
            }
        };
        let route = response
            .request()
            .match_pattern()
            .unwrap_or_else(|| "unmatched".to_owned());
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        if route == "/health" || route == "/ready" {
            tracing::debug!(%method, route, status, milliseconds, "answered");
        } else {
            tracing::info!(%method, route, status, milliseconds, "answered");
        }
        stamp(response.headers_mut(), id);
        Ok(response)
    }
    .instrument(span)
    .await
}

fn stamp(headers: &mut HeaderMap, id: Uuid) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HEADER, value);
    }
}
