//! Tags renamed, merged and deleted on every contact that has them.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{Tag, Violations};
use nexus_domain::{BulkAction, ContactEdit, ContactFilter, ContactSelection, UserId};

use super::audiences::{Rules, being_renamed};
use super::{BulkChanges, BulkOutcome, TagUse};
use crate::Actor;

/// Why a tag was not renamed.
#[derive(Debug, thiserror::Error)]
pub enum RenameTagError {
    /// The new name can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// No contact of the user has the tag.
    #[error("no such tag")]
    NotFound,
    /// A worker is renaming this tag, or another to it. What chooses contacts by the tag has its
    /// new name already; contacts still get it.
    #[error("the tag is being renamed")]
    BeingRenamed {
        /// The tag.
        tag: Tag,
    },
    /// Campaigns that have not started or segments choose only contacts that have the tag and the
    /// one that it would become one with. They would choose those that have either.
    #[error("both tags choose contacts together")]
    InUse(TagUse),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a tag was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteTagError {
    /// No contact of the user has the tag.
    #[error("no such tag")]
    NotFound,
    /// A worker is renaming this tag, or another to it. What chooses contacts by the tag has its
    /// new name already; contacts still get it.
    #[error("the tag is being renamed")]
    BeingRenamed {
        /// The tag.
        tag: Tag,
    },
    /// Campaigns that have not started or segments choose contacts by it. Without the tag they
    /// would choose nobody; without the condition, too many.
    #[error("the tag chooses contacts")]
    InUse(TagUse),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BulkChanges {
    /// Renames a tag, in segments and in the audiences of campaigns that have not started as well.
    /// When there is one of that name the two become one, and what chooses contacts by either
    /// chooses those of both, unless something chooses by both at once. Nothing else happens to a
    /// tag while a worker renames it.
    pub async fn rename_tag(
        &self,
        actor: &Actor,
        tag: &str,
        name: &str,
    ) -> Result<BulkOutcome, RenameTagError> {
        let mut violations = Violations::new();
        let Some(to) = violations.check("name", Tag::parse(name)) else {
            return Err(RenameTagError::Invalid(violations));
        };
        let user = actor.user_id();
        let from = self
            .used(user, tag)
            .await?
            .ok_or(RenameTagError::NotFound)?;
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        // Before the changes are looked at, so that a rename that is being decided is among them.
        let rules = Rules::lock(unit.as_mut(), user).await?;
        let meant = |tag: &Tag| *tag == from || *tag == to;
        if let Some(tag) = being_renamed(unit.as_mut(), user, meant).await? {
            return Err(RenameTagError::BeingRenamed { tag });
        }
        // Otherwise only the spelling changes.
        if from != to {
            let uses = rules.naming_both(&from, &to);
            if !uses.is_empty() {
                return Err(RenameTagError::InUse(uses));
            }
        }
        rules.rename(unit.as_mut(), (&from, &to), now).await?;
        let selection = having(&from);
        let action = BulkAction::Edit(ContactEdit::RenameTag { from, to });
        Ok(self.conclude(unit, user, action, selection, now).await?)
    }

    /// Takes a tag from every contact that has it, unless contacts are chosen by it or a worker
    /// renames it.
    pub async fn delete_tag(
        &self,
        actor: &Actor,
        tag: &str,
    ) -> Result<BulkOutcome, DeleteTagError> {
        let user = actor.user_id();
        let tag = self
            .used(user, tag)
            .await?
            .ok_or(DeleteTagError::NotFound)?;
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let rules = Rules::lock(unit.as_mut(), user).await?;
        if let Some(tag) = being_renamed(unit.as_mut(), user, |other| *other == tag).await? {
            return Err(DeleteTagError::BeingRenamed { tag });
        }
        let uses = rules.naming(&tag);
        if !uses.is_empty() {
            return Err(DeleteTagError::InUse(uses));
        }
        let selection = having(&tag);
        let action = BulkAction::Edit(ContactEdit::Untag(vec![tag]));
        Ok(self.conclude(unit, user, action, selection, now).await?)
    }

    /// The tag, unless nobody has it. What can't be a tag is nobody's.
    async fn used(&self, user: UserId, tag: &str) -> Result<Option<Tag>, StorageError> {
        let Ok(tag) = Tag::parse(tag) else {
            return Ok(None);
        };
        let mut repositories = self.ports.storage.read();
        let found = repositories
            .contacts()
            .selected(user, &having(&tag), None, 1)
            .await?;
        Ok((!found.is_empty()).then_some(tag))
    }
}

fn having(tag: &Tag) -> ContactSelection {
    ContactSelection::Filter(ContactFilter {
        tags: vec![tag.clone()],
        ..ContactFilter::default()
    })
}
