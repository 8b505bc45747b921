//! Who may write with a person's cookie: the applications on the allowlist, and nobody else's page.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web;

use crate::errors::{ApiError, Code};

/// Where webhooks arrive: providers send no cookie and no origin.
const WEBHOOKS: &str = "/api/webhooks/";

/// The origins that may write.
#[derive(Debug, Clone)]
pub struct AllowedOrigins {
    /// The configured ones.
    pub listed: Vec<String>,
    /// Whether a proxy of ours tells the scheme and host that the browser used.
    pub trust_proxy: bool,
}

impl AllowedOrigins {
    fn allow(&self, origin: &str, own: &str) -> bool {
        origin == own || self.listed.iter().any(|listed| listed == origin)
    }
}

/// Middleware: refuses a write that a foreign page made a browser send.
///
/// A browser puts `Origin` on every cross-site write, and current ones `Sec-Fetch-Site` on every
/// request. A request with neither was not sent by a page, so there is no page to distrust:
/// scripts and curl work with a cookie of their own. See `docs/decisions/0003-writes-and-origins.md`.
pub async fn refuse_foreign_writes(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if !reads && !request.path().starts_with(WEBHOOKS) && !may_write(&request) {
        return Ok(request.error_response(ApiError::new(Code::ForeignOrigin)));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn may_write(request: &ServiceRequest) -> bool {
    let Some(allowed) = request.app_data::<web::Data<AllowedOrigins>>() else {
        return false;
    };
    let headers = request.headers();
    if let Some(origin) = headers.get(header::ORIGIN) {
        let connection = request.connection_info();
        let (scheme, host) = if allowed.trust_proxy {
            (connection.scheme().to_owned(), connection.host().to_owned())
        } else {
            let host = headers
                .get(header::HOST)
                .and_then(|host| host.to_str().ok())
                .unwrap_or_default();
            ("http".to_owned(), host.to_owned())
        };
        let own = format!("{scheme}://{host}");
        return origin
            .to_str()
            .is_ok_and(|origin| allowed.allow(origin, &own));
    }
    headers
        .get("sec-fetch-site")
        .is_none_or(|site| site.as_bytes() == b"same-origin")
}
