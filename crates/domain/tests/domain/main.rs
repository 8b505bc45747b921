//! The rules of the domain, by concept. One program, so that it links once.

mod campaign_life;
mod contacts;
mod custom_fields;
mod delivery_life;
mod delivery_properties;
mod import_plans;
mod imports;
mod media;
mod media_uploads;
mod message_text;
mod opt_outs;
mod records;
mod schedules;
mod segments;
mod send_windows;
mod sending_again;
mod support;
mod templates;
mod values;
