//! The language of a request: the signed-in user's, else the browser's.

use std::future::{Ready, ready};

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use nexus_domain::values::Language;

use super::signed_in::session_language;

/// The language in which to answer.
pub fn language_of(request: &HttpRequest) -> Language {
    session_language(&request.get_session())
        .or_else(|| accepted(request))
        .unwrap_or_default()
}

/// The first language of `Accept-Language`, by weight, that we speak.
fn accepted(request: &HttpRequest) -> Option<Language> {
    let header = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)?
        .to_str()
        .ok()?;
    let mut weighted: Vec<(f32, Language)> = header
        .split(',')
        .take(16)
        .filter_map(|item| {
            let mut parts = item.split(';');
            let language = Language::parse(parts.next()?).ok()?;
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q=")?.parse().ok())
                .unwrap_or(1.0);
            (weight > 0.0).then_some((weight, language))
        })
        .collect();
    weighted.sort_by(|a, b| b.0.total_cmp(&a.0));
    weighted.first().map(|(_, language)| *language)
}

/// The language that the browser asks for, if it is one of ours.
#[derive(Debug, Clone, Copy)]
pub struct PreferredLanguage(pub Option<Language>);

impl FromRequest for PreferredLanguage {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(accepted(request))))
    }
}
