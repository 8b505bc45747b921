//! Whether the file of an import may still be in the file store: a process that dies between the end of
//! an import and the deletion of its file leaves it.

use sea_orm_migration::prelude::*;

use crate::schema::{boolean, partial_index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("file_kept").default(true).take();
        manager
            .alter_table(Table::alter().table("imports").add_column(column).take())
            .await?;
        partial_index(
            manager,
            "imports_with_file",
            "imports",
            &["updated_at"],
            "file_kept",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DROP INDEX imports_with_file")
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("imports")
                    .drop_column("file_kept")
                    .take(),
            )
            .await
    }
}
