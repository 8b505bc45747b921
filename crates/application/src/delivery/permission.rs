//! Whom a campaign may write to now: not those whose person asked for silence, though the contact does
//! not know of it; and with a text of the user's own only those who wrote within 24 hours.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::PhoneNumber;
use nexus_domain::{Campaign, ChannelKind, Contact, ContactId, OptOut, SkipReason, Wish};

use super::Desk;
use super::consequences::Consequences;
use crate::opt_outs::{HeardWish, opted_out_by_address};

/// What is known of the people of one claim.
pub(super) struct Permissions {
    /// The wishes that contacts don't know of.
    unheard: BTreeMap<ContactId, (String, OptOut)>,
    /// Those who may be written to freely; `None` when it does not matter.
    within_window: Option<BTreeSet<ContactId>>,
}

impl Permissions {
    pub(super) async fn of(
        desk: &Desk,
        unit: &mut dyn UnitOfWork,
        campaign: &Campaign,
        contacts: &BTreeMap<ContactId, Contact>,
        now: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let wishes = opted_out_by_address(unit, campaign.user_id, contacts.values()).await?;
        let unheard = contacts
            .values()
            .filter(|contact| contact.reach(campaign.channel).is_ok())
            .filter_map(|contact| {
                let phone = contact.phone.as_ref()?.as_str();
                let wish = wishes.get(phone)?.clone();
                Some((contact.id, (phone.to_owned(), wish)))
            })
            .collect();
        let within_window = if desk.config.keeps_window && campaign.needs_window() {
            Some(within_window(unit, campaign, contacts, now).await?)
        } else {
            None
        };
        Ok(Self {
            unheard,
            within_window,
        })
    }

    /// Why the contact is to be passed over, if it is.
    pub(super) fn check(&self, contact: &Contact) -> Result<(), SkipReason> {
        if self.unheard.contains_key(&contact.id) {
            return Err(SkipReason::OptedOut);
        }
        match &self.within_window {
            Some(within) if !within.contains(&contact.id) => Err(SkipReason::OutsideWindow),
            _ => Ok(()),
        }
    }

    /// The contacts learn of the wishes.
    pub(super) fn tell(self, consequences: &mut Consequences) {
        for (contact, (address, wish)) in self.unheard {
            consequences.wish(HeardWish {
                address,
                contact: Some(contact),
                wish: Wish::Stop,
                source: wish.source,
                word: wish.word,
                at: wish.at,
                confirmation: None,
            });
        }
    }
}

async fn within_window(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    contacts: &BTreeMap<ContactId, Contact>,
    now: DateTime<Utc>,
) -> Result<BTreeSet<ContactId>, StorageError> {
    let user = campaign.user_id;
    let sender = match campaign.sender_id {
        Some(id) => unit.senders().find(user, id).await?,
        None => None,
    };
    let Some(sender) = sender else {
        return Ok(BTreeSet::new());
    };
    let by_phone: BTreeMap<String, ContactId> = contacts
        .values()
        .filter_map(|contact| {
            let phone = contact.phone.as_ref().map(PhoneNumber::as_str)?;
            Some((phone.to_owned(), contact.id))
        })
        .collect();
    let phones: Vec<String> = by_phone.keys().cloned().collect();
    if phones.is_empty() {
        return Ok(BTreeSet::new());
    }
    let people = unit
        .correspondents()
        .find(user, ChannelKind::Whatsapp, &phones)
        .await?;
    Ok(people
        .iter()
        .filter(|person| person.is_within_window(&sender.external_id, now))
        .filter_map(|person| by_phone.get(&person.address).copied())
        .collect())
}
