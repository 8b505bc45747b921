//! What handlers ask for: who is signed in, the parsed body, the query.

pub(crate) mod blank;
mod body;
mod language;
mod list;
mod pace;
mod patch;
mod query;
mod signed_in;

pub use body::{Body, BodyLimits, read_body, read_within};
pub use language::{PreferredLanguage, language_of};
pub use list::{ListQuery, Page};
pub use pace::{SlowUpload, UploadPace};
pub use patch::Patch;
pub use query::Query;
pub use signed_in::{SignedIn, remember, remember_language, signed_in_user};
