//! Errors as the API gives them: `application/problem+json` (RFC 9457) with a sentence for a
//! person in their language, a stable code for a program, and the request's id for whoever looks
//! into the logs.

mod amounts;
mod codes;
mod fields;
mod problems;
mod render;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use nexus_domain::ports::{FileStoreError, StorageError};
use nexus_domain::values::{Problem, Violations};

pub use amounts::{number, size};
pub use codes::Code;
pub use problems::describe;
pub use render::{ProblemDocument, render_errors};

/// An error on its way to the client. It is turned into a document by [`render_errors`], which
/// knows the person's language and the request's id.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: Code,
    parameters: Vec<(&'static str, String)>,
    fields: Vec<(String, Problem)>,
    extra: BTreeMap<&'static str, serde_json::Value>,
    retry_after: Option<u64>,
    allow: Option<String>,
}

impl ApiError {
    /// An error with this code.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            parameters: Vec::new(),
            fields: Vec::new(),
            extra: BTreeMap::new(),
            retry_after: None,
            allow: None,
        }
    }

    /// Something that is not there, or not this person's: the two look the same.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// Fields with values that were refused.
    pub fn invalid(violations: &Violations) -> Self {
        Self {
            fields: violations
                .iter()
                .map(|(field, problem)| (field.to_owned(), problem.clone()))
                .collect(),
            ..Self::new(Code::InvalidInput)
        }
    }

    /// One field with a value that was refused.
    pub fn invalid_field(field: &str, problem: Problem) -> Self {
        Self::invalid(&Violations::of(field, problem))
    }

    /// Puts `value` in the place of `{name}` in the sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.parameters.push((name, value.to_string()));
        self
    }

    /// Adds a member to the document.
    #[must_use]
    pub fn with_member(mut self, name: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.extra.insert(name, value.into());
        self
    }

    /// Tells the client when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A method that the path does not have; these it has.
    pub fn method_not_allowed(allowed: &str) -> Self {
        Self {
            allow: Some(allowed.to_owned()),
            ..Self::new(Code::MethodNotAllowed)
        }
    }

    /// Something failed on our side. It is logged here, once, with its source; the client learns
    /// nothing of it.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "request failed");
        Self::new(Code::Internal)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) => {
                tracing::warn!(error = %Chain(&error), "the database is not available");
                Self::new(Code::Unavailable).retry_after(2)
            }
            // Asked again, the same finds that the account is gone, or the campaign, or the contact.
            StorageError::Orphaned => Self::new(Code::Unavailable).retry_after(1),
            StorageError::Duplicate(_) | StorageError::Unreadable(_) | StorageError::Failed(_) => {
                Self::internal(&error)
            }
        }
    }
}

impl From<FileStoreError> for ApiError {
    fn from(error: FileStoreError) -> Self {
        match error.source.kind() {
            // The folder of an account goes with it, under a file that is just being received.
            std::io::ErrorKind::NotFound => {
                tracing::warn!(error = %Chain(&error), "a file or its folder is gone");
                Self::new(Code::Unavailable).retry_after(1)
            }
            std::io::ErrorKind::ResourceBusy => {
                tracing::error!(error = %Chain(&error), "the file store is not available");
                Self::new(Code::Unavailable).retry_after(10)
            }
            _ => Self::internal(&error),
        }
    }
}

/// An error and its sources, in one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
