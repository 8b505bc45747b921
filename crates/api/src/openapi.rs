//! The OpenAPI document, made from the code.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{ObjectBuilder, RefOr, Required, Type};
use utoipa::{IntoResponses, Modify, OpenApi};

use crate::middleware::{MAX_KEY, honours_keys};
use crate::routes::shared::{CanConflict, TakesValues};
use crate::session::COOKIE;

struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))),
        );
    }
}

/// What the document says besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nexus Communicator",
        description = "The backend with which a small business talks to its customers. Errors are `application/problem+json` with `error`, one sentence for a person in their language, and `code`, a stable word for a program. POSTs with JSON or without a body honour `Idempotency-Key` where they name it.",
        license(name = "MIT", identifier = "MIT")
    ),
    tags(
        (name = "auth", description = "Registration, sign-in, sign-out"),
        (name = "profile", description = "The account's profile, settings and providers' keys"),
        (name = "contacts", description = "The customers of a user"),
        (name = "imports", description = "Contacts from files"),
        (name = "campaigns", description = "Messages to many contacts: written, sent, watched"),
        (name = "integrations", description = "The providers: whether they work, and WhatsApp's templates"),
        (name = "statistics", description = "The figures of the dashboard"),
        (name = "webhooks", description = "What Meta reports; signed, not signed in"),
        (name = "operations", description = "For those who run the server"),
    ),
    modifiers(&SessionCookie)
)]
pub struct Document;

/// The header, with its rules.
fn idempotency_key() -> Parameter {
    let rules = "Sent again with the same key and the same body within a day (unless the server remembers \
                 keys for another time), the request has no second \
                 effect and is answered as the first time, with the header `Idempotency-Replayed`. \
                 The same key with another path or body is refused with 422 `idempotency_key_reused`; \
                 while the first request is still being handled the second waits, and after ten \
                 seconds is answered with 409 `request_in_progress`. Keys are the user's own. What \
                 failed may be sent again with the same key.";
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(MAX_KEY as usize))
        .pattern(Some("^[!-~]([ -~]*[!-~])?$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(rules))
        .schema(Some(key))
        .build()
}

/// Whether the operation takes JSON, or no body at all.
fn takes_json(operation: &Operation) -> bool {
    operation
        .request_body
        .as_ref()
        .is_none_or(|body| match body {
            RefOr::T(body) => body.content.contains_key("application/json"),
            RefOr::Ref(_) => true,
        })
}

/// Every POST that honours the key names it, and what it may be answered with for it.
pub fn name_idempotency_keys(document: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let Some(operation) = item.post.as_mut() else {
            continue;
        };
        if !honours_keys(path) || !takes_json(operation) {
            continue;
        }
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(idempotency_key()));
        let answers = &mut operation.responses.responses;
        for (status, answer) in CanConflict::responses()
            .into_iter()
            .chain(TakesValues::responses())
        {
            answers.entry(status).or_insert(answer);
        }
    }
}
