//! Applying what webhooks say. Applying the same again changes nothing, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Clock, Entropy, StorageError, UnitOfWork};
use nexus_domain::{
    AutomaticReply, CampaignContact, CampaignContactId, ChannelEvent, MessageId, ReplyId, SenderId,
    StatusReport, User, UserId,
};

use super::inbound::{Letter, read_letters, read_preferences};
use super::news;
use crate::delivery::Consequences;
use crate::fault::{self, Bug};
use crate::replies::{keep_message, reply_of};

/// What is applied for one user in one transaction.
pub(super) struct Application<'a> {
    user: UserId,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
    recipients: BTreeMap<CampaignContactId, CampaignContact>,
    by_message: BTreeMap<String, CampaignContactId>,
    changed: BTreeSet<CampaignContactId>,
    /// Automatic replies that are reported on.
    replies: BTreeMap<ReplyId, AutomaticReply>,
    /// Those that are known to have been sent only now.
    sent_replies: BTreeSet<ReplyId>,
    consequences: Consequences,
    confirmed: BTreeMap<SenderId, DateTime<Utc>>,
}

/// What applying came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// The webhooks, by their place, that report on a message which is not known (yet).
    pub(super) unmatched: BTreeSet<usize>,
    /// For each sender account, the latest time of dispatch among the messages of which a report
    /// came. To be noted after the transaction: it locks the account, which comes first wherever
    /// both are locked.
    pub(super) confirmed: BTreeMap<SenderId, DateTime<Utc>>,
}

impl<'a> Application<'a> {
    pub(super) fn new(user: UserId, clock: &'a dyn Clock, entropy: &'a dyn Entropy) -> Self {
        Self {
            user,
            clock,
            entropy,
            recipients: BTreeMap::new(),
            by_message: BTreeMap::new(),
            changed: BTreeSet::new(),
            replies: BTreeMap::new(),
            sent_replies: BTreeSet::new(),
            consequences: Consequences::new(user),
            confirmed: BTreeMap::new(),
        }
    }

    /// Applies the events of webhooks, each with the place of its webhook.
    pub(super) async fn run(
        mut self,
        unit: &mut dyn UnitOfWork,
        events: &[(usize, ChannelEvent)],
    ) -> Result<Applied, StorageError> {
        let now = self.clock.now();
        // First of all: it locks the connection and its templates, which come before the rest.
        for (campaign, reason) in news::take_in(unit, self.user, events, now).await? {
            self.consequences.pause(campaign, reason);
        }
        let letters = read_letters(unit, self.user, events, now).await?;
        let preferences = read_preferences(unit, self.user, events).await?;
        let owner = if letters.is_empty() && preferences.is_empty() {
            None
        } else {
            unit.users().find(self.user).await?
        };
        self.lock(unit, events, &letters).await?;
        let mut unmatched = BTreeSet::new();
        for (place, event) in events {
            match event {
                ChannelEvent::Status(report) => {
                    if !self.report(report, now) {
                        unmatched.insert(*place);
                    }
                }
                ChannelEvent::Other(name) => {
                    tracing::debug!(user_id = %self.user, name, "a webhook of no meaning here");
                }
                ChannelEvent::Inbound(_) | ChannelEvent::Preference(_) | ChannelEvent::News(_) => {}
            }
        }
        if let Some(owner) = &owner {
            for letter in letters {
                self.take_in(unit, owner, letter, now).await?;
            }
            for preference in preferences {
                let heard = preference.heard(owner, now, self.entropy);
                self.consequences.wish(heard);
            }
        }
        self.store_replies(unit, now).await?;
        let changed: Vec<_> = self
            .changed
            .iter()
            .filter_map(|id| self.recipients.get(id).cloned())
            .collect();
        if !changed.is_empty() {
            unit.recipients().save(&changed).await?;
        }
        self.consequences.store(unit, now).await?;
        Ok(Applied {
            unmatched,
            confirmed: self.confirmed,
        })
    }

    /// Locks every recipient that is spoken of, in the order of their ids.
    async fn lock(
        &mut self,
        unit: &mut dyn UnitOfWork,
        events: &[(usize, ChannelEvent)],
        letters: &[Letter],
    ) -> Result<(), StorageError> {
        let reports = events.iter().filter_map(|(_, event)| match event {
            ChannelEvent::Status(report) => Some(report),
            _ => None,
        });
        let mut message_ids = BTreeSet::new();
        let mut ids: BTreeSet<CampaignContactId> = BTreeSet::new();
        for report in reports {
            match report.attempt {
                Some(attempt) => {
                    ids.insert(attempt.recipient);
                }
                None => {
                    message_ids.insert(report.message_id.clone());
                }
            }
        }
        if !message_ids.is_empty() {
            let message_ids: Vec<_> = message_ids.into_iter().collect();
            let found = unit
                .recipients()
                .find_by_message_ids(self.user, &message_ids)
                .await?;
            self.by_message.extend(found);
        }
        ids.extend(self.by_message.values());
        ids.extend(letters.iter().filter_map(|letter| letter.recipient));
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let locked = unit.recipients().lock_many(self.user, &ids).await?;
        self.recipients.extend(
            locked
                .into_iter()
                .map(|recipient| (recipient.id, recipient)),
        );
        self.lock_replies(unit, events).await
    }

