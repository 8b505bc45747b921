//! Sessions while the database is away. The session middleware answers 500 to whatever its store
//! says; here is what the store means.

use std::cell::RefCell;

use actix_session::Session;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use nexus_domain::ports::StorageError;

use crate::errors::ApiError;

/// Under which the state of a session that could not be looked up has `true`.
pub(super) const UNKNOWN_KEY: &str = "unknown";

tokio::task_local! {
    /// Why the store failed in this request.
    static FAILURE: RefCell<Option<ApiError>>;
}

/// Whether the session could not be looked up.
pub fn is_unknown(session: &Session) -> bool {
    matches!(session.get(UNKNOWN_KEY), Ok(Some(true)))
}

/// Keeps what the failure is for the client, and gives the middleware an error of its kind.
pub(super) fn note(error: StorageError) -> anyhow::Error {
    let failure = ApiError::from(error);
    let said = anyhow::Error::msg(failure.to_string());
    // There is no scope in a test of the store alone.
    let _ = FAILURE.try_with(|slot| slot.replace(Some(failure)));
    said
}

/// Middleware around that of the sessions: a failure of their store becomes what it is.
pub async fn tell_failures(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    FAILURE
        .scope(RefCell::new(None), async {
            let answered = next.call(request).await;
            answered.map_err(|error| match FAILURE.with(RefCell::take) {
                Some(failure) => failure.into(),
                None => error,
            })
        })
        .await
}
