//! Whom a campaign may write to now: not those whose person asked for silence, though the contact does
//! not know of it; and with a text of the user's own only those who wrote within 24 hours.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{
    Campaign, CampaignContact, ChannelKind, Contact, ContactId, OptOut, SkipReason, Wish,
};

use super::Desk;
use super::consequences::Consequences;
use crate::opt_outs::{HeardWish, opted_out_at};

/// What is known of the people of one claim: of those with the addresses that the messages go to, and
/// of those with the contacts' numbers of today, which may be others by now.
pub(super) struct Permissions {
    /// The addresses whose people asked for silence.
    silent: BTreeSet<String>,
    /// The wishes that contacts don't know of.
    unheard: BTreeMap<ContactId, (String, OptOut)>,
    /// The addresses of those who may be written to freely; `None` when it does not matter.
    within_window: Option<BTreeSet<String>>,
}

impl Permissions {
    pub(super) async fn of(
        desk: &Desk,
        unit: &mut dyn UnitOfWork,
        campaign: &Campaign,
        recipients: &[CampaignContact],
        contacts: &BTreeMap<ContactId, Contact>,
        now: DateTime<Utc>,
    ) -> Result<Self, StorageError> {
        let phone = |contact: &Contact| Some(contact.phone.as_ref()?.as_str().to_owned());
        let addresses: BTreeSet<String> = recipients
            .iter()
            .filter_map(|recipient| recipient.address.clone())
            .chain(contacts.values().filter_map(phone))
            .collect();
        let wishes = opted_out_at(unit, campaign.user_id, &addresses).await?;
        let unheard = contacts
            .values()
            .filter(|contact| contact.reach(campaign.channel).is_ok())
            .filter_map(|contact| {
                let phone = phone(contact)?;
                let wish = wishes.get(&phone)?.clone();
                Some((contact.id, (phone, wish)))
            })
            .collect();
        let within_window = if desk.config.keeps_window && campaign.needs_window() {
            Some(within_window(unit, campaign, &addresses, now).await?)
        } else {
            None
        };
        Ok(Self {
            silent: wishes.into_keys().collect(),
            unheard,
            within_window,
        })
    }

    /// Why nothing is sent to the contact at this address, if nothing is.
    pub(super) fn check(&self, contact: &Contact, address: &str) -> Result<(), SkipReason> {
        if self.silent.contains(address) || self.unheard.contains_key(&contact.id) {
            return Err(SkipReason::OptedOut);
        }
        match &self.within_window {
            Some(within) if !within.contains(address) => Err(SkipReason::OutsideWindow),
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
    addresses: &BTreeSet<String>,
    now: DateTime<Utc>,
) -> Result<BTreeSet<String>, StorageError> {
    let user = campaign.user_id;
    let sender = match campaign.sender_id {
        Some(id) => unit.senders().find(user, id).await?,
        None => None,
    };
    let Some(sender) = sender else {
        return Ok(BTreeSet::new());
    };
    if addresses.is_empty() {
        return Ok(BTreeSet::new());
    }
    let addresses: Vec<String> = addresses.iter().cloned().collect();
    let people = unit
        .correspondents()
        .find(user, ChannelKind::Whatsapp, &addresses)
        .await?;
    Ok(people
        .into_iter()
        .filter(|person| person.is_within_window(&sender.external_id, now))
        .map(|person| person.address)
        .collect())
}
