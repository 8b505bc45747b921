//! How many contacts were created when, so that a page deep in the list by time is found without
//! skipping a million rows: its place is looked for among the slots of 194 days, then among the 64 of
//! three days within, and so on down to the 64th part of a second, in which an import creates a batch.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_domain::UserId;
use nexus_domain::ports::StorageError;
use nexus_domain::values::SortDirection;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;

use super::connection::Connection;
use super::lists::Start;
use super::sql::{Param, Sql, params};

/// By how many bits the seconds since 1970 are shifted to the right at each level, the coarsest first.
/// A slot has 64 of the level below.
const LEVELS: [i64; 6] = [24, 18, 12, 6, 0, -6];
/// The finest level is shifted so far the other way.
const FINEST: i64 = 6;
/// What a slot of the finest level takes: 1/64 s.
const MICROSECONDS: i64 = 15_625;

/// Contacts that came and went, by user and the finest slot of their creation.
#[derive(Default)]
pub(super) struct MarksChange(BTreeMap<(UserId, i64), i64>);

impl MarksChange {
    /// So many contacts of a user, created at this time, more than before.
    pub(super) fn count(&mut self, user: UserId, created_at: DateTime<Utc>, change: i64) {
        *self.0.entry((user, slot_of(created_at))).or_default() += change;
    }

    /// With what `other` changes.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, change) in other.0 {
            *self.0.entry(key).or_default() += change;
        }
    }

    /// The rows of `contact_marks` that change, in the order of its key.
    pub(super) fn rows(self) -> impl Iterator<Item = Vec<Value>> {
        let mut slots: BTreeMap<(UserId, i64, i64), i64> = BTreeMap::new();
        for ((user, finest), change) in self.0 {
            for level in LEVELS {
                let slot = finest >> (level + FINEST);
                *slots.entry((user, level, slot)).or_default() += change;
            }
        }
        slots
            .into_iter()
            .filter(|(_, change)| *change != 0)
            .map(|((user, level, slot), change)| params![user, level, slot, change])
    }
}

/// The slot of the finest level.
fn slot_of(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros().div_euclid(MICROSECONDS)
}

#[derive(FromQueryResult)]
struct Place {
    slot: i64,
    skipped: i64,
}

/// Where in the list of all contacts by time the row begins that has `skipped` before it; `None`
/// when the marks don't agree with `total` or among themselves: somebody changes contacts just now,
/// or an older version did, which doesn't keep them.
pub(super) async fn start(
    db: &Connection,
    user: UserId,
    direction: SortDirection,
    skipped: i64,
    total: u64,
) -> Result<Option<Start>, StorageError> {
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let found: Option<Place> = db.one(place(user, direction, skipped, total)).await?;
    Ok(found.and_then(|place| {
        let slot = match direction {
            SortDirection::Ascending => place.slot,
            SortDirection::Descending => place.slot + 1,
        };
        let at = DateTime::from_timestamp_micros(slot.checked_mul(MICROSECONDS)?)?;
        Some(Start {
            key: at.value(),
            skipped: place.skipped,
        })
    }))
}

/// One statement goes down all levels. At each, the slots within the one found above must have as many
/// contacts together as that one says. Each level is made once, and the one above is gone through
/// first, whatever a planner thinks of a table of one row.
fn place(user: UserId, direction: SortDirection, skipped: i64, total: i64) -> Sql {
    let order = match direction {
        SortDirection::Ascending => "ASC",
        SortDirection::Descending => "DESC",
    };
    let mut sql = Sql::with(
        "WITH found AS (SELECT CAST(NULL AS bigint) AS slot, CAST($2 AS bigint) AS skipped,
            CAST($3 AS bigint) AS contacts)",
        params![user, skipped, total],
    );
    let mut above = "found".to_owned();
    for (depth, level) in LEVELS.into_iter().enumerate() {
        let within = if depth == 0 {
            ""
        } else {
            "AND mark.slot >= above.slot * 64 AND mark.slot < above.slot * 64 + 64"
        };
        sql = sql.then(&format!(
            ", slots{depth} AS MATERIALIZED (SELECT mark.slot, mark.contacts, above.skipped, above.contacts AS expected,
                CAST(sum(mark.contacts) OVER () AS bigint) AS together,
                CAST(sum(mark.contacts) OVER (ORDER BY mark.slot {order}) AS bigint) AS up_to
                FROM {above} above CROSS JOIN contact_marks mark
                WHERE mark.user_id = $1 AND mark.level = {level} {within}),
            found{depth} AS MATERIALIZED (SELECT slot, skipped - (up_to - contacts) AS skipped, contacts FROM slots{depth}
                WHERE together = expected AND skipped < up_to AND skipped >= up_to - contacts)"
        ));
        above = format!("found{depth}");
    }
    sql.then(&format!(" SELECT slot, skipped FROM {above}"))
}
