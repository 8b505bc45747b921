//! What customers wrote: who they are, what they answer, and whether they want to be written to.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{Entropy, StorageError, UnitOfWork};
use nexus_domain::values::PhoneNumber;
use nexus_domain::{
    CampaignContact, CampaignContactId, ChannelEvent, ChannelKind, ContactId, Direction,
    InboundMessage, Message, MessageBody, MessageId, OptOutSource, PreferenceChange, ReplyId, User,
    UserId,
};

use crate::opt_outs::{Confirmation, HeardWish, Wrote};

/// A message within so many days of a campaign's message to the same person counts as its answer,
/// when it does not say itself what it answers.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::days(7);
/// The provider's times are whole seconds of another clock.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// A customer's message with what is known of it.
pub(super) struct Letter {
    inbound: InboundMessage,
    /// A phone number in E.164, or the provider's id of a person without one.
    address: String,
    contact: Option<ContactId>,
    /// The recipient of a campaign that it may answer.
    pub(super) recipient: Option<CampaignContactId>,
    /// Whether it says itself that it answers that recipient's message.
    quotes: bool,
}

/// The messages among `events`, in their order. A message without a sender is none.
pub(super) async fn read_letters(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    events: &[(usize, ChannelEvent)],
    now: DateTime<Utc>,
) -> Result<Vec<Letter>, StorageError> {
    let mut letters: Vec<Letter> = events
        .iter()
        .filter_map(|(_, event)| match event {
            ChannelEvent::Inbound(inbound) => Letter::from(inbound.clone()),
            _ => None,
        })
        .collect();
    if letters.is_empty() {
        return Ok(letters);
    }
    let phones = letters.iter().filter_map(Letter::phone).collect();
    let contacts = contacts_of(unit, user, phones).await?;
    let quoted = quoted_by(unit, user, &letters).await?;
    for letter in &mut letters {
        letter.contact = contacts.get(&letter.address).copied();
        let quoted = letter
            .inbound
            .answers
            .as_ref()
            .and_then(|id| quoted.get(id));
        letter.quotes = quoted.is_some();
        letter.recipient = if let Some(recipient) = quoted {
            Some(*recipient)
        } else {
            let since = letter.inbound.sent_at.min(now) - ANSWERED_WITHIN;
            unit.recipients()
                .last_sent_to(user, ChannelKind::Whatsapp, &letter.address, since)
                .await?
        };
    }
    Ok(letters)
}

/// The contacts with these numbers, by address.
async fn contacts_of(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    phones: Vec<PhoneNumber>,
) -> Result<BTreeMap<String, ContactId>, StorageError> {
    if phones.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = unit.contacts().known(user, &phones, &[]).await?;
    Ok(known
        .into_iter()
        .filter_map(|known| Some((known.phone?.as_str().to_owned(), known.id)))
        .collect())
}

/// How a person is known: by the number in E.164, else by the provider's id. `None` when the provider
/// names neither.
fn address_of(number: Option<&String>, user_id: Option<&String>) -> Option<String> {
    match (number, user_id) {
        // A number that no numbering plan has, as the provider writes it.
        (Some(number), _) => Some(PhoneNumber::from_wa_id(number).map_or_else(
            |_| format!("+{}", number.trim_start_matches('+')),
            |phone| phone.as_str().to_owned(),
        )),
        (None, Some(id)) => Some(id.clone()),
        (None, None) => None,
    }
}

/// A wish that a person told the provider, with what is known of them.
pub(super) struct Preference {
    pub(super) change: PreferenceChange,
    pub(super) address: String,
    pub(super) contact: Option<ContactId>,
}

/// The wishes among `events` that people told the provider, in their order.
pub(super) async fn read_preferences(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    events: &[(usize, ChannelEvent)],
) -> Result<Vec<Preference>, StorageError> {
    let mut preferences: Vec<Preference> = events
        .iter()
        .filter_map(|(_, event)| match event {
            ChannelEvent::Preference(change) => Some(Preference {
                address: address_of(change.from_number.as_ref(), change.from_user_id.as_ref())?,
                change: change.clone(),
                contact: None,
            }),
            _ => None,
        })
        .collect();
    let phones = preferences
        .iter()
        .filter_map(|preference| preference.change.from_number.as_ref())
        .filter_map(|number| PhoneNumber::from_wa_id(number).ok())
        .collect();
    let contacts = contacts_of(unit, user, phones).await?;
    for preference in &mut preferences {
        preference.contact = contacts.get(&preference.address).copied();
    }
    Ok(preferences)
}

