//! When campaigns start by themselves, and when they may be sent.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::schema::{add_columns, count, drop_columns, partial_index, text_null, time_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add_columns(
            manager,
            "campaigns",
            [
                // `2026-12-24T09:00:00`, by the clocks of the zone.
                text_null("scheduled_local"),
                text_null("schedule_time_zone"),
                time_null("latest_start_at"),
                count("start_tries"),
                time_null("next_start_at"),
                text_null("start_problem"),
                // A JSON object.
                text_null("send_window"),
                count("unconfirmed_left"),
            ],
        )
        .await?;
        let six_hours_later = match manager.get_database_backend() {
            DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', scheduled_at, '+6 hours')",
            _ => "scheduled_at + interval '6 hours'",
        };
        let db = manager.get_connection();
        db.execute_unprepared(&format!(
            "UPDATE campaigns SET schedule_time_zone = 'UTC', latest_start_at = {six_hours_later}, \
             next_start_at = scheduled_at WHERE scheduled_at IS NOT NULL"
        ))
        .await?;
        db.execute_unprepared(
            "UPDATE campaigns SET start_problem = 'nobody_was_there' WHERE status = 'missed'",
        )
        .await?;
        db.execute_unprepared("DROP INDEX campaigns_due").await?;
        partial_index(
            manager,
            "campaigns_to_start",
            "campaigns",
            &["next_start_at"],
            "status = 'scheduled'",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX campaigns_to_start")
            .await?;
        drop_columns(
            manager,
            "campaigns",
            &[
                "scheduled_local",
                "schedule_time_zone",
                "latest_start_at",
                "start_tries",
                "next_start_at",
                "start_problem",
                "send_window",
                "unconfirmed_left",
            ],
        )
        .await?;
        partial_index(
            manager,
            "campaigns_due",
            "campaigns",
            &["scheduled_at"],
            "status = 'scheduled'",
        )
        .await
    }
}
