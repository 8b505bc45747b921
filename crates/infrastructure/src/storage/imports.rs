//! Imports and the errors of their rows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{ImportRepository, StorageError};
use nexus_domain::values::{ListRequest, Listing, Paging, ShortText, SortDirection};
use nexus_domain::{
    ImportFailure, ImportId, ImportProgress, ImportStatus, ImportedFile, RowError, TableFormat,
    UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::SqlRepositories;
use super::import_plans::{PlanJson, plan};
use super::lists::{KeyKind, List, time_key};
use super::rows::{Number, Row, to_json};
use super::sql::{Param, Sql, params, rows_per_statement};

const COLUMNS: &str = "r.id, r.user_id, r.file_name, r.format, r.size, r.plan, r.header, \
     r.status, r.ended_at, r.failure, r.undo, r.rows_read, r.rows_created, r.rows_updated, \
     r.rows_unchanged, r.rows_skipped, r.rows_blank, r.rows_invalid, r.rows_still_unsubscribed, \
     r.rows_total, r.created_at, r.started_at, r.updated_at";

#[derive(FromQueryResult)]
struct ImportRow {
    id: Uuid,
    user_id: Uuid,
    file_name: String,
    format: String,
    size: i64,
    plan: Option<String>,
    header: Option<String>,
    status: String,
    ended_at: Option<DateTime<Utc>>,
    failure: Option<String>,
    undo: Option<String>,
    rows_read: i64,
    rows_created: i64,
    rows_updated: i64,
    rows_unchanged: i64,
    rows_skipped: i64,
    rows_blank: i64,
    rows_invalid: i64,
    rows_still_unsubscribed: i64,
    rows_total: Option<i64>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl ImportRow {
    fn import(self) -> Result<ImportedFile, StorageError> {
        let row = Row {
            table: "imports",
            id: self.id,
        };
        let count = |column, number| row.unsigned(column, number);
        let total = self.rows_total;
        Ok(ImportedFile {
            id: ImportId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            file_name: row.parse("file_name", &self.file_name, ShortText::parse)?,
            format: row.word(
                "format",
                &self.format,
                &TableFormat::ALL,
                TableFormat::as_str,
            )?,
            size: row.unsigned("size", self.size)?,
            plan: plan(row, self.plan.as_deref())?,
            header: json_or_default(row, "header", self.header.as_deref())?,
            status: self.status(row)?,
            progress: ImportProgress {
                read: count("rows_read", self.rows_read)?,
                created: count("rows_created", self.rows_created)?,
                updated: count("rows_updated", self.rows_updated)?,
                unchanged: count("rows_unchanged", self.rows_unchanged)?,
                skipped: count("rows_skipped", self.rows_skipped)?,
                blank: count("rows_blank", self.rows_blank)?,
                invalid: count("rows_invalid", self.rows_invalid)?,
                still_unsubscribed: count("still_unsubscribed", self.rows_still_unsubscribed)?,
            },
            total_rows: total.map(|total| count("rows_total", total)).transpose()?,
            undo: json_or_default(row, "undo", self.undo.as_deref())?,
            created_at: self.created_at,
            started_at: self.started_at,
            updated_at: self.updated_at,
        })
    }

    fn status(&self, row: Row) -> Result<ImportStatus, StorageError> {
        let at = || row.need("ended_at", self.ended_at);
        Ok(match self.status.as_str() {
            "previewed" => ImportStatus::Previewed,
            "queued" => ImportStatus::Queued,
            "running" => ImportStatus::Running,
            "completed" => ImportStatus::Completed { at: at()? },
            "failed" => {
                let failure = row.need("failure", self.failure.as_deref())?;
                ImportStatus::Failed {
                    at: at()?,
                    failure: row.json::<ImportFailure>("failure", failure)?,
                }
            }
            "cancelled" => ImportStatus::Cancelled { at: at()? },
            "undoing" => ImportStatus::Undoing,
            "undone" => ImportStatus::Undone { at: at()? },
            _ => return row.need("status", None),
        })
    }
}

fn json_or_default<T: DeserializeOwned + Default>(
    row: Row,
    column: &str,
    stored: Option<&str>,
) -> Result<T, StorageError> {
    stored.map_or_else(|| Ok(T::default()), |text| row.json(column, text))
}

/// What can change, in the order of [`CHANGEABLE`].
fn saved_values(import: &ImportedFile) -> Result<Vec<Value>, StorageError> {
    let (ended_at, failure) = match &import.status {
        ImportStatus::Previewed
        | ImportStatus::Queued
        | ImportStatus::Running
        | ImportStatus::Undoing => (None, None),
        ImportStatus::Completed { at }
        | ImportStatus::Cancelled { at }
        | ImportStatus::Undone { at } => (Some(*at), None),
        ImportStatus::Failed { at, failure } => (Some(*at), Some(to_json(failure)?)),
    };
    let progress = &import.progress;
    Ok(params![
        import.user_id,
        import.id,
        to_json(&PlanJson::of(&import.plan))?,
        to_json(&import.header)?,
        import.status.as_str(),
        ended_at,
        failure,
        to_json(&import.undo)?,
        stored(progress.read)?,
        stored(progress.created)?,
        stored(progress.updated)?,
        stored(progress.unchanged)?,
        stored(progress.skipped)?,
        stored(progress.blank)?,
        stored(progress.invalid)?,
        stored(progress.still_unsubscribed)?,
        import.total_rows.map(stored).transpose()?,
        import.started_at,
        import.updated_at,
    ])
}

const CHANGEABLE: &str = "user_id, id, plan, header, status, ended_at, failure, undo, rows_read, \
     rows_created, rows_updated, rows_unchanged, rows_skipped, rows_blank, rows_invalid, \
     rows_still_unsubscribed, rows_total, started_at, updated_at";

/// A number as the databases have it.
fn stored(number: u64) -> Result<i64, StorageError> {
    i64::try_from(number).map_err(|error| StorageError::Failed(Box::new(error)))
}

#[derive(FromQueryResult)]
struct ImportIds {
    user_id: Uuid,
    id: Uuid,
}

#[derive(FromQueryResult)]
struct ErrorRow {
    id: i64,
    import_id: Uuid,
    line: i64,
    column_name: Option<String>,
    value: String,
    problem: String,
    cells: Option<String>,
}

impl ErrorRow {
    fn error(self) -> Result<RowError, StorageError> {
        let row = Row {
            table: "import_errors",
            id: self.import_id,
        };
        Ok(RowError {
            line: row.unsigned("line", self.line)?,
            column: self.column_name,
            value: self.value,
            problem: row.json("problem", &self.problem)?,
            cells: json_or_default(row, "cells", self.cells.as_deref())?,
        })
    }
}

fn cells(error: &RowError) -> Result<Option<String>, StorageError> {
    if error.cells.is_empty() {
        return Ok(None);
    }
    to_json(&error.cells).map(Some)
}

/// The errors of rows are numbered by the database; in a cursor the number stands where other
/// lists have an id.
fn number_as_id(number: i64) -> Uuid {
    Uuid::from_u128(u128::from(number.unsigned_abs()))
}

fn id_as_number(id: Uuid) -> Value {
    // An id that is no number is beyond all of them.
    i64::try_from(id.as_u128()).unwrap_or(i64::MAX).value()
}

impl SqlRepositories {
    async fn import_by_id(
        &self,
        user: UserId,
        id: ImportId,
        lock: &str,
    ) -> Result<Option<ImportedFile>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM imports AS r WHERE r.id = $1 AND r.user_id = $2{lock}"),
            params![id, user],
        );
        let row: Option<ImportRow> = self.db().one(sql).await?;
        row.map(ImportRow::import).transpose()
    }

    /// How many rows a list has, when its pages are numbered.
    async fn total(&self, paging: &Paging, source: &Sql) -> Result<Option<u64>, StorageError> {
        match paging {
            Paging::Page { .. } => {
                let sql = source.clone().after("SELECT count(*) AS number ");
                Ok(Some(Number::count(self.db().one(sql).await?)))
            }
            Paging::After { .. } => Ok(None),
        }
    }
}

