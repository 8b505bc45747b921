//! Campaigns, and the contacts chosen for them one by one.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bare_table, count, drop, goes_with, index, key, of_user, one_of, outlives, partial_index,
    primary, table, text, text_null, time, time_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut campaigns = table("campaigns");
        of_user(&mut campaigns);
        campaigns
            .col(text("name"))
            .col(key(manager, "name_key"))
            .col(text("channel"))
            .col(text_null("subject"))
            // The text, or the note on a template.
            .col(text_null("message"))
            .col(text_null("template_name"))
            .col(text_null("template_language"))
            // A JSON array of pairs.
            .col(text_null("template_variables"))
            // A JSON object.
            .col(text_null("audience"))
            .col(uuid_null("sender_id"))
            .col(text("status"))
            .col(time_null("scheduled_at"))
            .col(time_null("started_at"))
            // Completed or cancelled.
            .col(time_null("ended_at"))
            .col(text_null("pause_reason"));
        for counter in [
            "total",
            "pending",
            "sent",
            "delivered",
            "opened",
            "clicked",
            "replied",
            "failed",
            "skipped",
            "unconfirmed",
        ] {
            campaigns.col(count(counter));
        }
        campaigns.col(time("created_at")).col(time("updated_at"));
        outlives(&mut campaigns, "sender_id", "senders");
        one_of(&mut campaigns, "channel", &["whatsapp", "gmail"]);
        one_of(
            &mut campaigns,
            "status",
            &[
                "draft",
                "scheduled",
                "active",
                "paused",
                "completed",
                "cancelled",
                "missed",
            ],
        );
        manager.create_table(campaigns).await?;
        indexes(manager).await?;
        choices(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["campaign_choices", "campaigns"]).await
    }
}

async fn indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, columns) in [
        ("campaigns_by_time", &["user_id", "created_at", "id"][..]),
        ("campaigns_by_name", &["user_id", "name_key", "id"]),
        (
            "campaigns_by_status",
            &["user_id", "status", "created_at", "id"],
        ),
        ("campaigns_of_sender", &["sender_id"]),
    ] {
        index(manager, name, "campaigns", columns).await?;
    }
    for (name, columns, condition) in [
        (
            "campaigns_active",
            &["sender_id", "started_at", "id"][..],
            "status = 'active'",
        ),
        ("campaigns_due", &["scheduled_at"], "status = 'scheduled'"),
        (
            "campaigns_started",
            &["user_id", "started_at"],
            "started_at IS NOT NULL",
        ),
        (
            "campaigns_completed",
            &["user_id", "ended_at"],
            "status = 'completed'",
        ),
    ] {
        partial_index(manager, name, "campaigns", columns, condition).await?;
    }
    Ok(())
}

async fn choices(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut choices = bare_table("campaign_choices");
    choices
        .col(uuid("campaign_id"))
        .col(uuid("contact_id"))
        .col(uuid("user_id"));
    primary(&mut choices, &["campaign_id", "contact_id"]);
    goes_with(&mut choices, "campaign_id", "campaigns");
    goes_with(&mut choices, "contact_id", "contacts");
    manager.create_table(choices).await?;
    index(
        manager,
        "campaign_choices_of_contact",
        "campaign_choices",
        &["contact_id"],
    )
    .await
}
