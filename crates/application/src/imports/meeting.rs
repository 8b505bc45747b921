//! Rows meet contacts: those that were there before, and those of earlier rows.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use nexus_domain::ports::Entropy;
use nexus_domain::values::{EmailAddress, FieldName, PhoneNumber, Problem};
use nexus_domain::{Contact, ContactId, ImportProgress, KnownContacts, OptOut, RowError};

use super::batch::{Batch, Entry, Origin};
use super::rows::RowErrors;
use crate::opt_outs::hold_to_wish;

/// One change of the store. They are made in their order, in which no two contacts ever have the
/// same address at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A new contact.
    Insert(Contact),
    /// A contact that has changed.
    Save {
        /// As it is now.
        contact: Contact,
        /// What it gave up: whoever takes one of these must be stored after it.
        freed: Vec<Address>,
    },
}

/// What no two contacts of a user have at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// A phone number.
    Phone(PhoneNumber),
    /// An e-mail address.
    Email(EmailAddress),
}

impl Address {
    /// The addresses of a contact.
    pub(super) fn of(contact: &Contact) -> impl Iterator<Item = Self> {
        let phone = contact.phone.clone().map(Self::Phone);
        phone
            .into_iter()
            .chain(contact.email.clone().map(Self::Email))
    }
}

impl Step {
    pub(super) fn contact(&self) -> &Contact {
        match self {
            Self::Insert(contact) | Self::Save { contact, .. } => contact,
        }
    }

    fn contact_mut(&mut self) -> &mut Contact {
        match self {
            Self::Insert(contact) | Self::Save { contact, .. } => contact,
        }
    }
}

/// What a batch comes to.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) steps: Vec<Step>,
    pub(super) errors: Vec<RowError>,
    pub(super) progress: ImportProgress,
}

impl Settled {
    /// The contacts as they will be stored.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.steps.iter().map(Step::contact)
    }

    /// With those unsubscribed whose phone numbers are of people who asked not to be written to.
    pub(super) fn held_to(mut self, wishes: &BTreeMap<String, OptOut>) -> Self {
        for contact in self.steps.iter_mut().map(Step::contact_mut) {
            hold_to_wish(contact, wishes);
        }
        self
    }

    /// With the names of custom fields spelled as somebody else spelled them meanwhile.
    pub(super) fn spelled_as(mut self, names: &[FieldName]) -> Self {
        for contact in self.steps.iter_mut().map(Step::contact_mut) {
            let fields = std::mem::take(&mut contact.custom_fields);
            contact.custom_fields = fields.spelled_as(names);
        }
        self
    }
}

/// A contact that rows may meet.
struct Person {
    contact: Contact,
    /// The last step that stores it.
    step: Option<usize>,
}

/// The contacts that are there while the rows of a batch come in, one after the other.
pub(super) struct Meeting<'a> {
    origin: &'a Origin,
    now: DateTime<Utc>,
    entropy: &'a dyn Entropy,
    people: Vec<Person>,
    by_phone: HashMap<PhoneNumber, usize>,
    by_email: HashMap<EmailAddress, usize>,
    settled: Settled,
}

impl<'a> Meeting<'a> {
    /// Settles a batch. `known` are the contacts in the store that have any of its addresses.
    ///
    /// A row meets the contact that has its phone or its e-mail; the contact of an earlier row is
    /// as good as any other, in this batch or one before. A row whose two addresses belong to two
    /// contacts is refused: which of them is meant, only a person can say.
    pub(super) fn settle(
        batch: &Batch<'_>,
        known: Vec<Contact>,
        origin: &'a Origin,
        now: DateTime<Utc>,
        entropy: &'a dyn Entropy,
    ) -> Settled {
        let mut meeting = Self {
            origin,
            now,
            entropy,
            people: Vec::new(),
            by_phone: HashMap::new(),
            by_email: HashMap::new(),
            settled: Settled {
                steps: Vec::new(),
                errors: batch.errors.clone(),
                progress: batch.progress,
            },
        };
        for contact in known {
            meeting.add(contact, None);
        }
        for entry in &batch.entries {
            meeting.come_in(entry);
        }
        meeting.settled
    }

