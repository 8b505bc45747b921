//! The providers: whether they work, what they say of the user's accounts, and WhatsApp's templates.

pub mod overview;
pub mod templates;
pub(super) mod words;
