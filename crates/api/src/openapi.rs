//! The OpenAPI document, made from the code.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

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
        description = "The backend with which a small business talks to its customers. Errors are `application/problem+json` with `error`, one sentence for a person in their language, and `code`, a stable word for a program. POSTs that create or send honour `Idempotency-Key`.",
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