    fn add(&mut self, contact: Contact, step: Option<usize>) {
        let person = self.people.len();
        self.index(&contact, person);
        self.people.push(Person { contact, step });
    }

    fn index(&mut self, contact: &Contact, person: usize) {
        if let Some(phone) = &contact.phone {
            self.by_phone.insert(phone.clone(), person);
        }
        if let Some(email) = &contact.email {
            self.by_email.insert(email.clone(), person);
        }
    }

    fn come_in(&mut self, entry: &Entry<'_>) {
        let details = &entry.details;
        let with_phone = details.phone.as_ref().and_then(|p| self.by_phone.get(p));
        let with_email = details.email.as_ref().and_then(|e| self.by_email.get(e));
        match (with_phone.copied(), with_email.copied()) {
            (Some(one), Some(other)) if one != other => {
                let problem = Problem::MeetsTwoContacts {
                    phone: self.people[one].contact.id,
                    email: self.people[other].contact.id,
                };
                self.refuse(entry, problem);
            }
            (Some(person), _) | (None, Some(person)) => self.meet(entry, person),
            (None, None) => self.create(entry),
        }
    }

    fn create(&mut self, entry: &Entry<'_>) {
        // The rows of a batch come in at one moment: their ids keep the order of the file.
        let position = u32::try_from(self.settled.steps.len()).unwrap_or(u32::MAX);
        let id = ContactId::in_order(self.now, position, self.entropy);
        let origin = self.origin;
        let contact =
            entry
                .details
                .clone()
                .into_contact(id, origin.user_id, origin.import_id, self.now);
        self.settled.progress.created += 1;
        self.add(contact.clone(), Some(self.settled.steps.len()));
        self.settled.steps.push(Step::Insert(contact));
    }

    fn meet(&mut self, entry: &Entry<'_>, person: usize) {
        let policy = self.origin.plan.known;
        let known = &mut self.people[person].contact;
        let refuses_status = known.refuses_status(&entry.details);
        let before = known.clone();
        let progress = &mut self.settled.progress;
        match known.take_in(&entry.details, policy, self.origin.import_id, self.now) {
            Err(problem) => return self.refuse(entry, problem),
            Ok(true) => {
                progress.updated += 1;
                self.note_change(&before, person);
            }
            Ok(false) if policy == KnownContacts::Skip => progress.skipped += 1,
            Ok(false) => progress.unchanged += 1,
        }
        if refuses_status {
            self.settled.progress.still_unsubscribed += 1;
        }
    }

    fn note_change(&mut self, before: &Contact, person: usize) {
        let contact = self.people[person].contact.clone();
        let moved = contact.phone != before.phone || contact.email != before.email;
        match self.people[person].step {
            // The contact is stored as it is in the end, once.
            Some(step) if !moved => *self.settled.steps[step].contact_mut() = contact,
            _ => {
                self.people[person].step = Some(self.settled.steps.len());
                let mut freed: Vec<_> = Address::of(before).collect();
                freed.retain(|address| !Address::of(&contact).any(|kept| kept == *address));
                if moved {
                    self.forget_addresses(before);
                    self.index(&contact, person);
                }
                self.settled.steps.push(Step::Save { contact, freed });
            }
        }
    }

    /// What a contact had may now be somebody else's.
    fn forget_addresses(&mut self, contact: &Contact) {
        if let Some(phone) = &contact.phone {
            self.by_phone.remove(phone);
        }
        if let Some(email) = &contact.email {
            self.by_email.remove(email);
        }
    }

    fn refuse(&mut self, entry: &Entry<'_>, problem: Problem) {
        let mut errors = RowErrors::of(entry.row);
        errors.add(None, "", problem);
        self.settled.progress.invalid += 1;
        self.settled.errors.extend(errors.errors);
    }
}
