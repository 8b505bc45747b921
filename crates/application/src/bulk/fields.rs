//! Custom fields taken from every contact that has them.

use nexus_domain::ports::StorageError;
use nexus_domain::values::FieldName;
use nexus_domain::{BulkAction, CampaignId, ContactEdit, ContactFilter, ContactSelection};

use super::{BulkChanges, BulkOutcome};
use crate::Actor;

/// A campaign that uses a custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldUse {
    /// The campaign.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
}

/// Why a custom field was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteFieldError {
    /// The user has no such field.
    #[error("no such field")]
    NotFound,
    /// Campaigns that may still be sent use it as a placeholder.
    #[error("{} campaigns use the field", .campaigns.len())]
    InUse {
        /// These.
        campaigns: Vec<FieldUse>,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BulkChanges {
    /// Deletes a field: its name at once, its values from every contact that has one.
    ///
    /// Whoever is just saving a campaign or a contact with the field holds its name, so that this
    /// waits for them and sees what they saved; see [`nexus_domain::ports::FieldRepository`].
    pub async fn delete_field(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<BulkOutcome, DeleteFieldError> {
        let user = actor.user_id();
        let mut unit = self.ports.storage.begin().await?;
        let name = unit
            .fields()
            .delete(user, &FieldName::from_stored(name))
            .await?
            .ok_or(DeleteFieldError::NotFound)?;
        let campaigns: Vec<_> = unit
            .campaigns()
            .unfinished_with_placeholders(user)
            .await?
            .into_iter()
            .filter(|campaign| campaign.content.custom_fields().any(|used| *used == name))
            .map(|campaign| FieldUse {
                id: campaign.id,
                name: campaign.name.to_string(),
            })
            .collect();
        if !campaigns.is_empty() {
            return Err(DeleteFieldError::InUse { campaigns });
        }
        let selection = ContactSelection::Filter(ContactFilter {
            has_field: Some(name.clone()),
            ..ContactFilter::default()
        });
        let action = BulkAction::Edit(ContactEdit::RemoveField(name));
        let now = self.ports.clock.now();
        Ok(self.conclude(unit, user, action, selection, now).await?)
    }
}
