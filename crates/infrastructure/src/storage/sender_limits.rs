//! What bounds a sender account: its rest, and the people that it writes to within a day.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{SenderId, SenderLimits, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::connection::Connection;
use super::rows::Row;
use super::sql::{Sql, params, rows_per_statement};

/// Whether the account in `$1` is that of the user in `$2`.
const OF_USER: &str = "EXISTS (SELECT 1 FROM senders AS s WHERE s.id = $1 AND s.user_id = $2)";

#[derive(FromQueryResult)]
struct LimitsRow {
    id: Uuid,
    rests_until: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct QuarterRow {
    quarter: DateTime<Utc>,
    people: i64,
}

#[derive(FromQueryResult)]
struct AddressRow {
    address: String,
}

pub(super) async fn read(
    db: &Connection,
    user: UserId,
    id: SenderId,
    counting_after: DateTime<Utc>,
) -> Result<Option<SenderLimits>, StorageError> {
    let sql = Sql::with(
        "SELECT id, rests_until FROM senders WHERE id = $1 AND user_id = $2",
        params![id, user],
    );
    let Some(limits) = db.one::<LimitsRow>(sql).await? else {
        return Ok(None);
    };
    let row = Row {
        table: "senders",
        id: limits.id,
    };
    let sql = Sql::with(
        "SELECT quarter, people FROM sender_quarters \
         WHERE sender_id = $1 AND quarter > $2 ORDER BY quarter",
        params![id, counting_after],
    );
    let quarters: Vec<QuarterRow> = db.all(sql).await?;
    Ok(Some(SenderLimits {
        rests_until: limits.rests_until,
        quarters: quarters
            .into_iter()
            .map(|quarter| Ok((quarter.quarter, row.unsigned("people", quarter.people)?)))
            .collect::<Result<_, StorageError>>()?,
    }))
}

pub(super) async fn counted(
    db: &Connection,
    user: UserId,
    id: SenderId,
    addresses: &[String],
    counting_after: DateTime<Utc>,
) -> Result<Vec<String>, StorageError> {
    let mut counted = Vec::new();
    for chunk in addresses.chunks(rows_per_statement(1)) {
        let sql = Sql::with(
            format!(
                "SELECT address FROM sender_people \
                 WHERE sender_id = $1 AND quarter > $3 AND {OF_USER} AND address IN "
            ),
            params![id, user, counting_after],
        )
        .list(chunk.iter().map(String::as_str));
        let rows: Vec<AddressRow> = db.all(sql).await?;
        counted.extend(rows.into_iter().map(|row| row.address));
    }
    Ok(counted)
}

pub(super) async fn count(
    db: &Connection,
    user: UserId,
    id: SenderId,
    addresses: &[String],
    quarter: DateTime<Utc>,
) -> Result<(), StorageError> {
    for chunk in addresses.chunks(rows_per_statement(1)) {
        let rows = chunk.iter().map(|address| params![address.as_str()]);
        // The condition also tells SQLite that what follows `ON` is no join.
        let sql = Sql::with("WITH people (address) AS (", params![id, user, quarter])
            .rows(rows)
            .then(&format!(
                ") INSERT INTO sender_people (sender_id, address, quarter) \
                 SELECT $1, people.address, $3 FROM people WHERE {OF_USER} \
                 ON CONFLICT (sender_id, address) DO UPDATE SET quarter = excluded.quarter"
            ));
        let counted = db.execute(sql).await?;
        let counted = i64::try_from(counted).unwrap_or(i64::MAX);
        let sql = Sql::with(
            format!(
                "INSERT INTO sender_quarters (sender_id, quarter, people) \
                 SELECT $1, $3, $4 WHERE {OF_USER} ON CONFLICT (sender_id, quarter) \
                 DO UPDATE SET people = sender_quarters.people + excluded.people"
            ),
            params![id, user, quarter, counted],
        );
        db.execute(sql).await?;
    }
    Ok(())
}

pub(super) async fn forget(
    db: &Connection,
    user: UserId,
    id: SenderId,
    up_to: DateTime<Utc>,
) -> Result<(), StorageError> {
    for table in ["sender_people", "sender_quarters"] {
        let sql = Sql::with(
            format!("DELETE FROM {table} WHERE sender_id = $1 AND quarter <= $3 AND {OF_USER}"),
            params![id, user, up_to],
        );
        db.execute(sql).await?;
    }
    Ok(())
}
