//! Query strings.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use nexus_domain::values::Problem;
use serde::de::DeserializeOwned;

use crate::errors::ApiError;

/// A query string, parsed; a name may come several times when its field is a list. The fields are
/// texts, read by the handler, so that each refused one can be named.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            serde_html_form::from_str(request.query_string())
                .map(Self)
                .map_err(|_| {
                    ApiError::invalid_field(
                        "query",
                        Problem::Malformed {
                            expected: "name=value&…".to_owned(),
                        },
                    )
                }),
        )
    }
}
