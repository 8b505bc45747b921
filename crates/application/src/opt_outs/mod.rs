//! What customers say about being written to: heard in whatever order, kept by address, shown on the
//! contact, and confirmed to the person once.
//!
//! Whoever settles wishes locks the contacts concerned, by id, and then the people, by address.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::PhoneNumber;
use nexus_domain::{
    AutomaticReply, ChannelKind, Contact, ContactId, ContactStatus, Correspondent, Heard, OptOut,
    OptOutSource, ReplyId, ReplyStatus, UserId, Wish,
};

/// The same confirmation is not given to the same person again within this time.
const CONFIRMED_FOR: TimeDelta = TimeDelta::hours(24);
/// Nor more than so many of either kind: whoever answers may be a machine as well.
const MOST_CONFIRMATIONS: usize = 4;

/// What is answered to a wish.
#[derive(Debug, Clone)]
pub(crate) struct Confirmation {
    pub(crate) id: ReplyId,
    /// The user's number that the person wrote to.
    pub(crate) sender_external_id: String,
    pub(crate) text: String,
    /// Whether it is given also when the wish changes nothing, to somebody who asks once more.
    pub(crate) is_answer: bool,
}

/// A wish that came to us.
#[derive(Debug, Clone)]
pub(crate) struct HeardWish {
    pub(crate) address: String,
    /// The contact with the address.
    pub(crate) contact: Option<ContactId>,
    pub(crate) wish: Wish,
    pub(crate) source: OptOutSource,
    /// The word that the person wrote.
    pub(crate) word: Option<String>,
    /// When the person said it.
    pub(crate) at: DateTime<Utc>,
    pub(crate) confirmation: Option<Confirmation>,
}

/// A person wrote to one of the user's numbers.
#[derive(Debug, Clone)]
pub(crate) struct Wrote {
    pub(crate) address: String,
    pub(crate) to: String,
    pub(crate) at: DateTime<Utc>,
}

/// What was heard from the people of one user over WhatsApp, in order.
#[derive(Debug, Default)]
pub(crate) struct HeardFromPeople {
    pub(crate) wrote: Vec<Wrote>,
    pub(crate) wishes: Vec<HeardWish>,
}

/// The channel over which people tell their wishes.
const CHANNEL: ChannelKind = ChannelKind::Whatsapp;

impl HeardFromPeople {
    pub(crate) fn is_empty(&self) -> bool {
        self.wrote.is_empty() && self.wishes.is_empty()
    }

    /// Stores all of it. `also_locked` are contacts that are changed afterwards in the same
    /// transaction: they are locked together with those of the wishes, in the order of their ids.
    pub(crate) async fn store(
        self,
        unit: &mut dyn UnitOfWork,
        user: UserId,
        also_locked: &BTreeSet<ContactId>,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let mut contacts = self.lock_contacts(unit, user, also_locked).await?;
        let addresses: BTreeSet<String> = self
            .wrote
            .iter()
            .map(|wrote| &wrote.address)
            .chain(self.wishes.iter().map(|wish| &wish.address))
            .cloned()
            .collect();
        let addresses: Vec<String> = addresses.into_iter().collect();
        let people = unit
            .correspondents()
            .lock_or_add(user, CHANNEL, &addresses)
            .await?;
        let mut people: BTreeMap<String, Correspondent> = people
            .into_iter()
            .map(|person| (person.address.clone(), person))
            .collect();
        for wrote in self.wrote {
            if let Some(person) = people.get_mut(&wrote.address) {
                person.wrote(wrote.at, &wrote.to);
            }
        }
        let mut changed = BTreeSet::new();
        for wish in self.wishes {
            let Some(person) = people.get_mut(&wish.address) else {
                continue;
            };
            // A message may have gone to a number that the contact has no more.
            let concerned = wish.contact.filter(|id| {
                let phone = contacts.get(id).and_then(|contact| contact.phone.as_ref());
                phone.is_some_and(|phone| phone.as_str() == wish.address)
            });
            let contact = concerned.and_then(|id| contacts.get_mut(&id));
            let before = contact.as_ref().map(|contact| contact.status);
            let settled = settle(person, contact, &wish, now);
            let after = concerned.and_then(|id| contacts.get_mut(&id));
            if let Some(contact) = after
                && Some(contact.status) != before
            {
                contact.updated_at = now;
                changed.insert(contact.id);
            }
            tracing::info!(
                user_id = %user,
                contact_id = ?wish.contact,
                wish = wish.wish.as_str(),
                source = wish.source.as_str(),
                ?settled,
                "a person said whether to be written to"
            );
            confirm(unit, person, wish, settled, now).await?;
        }
        let changed: Vec<Contact> = changed
            .into_iter()
            .filter_map(|id| contacts.remove(&id))
            .collect();
        if !changed.is_empty() {
            unit.contacts().save_many(user, &changed).await?;
        }
        let people: Vec<Correspondent> = people.into_values().collect();
        unit.correspondents().save(&people).await
    }

    async fn lock_contacts(
        &self,
        unit: &mut dyn UnitOfWork,
        user: UserId,
        also: &BTreeSet<ContactId>,
    ) -> Result<BTreeMap<ContactId, Contact>, StorageError> {
        let mut ids: BTreeSet<ContactId> =
            self.wishes.iter().filter_map(|wish| wish.contact).collect();
        ids.extend(also);
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let locked = unit.contacts().lock_many(user, &ids).await?;
        Ok(locked
            .into_iter()
            .map(|contact| (contact.id, contact))
            .collect())
    }
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// Nothing: a newer wish holds, or what the user decided.
    Nothing,
    /// It was so already.
    AsBefore,
    /// It is so now.
    Changed,
}