impl SqlRepositories {
    /// Whose imports they are, and their ids.
    async fn import_ids(&self, sql: Sql) -> Result<Vec<(UserId, ImportId)>, StorageError> {
        let rows: Vec<ImportIds> = self.db().all(sql).await?;
        let ids = |row: ImportIds| (UserId::from_uuid(row.user_id), ImportId::from_uuid(row.id));
        Ok(rows.into_iter().map(ids).collect())
    }
}

#[async_trait]
impl ImportRepository for SqlRepositories {
    async fn insert(&mut self, import: &ImportedFile) -> Result<(), StorageError> {
        let mut values = saved_values(import)?;
        values.extend(params![
            import.file_name.as_str(),
            import.format.as_str(),
            stored(import.size)?,
            import.created_at,
        ]);
        let sql = Sql::new(format!(
            "INSERT INTO imports ({CHANGEABLE}, file_name, format, size, created_at) "
        ));
        self.db().execute(sql.rows([values])).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError> {
        self.import_by_id(user, id, "").await
    }

    async fn lock(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError> {
        let lock = self.db().for_update();
        self.import_by_id(user, id, lock).await
    }

    async fn save(&mut self, import: &ImportedFile) -> Result<(), StorageError> {
        let sql = "UPDATE imports SET plan = $3, header = $4, status = $5, ended_at = $6, \
             failure = $7, undo = $8, rows_read = $9, rows_created = $10, rows_updated = $11, \
             rows_unchanged = $12, rows_skipped = $13, rows_blank = $14, rows_invalid = $15, \
             rows_still_unsubscribed = $16, rows_total = $17, started_at = $18, \
             updated_at = $19 WHERE user_id = $1 AND id = $2";
        self.db()
            .execute(Sql::with(sql, saved_values(import)?))
            .await?;
        Ok(())
    }

    async fn list(
        &mut self,
        user: UserId,
        request: &ListRequest<()>,
    ) -> Result<Listing<ImportedFile>, StorageError> {
        let source = Sql::with("FROM imports AS r WHERE r.user_id = $1", params![user]);
        let total = self.total(&request.paging, &source).await?;
        let list = List {
            columns: COLUMNS,
            table: "imports",
            source,
            key: ("r.created_at", "created_at"),
            id: "r.id",
            id_value: Param::value,
            kind: KeyKind::Time,
            direction: SortDirection::Descending,
            total: None,
            start: None,
        };
        list.part::<ImportRow>(self.db(), &request.paging, request.size)
            .await?
            .listing(
                total,
                |row| (time_key(row.created_at), row.id),
                ImportRow::import,
            )
    }

    async fn add_errors(
        &mut self,
        user: UserId,
        id: ImportId,
        errors: &[RowError],
    ) -> Result<(), StorageError> {
        let together = self.db().together().await?;
        let owned = Sql::with(
            "SELECT count(*) AS number FROM imports WHERE id = $1 AND user_id = $2",
            params![id, user],
        );
        if Number::count(together.db().one(owned).await?) == 0 {
            return Ok(());
        }
        for chunk in errors.chunks(rows_per_statement(6)) {
            let rows = chunk
                .iter()
                .map(|error| {
                    Ok(params![
                        id,
                        stored(error.line)?,
                        error.column.as_deref(),
                        error.value.as_str(),
                        to_json(&error.problem)?,
                        cells(error)?,
                    ])
                })
                .collect::<Result<Vec<_>, StorageError>>()?;
            let sql = Sql::new(
                "INSERT INTO import_errors (import_id, line, column_name, value, problem, \
                 cells) ",
            );
            together.db().execute(sql.rows(rows)).await?;
        }
        together.done().await
    }

    async fn previewed_before(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, ImportId)>, StorageError> {
        let sql = Sql::with(
            "SELECT user_id, id FROM imports WHERE status = 'previewed' AND updated_at < $1 \
             ORDER BY updated_at LIMIT $2",
            params![before, i64::from(most)],
        );
        self.import_ids(sql).await
    }

    async fn delete_previewed(&mut self, user: UserId, id: ImportId) -> Result<bool, StorageError> {
        let sql = Sql::with(
            "DELETE FROM imports WHERE user_id = $1 AND id = $2 AND status = 'previewed'",
            params![user, id],
        );
        Ok(self.db().execute(sql).await? > 0)
    }

    async fn over_with_file(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, ImportId)>, StorageError> {
        let sql = Sql::with(
            "SELECT user_id, id FROM imports WHERE file_kept AND updated_at < $1 \
             AND status NOT IN ('previewed', 'queued', 'running') ORDER BY updated_at LIMIT $2",
            params![before, i64::from(most)],
        );
        self.import_ids(sql).await
    }

    async fn note_file_deleted(&mut self, user: UserId, id: ImportId) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE imports SET file_kept = FALSE WHERE user_id = $1 AND id = $2",
            params![user, id],
        );
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn errors(
        &mut self,
        user: UserId,
        id: ImportId,
        request: &ListRequest<()>,
    ) -> Result<Listing<RowError>, StorageError> {
        let source = Sql::with(
            "FROM import_errors AS r WHERE r.import_id = $1 \
             AND EXISTS (SELECT 1 FROM imports WHERE id = $1 AND user_id = $2)",
            params![id, user],
        );
        let total = self.total(&request.paging, &source).await?;
        let list = List {
            columns: "r.id, r.import_id, r.line, r.column_name, r.value, r.problem, r.cells",
            table: "import_errors",
            source,
            key: ("r.line", "line"),
            id: "r.id",
            id_value: id_as_number,
            kind: KeyKind::Number,
            direction: SortDirection::Ascending,
            total: None,
            start: None,
        };
        list.part::<ErrorRow>(self.db(), &request.paging, request.size)
            .await?
            .listing(
                total,
                |row| (row.line.to_string(), number_as_id(row.id)),
                ErrorRow::error,
            )
    }
}
