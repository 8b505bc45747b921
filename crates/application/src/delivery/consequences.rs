//! What follows from recipients having moved, stored in the transaction that moves them: the
//! campaigns' counters and their completion, what is known of contacts, the charts.
//!
//! Transactions that move recipients lock in this order, so that no two wait for each other: the
//! connection to WhatsApp, its templates, the sender account, recipients by id, files that the provider
//! has, automatic replies by id, campaigns by id, names of custom fields, segments by id, contacts by id,
//! correspondents by address, last messages by contact, charts by time. A claim is the exception: it locks one campaign first and passes
//! over recipients that others hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{
    Campaign, CampaignContact, CampaignId, CampaignStatus, ContactId, CounterDelta, Decision,
    Delivery, DeliveryStatus, FailureCode, MessageBucket, MessageDelta, OptOutSource, UserId, Wish,
};

use crate::opt_outs::{HeardFromPeople, HeardWish, Wrote};

/// What follows from recipients of one user having moved.
pub(crate) struct Consequences {
    user: UserId,
    counters: BTreeMap<CampaignId, CounterDelta>,
    pauses: BTreeMap<CampaignId, FailureCode>,
    heard: HeardFromPeople,
    met: BTreeSet<ContactId>,
    messages: BTreeMap<DateTime<Utc>, MessageDelta>,
}

/// Where a recipient was before it moved.
pub(crate) enum Before<'a> {
    /// In this status, with the times that it has still.
    Status(DeliveryStatus),
    /// All of it.
    Delivery(&'a Delivery),
}

impl From<DeliveryStatus> for Before<'_> {
    fn from(status: DeliveryStatus) -> Self {
        Self::Status(status)
    }
}

impl<'a> From<&'a Delivery> for Before<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        Self::Delivery(delivery)
    }
}

impl Consequences {
    pub(crate) fn new(user: UserId) -> Self {
        Self {
            user,
            counters: BTreeMap::new(),
            pauses: BTreeMap::new(),
            heard: HeardFromPeople::default(),
            met: BTreeSet::new(),
            messages: BTreeMap::new(),
        }
    }

