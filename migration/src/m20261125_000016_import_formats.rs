//! Imports of Excel 97 to 2003 workbooks and of OpenDocument spreadsheets.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261123_000009_imports::{error_indexes, errors, import_indexes, imports};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        allow(manager, &["csv", "xlsx", "xls", "ods"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .get_connection()
            .execute_unprepared("DELETE FROM imports WHERE format IN ('xls', 'ods')")
            .await?;
        allow(manager, &["csv", "xlsx"]).await
    }
}

async fn allow(manager: &SchemaManager<'_>, formats: &[&str]) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let words = formats.join("', '");
        manager
            .get_connection()
            .execute_unprepared(&format!(
                "ALTER TABLE imports
                    DROP CONSTRAINT imports_format_check,
                    ADD CONSTRAINT imports_format_check CHECK (format IN ('{words}'))"
            ))
            .await?;
        return Ok(());
    }
    rebuild(manager, formats).await
}

/// SQLite changes no check of a table: the table is made anew and takes the old one's place (Making
/// Other Kinds Of Table Schema Changes, sqlite.org/lang_altertable.html). Dropping the old one would
/// delete the rows that go with its own, so that table moves along.
async fn rebuild(manager: &SchemaManager<'_>, formats: &[&str]) -> Result<(), DbErr> {
    imports(manager, "new_imports", formats).await?;
    errors(manager, "new_import_errors", "new_imports").await?;
    manager
        .get_connection()
        .execute_unprepared(
            "INSERT INTO new_imports SELECT * FROM imports;
             INSERT INTO new_import_errors SELECT * FROM import_errors;
             DROP TABLE import_errors;
             DROP TABLE imports;
             ALTER TABLE new_imports RENAME TO imports;
             ALTER TABLE new_import_errors RENAME TO import_errors;",
        )
        .await?;
    import_indexes(manager).await?;
    error_indexes(manager).await
}
