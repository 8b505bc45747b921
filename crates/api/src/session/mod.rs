//! Sessions: a random key in a cookie, everything else in the database.

mod failure;
mod store;

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_web::HttpRequest;
use actix_web::cookie::{CookieJar, Key, time::Duration};
use nexus_domain::SessionKeyHash;

pub use failure::{is_unknown, tell_failures};
pub use store::DatabaseSessions;

use crate::settings::{SameSite, SessionSettings};

/// The cookie's name.
pub const COOKIE: &str = "nexus_session";
/// Under which a session's state has the user's id.
pub const USER_KEY: &str = "user_id";
/// Under which a session's state has the user's language.
pub const LANGUAGE_KEY: &str = "language";

/// What the cookie is signed with. The signature guards nothing: what the cookie holds is a key with more
/// than 256 random bits, worthless unless the database knows its hash. A key that never changes keeps
/// people signed in when SECRET_KEY is rotated.
fn signature() -> Key {
    Key::derive_from(b"nexus-communicator session cookie, integrity only")
}

/// The hash of the key of the session that a request comes with. Whether there is such a session is for
/// others to say.
pub fn key_of(request: &HttpRequest) -> Option<SessionKeyHash> {
    let mut jar = CookieJar::new();
    jar.add_original(request.cookie(COOKIE)?);
    let key = jar.signed(&signature()).get(COOKIE)?;
    Some(store::hash(key.value()))
}

/// The middleware that loads and keeps sessions.
pub fn middleware(
    store: DatabaseSessions,
    settings: &SessionSettings,
) -> SessionMiddleware<DatabaseSessions> {
    let same_site = match settings.same_site {
        SameSite::Lax => actix_web::cookie::SameSite::Lax,
        SameSite::None => actix_web::cookie::SameSite::None,
    };
    let absolute = Duration::try_from(settings.absolute).unwrap_or(Duration::days(30));
    SessionMiddleware::builder(store, signature())
        .cookie_name(COOKIE.to_owned())
        .cookie_http_only(true)
        .cookie_secure(settings.secure)
        .cookie_same_site(same_site)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(
            PersistentSession::default()
                .session_ttl(absolute)
                .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges),
        )
        .build()
}
