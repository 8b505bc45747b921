//! What the documentation of many routes has in common.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::errors::ProblemDocument;

/// An answer with nothing but a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub struct Said {
    /// One sentence for a person, in their language.
    #[schema(example = "Listo.")]
    pub message: String,
}

/// Errors of every operation.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum AnyFailure {
    /// The request can't be read.
    #[response(status = 400, content_type = "application/problem+json")]
    MalformedRequest(ProblemDocument),
    /// A page that may not wrote with a person's session.
    #[response(status = 403, content_type = "application/problem+json")]
    ForeignOrigin(ProblemDocument),
    /// The request took too long to arrive.
    #[response(status = 408, content_type = "application/problem+json")]
    BodyTimeout(ProblemDocument),
    /// The body is larger than the limit.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// The body is of another type.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemDocument),
    /// Something failed on our side.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemDocument),
    /// Not available right now; `Retry-After` says when to try again.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
}

/// Errors of operations that need a session.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum NeedsSession {
    /// Not signed in.
    #[response(status = 401, content_type = "application/problem+json")]
    NotSignedIn(ProblemDocument),
}

/// Errors of operations on one object.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum NeedsObject {
    /// Not there, or somebody else's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
}

/// Errors of operations that take values from people.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum TakesValues {
    /// Values were refused; `fields` says which and why.
    #[response(status = 422, content_type = "application/problem+json")]
    InvalidInput(ProblemDocument),
}

/// Errors of operations that something there already can stand in the way of.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum CanConflict {
    /// What is there already stands in the way; `code` says what.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemDocument),
}

/// Errors of operations that take a password, which is not to be guessed.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum CountsTries {
    /// Too many tries; `Retry-After` says when to try again.
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(ProblemDocument),
}