    /// The recipient went from `before` to where it is, at `at`.
    pub(crate) fn moved<'b>(
        &mut self,
        recipient: &CampaignContact,
        before: impl Into<Before<'b>>,
        at: DateTime<Utc>,
    ) {
        let delivery = &recipient.delivery;
        let (status, known) = match before.into() {
            // What it was counted in then it still has the times of.
            Before::Status(status) => (status, delivery),
            Before::Delivery(before) => (before.status, before),
        };
        self.chart_again((status, known), delivery);
        if delivery.status == status {
            return;
        }
        // Only unconfirmed messages are left so, and what is heard of one after all is an answer.
        let was_left =
            status == DeliveryStatus::Unconfirmed && delivery.decision == Some(Decision::Leave);
        let counters = CounterDelta {
            unconfirmed_left: -i64::from(was_left),
            ..CounterDelta::shift(status, delivery.status)
        };
        self.count(recipient.campaign_id, counters);
        let refused_by_person = delivery
            .failure
            .as_ref()
            .is_some_and(|failure| failure.code == FailureCode::OptedOut);
        if delivery.status == DeliveryStatus::Failed
            && refused_by_person
            && let Some(address) = &recipient.address
        {
            self.wish(HeardWish {
                address: address.clone(),
                contact: recipient.contact_id,
                wish: Wish::Stop,
                source: OptOutSource::Provider,
                word: None,
                at,
                confirmation: None,
            });
        }
    }

    /// The user decided about the recipient, of which `before` was known.
    pub(crate) fn decided(&mut self, recipient: &CampaignContact, before: &Delivery) {
        let after = &recipient.delivery;
        let counters = CounterDelta {
            unconfirmed_left: i64::from(after.is_left()) - i64::from(before.is_left()),
            ..CounterDelta::shift(before.status, after.status)
        };
        self.chart_again((before.status, before), after);
        self.count(recipient.campaign_id, counters);
    }

    /// The recipient answered for the first time.
    pub(crate) fn replied(&mut self, recipient: &CampaignContact, at: DateTime<Utc>) {
        let counters = CounterDelta {
            replied: 1,
            ..CounterDelta::default()
        };
        let messages = MessageDelta {
            replied: 1,
            ..MessageDelta::default()
        };
        self.count(recipient.campaign_id, counters);
        self.chart(at, messages);
    }

    fn count(&mut self, campaign: CampaignId, counters: CounterDelta) {
        let total = self.counters.entry(campaign).or_default();
        *total = total.plus(counters);
    }

    /// Takes back what was counted in the charts, and counts what is so now.
    fn chart_again(&mut self, before: (DeliveryStatus, &Delivery), after: &Delivery) {
        let (status, known) = before;
        for (at, counted) in MessageDelta::of(status, known) {
            self.chart(at, counted.taken_back());
        }
        for (at, counted) in MessageDelta::of(after.status, after) {
            self.chart(at, counted);
        }
    }

    fn chart(&mut self, at: DateTime<Utc>, messages: MessageDelta) {
        let bucket = self
            .messages
            .entry(MessageBucket::start_of(at))
            .or_default();
        *bucket = bucket.plus(messages);
    }

    /// A message went to or came from this contact.
    pub(crate) fn met(&mut self, contact: ContactId) {
        self.met.insert(contact);
    }

    /// A person said whether to be written to.
    pub(crate) fn wish(&mut self, wish: HeardWish) {
        self.heard.wishes.push(wish);
    }

    /// A person wrote.
    pub(crate) fn wrote(&mut self, wrote: Wrote) {
        self.heard.wrote.push(wrote);
    }

    /// The campaign is to be paused, if it is being sent.
    pub(crate) fn pause(&mut self, campaign: CampaignId, code: FailureCode) {
        self.pauses.entry(campaign).or_insert(code);
    }

    /// Stores all of it.
    pub(crate) async fn store(
        mut self,
        unit: &mut dyn UnitOfWork,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let campaigns: BTreeSet<_> = self
            .counters
            .keys()
            .chain(self.pauses.keys())
            .copied()
            .collect();
        for campaign in campaigns {
            self.store_campaign(unit, campaign, now).await?;
        }
        let heard = std::mem::take(&mut self.heard);
        if !heard.is_empty() {
            heard.store(unit, self.user, &self.met, now).await?;
        }
        if !self.met.is_empty() {
            let met: Vec<_> = self.met.into_iter().collect();
            unit.contacts().note_message(self.user, &met, now).await?;
        }
        for (at, delta) in self.messages {
            if delta != MessageDelta::default() {
                unit.statistics()
                    .count_messages(self.user, at, &delta)
                    .await?;
            }
        }
        Ok(())
    }

    async fn store_campaign(
        &self,
        unit: &mut dyn UnitOfWork,
        id: CampaignId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let delta = self.counters.get(&id).copied().unwrap_or_default();
        let mut completed = false;
        if delta != CounterDelta::default() {
            let counters = unit.campaigns().count(self.user, id, &delta).await?;
            completed = delta.pending < 0 && counters.pending == 0;
        }
        let reason = self.pauses.get(&id).copied();
        if !completed && reason.is_none() {
            return Ok(());
        }
        let Some(mut campaign) = unit.campaigns().lock(self.user, id).await? else {
            return Ok(());
        };
        // A campaign that was cancelled stays so, whatever its last messages in flight do.
        let changed = if completed {
            campaign.complete(now)
        } else {
            campaign.pause(reason, now)
        };
        if changed.is_ok() {
            unit.campaigns().save(&campaign).await?;
            tracing::info!(
                user_id = %self.user,
                campaign_id = %id,
                status = campaign.status().as_str(),
                reason = reason.filter(|_| !completed).map(FailureCode::as_str),
                "a campaign stops"
            );
        }
        Ok(())
    }
}

/// Locks campaigns, by id.
async fn lock_campaigns(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    ids: &BTreeSet<CampaignId>,
) -> Result<BTreeMap<CampaignId, Campaign>, StorageError> {
    let mut locked = BTreeMap::new();
    for id in ids {
        if let Some(campaign) = unit.campaigns().lock(user, *id).await? {
            locked.insert(*id, campaign);
        }
    }
    Ok(locked)
}

/// Recipients back in the queue of a campaign that was cancelled meanwhile are cancelled too: the
/// cancellation could not see them. Locks their campaigns for that, together with those in `also`,
/// which will be changed as well.
pub(super) async fn cancel_with_campaign(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    recipients: &mut [CampaignContact],
    mut also: BTreeSet<CampaignId>,
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let queued = |recipient: &CampaignContact| recipient.delivery.status == DeliveryStatus::Queued;
    if also.is_empty() && !recipients.iter().any(queued) {
        return Ok(());
    }
    also.extend(recipients.iter().map(|recipient| recipient.campaign_id));
    let campaigns = lock_campaigns(unit, user, &also).await?;
    for recipient in recipients.iter_mut().filter(|recipient| queued(recipient)) {
        let cancelled = campaigns
            .get(&recipient.campaign_id)
            .is_some_and(|campaign| campaign.status() == CampaignStatus::Cancelled);
        if cancelled {
            // Queued recipients can always be cancelled.
            let _ = recipient.cancel(now);
        }
    }
    Ok(())
}
