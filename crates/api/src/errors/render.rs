//! From any failed answer, ours or the framework's, to the problem document.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use nexus_domain::values::Language;
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::label;
use super::{ApiError, Code, describe};
use crate::extract::language_of;
use crate::middleware::RequestId;

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:nexus:problem:invalid_input")]
    pub kind: String,
    /// The HTTP status in words.
    #[schema(example = "Unprocessable Entity")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// The sentence of `error`.
    #[schema(example = "Nombre: Este dato es obligatorio. Y 2 datos más por corregir.")]
    pub detail: String,
    /// For a person, in their language; of the first field and how many more there are, when fields
    /// were refused.
    #[schema(example = "Nombre: Este dato es obligatorio. Y 2 datos más por corregir.")]
    pub error: String,
    /// The stable code for a program.
    #[schema(value_type = Code, example = "invalid_input")]
    pub code: String,
    /// What is wrong with each field, when fields were refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Vec<String>>,
    /// The id under which the logs have this request.
    #[schema(example = "01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11")]
    pub request_id: String,
    /// What belongs to the code: the id of the contact that is there already, the campaigns that
    /// use what was to be deleted.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: BTreeMap<&'static str, serde_json::Value>,
}

impl ProblemDocument {
    fn new(error: &ApiError, language: Language, request_id: String) -> Self {
        let status = error.code.status();
        let sentence = sentence_of(error, language);
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (field, problem) in &error.fields {
            fields
                .entry(field.clone())
                .or_default()
                .push(describe(problem, language));
        }
        Self {
            kind: format!("urn:nexus:problem:{}", error.code.word()),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: sentence.clone(),
            error: sentence,
            code: error.code.word().to_owned(),
            fields,
            request_id,
            extra: error.extra.clone(),
        }
    }
}

/// What a person is told: of the first field that was refused, and how many more there are, or else of
/// the failure as a whole.
fn sentence_of(error: &ApiError, language: Language) -> String {
    let Some((field, problem)) = error.fields.first() else {
        let mut sentence = error.code.sentence(language).to_owned();
        for (name, value) in &error.parameters {
            sentence = sentence.replace(&format!("{{{name}}}"), value);
        }
        return sentence;
    };
    let first = format!(
        "{}: {}",
        label(field, language),
        describe(problem, language)
    );
    let others = error.fields.iter().map(|(other, _)| other);
    let more: BTreeSet<_> = others.filter(|other| *other != field).collect();
    match (more.len(), language) {
        (0, _) => first,
        (1, Language::Es) => format!("{first} Y un dato más por corregir."),
        (more, Language::Es) => format!("{first} Y {more} datos más por corregir."),
        (1, Language::En) => format!("{first} And one more to correct."),
        (more, Language::En) => format!("{first} And {more} more to correct."),
    }
}

impl ApiError {
    /// The stable word and the sentence for a person, where an error is told within an answer.
    pub fn told(&self, language: Language) -> (&'static str, String) {
        (self.code.word(), sentence_of(self, language))
    }
}

/// The code for an answer that failed in the framework.
fn code_for(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::UnknownPath,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::REQUEST_TIMEOUT => Code::BodyTimeout,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    }
}

/// What an answer's document needs of its request. It is taken before the request is handled: a
/// second handle on a request keeps actix from routing it.
struct Reader {
    language: Language,
    request_id: String,
}

impl Reader {
    fn of(request: &HttpRequest) -> Self {
        Self {
            language: language_of(request),
            request_id: request
                .extensions()
                .get::<RequestId>()
                .map_or_else(String::new, ToString::to_string),
        }
    }

    fn document(self, error: &ApiError) -> HttpResponse {
        let mut response = HttpResponse::build(error.code.status());
        response.content_type("application/problem+json");
        if let Some(seconds) = error.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = &error.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        response.json(ProblemDocument::new(error, self.language, self.request_id))
    }
}

/// Middleware: every failed answer becomes a problem document.
pub async fn render_errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let before = Reader::of(request.request());
    match next.call(request).await {
        Ok(response) => {
            let status = response.status();
            if !status.is_client_error() && !status.is_server_error() {
                return Ok(response.map_into_boxed_body());
            }
            let is_document = response
                .headers()
                .get(header::CONTENT_TYPE)
                .is_some_and(|value| {
                    value.as_bytes().starts_with(b"application/problem+json")
                        || value.as_bytes().starts_with(b"application/json")
                });
            if is_document {
                return Ok(response.map_into_boxed_body());
            }
            let error = response.response().error().map_or_else(
                || ApiError::new(code_for(status)),
                |error| known(error, status),
            );
            let mut rendered = Reader::of(response.request()).document(&error);
            // Headers that say something of the failure, such as Allow, and those of CORS, without
            // which the browser would hide the document from the page.
            for (name, value) in response.headers() {
                if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
                    rendered.headers_mut().append(name.clone(), value.clone());
                }
            }
            Ok(response.into_response(rendered))
        }
        Err(error) => {
            let status = error.as_response_error().status_code();
            let known = known(&error, status);
            let rendered = before.document(&known);
            Err(InternalError::from_response(known, rendered).into())
        }
    }
}

fn known(error: &actix_web::Error, status: StatusCode) -> ApiError {
    if let Some(error) = error.as_error::<ApiError>() {
        return error.clone();
    }
    if error.as_error::<actix_cors::CorsError>().is_some() {
        return ApiError::new(Code::ForeignOrigin);
    }
    if status.is_server_error() {
        tracing::error!(error = %error, "request failed");
    }
    ApiError::new(code_for(status))
}
