//! Tags renamed, merged and deleted on every contact that has them.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{Tag, Violations};
use nexus_domain::{BulkAction, ContactEdit, ContactFilter, ContactSelection, UserId};

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
    /// chooses those of both.
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
        let from = self
            .used(actor.user_id(), tag)
            .await?
            .ok_or(RenameTagError::NotFound)?;
        let selection = having(&from);
        let action = BulkAction::Edit(ContactEdit::RenameTag { from, to });
        Ok(self.change(actor.user_id(), action, selection).await?)
    }

    /// Takes a tag from every contact that has it, unless contacts are chosen by it.
    pub async fn delete_tag(
        &self,
        actor: &Actor,
        tag: &str,
    ) -> Result<BulkOutcome, DeleteTagError> {
        let tag = self
            .used(actor.user_id(), tag)
            .await?
            .ok_or(DeleteTagError::NotFound)?;
        let mut repositories = self.ports.storage.read();
        let uses = TagUse::find(repositories.as_mut(), actor.user_id(), &tag).await?;
        drop(repositories);
        if !uses.is_empty() {
            return Err(DeleteTagError::InUse(uses));
        }
        let selection = having(&tag);
        let action = BulkAction::Edit(ContactEdit::Untag(vec![tag]));
        Ok(self.change(actor.user_id(), action, selection).await?)
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
