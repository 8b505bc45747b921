//! Some rows of a table, on their way into the store in one transaction.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Entropy, KnownAddress, TableRow};
use nexus_domain::values::{Country, EmailAddress, PhoneNumber};
use nexus_domain::{
    Contact, ContactId, ContactSource, ImportId, ImportProgress, OptOutSource, RowError, UserId,
};

use super::columns::Columns;
use super::rows::{ParsedContact, ParsedRow, parse};

/// For whom and from what rows are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) user_id: UserId,
    pub(super) import_id: ImportId,
    pub(super) country: Country,
}

/// The rows of one transaction, parsed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    read: u64,
    blank: u64,
    invalid: u64,
    /// What is wrong with the invalid rows.
    pub(super) errors: Vec<RowError>,
    /// A contact for each of the other rows, in their order.
    contacts: Vec<Contact>,
}

impl Batch {
    /// Reads the rows.
    pub(super) fn read(
        rows: &[TableRow],
        columns: &Columns,
        origin: &Origin,
        now: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Self {
        let mut batch = Self::default();
        for row in rows {
            batch.read += 1;
            match parse(columns, row, origin.country) {
                ParsedRow::Blank => batch.blank += 1,
                ParsedRow::Invalid(errors) => {
                    batch.invalid += 1;
                    batch.errors.extend(errors);
                }
                ParsedRow::Contact(parsed) => {
                    batch.contacts.push(contact(*parsed, origin, now, entropy));
                }
            }
        }
        batch
    }

    /// Every phone number and e-mail address of the batch, to ask who has them.
    pub(super) fn addresses(&self) -> (Vec<PhoneNumber>, Vec<EmailAddress>) {
        let phones = self.contacts.iter().filter_map(|c| c.phone.clone());
        let emails = self.contacts.iter().filter_map(|c| c.email.clone());
        (phones.collect(), emails.collect())
    }

    /// The contacts that are new, and how the rows add up. A contact is not new when its phone or
    /// e-mail is among `known`, or is that of an earlier new one.
    pub(super) fn settle(&self, known: &[KnownAddress]) -> (Vec<Contact>, ImportProgress) {
        let mut phones: HashSet<&PhoneNumber> = known
            .iter()
            .filter_map(|known| known.phone.as_ref())
            .collect();
        let mut emails: HashSet<&EmailAddress> = known
            .iter()
            .filter_map(|known| known.email.as_ref())
            .collect();
        let mut new = Vec::new();
        for contact in &self.contacts {
            let phone_taken = contact.phone.as_ref().is_some_and(|p| phones.contains(p));
            let email_taken = contact.email.as_ref().is_some_and(|e| emails.contains(e));
            if phone_taken || email_taken {
                continue;
            }
            phones.extend(&contact.phone);
            emails.extend(&contact.email);
            new.push(contact.clone());
        }
        let created = count(new.len());
        let progress = ImportProgress {
            read: self.read,
            created,
            known: count(self.contacts.len()) - created,
            blank: self.blank,
            invalid: self.invalid,
        };
        (new, progress)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn contact(
    parsed: ParsedContact,
    origin: &Origin,
    now: DateTime<Utc>,
    entropy: &dyn Entropy,
) -> Contact {
    Contact {
        id: ContactId::new(now, entropy),
        user_id: origin.user_id,
        name: parsed.name,
        phone: parsed.phone,
        email: parsed.email,
        tags: parsed.tags,
        notes: parsed.notes,
        status: parsed.status,
        opt_out: parsed.status.opt_out(OptOutSource::Import, now),
        source: ContactSource::File(origin.import_id),
        last_message_at: None,
        created_at: now,
        updated_at: now,
    }
}
