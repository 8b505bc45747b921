//! What the tables have in common.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_query::{
    ColumnDef, ForeignKeyCreateStatement, IndexCreateStatement, TableCreateStatement,
};

/// A table with its UUID primary key `id`.
pub(crate) fn table(name: &'static str) -> TableCreateStatement {
    let mut table = bare_table(name);
    table.col(ColumnDef::new("id").uuid().not_null().primary_key());
    table
}

/// A table without a column.
pub(crate) fn bare_table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).take()
}

pub(crate) fn uuid(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().not_null().take()
}

pub(crate) fn uuid_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).uuid().take()
}

pub(crate) fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

pub(crate) fn text_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().take()
}

/// Text that is compared byte by byte on both databases: SQLite always does, PostgreSQL would
/// follow the locale of its cluster, more slowly and in another order.
pub(crate) fn key(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = text(name);
    bytewise(manager, &mut column);
    column
}

/// As [`key`], where there may be none.
pub(crate) fn key_null(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = text_null(name);
    bytewise(manager, &mut column);
    column
}

fn bytewise(manager: &SchemaManager<'_>, column: &mut ColumnDef) {
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
}

pub(crate) fn boolean(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).boolean().not_null().take()
}

pub(crate) fn integer(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

pub(crate) fn integer_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A count that starts at nothing.
pub(crate) fn count(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
        .big_integer()
        .not_null()
        .default(0)
        .take()
}

pub(crate) fn bytes(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

pub(crate) fn bytes_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).blob().take()
}

/// A time, given by the application in whole microseconds. SQLite keeps it as text (RFC 3339 with
/// `+00:00`), which sorts as the time does.
pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name)
        .timestamp_with_time_zone()
        .not_null()
        .take()
}

pub(crate) fn time_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().take()
}

/// The user's column, which takes the row away together with the user.
pub(crate) fn of_user(table: &mut TableCreateStatement) {
    table.col(uuid("user_id"));
    goes_with(table, "user_id", "users");
}

/// The row is deleted with the row of `parent` that `column` names.
pub(crate) fn goes_with(
    table: &mut TableCreateStatement,
    column: &'static str,
    parent: &'static str,
) {
    table.foreign_key(&mut reference(column, parent, ForeignKeyAction::Cascade));
}

/// The row stays without it when the row of `parent` is deleted.
pub(crate) fn outlives(
    table: &mut TableCreateStatement,
    column: &'static str,
    parent: &'static str,
) {
    table.foreign_key(&mut reference(column, parent, ForeignKeyAction::SetNull));
}

fn reference(
    column: &'static str,
    parent: &'static str,
    action: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(column)
        .to(parent, "id")
        .on_delete(action)
        .take()
}

/// The primary key over several columns.
pub(crate) fn primary(table: &mut TableCreateStatement, columns: &[&'static str]) {
    let mut index = Index::create();
    for column in columns {
        index.col(*column);
    }
    table.primary_key(&mut index);
}

/// `column` holds one of these words.
pub(crate) fn one_of(table: &mut TableCreateStatement, column: &'static str, words: &[&str]) {
    let words = words.join("', '");
    table.check(Expr::cust(format!("{column} IN ('{words}')")));
}

fn index_on(
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}

pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    manager.create_index(index_on(name, table, columns)).await
}

pub(crate) async fn unique(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    manager
        .create_index(index_on(name, table, columns).unique().take())
        .await
}

/// An index of the rows for which `condition` holds; queries use it when they say the same, in
/// the same words.
pub(crate) async fn partial_index(
    manager: &SchemaManager<'_>,
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
    condition: &'static str,
) -> Result<(), DbErr> {
    manager
        .create_index(
            index_on(name, table, columns)
                .and_where(Expr::cust(condition))
                .take(),
        )
        .await
}

/// Adds columns to a table that is there.
pub(crate) async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    // SQLite takes one at a time.
    for column in columns {
        manager
            .alter_table(Table::alter().table(table).add_column(column).take())
            .await?;
    }
    Ok(())
}

/// Takes columns from a table.
pub(crate) async fn drop_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    for column in columns {
        manager
            .alter_table(Table::alter().table(table).drop_column(*column).take())
            .await?;
    }
    Ok(())
}

pub(crate) async fn drop(
    manager: &SchemaManager<'_>,
    tables: &[&'static str],
) -> Result<(), DbErr> {
    for table in tables {
        manager
            .drop_table(Table::drop().table(*table).take())
            .await?;
    }
    Ok(())
}
