//! Who is signed in.

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use nexus_application::Actor;
use nexus_domain::UserId;
use nexus_domain::ports::TakenKey;
use nexus_domain::values::Language;

use crate::errors::{ApiError, Code};
use crate::session::{LANGUAGE_KEY, USER_KEY, is_unknown};

/// The signed-in user; a request without a session is refused with 401, and with 503
/// while sessions can't be looked up.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Actor);

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.get_session();
        ready(match signed_in_user(&session) {
            Some(user) => Ok(Self(actor(user, request))),
            None if is_unknown(&session) => Err(ApiError::new(Code::Unavailable).retry_after(2)),
            None => Err(ApiError::new(Code::NotSignedIn)),
        })
    }
}

/// The user, who made this request.
fn actor(user: UserId, request: &HttpRequest) -> Actor {
    let actor = Actor::on_behalf_of(user);
    match request.extensions().get::<TakenKey>() {
        Some(key) => actor.with_key(key.clone()),
        None => actor,
    }
}

/// The user of a session.
pub fn signed_in_user(session: &Session) -> Option<UserId> {
    session.get::<String>(USER_KEY).ok().flatten()?.parse().ok()
}

/// The language of a session's user.
pub fn session_language(session: &Session) -> Option<Language> {
    let code = session.get::<String>(LANGUAGE_KEY).ok().flatten()?;
    Language::parse(&code).ok()
}

/// Signs a user in: a new session with a new key, so that one planted before is worth nothing.
pub fn remember(session: &Session, user: UserId, language: Language) -> Result<(), ApiError> {
    session.clear();
    session.renew();
    session
        .insert(USER_KEY, user.to_string())
        .map_err(|error| ApiError::internal(&error))?;
    remember_language(session, language)
}

/// Keeps the user's language with the session, so that no answer needs the user's row for it.
pub fn remember_language(session: &Session, language: Language) -> Result<(), ApiError> {
    session
        .insert(LANGUAGE_KEY, language.code())
        .map_err(|error| ApiError::internal(&error))
}
