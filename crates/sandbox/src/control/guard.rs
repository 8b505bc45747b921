//! Keeps web pages of other origins from driving the sandbox.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::refused;

/// Refuses a `Host` that isn't loopback (DNS rebinding), and writes from another origin.
/// Programs send no `Origin` and pass.
pub(super) async fn this_machine_only(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !host(headers).is_some_and(is_loopback) {
        return refused(
            StatusCode::FORBIDDEN,
            "the sandbox answers on loopback names only",
        );
    }
    if !request.method().is_safe() && !same_origin(headers) {
        return refused(
            StatusCode::FORBIDDEN,
            "a page of another origin may not do this",
        );
    }
    next.run(request).await
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// `127.0.0.1:8080`, `localhost`, `[::1]:8080`.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

fn same_origin(headers: &HeaderMap) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(|value| value.to_str());
    if !matches!(fetch_site, None | Some(Ok("same-origin" | "none"))) {
        return false;
    }
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => origin
            .to_str()
            .ok()
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|authority| Some(authority) == host(headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_pass() {
        for host in [
            "127.0.0.1:80",
            "localhost",
            "localhost:5000",
            "[::1]:5000",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "localhost.evil",
            "10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
