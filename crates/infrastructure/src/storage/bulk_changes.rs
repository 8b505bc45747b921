//! Changes of many contacts that run in the background.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use nexus_domain::ports::{BulkChangeRepository, StorageError};
use nexus_domain::values::{FieldName, Tag};
use nexus_domain::{
    BulkAction, BulkChange, BulkChangeId, BulkStatus, ContactEdit, ContactId, ContactSelection,
    ContactStatus, UserId,
};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::SqlRepositories;
use super::rows::{Row, to_json};
use super::sql::{Sql, params};
use super::stored_filter::{StoredFilter, labels, stored_tags};

const COLUMNS: &str = "id, user_id, action, selection, status, matched, changed, seen_through, \
     ended_at, created_at, updated_at";

/// An action as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum StoredAction {
    Delete,
    Tag { tags: Vec<String> },
    Untag { tags: Vec<String> },
    SetStatus { status: ContactStatus },
    RenameTag { from: String, to: String },
    RemoveField { name: String },
}

impl StoredAction {
    fn of(action: &BulkAction) -> Self {
        match action {
            BulkAction::Delete => Self::Delete,
            BulkAction::Edit(ContactEdit::Tag(tags)) => Self::Tag { tags: labels(tags) },
            BulkAction::Edit(ContactEdit::Untag(tags)) => Self::Untag { tags: labels(tags) },
            BulkAction::Edit(ContactEdit::SetStatus(status)) => Self::SetStatus { status: *status },
            BulkAction::Edit(ContactEdit::RenameTag { from, to }) => Self::RenameTag {
                from: from.label().to_owned(),
                to: to.label().to_owned(),
            },
            BulkAction::Edit(ContactEdit::RemoveField(name)) => Self::RemoveField {
                name: name.label().to_owned(),
            },
        }
    }

    fn action(self) -> BulkAction {
        match self {
            Self::Delete => BulkAction::Delete,
            Self::Tag { tags } => BulkAction::Edit(ContactEdit::Tag(stored_tags(tags))),
            Self::Untag { tags } => BulkAction::Edit(ContactEdit::Untag(stored_tags(tags))),
            Self::SetStatus { status } => BulkAction::Edit(ContactEdit::SetStatus(status)),
            Self::RenameTag { from, to } => BulkAction::Edit(ContactEdit::RenameTag {
                from: Tag::from_stored(from),
                to: Tag::from_stored(to),
            }),
            Self::RemoveField { name } => {
                BulkAction::Edit(ContactEdit::RemoveField(FieldName::from_stored(&name)))
            }
        }
    }
}

/// A selection as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
enum StoredSelection {
    Ids { ids: Vec<ContactId> },
    Filter(StoredFilter),
}

impl StoredSelection {
    fn of(selection: &ContactSelection) -> Self {
        match selection {
            ContactSelection::Ids(ids) => Self::Ids { ids: ids.clone() },
            ContactSelection::Filter(filter) => Self::Filter(StoredFilter::of(filter)),
        }
    }

    fn selection(self, row: Row) -> Result<ContactSelection, StorageError> {
        Ok(match self {
            Self::Ids { ids } => ContactSelection::Ids(ids),
            Self::Filter(stored) => ContactSelection::Filter(stored.filter(row, "selection")?),
        })
    }
}

fn ended_at(status: BulkStatus) -> Option<DateTime<Utc>> {
    match status {
        BulkStatus::Queued | BulkStatus::Running => None,
        BulkStatus::Completed { at } | BulkStatus::Failed { at } => Some(at),
    }
}

/// As the database counts.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(FromQueryResult)]
struct BulkChangeRow {
    id: Uuid,
    user_id: Uuid,
    action: String,
    selection: String,
    status: String,
    matched: i64,
    changed: i64,
    seen_through: Option<Uuid>,
    ended_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl BulkChangeRow {
    fn change(self) -> Result<BulkChange, StorageError> {
        let row = Row {
            table: "bulk_changes",
            id: self.id,
        };
        let status = match (self.status.as_str(), self.ended_at) {
            ("queued", _) => Some(BulkStatus::Queued),
            ("running", _) => Some(BulkStatus::Running),
            ("completed", Some(at)) => Some(BulkStatus::Completed { at }),
            ("failed", Some(at)) => Some(BulkStatus::Failed { at }),
            _ => None,
        };
        let action: StoredAction = row.json("action", &self.action)?;
        let selection: StoredSelection = row.json("selection", &self.selection)?;
        Ok(BulkChange {
            id: BulkChangeId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            action: action.action(),
            selection: selection.selection(row)?,
            status: row.need("status", status)?,
            matched: row.unsigned("matched", self.matched)?,
            changed: row.unsigned("changed", self.changed)?,
            seen_through: self.seen_through.map(ContactId::from_uuid),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

impl SqlRepositories {
    async fn bulk_change(
        &self,
        user: UserId,
        id: BulkChangeId,
        lock: &str,
    ) -> Result<Option<BulkChange>, StorageError> {
        let sql = Sql::with(
            format!("SELECT {COLUMNS} FROM bulk_changes WHERE user_id = $1 AND id = $2{lock}"),
            params![user, id],
        );
        let row: Option<BulkChangeRow> = self.db().one(sql).await?;
        row.map(BulkChangeRow::change).transpose()
    }
}

#[async_trait]
impl BulkChangeRepository for SqlRepositories {
    async fn insert(&mut self, change: &BulkChange) -> Result<(), StorageError> {
        let sql = Sql::new(format!("INSERT INTO bulk_changes ({COLUMNS}) ")).rows([params![
            change.id,
            change.user_id,
            to_json(&StoredAction::of(&change.action))?,
            to_json(&StoredSelection::of(&change.selection))?,
            change.status.as_str(),
            number(change.matched),
            number(change.changed),
            change.seen_through,
            ended_at(change.status),
            change.created_at,
            change.updated_at,
        ]]);
        self.db().execute(sql).await?;
        Ok(())
    }

    async fn find(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError> {
        self.bulk_change(user, id, "").await
    }

    async fn lock(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError> {
        let lock = self.db().for_update();
        self.bulk_change(user, id, lock).await
    }

    async fn delete_ended(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError> {
        let sql = Sql::with(
            "DELETE FROM bulk_changes WHERE ended_at < $1",
            params![before],
        );
        self.db().execute(sql).await
    }

    async fn unfinished(&mut self, user: UserId) -> Result<Vec<BulkChange>, StorageError> {
        let sql = Sql::with(
            format!(
                "SELECT {COLUMNS} FROM bulk_changes WHERE user_id = $1 \
                 AND status IN ('queued', 'running') ORDER BY id"
            ),
            params![user],
        );
        let rows: Vec<BulkChangeRow> = self.db().all(sql).await?;
        rows.into_iter().map(BulkChangeRow::change).collect()
    }

    async fn save(&mut self, change: &BulkChange) -> Result<(), StorageError> {
        let sql = Sql::with(
            "UPDATE bulk_changes SET status = $3, changed = $4, seen_through = $5, \
             ended_at = $6, updated_at = $7 WHERE user_id = $1 AND id = $2",
            params![
                change.user_id,
                change.id,
                change.status.as_str(),
                number(change.changed),
                change.seen_through,
                ended_at(change.status),
                change.updated_at,
            ],
        );
        self.db().execute(sql).await?;
        Ok(())
    }
}
