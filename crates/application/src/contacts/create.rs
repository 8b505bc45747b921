//! A new contact.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{
    CustomFields, EmailAddress, LongText, PersonName, PhoneNumber, Problem, Tag, Violations,
};
use nexus_domain::{Contact, ContactId, ContactSource, ContactStatus, OptOutSource, User};

use super::Contacts;
use super::addresses::{Taken, is_duplicate_address, taken};
use crate::Actor;
use crate::custom_fields::{CustomFieldInput, FieldChanges, register};
use crate::field::optional;
use crate::opt_outs::{hold_to_wish, opted_out_by_address};

/// A contact as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct CreateContact {
    /// The name.
    pub name: String,
    /// The phone number; this or an e-mail address is needed.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// Free notes.
    pub notes: Option<String>,
    /// What the user knows of it besides.
    pub custom_fields: Vec<CustomFieldInput>,
    /// `active` (as without), `inactive` or `unsubscribed`.
    pub status: Option<String>,
}

/// Why no contact was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateContactError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
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

impl From<Taken> for CreateContactError {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Phone(existing) => Self::DuplicatePhone { existing },
            Taken::Email(existing) => Self::DuplicateEmail { existing },
        }
    }
}

impl Contacts {
    /// Adds a contact. One whose phone number is of somebody who asked not to be written to is
    /// unsubscribed from the start, whatever status was typed.
    pub async fn create(
        &self,
        actor: &Actor,
        typed: CreateContact,
    ) -> Result<Contact, CreateContactError> {
        let user = self
            .user(actor)
            .await?
            .ok_or(CreateContactError::NoSuchUser)?;
        let mut contact = self
            .parse(&user, &typed)
            .map_err(CreateContactError::Invalid)?;
        let mut unit = self.storage.begin().await?;
        let names: Vec<_> = contact.custom_fields.names().cloned().collect();
        let known = register(unit.as_mut(), user.id, &names, contact.created_at)
            .await?
            .map_err(|problem| {
                CreateContactError::Invalid(Violations::of("custom_fields", problem))
            })?;
        contact.custom_fields = contact.custom_fields.spelled_as(&known);
        if let Some(taken) = taken(
            unit.contacts(),
            user.id,
            contact.id,
            contact.phone.as_ref(),
            contact.email.as_ref(),
        )
        .await?
        {
            return Err(taken.into());
        }
        let wishes =
            opted_out_by_address(unit.as_mut(), user.id, std::iter::once(&contact)).await?;
        hold_to_wish(&mut contact, &wishes);
        match unit.contacts().insert(std::slice::from_ref(&contact)).await {
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

    fn parse(&self, user: &User, typed: &CreateContact) -> Result<Contact, Violations> {
        let mut violations = Violations::new();
        let name = violations.check("name", PersonName::parse(&typed.name));
        let phone = violations.check(
            "phone",
            optional(typed.phone.as_deref(), |raw| {
                PhoneNumber::parse(raw, user.default_country)
            }),
        );
        let email = violations.check(
            "email",
            optional(typed.email.as_deref(), EmailAddress::parse),
        );
        if let (Some(None), Some(None)) = (&phone, &email) {
            violations.add("phone", Problem::PhoneOrEmailRequired);
        }
        let tags = violations.check(
            "tags",
            Tag::parse_list(typed.tags.iter().map(String::as_str)),
        );
        let notes = violations.check("notes", optional(typed.notes.as_deref(), LongText::parse));
        let mut fields = CustomFields::default();
        FieldChanges::parse(&typed.custom_fields, &mut violations).apply(
            &mut fields,
            &[],
            &mut violations,
        );
        let status = violations.check(
            "status",
            optional(typed.status.as_deref(), ContactStatus::parse),
        );
        let (Some(name), Some(phone), Some(email), Some(tags), Some(notes), Some(status), true) = (
            name,
            phone,
            email,
            tags,
            notes,
            status,
            violations.is_empty(),
        ) else {
            return Err(violations);
        };
        let now = self.clock.now();
        let status = status.unwrap_or_default();
        Ok(Contact {
            id: ContactId::new(now, self.entropy.as_ref()),
            user_id: user.id,
            name,
            phone,
            email,
            tags,
            notes,
            custom_fields: fields,
            status,
            opt_out: status.opt_out(OptOutSource::User, now),
            source: ContactSource::Manual,
            last_message_at: None,
            created_at: now,
            updated_at: now,
        })
    }
}
