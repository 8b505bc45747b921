//! Changing a contact.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::{
    Country, EmailAddress, FieldName, LongText, PersonName, PhoneNumber, Tag, Violations,
};
use nexus_domain::{Contact, ContactId, ContactStatus};

use super::Contacts;
use super::addresses::{Taken, is_duplicate_address, taken};
use crate::custom_fields::{CustomFieldInput, FieldChanges, register};
use crate::opt_outs::{hold_to_wish, lift_wishes, opted_out_by_address};
use crate::{Actor, Field};

/// What is to change of a contact, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct UpdateContact {
    /// The name; can't be cleared.
    pub name: Field<String>,
    /// The phone number; can be cleared while there is an e-mail address.
    pub phone: Field<String>,
    /// The e-mail address; can be cleared while there is a phone number.
    pub email: Field<String>,
    /// All the labels it is to have.
    pub tags: Field<Vec<String>>,
    /// Free notes.
    pub notes: Field<String>,
    /// Custom fields to give, change or take; those that are not named stay. Cleared, all go.
    pub custom_fields: Field<Vec<CustomFieldInput>>,
    /// `active`, `inactive` or `unsubscribed`; can't be cleared.
    pub status: Field<String>,
    /// When the contact that the user sees had last changed, if that is known.
    pub seen_at: Option<DateTime<Utc>>,
}

/// Why a contact was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateContactError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user has no such contact.
    #[error("no such contact")]
    NotFound,
    /// The person asked not to be written to after the user saw the contact; to write to them again
    /// is to be decided by somebody who knows.
    #[error("the contact has opted out meanwhile")]
    OptedOutMeanwhile,
    /// Another contact has the phone number.
    #[error("contact {existing} has this phone number")]
    DuplicatePhone {
        /// That contact.
        existing: ContactId,
    },
    /// Another contact has the e-mail address.
    #[error("contact {existing} has this e-mail address")]
    DuplicateEmail {
        /// That contact.
        existing: ContactId,
    },
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Taken> for UpdateContactError {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Phone(existing) => Self::DuplicatePhone { existing },
            Taken::Email(existing) => Self::DuplicateEmail { existing },
        }
    }
}

impl UpdateContact {
    /// Changes the contact. `known` are the user's names of custom fields, as they are spelled.
    fn apply(
        self,
        contact: &mut Contact,
        country: Country,
        known: &[FieldName],
        now: DateTime<Utc>,
    ) -> Result<(), Violations> {
        let mut violations = Violations::new();
        self.name.replace(
            "name",
            &mut contact.name,
            &mut violations,
            PersonName::parse,
        );
        let phone = contact.phone.as_ref().map(PhoneNumber::as_str);
        self.phone.unless_already(phone).replace_optional(
            "phone",
            &mut contact.phone,
            &mut violations,
            |raw| PhoneNumber::parse(raw, country),
        );
        let email = contact.email.as_ref().map(EmailAddress::as_str);
        self.email.unless_already(email).replace_optional(
            "email",
            &mut contact.email,
            &mut violations,
            EmailAddress::parse,
        );
        match self.tags {
            Field::Keep => {}
            Field::Clear => contact.tags.clear(),
            Field::Set(tags) => {
                let tags = Tag::parse_list(tags.iter().map(String::as_str));
                if let Some(tags) = violations.check("tags", tags) {
                    contact.tags = tags;
                }
            }
        }
        self.notes.replace_optional(
            "notes",
            &mut contact.notes,
            &mut violations,
            LongText::parse,
        );
        match self.custom_fields {
            Field::Keep => {}
            Field::Clear => contact.custom_fields.clear(),
            Field::Set(typed) => FieldChanges::parse(&typed, &mut violations).apply(
                &mut contact.custom_fields,
                known,
                &mut violations,
            ),
        }
        let mut status = contact.status;
        self.status
            .replace("status", &mut status, &mut violations, ContactStatus::parse);
        contact.set_status(status, now);
        let addresses_are_right = violations
            .iter()
            .all(|(field, _)| field != "phone" && field != "email");
        if addresses_are_right && let Err(unreachable) = contact.check_reachable() {
            for (field, problem) in unreachable.iter() {
                violations.add(field, problem.clone());
            }
        }
        violations.into_result()
    }
}

impl UpdateContact {
    /// The custom fields that get a value.
    fn field_names(&self) -> Vec<FieldName> {
        match &self.custom_fields {
            Field::Set(typed) => FieldChanges::parse(typed, &mut Violations::new()).names(),
            Field::Keep | Field::Clear => Vec::new(),
        }
    }
}

impl Contacts {
    /// Changes what is named of a contact, all or nothing.
    pub async fn update(
        &self,
        actor: &Actor,
        id: ContactId,
        changes: UpdateContact,
    ) -> Result<Contact, UpdateContactError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(UpdateContactError::NoSuchUser)?;
        let mut unit = self.storage.begin().await?;
        let now = self.clock.now();
        let known = register(unit.as_mut(), user.id, &changes.field_names(), now)
            .await?
            .map_err(|problem| {
                UpdateContactError::Invalid(Violations::of("custom_fields", problem))
            })?;
        let mut contact = unit
            .contacts()
            .lock(user.id, id)
            .await?
            .ok_or(UpdateContactError::NotFound)?;
        let before = contact.clone();
        let seen_at = changes.seen_at;
        changes
            .apply(&mut contact, user.default_country, &known, now)
            .map_err(UpdateContactError::Invalid)?;
        if let (Some(opt_out), Some(seen_at)) = (&before.opt_out, seen_at)
            && seen_at < opt_out.at
            && contact.status != before.status
        {
            return Err(UpdateContactError::OptedOutMeanwhile);
        }
        let new_phone = contact
            .phone
            .as_ref()
            .filter(|_| contact.phone != before.phone);
        let new_email = contact
            .email
            .as_ref()
            .filter(|_| contact.email != before.email);
        if let Some(taken) = taken(unit.contacts(), user.id, id, new_phone, new_email).await? {
            return Err(taken.into());
        }
        contact.updated_at = now;
        let taken_back = before.status == ContactStatus::Unsubscribed
            && contact.status != ContactStatus::Unsubscribed;
        if taken_back {
            lift_wishes(unit.as_mut(), user.id, std::iter::once(&before), now).await?;
        }
        if contact.phone.is_some() && contact.phone != before.phone {
            let wishes =
                opted_out_by_address(unit.as_mut(), user.id, std::iter::once(&contact)).await?;
            hold_to_wish(&mut contact, &wishes);
        }
        match unit.contacts().save(&contact).await {
            Ok(()) => {}
            Err(refusal) if is_duplicate_address(&refusal) => {
                drop(unit);
                return Err(self.taken_meanwhile(&contact, refusal).await);
            }
            Err(error) => return Err(error.into()),
        }
        unit.commit().await?;
        Ok(contact)
    }
}
