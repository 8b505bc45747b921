//! Background work.

use sea_orm_migration::prelude::*;

use crate::schema::{count, drop, index, of_user, table, text, time, time_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut jobs = table("jobs");
        of_user(&mut jobs);
        jobs.col(text("kind"))
            // A JSON object.
            .col(text("work"))
            .col(count("attempts"))
            .col(time("run_after"))
            .col(time("created_at"))
            .col(uuid_null("lease_owner"))
            .col(count("lease_epoch"))
            // On the database's clock.
            .col(time_null("lease_expires_at"));
        manager.create_table(jobs).await?;
        index(manager, "jobs_of_user", "jobs", &["user_id"]).await?;
        index(manager, "jobs_due", "jobs", &["run_after", "id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["jobs"]).await
    }
}
