//! Recipients: the delivery ledger.
//!
//! Every message writes here several times, so there is no index more than is needed, and neither
//! user nor sender is checked on each row: the campaign is, and it belongs to its user.

use sea_orm_migration::prelude::*;

use crate::schema::{
    count, drop, goes_with, index, integer_null, key_null, one_of, outlives, partial_index, table,
    text, text_null, time, time_null, unique, uuid, uuid_null,
};

const TABLE: &str = "campaign_contacts";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut recipients = table(TABLE);
        recipients
            .col(uuid("user_id"))
            .col(uuid("campaign_id"))
            .col(uuid("sender_id"))
            .col(uuid_null("contact_id"))
            .col(text("name"))
            .col(key_null(manager, "address"))
            .col(text("status"))
            .col(count("attempts"))
            .col(time_null("not_before"))
            .col(key_null(manager, "message_id"))
            .col(text_null("failure_code"))
            .col(integer_null("failure_provider_code"))
            .col(text_null("failure_detail"))
            .col(text_null("skip_reason"))
            .col(time_null("dispatched_at"))
            .col(time_null("accepted_at"))
            .col(time_null("delivered_at"))
            .col(time_null("read_at"))
            .col(time_null("failed_at"))
            .col(time_null("replied_at"))
            .col(time("created_at"))
            .col(time("updated_at"));
        goes_with(&mut recipients, "campaign_id", "campaigns");
        outlives(&mut recipients, "contact_id", "contacts");
        one_of(
            &mut recipients,
            "status",
            &[
                "queued",
                "dispatching",
                "accepted",
                "delivered",
                "read",
                "failed",
                "skipped",
                "in_doubt",
                "unconfirmed",
                "cancelled",
            ],
        );
        manager.create_table(recipients).await?;
        unique(
            manager,
            "campaign_contacts_contact",
            TABLE,
            &["campaign_id", "contact_id"],
        )
        .await?;
        unique(
            manager,
            "campaign_contacts_address",
            TABLE,
            &["campaign_id", "address"],
        )
        .await?;
        for (name, columns) in [
            ("campaign_contacts_by_id", &["campaign_id", "id"][..]),
            (
                "campaign_contacts_by_status",
                &["campaign_id", "status", "id"],
            ),
            ("campaign_contacts_of_contact", &["contact_id"]),
        ] {
            index(manager, name, TABLE, columns).await?;
        }
        for (name, columns, condition) in [
            (
                "campaign_contacts_open",
                &["sender_id", "status", "id"][..],
                "status IN ('dispatching', 'in_doubt')",
            ),
            (
                "campaign_contacts_message",
                &["user_id", "message_id"],
                "message_id IS NOT NULL",
            ),
            (
                "campaign_contacts_of_address",
                &["user_id", "address"],
                "address IS NOT NULL",
            ),
        ] {
            partial_index(manager, name, TABLE, columns, condition).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &[TABLE]).await
    }
}
