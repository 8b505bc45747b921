//! Notes of files in the file store that are nobody's: being received, or to be deleted.

use sea_orm_migration::prelude::*;

use crate::schema::{bare_table, boolean, drop, index, primary, time, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without a reference to the user: what is left of an account is to be deleted too.
        let mut files = bare_table("stored_files");
        files
            .col(uuid("user_id"))
            .col(uuid("file_id"))
            .col(boolean("unneeded"))
            .col(time("noted_at"));
        primary(&mut files, &["user_id", "file_id"]);
        manager.create_table(files).await?;
        let columns = &["unneeded", "noted_at"];
        index(manager, "stored_files_noted", "stored_files", columns).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["stored_files"]).await
    }
}
