//! What customers wrote: who they are, and what they answer.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::{Entropy, StorageError, UnitOfWork};
use nexus_domain::values::PhoneNumber;
use nexus_domain::{
    CampaignContact, CampaignContactId, ChannelEvent, ChannelKind, ContactId, Direction,
    InboundMessage, Message, MessageId, UserId,
};

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
    let contacts = contacts_of(unit, user, &letters).await?;
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

async fn contacts_of(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    letters: &[Letter],
) -> Result<BTreeMap<String, ContactId>, StorageError> {
    let phones: Vec<PhoneNumber> = letters.iter().filter_map(Letter::phone).collect();
    if phones.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = unit.contacts().known(user, &phones, &[]).await?;
    Ok(known
        .into_iter()
        .filter_map(|known| Some((known.phone?.as_str().to_owned(), known.id)))
        .collect())
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

impl Letter {
    fn from(inbound: InboundMessage) -> Option<Self> {
        let address = match (&inbound.from_number, &inbound.from_user_id) {
            // A number that no numbering plan has, as the provider writes it.
            (Some(number), _) => PhoneNumber::from_wa_id(number).map_or_else(
                |_| format!("+{}", number.trim_start_matches('+')),
                |phone| phone.as_str().to_owned(),
            ),
            (None, Some(id)) => id.clone(),
            (None, None) => return None,
        };
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