async fn quoted_by(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    letters: &[Letter],
) -> Result<BTreeMap<String, CampaignContactId>, StorageError> {
    let quoted: Vec<String> = letters
        .iter()
        .filter_map(|letter| letter.inbound.answers.clone())
        .collect();
    if quoted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = unit.recipients().find_by_message_ids(user, &quoted).await?;
    Ok(found.into_iter().collect())
}

impl Preference {
    /// The wish as it is heard.
    pub(super) fn heard(self, user: &User, now: DateTime<Utc>, entropy: &dyn Entropy) -> HeardWish {
        let confirmation = self.change.sender_external_id.map(|id| Confirmation {
            id: ReplyId::new(now, entropy),
            sender_external_id: id,
            text: user.opt_outs.reply(self.change.wish, user.language),
            is_answer: false,
        });
        HeardWish {
            address: self.address,
            contact: self.contact,
            wish: self.change.wish,
            source: OptOutSource::Provider,
            word: None,
            at: self.change.at.min(now),
            confirmation,
        }
    }
}

impl Letter {
    fn from(inbound: InboundMessage) -> Option<Self> {
        let address = address_of(inbound.from_number.as_ref(), inbound.from_user_id.as_ref())?;
        Some(Self {
            inbound,
            address,
            contact: None,
            recipient: None,
            quotes: false,
        })
    }

    fn phone(&self) -> Option<PhoneNumber> {
        PhoneNumber::from_wa_id(self.inbound.from_number.as_ref()?).ok()
    }

    /// Whether it can be an answer to what this recipient was sent: not when it was written before.
    pub(super) fn may_answer(&self, recipient: &CampaignContact) -> bool {
        self.quotes
            || recipient
                .delivery
                .dispatched_at
                .is_some_and(|sent_at| sent_at <= self.inbound.sent_at + CLOCKS_DIFFER)
    }

    /// That the person wrote.
    pub(super) fn wrote(&self, now: DateTime<Utc>) -> Wrote {
        Wrote {
            address: self.address.clone(),
            to: self.inbound.sender_external_id.clone(),
            at: self.inbound.sent_at.min(now),
        }
    }

    /// The wish that the message is, if it is one: what it says, or what the business put behind the
    /// button that was pressed.
    pub(super) fn wish(
        &self,
        user: &User,
        now: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Option<HeardWish> {
        let text = match &self.inbound.body {
            MessageBody::Text(text) => Some(text),
            MessageBody::Other(_) => None,
        };
        let (wish, word) = [text, self.inbound.payload.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|said| user.opt_outs.wish_of(said))?;
        Some(HeardWish {
            address: self.address.clone(),
            contact: self.contact,
            wish,
            source: OptOutSource::Customer,
            word: Some(word.to_owned()),
            at: self.inbound.sent_at.min(now),
            confirmation: Some(Confirmation {
                id: ReplyId::new(now, entropy),
                sender_external_id: self.inbound.sender_external_id.clone(),
                text: user.opt_outs.reply(wish, user.language),
                is_answer: true,
            }),
        })
    }

    /// The message as it is kept.
    pub(super) fn message(
        &self,
        user: UserId,
        answers: Option<CampaignContactId>,
        now: DateTime<Utc>,
        entropy: &dyn Entropy,
    ) -> Message {
        Message {
            id: MessageId::new(now, entropy),
            user_id: user,
            contact_id: self.contact,
            answers,
            channel: ChannelKind::Whatsapp,
            direction: Direction::Inbound,
            address: self.address.clone(),
            provider_id: self.inbound.provider_id.clone(),
            body: self.inbound.body.clone(),
            sent_at: self.inbound.sent_at.min(now),
            created_at: now,
        }
    }
}
