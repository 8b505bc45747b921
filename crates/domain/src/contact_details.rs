//! What a row of an import says of a contact, and what a contact takes from it.

use chrono::{DateTime, Utc};

use crate::values::{CustomFields, EmailAddress, LongText, PersonName, PhoneNumber, Problem, Tag};
use crate::{
    Contact, ContactId, ContactSource, ContactStatus, ImportId, KnownContacts, OptOutSource, UserId,
};

/// What a row says of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactDetails {
    /// The name.
    pub name: PersonName,
    /// The phone number.
    pub phone: Option<PhoneNumber>,
    /// The e-mail address.
    pub email: Option<EmailAddress>,
    /// Labels, each once.
    pub tags: Vec<Tag>,
    /// Free notes.
    pub notes: Option<LongText>,
    /// What the user knows of it besides.
    pub custom_fields: CustomFields,
    /// Whether it may be written to, when the row says so.
    pub status: Option<ContactStatus>,
}

impl ContactDetails {
    /// A new contact that an import brings in.
    pub fn into_contact(
        self,
        id: ContactId,
        user_id: UserId,
        import: ImportId,
        now: DateTime<Utc>,
    ) -> Contact {
        let status = self.status.unwrap_or_default();
        Contact {
            id,
            user_id,
            name: self.name,
            phone: self.phone,
            email: self.email,
            tags: self.tags,
            notes: self.notes,
            custom_fields: self.custom_fields,
            status,
            opt_out: status.opt_out(OptOutSource::Import, now),
            source: ContactSource::File(import),
            last_message_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Contact {
    /// Takes from a row of `import` what the policy lets through. Whether anything changed, so that
    /// the same row once more changes nothing. An error leaves the contact as it was.
    ///
    /// Nothing that the contact has is ever emptied, and tags are only added. Who unsubscribed
    /// stays so; a row that says that somebody did is believed whenever contacts are updated.
    pub fn take_in(
        &mut self,
        details: &ContactDetails,
        policy: KnownContacts,
        import: ImportId,
        now: DateTime<Utc>,
    ) -> Result<bool, Problem> {
        let overwrites = match policy {
            KnownContacts::Skip => return Ok(false),
            KnownContacts::UpdateEmpty => false,
            KnownContacts::Overwrite => true,
        };
        let before = self.clone();
        let new_tags = details.tags.iter().filter(|tag| !before.tags.contains(tag));
        self.tags.extend(new_tags.cloned());
        if self.tags.len() > Tag::MAX_PER_CONTACT {
            self.tags = before.tags;
            return Err(Problem::TooMany { max: 50 });
        }
        if let Err(problem) = self.custom_fields.take(&details.custom_fields, overwrites) {
            self.tags = before.tags;
            return Err(problem);
        }
        if overwrites {
            self.name = details.name.clone();
        }
        take(&mut self.phone, details.phone.as_ref(), overwrites);
        take(&mut self.email, details.email.as_ref(), overwrites);
        take(&mut self.notes, details.notes.as_ref(), overwrites);
        match details.status {
            Some(ContactStatus::Unsubscribed) => {
                self.unsubscribe(OptOutSource::Import, now);
            }
            Some(status) if overwrites && self.status != ContactStatus::Unsubscribed => {
                self.status = status;
            }
            _ => {}
        }
        let changed = *self != before;
        // A contact that this import brought in is one piece with it, however many rows it took:
        // only what came later counts as a change.
        if changed && !before.is_as_imported_by(import) {
            self.updated_at = now;
        }
        Ok(changed)
    }

    /// Whether `import` brought it in and nothing has changed it since.
    pub fn is_as_imported_by(&self, import: ImportId) -> bool {
        self.source == ContactSource::File(import)
            && self.updated_at == self.created_at
            && self.last_message_at.is_none()
    }

    /// Whether a row asks for a status that this contact can't go back to.
    pub fn refuses_status(&self, details: &ContactDetails) -> bool {
        self.status == ContactStatus::Unsubscribed
            && details
                .status
                .is_some_and(|status| status != ContactStatus::Unsubscribed)
    }
}

fn take<T: Clone + PartialEq>(current: &mut Option<T>, given: Option<&T>, overwrites: bool) {
    if let Some(given) = given
        && (current.is_none() || overwrites)
        // Equal addresses may be written differently; the first spelling stays.
        && current.as_ref() != Some(given)
    {
        *current = Some(given.clone());
    }
}
