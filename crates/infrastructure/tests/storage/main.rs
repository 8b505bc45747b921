//! The contract of the store, which both databases must keep: every test here runs once as
//! `…::sqlite::…` and once as `…::postgres::…`.

/// Makes each of the functions named here a test on both databases.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::store::Store::sqlite().await).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::store::Store::postgres().await).await;
                }
            )+
        }
    };
}

mod audiences;
mod bot_activity;
mod bulk_changes;
mod campaign_choices;
mod campaign_lists;
mod campaigns;
mod contact_addresses;
mod contact_crowds;
mod contact_filters;
mod contact_lists;
mod contact_masses;
mod contact_tags;
mod contact_totals;
mod contacts;
mod correspondents;
mod created_contacts;
mod custom_fields;
mod dashboard;
mod idempotency;
mod imports;
mod jobs;
mod locks;
mod media;
mod media_uploads;
mod messages;
mod opening;
mod progress;
mod recipient_lists;
mod recipient_locks;
mod recipient_tallies;
mod recipients;
mod replies;
mod samples;
mod segment_races;
mod segments;
mod sender_leases;
mod sender_limits;
mod senders;
mod sessions;
mod store;
mod stored_files;
mod transactions;
mod users;
mod webhooks;
mod whatsapp;
