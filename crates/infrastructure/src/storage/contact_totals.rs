//! How many contacts there are, by status, by tag and by time of creation: kept in the transaction that changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::Tag;
use nexus_domain::{Contact, ContactStatus, UserId};
use sea_orm::sea_query::Value;

use super::connection::Connection;
use super::contact_marks::MarksChange;
use super::sql::{Sql, params, rows_per_statement};

/// Contacts that came and went. In a unit of work the changes of all its statements are stored at its
/// end, so that nobody waits for them longer than the commit takes, and everybody locks them in one
/// order.
#[derive(Default)]
pub(super) struct TotalsChange {
    /// By user, day of creation and status.
    statuses: BTreeMap<(UserId, NaiveDate, &'static str), i64>,
    /// By user and tag.
    tags: BTreeMap<(UserId, String), i64>,
    /// By user and time of creation.
    marks: MarksChange,
}

impl TotalsChange {
    /// A contact is new.
    pub(super) fn came(&mut self, contact: &Contact) {
        self.count(contact.user_id, contact.created_at, contact.status, 1);
        self.count_tags(contact.user_id, &contact.tags, 1);
    }

    /// So many contacts of a user, created at this time, have this status more than before.
    pub(super) fn count(
        &mut self,
        user: UserId,
        created_at: DateTime<Utc>,
        status: ContactStatus,
        change: i64,
    ) {
        let key = (user, created_at.date_naive(), status.as_str());
        *self.statuses.entry(key).or_default() += change;
        self.marks.count(user, created_at, change);
    }

    /// So many contacts have these tags more than before.
    pub(super) fn count_tags(&mut self, user: UserId, tags: &[Tag], change: i64) {
        for tag in tags {
            let key = (user, tag.key().to_owned());
            *self.tags.entry(key).or_default() += change;
        }
    }

    /// With what `other` changes.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, change) in other.statuses {
            *self.statuses.entry(key).or_default() += change;
        }
        for (key, change) in other.tags {
            *self.tags.entry(key).or_default() += change;
        }
        self.marks.merge(other.marks);
    }

    /// Always in the same order, so that two transactions don't wait for each other.
    pub(super) async fn store(self, db: &Connection) -> Result<(), StorageError> {
        let changes: Vec<_> = self.statuses.into_iter().filter(|(_, n)| *n != 0).collect();
        for chunk in changes.chunks(rows_per_statement(4)) {
            let rows = chunk
                .iter()
                .map(|((user, day, status), n)| params![*user, *day, *status, *n]);
            add(db, "contact_totals", "user_id, created_on, status", rows).await?;
        }
        let changes: Vec<_> = self.tags.into_iter().filter(|(_, n)| *n != 0).collect();
        for chunk in changes.chunks(rows_per_statement(3)) {
            let rows = chunk
                .iter()
                .map(|((user, tag), n)| params![*user, tag.as_str(), *n]);
            add(db, "contact_tag_totals", "user_id, tag_key", rows).await?;
        }
        let changes: Vec<_> = self.marks.rows().collect();
        for chunk in changes.chunks(rows_per_statement(4)) {
            let rows = chunk.iter().cloned();
            add(db, "contact_marks", "user_id, level, slot", rows).await?;
        }
        Ok(())
    }
}

async fn add(
    db: &Connection,
    table: &str,
    key: &str,
    rows: impl Iterator<Item = Vec<Value>>,
) -> Result<(), StorageError> {
    let sql = Sql::new(format!("INSERT INTO {table} ({key}, contacts) "))
        .rows(rows)
        .then(&format!(
            " ON CONFLICT ({key}) DO UPDATE SET contacts = {table}.contacts + excluded.contacts"
        ));
    db.execute(sql).await?;
    Ok(())
}
