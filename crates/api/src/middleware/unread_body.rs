//! Bodies that nobody reads to their end.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::Stream;

/// The body of a request, of which the response has a hold too.
#[derive(Clone)]
struct SharedPayload(Rc<RefCell<Payload>>);

impl Stream for SharedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// A response's body that keeps the request's until it is sent.
struct KeepingPayload {
    body: BoxBody,
    _payload: SharedPayload,
}

impl MessageBody for KeepingPayload {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

impl SharedPayload {
    fn kept_by(self, body: BoxBody) -> BoxBody {
        BoxBody::new(KeepingPayload {
            body,
            _payload: self,
        })
    }
}

/// Middleware: closes the connection after the answer to a chunked body that was not read to its end.
///
/// The server does so by itself for bodies of a known length. Chunked ones it reads on, to use the
/// connection again, as soon as nobody holds them: for as long as the client likes.
pub async fn close_on_unread_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !request.headers().contains_key(header::TRANSFER_ENCODING) {
        let response = next.call(request).await?;
        return Ok(response.map_into_boxed_body());
    }
    let payload = SharedPayload(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream {
        payload: Box::pin(payload.clone()),
    });
    match next.call(request).await {
        Ok(response) => Ok(response
            .map_into_boxed_body()
            .map_body(|_, body| payload.kept_by(body))),
        Err(error) => {
            let response = error.error_response();
            let response = response.map_body(|_, body| payload.kept_by(body));
            Err(InternalError::from_response(error, response).into())
        }
    }
}
