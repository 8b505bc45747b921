//! Imports and the errors of their rows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_query::ColumnDef;

use crate::schema::{
    bare_table, count, drop, goes_with, index, integer, of_user, one_of, partial_index, table,
    text, text_null, time, time_null, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        imports(manager, "imports", &["csv", "xlsx"]).await?;
        import_indexes(manager).await?;
        errors(manager, "import_errors", "imports").await?;
        error_indexes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["import_errors", "imports"]).await
    }
}

/// The table of imports under this name, for these formats.
pub(crate) async fn imports(
    manager: &SchemaManager<'_>,
    name: &'static str,
    formats: &[&str],
) -> Result<(), DbErr> {
    let mut imports = table(name);
    of_user(&mut imports);
    imports
        .col(text("file_name"))
        .col(text("format"))
        .col(integer("size"))
        .col(text("status"))
        .col(time_null("ended_at"))
        // A JSON object.
        .col(text_null("failure"))
        .col(count("rows_read"))
        .col(count("rows_created"))
        .col(count("rows_known"))
        .col(count("rows_blank"))
        .col(count("rows_invalid"))
        .col(time("created_at"))
        .col(time("updated_at"));
    one_of(&mut imports, "format", formats);
    one_of(
        &mut imports,
        "status",
        &["queued", "running", "completed", "failed"],
    );
    manager.create_table(imports).await
}

pub(crate) async fn import_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let by_time = &["user_id", "created_at", "id"];
    index(manager, "imports_by_time", "imports", by_time).await?;
    partial_index(
        manager,
        "imports_ended",
        "imports",
        &["user_id", "ended_at"],
        "ended_at IS NOT NULL",
    )
    .await
}

/// The table of rows that were refused under this name, which go with the rows of `parent`.
pub(crate) async fn errors(
    manager: &SchemaManager<'_>,
    name: &'static str,
    parent: &'static str,
) -> Result<(), DbErr> {
    let mut errors = bare_table(name);
    errors
        .col(
            ColumnDef::new("id")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(uuid("import_id"))
        .col(integer("line"))
        .col(text_null("column_name"))
        .col(text("value"))
        // A JSON object.
        .col(text("problem"));
    goes_with(&mut errors, "import_id", parent);
    manager.create_table(errors).await
}

pub(crate) async fn error_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    index(
        manager,
        "import_errors_by_line",
        "import_errors",
        &["import_id", "line", "id"],
    )
    .await
}
