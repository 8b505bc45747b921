//! Imports that are previewed, planned, cancelled and undone, and whose refused rows are kept.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261123_000009_imports::{self as before, error_indexes, errors, import_indexes};
use crate::schema::{
    count, integer, integer_null, of_user, one_of, partial_index, table, text, text_null, time,
    time_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const FORMATS: [&str; 4] = ["csv", "xlsx", "xls", "ods"];

const STATUSES: [&str; 8] = [
    "previewed",
    "queued",
    "running",
    "completed",
    "failed",
    "cancelled",
    "undoing",
    "undone",
];

/// What both versions of the table have, `rows_known` aside, which is called `rows_skipped` now:
/// known contacts were always skipped.
const COMMON: &str = "id, user_id, file_name, format, size, status, ended_at, failure, rows_read, \
     rows_created, rows_blank, rows_invalid, created_at, updated_at";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            let words = STATUSES.join("', '");
            db.execute_unprepared(&format!(
                "ALTER TABLE imports RENAME COLUMN rows_known TO rows_skipped;
                 ALTER TABLE imports
                    DROP CONSTRAINT imports_status_check,
                    ADD CONSTRAINT imports_status_check CHECK (status IN ('{words}')),
                    ADD COLUMN plan text,
                    ADD COLUMN header text,
                    ADD COLUMN undo text,
                    ADD COLUMN rows_updated bigint NOT NULL DEFAULT 0,
                    ADD COLUMN rows_unchanged bigint NOT NULL DEFAULT 0,
                    ADD COLUMN rows_still_unsubscribed bigint NOT NULL DEFAULT 0,
                    ADD COLUMN rows_total bigint,
                    ADD COLUMN started_at timestamp with time zone;"
            ))
            .await?;
        } else {
            imports(manager, "new_imports").await?;
            take_the_place(manager, "rows_known", "rows_skipped").await?;
        }
        db.execute_unprepared("ALTER TABLE import_errors ADD COLUMN cells text")
            .await?;
        partial_index(
            manager,
            "imports_previewed",
            "imports",
            &["updated_at"],
            "status = 'previewed'",
        )
        .await?;
        partial_index(
            manager,
            "contacts_by_import",
            "contacts",
            &["user_id", "import_id", "id"],
            "import_id IS NOT NULL",
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(
            "DROP INDEX contacts_by_import;
             DROP INDEX imports_previewed;
             ALTER TABLE import_errors DROP COLUMN cells;
             DELETE FROM imports
                WHERE status IN ('previewed', 'cancelled', 'undoing', 'undone');",
        )
        .await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            db.execute_unprepared(
                "ALTER TABLE imports
                    DROP CONSTRAINT imports_status_check,
                    ADD CONSTRAINT imports_status_check
                        CHECK (status IN ('queued', 'running', 'completed', 'failed')),
                    DROP COLUMN plan,
                    DROP COLUMN header,
                    DROP COLUMN undo,
                    DROP COLUMN rows_updated,
                    DROP COLUMN rows_unchanged,
                    DROP COLUMN rows_still_unsubscribed,
                    DROP COLUMN rows_total,
                    DROP COLUMN started_at;
                 ALTER TABLE imports RENAME COLUMN rows_skipped TO rows_known;",
            )
            .await?;
            return Ok(());
        }
        before::imports(manager, "new_imports", &FORMATS).await?;
        take_the_place(manager, "rows_skipped", "rows_known").await
    }
}

async fn imports(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    let mut imports = table(name);
    of_user(&mut imports);
    imports
        .col(text("file_name"))
        .col(text("format"))
        .col(integer("size"))
        // A JSON object.
        .col(text_null("plan"))
        // A JSON array.
        .col(text_null("header"))
        .col(text("status"))
        .col(time_null("ended_at"))
        // A JSON object.
        .col(text_null("failure"))
        // A JSON object.
        .col(text_null("undo"))
        .col(count("rows_read"))
        .col(count("rows_created"))
        .col(count("rows_updated"))
        .col(count("rows_unchanged"))
        .col(count("rows_skipped"))
        .col(count("rows_blank"))
        .col(count("rows_invalid"))
        .col(count("rows_still_unsubscribed"))
        .col(integer_null("rows_total"))
        .col(time("created_at"))
        .col(time_null("started_at"))
        .col(time("updated_at"));
    one_of(&mut imports, "format", &FORMATS);
    one_of(&mut imports, "status", &STATUSES);
    manager.create_table(imports).await
}

/// `new_imports` becomes `imports`, for SQLite, which changes no check of a table; see the
/// migration before this one.
async fn take_the_place(
    manager: &SchemaManager<'_>,
    known_before: &str,
    known_now: &str,
) -> Result<(), DbErr> {
    errors(manager, "new_import_errors", "new_imports").await?;
    manager
        .get_connection()
        .execute_unprepared(&format!(
            "INSERT INTO new_imports ({COMMON}, {known_now})
                SELECT {COMMON}, {known_before} FROM imports;
             INSERT INTO new_import_errors SELECT * FROM import_errors;
             DROP TABLE import_errors;
             DROP TABLE imports;
             ALTER TABLE new_imports RENAME TO imports;
             ALTER TABLE new_import_errors RENAME TO import_errors;"
        ))
        .await?;
    import_indexes(manager).await?;
    error_indexes(manager).await
}
