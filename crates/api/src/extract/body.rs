//! JSON bodies: bounded in size and time, and refused with the place of the mistake.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use nexus_domain::values::Problem;
use serde::de::DeserializeOwned;

use crate::errors::{ApiError, Code, size};

/// Limits on bodies.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The most bytes.
    pub max_bytes: usize,
    /// How long they may take to come.
    pub timeout: std::time::Duration,
}

/// A JSON body, parsed.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let is_json = request
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| {
                    let kind = value.split(';').next().unwrap_or_default().trim();
                    kind.eq_ignore_ascii_case("application/json")
                });
            if !is_json {
                return Err(
                    ApiError::new(Code::UnsupportedMediaType).with("expected", "application/json")
                );
            }
            let bytes = read_body(&request, &mut payload).await?;
            parse(&bytes).map(Self)
        })
    }
}

/// The whole body of a request, within the limits of JSON bodies.
pub async fn read_body(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, ApiError> {
    let limits = request.app_data::<web::Data<BodyLimits>>().map_or_else(
        || BodyLimits {
            max_bytes: 65_536,
            timeout: std::time::Duration::from_secs(30),
        },
        |limits| *limits.get_ref(),
    );
    read_within(limits, payload).await
}

/// The whole body, within these limits.
pub async fn read_within(limits: BodyLimits, payload: &mut Payload) -> Result<Bytes, ApiError> {
    let read = async {
        let mut bytes = BytesMut::new();
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(|_| ApiError::new(Code::MalformedRequest))?;
            if bytes.len() + piece.len() > limits.max_bytes {
                return Err(ApiError::new(Code::TooLarge).with(
                    "max",
                    size(u64::try_from(limits.max_bytes).unwrap_or(u64::MAX)),
                ));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(limits.timeout, read)
        .await
        .map_err(|_| ApiError::new(Code::BodyTimeout))?
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() && path != "." {
            return ApiError::invalid_field(
                &path,
                Problem::Malformed {
                    expected: expectation(&inner.to_string()),
                },
            );
        }
        malformed(&inner)
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    // The parser takes a list for an object with its fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::invalid_field(
            "body",
            Problem::Malformed {
                expected: "an object".to_owned(),
            },
        ));
    }
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> ApiError {
    if error.is_data() {
        // The right JSON of the wrong shape: a list where an object is needed, a missing field.
        let text = error.to_string();
        if let Some(field) = text.strip_prefix("missing field `") {
            let field = field.split('`').next().unwrap_or_default();
            return ApiError::invalid_field(field, Problem::Required);
        }
        return ApiError::invalid_field(
            "body",
            Problem::Malformed {
                expected: expectation(&text),
            },
        );
    }
    ApiError::new(Code::MalformedJson)
        .with("line", error.line())
        .with("column", error.column())
}

/// The words after `expected` in serde's message; what was sent instead is not repeated, since it
/// may be a secret.
fn expectation(message: &str) -> String {
    let words = message
        .split_once("expected ")
        .map_or("another type", |(_, rest)| rest);
    words
        .rsplit_once(" at line ")
        .map_or(words, |(words, _)| words)
        .chars()
        .take(120)
        .collect()
}
