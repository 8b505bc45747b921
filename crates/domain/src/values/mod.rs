//! Value objects: `parse` is the only way in, so whoever holds one need not check it again.

mod country;
mod custom_field;
mod email;
mod entered_time;
mod fold;
mod language;
mod message_text;
mod paging;
mod password;
mod phone;
mod problem;
mod send_window;
mod tag;
mod text;
mod time_zone;

pub use country::Country;
pub use custom_field::{CustomFields, FieldName, FieldValue};
pub use email::EmailAddress;
pub use entered_time::EnteredTime;
pub use fold::fold;
pub use language::Language;
pub use message_text::{MessageText, Placeholder, PlaceholderValues};
pub use paging::{
    CampaignSort, ContactSort, Cursor, ListRequest, Listing, Paging, RecipientSort, SortDirection,
};
pub use password::NewPassword;
pub use phone::PhoneNumber;
pub use problem::{Problem, Violations};
pub use send_window::{SendWindow, WallTime};
pub use tag::Tag;
pub use text::{CompanyName, LongText, PersonName, SegmentName, ShortText, Text};
pub use time_zone::TimeZone;
