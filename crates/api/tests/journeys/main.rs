//! Whole journeys: HTTP requests to a running application on a database of its own, with every
//! adapter behind it. Each is run on SQLite and on PostgreSQL.

mod accounts;
mod bulk;
mod campaign_files;
mod campaigns;
mod contacts;
mod control;
mod custom_field_files;
mod custom_fields;
mod delivery;
mod documentation;
mod event_stream;
mod events;
mod export;
mod import_crash;
mod import_plans;
mod imports;
mod inbox;
mod integrations;
mod media_servers;
mod opt_outs;
mod pacing;
#[expect(dead_code, reason = "the fault harness uses the rest")]
mod process;
mod refusals;
mod segments;
mod settings;
mod shop;
mod slow_clients;
mod statistics;
mod support;
mod tenancy;
mod webhooks;
mod window;
