//! How many contacts were created when, so that a page deep in the list by time is found without
//! skipping a million rows: its place is looked for among the slots of 194 days, then among the 64 of
//! three days within, and so on down to the second.

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

/// By how many bits the seconds since 1970 are shifted at each level, the coarsest first.
const LEVELS: [u8; 5] = [24, 18, 12, 6, 0];
/// A slot has 64 of the level below.
const SLOTS: i64 = 64;

/// Contacts that came and went, by user and second of creation.
#[derive(Default)]
pub(super) struct MarksChange(BTreeMap<(UserId, i64), i64>);

impl MarksChange {
    /// So many contacts of a user, created at this time, more than before.
    pub(super) fn count(&mut self, user: UserId, created_at: DateTime<Utc>, change: i64) {
        *self.0.entry((user, created_at.timestamp())).or_default() += change;
    }

    /// With what `other` changes.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, change) in other.0 {
            *self.0.entry(key).or_default() += change;
        }
    }

    /// The rows of `contact_marks` that change, in the order of its key.
    pub(super) fn rows(self) -> impl Iterator<Item = Vec<Value>> {
        let mut slots: BTreeMap<(UserId, u8, i64), i64> = BTreeMap::new();
        for ((user, second), change) in self.0 {
            for level in LEVELS {
                *slots.entry((user, level, second >> level)).or_default() += change;
            }
        }
        slots
            .into_iter()
            .filter(|(_, change)| *change != 0)
            .map(|((user, level, slot), change)| params![user, i64::from(level), slot, change])
    }
}

#[derive(FromQueryResult)]
struct Mark {
    slot: i64,
    contacts: i64,
}

/// Where in the list of all contacts by time the row begins that has `skipped` before it; `None`
/// when the marks don't agree with `total`: somebody changes contacts just now, or an older version
/// did, which doesn't keep them.
pub(super) async fn start(
    db: &Connection,
    user: UserId,
    direction: SortDirection,
    skipped: i64,
    total: u64,
) -> Result<Option<Start>, StorageError> {
    let mut left = skipped;
    let mut within: Option<i64> = None;
    for level in LEVELS {
        let marks = marks(db, user, level, within, direction).await?;
        if within.is_none() {
            let marked: i64 = marks.iter().map(|mark| mark.contacts).sum();
            if u64::try_from(marked) != Ok(total) {
                return Ok(None);
            }
        }
        let found = marks.into_iter().find(|mark| {
            let is_here = left < mark.contacts;
            if !is_here {
                left -= mark.contacts;
            }
            is_here
        });
        let Some(found) = found else {
            return Ok(None);
        };
        within = Some(found.slot);
    }
    let second = match direction {
        SortDirection::Ascending => within,
        SortDirection::Descending => within.map(|slot| slot + 1),
    };
    let at = second.and_then(|second| DateTime::from_timestamp(second, 0));
    Ok(at.map(|at| Start {
        key: at.value(),
        skipped: left,
    }))
}

/// The marks of a level, those in the slot `within` of the level above, in the list's order.
async fn marks(
    db: &Connection,
    user: UserId,
    level: u8,
    within: Option<i64>,
    direction: SortDirection,
) -> Result<Vec<Mark>, StorageError> {
    let mut sql = Sql::with(
        "SELECT slot, contacts FROM contact_marks WHERE user_id = $1 AND level = $2",
        params![user, i64::from(level)],
    );
    if let Some(slot) = within {
        sql = sql
            .then(" AND slot >= ")
            .bind(slot * SLOTS)
            .then(" AND slot < ")
            .bind((slot + 1) * SLOTS);
    }
    let order = match direction {
        SortDirection::Ascending => " ORDER BY slot",
        SortDirection::Descending => " ORDER BY slot DESC",
    };
    db.all(sql.then(order)).await
}
