//! Phone numbers and e-mail addresses belong to one contact of a user each.

use nexus_domain::ports::{ContactRepository, DuplicateKey, StorageError};
use nexus_domain::values::{EmailAddress, PhoneNumber};
use nexus_domain::{Contact, ContactId, UserId};

use super::Contacts;

/// An address that another contact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Phone(ContactId),
    Email(ContactId),
}

/// The first of these addresses that another contact than `except` has.
pub(super) async fn taken(
    contacts: &mut dyn ContactRepository,
    user: UserId,
    except: ContactId,
    phone: Option<&PhoneNumber>,
    email: Option<&EmailAddress>,
) -> Result<Option<Taken>, StorageError> {
    if phone.is_none() && email.is_none() {
        return Ok(None);
    }
    let phones: Vec<_> = phone.cloned().into_iter().collect();
    let emails: Vec<_> = email.cloned().into_iter().collect();
    let others: Vec<_> = contacts
        .known(user, &phones, &emails)
        .await?
        .into_iter()
        .filter(|known| known.id != except)
        .collect();
    let by_phone = others
        .iter()
        .find(|known| phone.is_some() && known.phone.as_ref() == phone)
        .map(|known| Taken::Phone(known.id));
    let by_email = others
        .iter()
        .find(|known| email.is_some() && known.email.as_ref() == email)
        .map(|known| Taken::Email(known.id));
    Ok(by_phone.or(by_email))
}

/// Whether the store refused a contact because of its addresses.
pub(super) fn is_duplicate_address(error: &StorageError) -> bool {
    matches!(
        error,
        StorageError::Duplicate(DuplicateKey::ContactPhone | DuplicateKey::ContactEmail)
    )
}

impl Contacts {
    /// Who has the address for which the store refused `contact`: somebody was faster. When they
    /// are gone again already, `refusal` is all there is to say.
    pub(super) async fn taken_meanwhile<E>(&self, contact: &Contact, refusal: StorageError) -> E
    where
        E: From<Taken> + From<StorageError>,
    {
        let mut repositories = self.storage.read();
        let found = taken(
            repositories.contacts(),
            contact.user_id,
            contact.id,
            contact.phone.as_ref(),
            contact.email.as_ref(),
        )
        .await;
        match found {
            Ok(Some(taken)) => taken.into(),
            Ok(None) => refusal.into(),
            Err(error) => error.into(),
        }
    }
}