    /// Attempts of which there is no recipient may be of automatic replies.
    async fn lock_replies(
        &mut self,
        unit: &mut dyn UnitOfWork,
        events: &[(usize, ChannelEvent)],
    ) -> Result<(), StorageError> {
        let ids: BTreeSet<ReplyId> = events
            .iter()
            .filter_map(|(_, event)| match event {
                ChannelEvent::Status(report) => report.attempt,
                _ => None,
            })
            .filter(|attempt| !self.recipients.contains_key(&attempt.recipient))
            .map(reply_of)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let locked = unit.replies().lock_many(self.user, &ids).await?;
        self.replies
            .extend(locked.into_iter().map(|reply| (reply.id, reply)));
        Ok(())
    }

    async fn store_replies(
        &self,
        unit: &mut dyn UnitOfWork,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        for id in &self.sent_replies {
            if let Some(reply) = self.replies.get(id) {
                unit.replies().save(reply).await?;
                keep_message(unit, reply, MessageId::new(now, self.entropy), now).await?;
            }
        }
        Ok(())
    }

    /// Takes in a report on an attempt of which there is no recipient.
    fn report_on_reply(&mut self, report: &StatusReport, now: DateTime<Utc>) {
        let reply = report
            .attempt
            .and_then(|attempt| self.replies.get_mut(&reply_of(attempt)));
        if let Some(reply) = reply
            && reply.apply(report, now)
        {
            self.sent_replies.insert(reply.id);
        }
    }

    /// Takes in a report. Whether the recipient is known, or can't become known any more.
    fn report(&mut self, report: &StatusReport, now: DateTime<Utc>) -> bool {
        let id = match report.attempt {
            Some(attempt) => Some(attempt.recipient),
            None => self.by_message.get(&report.message_id).copied(),
        };
        let Some(recipient) = id.and_then(|id| self.recipients.get_mut(&id)) else {
            self.report_on_reply(report, now);
            // An attempt is in the store before its message leaves: its recipient is gone.
            return report.attempt.is_some();
        };
        let before = recipient.delivery.clone();
        // The provider's clock may be ahead, but nothing happened in a time that is still to come:
        // what is counted in it could not be taken back from where it was counted.
        let report = &StatusReport {
            at: report.at.min(now),
            ..report.clone()
        };
        let current = report.attempt.is_none() || report.attempt == recipient.attempt();
        if let Some(dispatched_at) = recipient.delivery.dispatched_at.filter(|_| current) {
            let latest = self
                .confirmed
                .entry(recipient.sender_id)
                .or_insert(dispatched_at);
            *latest = dispatched_at.max(*latest);
        }
        let applied = recipient.apply(report, now);
        if fault::has(Bug::StatusBackwards) {
            fault::set_back(recipient, report);
        }
        if applied || recipient.delivery.status != before.status {
            self.changed.insert(recipient.id);
            self.consequences.moved(recipient, &before, report.at);
            tracing::debug!(
                recipient_id = %recipient.id,
                from = before.status.as_str(),
                to = recipient.delivery.status.as_str(),
                "a report is applied"
            );
        }
        true
    }

    /// Keeps a customer's message, once, counts it as an answer, and hears whether they want to be
    /// written to.
    async fn take_in(
        &mut self,
        unit: &mut dyn UnitOfWork,
        owner: &User,
        letter: Letter,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let answered = letter
            .recipient
            .and_then(|id| self.recipients.get_mut(&id))
            .filter(|recipient| letter.may_answer(recipient));
        let message = letter.message(
            self.user,
            answered.as_ref().map(|recipient| recipient.id),
            now,
            self.entropy,
        );
        if !unit.messages().insert(&message).await? {
            return Ok(());
        }
        self.consequences.wrote(letter.wrote(now));
        if let Some(wish) = letter.wish(owner, now, self.entropy) {
            self.consequences.wish(wish);
        }
        if let Some(contact) = message.contact_id {
            self.consequences.met(contact);
        }
        if let Some(recipient) = answered {
            let before = recipient.delivery.replied_at;
            if recipient.reply(message.sent_at, now) {
                self.consequences.replied(recipient, message.sent_at);
            }
            if recipient.delivery.replied_at != before {
                self.changed.insert(recipient.id);
            }
        }
        Ok(())
    }
}
