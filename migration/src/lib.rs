//! Nexus Communicator: the database schema, one file a change. The same changes run on SQLite and
//! on PostgreSQL.

mod m20261123_000001_users;
mod m20261123_000002_sessions;
mod m20261123_000003_contacts;
mod m20261123_000004_senders;
mod m20261123_000005_campaigns;
mod m20261123_000006_campaign_contacts;
mod m20261123_000007_webhooks;
mod m20261123_000008_jobs;
mod m20261123_000009_imports;
mod m20261123_000010_statistics;
mod m20261123_000011_idempotency;
mod m20261123_000012_messages;
mod m20261123_000013_media;
mod m20261123_000014_bot_activity;
mod m20261123_000015_contact_search;
mod m20261125_000016_import_formats;
mod m20261125_000020_import_plans;
mod m20261125_000031_opt_outs;
mod m20261125_000032_bulk_changes;
mod m20261125_000040_custom_fields;
mod m20261125_000041_segments;
mod m20261125_000043_contact_tag_totals;
mod m20261125_000044_contact_trigrams;
mod m20261125_000045_contact_addresses;
mod m20261127_000046_contact_marks;
mod m20261127_000047_import_files;
mod m20261127_000050_schedules;
mod m20261127_000051_decisions;
mod m20261127_000053_pace_of_senders;
mod m20261127_000054_daily_people;
mod m20261127_000055_correspondents;
mod m20261127_000056_automatic_replies;
mod m20261127_000057_whatsapp_templates;
mod m20261127_000060_campaign_changes;
mod m20261127_000061_media_content;
mod m20261127_000062_stored_files;
mod m20261127_000063_media_uploads;
mod m20261127_000065_later_recipients;
mod m20261127_000068_contact_marks_of_batches;
mod m20261127_000069_contact_last_messages;
mod m20261127_000070_fewer_ledger_indexes;
mod schema;

pub use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait};

/// Every change of the schema, in order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_users::Migration),
            Box::new(m20261123_000002_sessions::Migration),
            Box::new(m20261123_000003_contacts::Migration),
            Box::new(m20261123_000004_senders::Migration),
            Box::new(m20261123_000005_campaigns::Migration),
            Box::new(m20261123_000006_campaign_contacts::Migration),
            Box::new(m20261123_000007_webhooks::Migration),
            Box::new(m20261123_000008_jobs::Migration),
            Box::new(m20261123_000009_imports::Migration),
            Box::new(m20261123_000010_statistics::Migration),
            Box::new(m20261123_000011_idempotency::Migration),
            Box::new(m20261123_000012_messages::Migration),
            Box::new(m20261123_000013_media::Migration),
            Box::new(m20261123_000014_bot_activity::Migration),
            Box::new(m20261123_000015_contact_search::Migration),
            Box::new(m20261125_000016_import_formats::Migration),
            Box::new(m20261125_000020_import_plans::Migration),
            Box::new(m20261125_000031_opt_outs::Migration),
            Box::new(m20261125_000032_bulk_changes::Migration),
            Box::new(m20261125_000040_custom_fields::Migration),
            Box::new(m20261125_000041_segments::Migration),
            Box::new(m20261125_000043_contact_tag_totals::Migration),
            Box::new(m20261125_000044_contact_trigrams::Migration),
            Box::new(m20261125_000045_contact_addresses::Migration),
            Box::new(m20261127_000046_contact_marks::Migration),
            Box::new(m20261127_000047_import_files::Migration),
            Box::new(m20261127_000050_schedules::Migration),
            Box::new(m20261127_000051_decisions::Migration),
            Box::new(m20261127_000053_pace_of_senders::Migration),
            Box::new(m20261127_000054_daily_people::Migration),
            Box::new(m20261127_000055_correspondents::Migration),
            Box::new(m20261127_000056_automatic_replies::Migration),
            Box::new(m20261127_000057_whatsapp_templates::Migration),
            Box::new(m20261127_000060_campaign_changes::Migration),
            Box::new(m20261127_000061_media_content::Migration),
            Box::new(m20261127_000062_stored_files::Migration),
            Box::new(m20261127_000063_media_uploads::Migration),
            Box::new(m20261127_000065_later_recipients::Migration),
            Box::new(m20261127_000068_contact_marks_of_batches::Migration),
            Box::new(m20261127_000069_contact_last_messages::Migration),
            Box::new(m20261127_000070_fewer_ledger_indexes::Migration),
        ]
    }
}
