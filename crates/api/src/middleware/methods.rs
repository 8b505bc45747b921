//! What a path answers to.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use utoipa::openapi::OpenApi;

/// The methods of each path, as the header `Allow` lists them.
#[derive(Debug, Clone)]
pub struct AllowedMethods(BTreeMap<String, String>);

impl AllowedMethods {
    /// Those of the document.
    pub fn of(document: &OpenApi) -> Self {
        let listed = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET, HEAD", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
            ];
            let there = methods.iter().filter(|(_, method)| method.is_some());
            let names: Vec<_> = there.map(|(name, _)| *name).collect();
            (path.clone(), names.join(", "))
        });
        Self(listed.collect())
    }

    /// Those of a path, by its pattern. What is not in the document is only read.
    pub fn on(&self, pattern: &str) -> &str {
        self.0.get(pattern).map_or("GET, HEAD", String::as_str)
    }
}

/// As many bytes as another body, of which none is sent.
struct Unsent(BodySize);

impl MessageBody for Unsent {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Middleware: HEAD answers as GET does, without the body. The server sends none after HEAD; here it is
/// not made either.
pub async fn answer_head(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if request.method() != Method::HEAD {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    request.head_mut().method = Method::GET;
    let response = next.call(request).await?;
    // What failed is told by its error yet, which another body would replace.
    if response.response().error().is_some() {
        return Ok(response.map_into_boxed_body());
    }
    Ok(response.map_body(|_, body| BoxBody::new(Unsent(body.size()))))
}
