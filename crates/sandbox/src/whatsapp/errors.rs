//! Error answers of the Graph API, and the same errors inside `failed` statuses.
//!
//! Shape: Meta Graph API v23.0, "Cloud API error codes". HTTP statuses follow Meta's table
//! where it gives them; a client must branch on `code`, never on the status or the title.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::entropy;

const HELP: &str = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/";

/// A refusal by the Graph API.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    pub(crate) code: u32,
    pub(crate) details: String,
    message: String,
    kind: &'static str,
    subcode: Option<u32>,
    transient: bool,
    pub(crate) retry_after_seconds: Option<u32>,
}

/// HTTP status, title and explanation of a code.
fn known(code: u32) -> (u16, &'static str, &'static str) {
    match code {
        1 => (
            400,
            "API Unknown",
            "Invalid request or possible server error.",
        ),
        2 => (
            503,
            "API Service",
            "Temporary due to downtime or due to being overloaded.",
        ),
        190 => (
            401,
            "Access token has expired",
            "Your access token has expired.",
        ),
        130_429 => (
            400,
            "Rate limit hit",
            "Cloud API message throughput has been reached.",
        ),
        130_472 => (
            400,
            "User's number is part of an experiment",
            "Message was not sent as part of an experiment.",
        ),
        131_000 => (
            500,
            "Something went wrong",
            "Message failed to send due to an unknown error.",
        ),
        131_008 => (
            400,
            "Required parameter is missing",
            "The request is missing a required parameter.",
        ),
        131_009 => (
            400,
            "Parameter value is not valid",
            "One or more parameter values are invalid.",
        ),
        131_016 => (
            500,
            "Service unavailable",
            "A service is temporarily unavailable.",
        ),
        131_026 => (
            400,
            "Message undeliverable",
            "Unable to deliver message. The recipient may not be on WhatsApp or has not accepted the terms.",
        ),
        131_031 => (
            403,
            "Business Account locked",
            "The account has been restricted or disabled for violating a platform policy.",
        ),
        131_042 => (
            400,
            "Business eligibility payment issue",
            "There was an error related to your payment method.",
        ),
        131_047 => (
            400,
            "Re-engagement message",
            "More than 24 hours have passed since the recipient last replied to the sender number.",
        ),
        131_048 => (
            400,
            "Spam rate limit hit",
            "Message failed to send because there are restrictions on how many messages can be sent from this phone number.",
        ),
        131_049 => (
            400,
            "This message was not delivered to maintain healthy ecosystem engagement.",
            "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        ),
        131_050 => (
            400,
            "User has stopped receiving marketing messages",
            "The recipient has chosen to stop receiving marketing messages on WhatsApp from your business.",
        ),
        131_053 => (
            400,
            "Media upload error",
            "Unable to upload the media used in the message.",
        ),
        131_056 => (
            400,
            "(Business Account, Consumer Account) pair rate limit hit",
            "Too many messages sent from the sender phone number to the same recipient phone number in a short period of time.",
        ),
        132_000 => (
            400,
            "Number of parameters does not match the expected number of params",
            "The number of variable parameter values in the request did not match the template.",
        ),
        132_001 => (
            404,
            "Template name does not exist in the translation",
            "The template does not exist in the specified language or has not been approved.",
        ),
        132_012 => (
            400,
            "Parameter format does not match format in the created template",
            "Variable parameter values formatted incorrectly.",
        ),
        132_015 => (
            400,
            "Template is Paused",
            "Template is paused due to low quality.",
        ),
        132_016 => (
            400,
            "Template is Disabled",
            "Template has been paused too many times and is disabled.",
        ),
        _ => (400, "Invalid parameter", "Invalid parameter."),
    }
}

impl GraphError {
    /// A refusal with Meta's own words for `code`.
    pub(crate) fn of(code: u32) -> Self {
        let (_, _, details) = known(code);
        Self::with_details(code, details)
    }

    pub(crate) fn with_details(code: u32, details: impl Into<String>) -> Self {
        let (status, title, _) = known(code);
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            details: details.into(),
            message: format!("(#{code}) {title}"),
            kind: "OAuthException",
            subcode: (code == 190).then_some(463),
            transient: matches!(code, 2 | 130_429 | 131_016 | 131_056),
            retry_after_seconds: None,
        }
    }

    /// Code 100: the request itself is wrong.
    pub(crate) fn invalid(message: impl std::fmt::Display) -> Self {
        let mut error = Self::with_details(100, message.to_string());
        error.message = format!("(#100) {message}");
        error
    }

    /// Code 131008.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::with_details(131_008, format!("Parameter {parameter} is required"))
    }

    /// Code 100, subcode 33: what the id names does not exist or isn't this token's.
    pub(crate) fn unknown_object(method: &str, id: &str) -> Self {
        let mut error = Self::invalid(format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded \
             due to missing permissions, or does not support this operation. Please read the \
             Graph API documentation at https://developers.facebook.com/docs/graph-api"
        ));
        error.message = error.details.clone();
        error.kind = "GraphMethodException";
        error.subcode = Some(33);
        error
    }

    /// Code 190: missing or unknown token.
    pub(crate) fn unauthorised(message: &str) -> Self {
        let mut error = Self::with_details(190, message);
        message.clone_into(&mut error.message);
        error.subcode = None;
        error
    }

    /// HTTP 429 with `Retry-After`: the fault of `Behaviour::throttle_percent`.
    pub(crate) fn throttled(retry_after_seconds: u32) -> Self {
        let mut error = Self::of(130_429);
        error.status = StatusCode::TOO_MANY_REQUESTS;
        error.retry_after_seconds = Some(retry_after_seconds);
        error
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": entropy::trace_id(),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        } else {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": self.details});
        }
        if self.transient {
            error["is_transient"] = true.into();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        if self.code == 190 {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(
                    r#"OAuth "Facebook Platform" "invalid_token" "The access token is not valid""#,
                ),
            );
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The element of `statuses[].errors` for a code.
pub(crate) fn status_error(code: u32) -> Value {
    let (_, title, details) = known(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": HELP,
    })
}

/// Meta's title for a code, for people reading the page.
pub(crate) fn title(code: u32) -> &'static str {
    known(code).1
}
