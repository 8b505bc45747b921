//! One change of many contacts: at once when they are few, else in the background.

use chrono::{DateTime, Utc};

use crate::values::{FieldName, Tag};
use crate::{BulkChangeId, Contact, ContactFilter, ContactId, ContactStatus, UserId};

/// What happens to each contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkAction {
    /// It is deleted.
    Delete,
    /// It is changed.
    Edit(ContactEdit),
}

/// A change that means the same for every contact, and nothing when it is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactEdit {
    /// It gets these tags.
    Tag(Vec<Tag>),
    /// It loses these tags.
    Untag(Vec<Tag>),
    /// Its user gives it this status.
    SetStatus(ContactStatus),
    /// The tag gets another name. A contact that has both keeps one.
    RenameTag {
        /// As it was.
        from: Tag,
        /// As it is to be.
        to: Tag,
    },
    /// It loses this custom field.
    RemoveField(FieldName),
}

impl ContactEdit {
    /// Changes a contact. Whether that made a difference.
    pub fn apply(&self, contact: &mut Contact, now: DateTime<Utc>) -> bool {
        let changed = match self {
            Self::Tag(tags) => contact.tag(tags),
            Self::Untag(tags) => contact.untag(tags),
            Self::SetStatus(status) => contact.set_status(*status, now),
            Self::RenameTag { from, to } => contact.rename_tag(from, to),
            Self::RemoveField(name) => contact.custom_fields.remove(name),
        };
        if changed {
            contact.updated_at = now;
        }
        changed
    }
}

/// The contacts that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactSelection {
    /// These, as far as they are the user's.
    Ids(Vec<ContactId>),
    /// Those that the filter lets through.
    Filter(ContactFilter),
}

/// How far a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkStatus {
    /// Nothing was done yet.
    Queued,
    /// Contacts are being changed.
    Running,
    /// Every contact was seen.
    Completed {
        /// When.
        at: DateTime<Utc>,
    },
    /// Given up; what was changed stays so.
    Failed {
        /// When.
        at: DateTime<Utc>,
    },
}

impl BulkStatus {
    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
        }
    }
}

/// A change of more contacts than one transaction takes, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkChange {
    /// The change's id.
    pub id: BulkChangeId,
    /// Whose contacts are changed.
    pub user_id: UserId,
    /// What happens to each.
    pub action: BulkAction,
    /// Which contacts are meant.
    pub selection: ContactSelection,
    /// How far it is.
    pub status: BulkStatus,
    /// How many contacts were meant when it was asked for.
    pub matched: u64,
    /// How many were changed so far.
    pub changed: u64,
    /// The last contact that was seen: the change goes through them by id.
    pub seen_through: Option<ContactId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last got further.
    pub updated_at: DateTime<Utc>,
}

impl BulkChange {
    /// The names of the tag that it renames, if that is what it does: before and after.
    pub fn renamed_tag(&self) -> Option<(&Tag, &Tag)> {
        match &self.action {
            BulkAction::Edit(ContactEdit::RenameTag { from, to }) => Some((from, to)),
            _ => None,
        }
    }

    /// The custom field that it takes from contacts, if that is what it does.
    pub fn removed_field(&self) -> Option<&FieldName> {
        match &self.action {
            BulkAction::Edit(ContactEdit::RemoveField(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        matches!(
            self.status,
            BulkStatus::Completed { .. } | BulkStatus::Failed { .. }
        )
    }

    /// The contacts up to `through` were seen, and `changed` of them changed.
    pub fn advance(&mut self, through: ContactId, changed: u64, now: DateTime<Utc>) {
        if self.is_over() {
            return;
        }
        self.status = BulkStatus::Running;
        self.seen_through = Some(through);
        self.changed += changed;
        self.updated_at = now;
    }

    /// Every contact was seen.
    pub fn complete(&mut self, now: DateTime<Utc>) {
        self.end(BulkStatus::Completed { at: now }, now);
    }

    /// It can't go on.
    pub fn fail(&mut self, now: DateTime<Utc>) {
        self.end(BulkStatus::Failed { at: now }, now);
    }

    fn end(&mut self, status: BulkStatus, now: DateTime<Utc>) {
        if !self.is_over() {
            self.status = status;
            self.updated_at = now;
        }
    }
}