fn settle(
    person: &mut Correspondent,
    contact: Option<&mut Contact>,
    wish: &HeardWish,
    now: DateTime<Utc>,
) -> Settled {
    let heard = match wish.wish {
        Wish::Stop => person.stop(OptOut {
            word: wish.word.clone(),
            ..OptOut::new(wish.source, wish.at)
        }),
        Wish::Resume => person.resume(wish.at),
    };
    if heard == Heard::Stale {
        return Settled::Nothing;
    }
    let moved = match (wish.wish, contact) {
        (_, None) => false,
        // Whoever changes a contact by hand is told of wishes that became known meanwhile.
        (Wish::Stop, Some(contact)) => contact.opt_out_as(OptOut {
            word: wish.word.clone(),
            ..OptOut::new(wish.source, now)
        }),
        (Wish::Resume, Some(contact)) => {
            // Of wishes of old only the contact knows.
            let is_older = |known: &OptOut| heard == Heard::New || known.at < wish.at;
            let back =
                contact.opt_out.as_ref().is_some_and(is_older) && contact.return_by_own_wish();
            if contact.status == ContactStatus::Unsubscribed {
                return Settled::Nothing;
            }
            back
        }
    };
    if moved || heard == Heard::New {
        Settled::Changed
    } else {
        Settled::AsBefore
    }
}

/// Decides on an answer to the wish, unless the person has had it lately.
async fn confirm(
    unit: &mut dyn UnitOfWork,
    person: &Correspondent,
    wish: HeardWish,
    settled: Settled,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let Some(confirmation) = wish.confirmation else {
        return Ok(());
    };
    let wanted = match (settled, wish.wish) {
        (Settled::Changed, _) => true,
        // Who asks again not to be written to is not sure; who asks for what they have is none to
        // be written to about it.
        (Settled::AsBefore, Wish::Stop) => confirmation.is_answer,
        (Settled::AsBefore, Wish::Resume) | (Settled::Nothing, _) => false,
    };
    let Some(window_ends_at) = person
        .window_ends_at(&confirmation.sender_external_id)
        .filter(|end| wanted && now < *end)
    else {
        return Ok(());
    };
    let recent = unit
        .replies()
        .recent(
            person.user_id,
            person.channel,
            &person.address,
            now - CONFIRMED_FOR,
        )
        .await?;
    let said_last = recent
        .first()
        .is_some_and(|last| last.confirms == wish.wish);
    if said_last || recent.len() >= MOST_CONFIRMATIONS {
        return Ok(());
    }
    unit.replies()
        .insert(&AutomaticReply {
            id: confirmation.id,
            user_id: person.user_id,
            channel: person.channel,
            sender_external_id: confirmation.sender_external_id,
            address: wish.address,
            contact_id: wish.contact,
            confirms: wish.wish,
            text: confirmation.text,
            status: ReplyStatus::Queued,
            attempts: 0,
            not_before: now,
            window_ends_at,
            message_id: None,
            failure: None,
            created_at: now,
            updated_at: now,
        })
        .await
}

/// Who of these contacts must not be written to because the person with its phone number said so,
/// though the contact does not know of it: it was added meanwhile, or got the number since.
pub(crate) async fn opted_out_by_address<'a>(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    contacts: impl Iterator<Item = &'a Contact>,
) -> Result<BTreeMap<String, OptOut>, StorageError> {
    let phones = contacts
        .filter_map(|contact| contact.phone.as_ref())
        .map(|phone| phone.as_str().to_owned())
        .collect();
    opted_out_at(unit, user, &phones).await
}

/// What the people with these addresses said who must not be written to.
pub(crate) async fn opted_out_at(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    addresses: &BTreeSet<String>,
) -> Result<BTreeMap<String, OptOut>, StorageError> {
    if addresses.is_empty() {
        return Ok(BTreeMap::new());
    }
    let addresses: Vec<String> = addresses.iter().cloned().collect();
    let people = unit
        .correspondents()
        .opted_out(user, CHANNEL, &addresses)
        .await?;
    Ok(people
        .into_iter()
        .filter_map(|person| Some((person.address, person.opt_out?)))
        .collect())
}

/// A contact that comes to have the phone number of a person who asked not to be written to is not
/// written to, whoever brings it in.
pub(crate) fn hold_to_wish(contact: &mut Contact, wishes: &BTreeMap<String, OptOut>) -> bool {
    let phone = contact.phone.as_ref().map(PhoneNumber::as_str);
    phone
        .and_then(|phone| wishes.get(phone))
        .is_some_and(|wish| contact.opt_out_as(wish.clone()))
}

/// Its user decides that these contacts may be written to again: the wishes of the people with their
/// phone numbers hold no longer.
pub(crate) async fn lift_wishes<'a>(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    contacts: impl Iterator<Item = &'a Contact>,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let wishes = opted_out_by_address(unit, user, contacts).await?;
    if wishes.is_empty() {
        return Ok(());
    }
    let addresses: Vec<String> = wishes.into_keys().collect();
    let mut people = unit
        .correspondents()
        .lock_or_add(user, CHANNEL, &addresses)
        .await?;
    for person in &mut people {
        person.resume(now);
    }
    unit.correspondents().save(&people).await
}
