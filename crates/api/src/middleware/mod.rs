//! What happens to every request.

mod idempotency;
mod methods;
mod origin;
mod request_id;
mod response_headers;
mod sign_in_limit;
mod unread_body;

pub use idempotency::{Idempotency, MAX_KEY, honour_idempotency_key, honours_keys};
pub use methods::{AllowedMethods, answer_head};
pub use origin::{AllowedOrigins, refuse_foreign_writes};
pub use request_id::{RequestId, RequestIds, assign_request_id};
pub use response_headers::harden;
pub use sign_in_limit::SignInLimit;
pub use unread_body::close_on_unread_body;
