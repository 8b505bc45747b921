//! What the store of these tests keeps, and how it answers: as the SQL of the real one does.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{KnownAddress, ReplyingSender, StorageError};
use nexus_domain::values::PhoneNumber;
use nexus_domain::{
    AutomaticReply, Campaign, CampaignContact, CampaignContactId, CampaignCounters, CampaignId,
    CampaignStatus, ChannelKind, Contact, ContactId, Correspondent, CounterDelta, DeliveryStatus,
    InstanceId, MediaContent, MediaFile, MediaUpload, Message, MessageBucket, MessageDelta,
    ReplyId, ReplyStatus, SenderAccount, SenderId, SenderLease, SenderLimits, StoredTemplate, User,
    UserId, WebhookEvent, WebhookEventId, WebhookState, WhatsAppConnection,
};
use tokio::time::Instant;

/// A sender's lease in the store.
#[derive(Debug, Clone)]
pub(crate) struct StoredLease {
    pub(crate) lease: SenderLease,
    pub(crate) expires: Option<Instant>,
}

/// Every row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tables {
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) contacts: BTreeMap<ContactId, Contact>,
    pub(crate) campaigns: BTreeMap<CampaignId, Campaign>,
    pub(crate) recipients: BTreeMap<CampaignContactId, CampaignContact>,
    pub(crate) accounts: BTreeMap<SenderId, SenderAccount>,
    pub(crate) leases: BTreeMap<SenderId, StoredLease>,
    pub(crate) messages: Vec<Message>,
    pub(crate) correspondents: BTreeMap<(UserId, String), Correspondent>,
    pub(crate) replies: BTreeMap<ReplyId, AutomaticReply>,
    pub(crate) webhooks: BTreeMap<WebhookEventId, WebhookEvent>,
    pub(crate) connections: BTreeMap<UserId, WhatsAppConnection>,
    pub(crate) templates: Vec<StoredTemplate>,
    pub(crate) charts: BTreeMap<(UserId, DateTime<Utc>), MessageDelta>,
    /// When each account may be sent through again, by its provider's wish.
    pub(crate) rests: BTreeMap<SenderId, DateTime<Utc>>,
    /// Whom accounts have written to, and in which quarter they began to count.
    pub(crate) people: BTreeMap<(SenderId, String), DateTime<Utc>>,
    pub(crate) quarters: BTreeMap<(SenderId, DateTime<Utc>), u32>,
    pub(crate) media: Vec<MediaFile>,
    pub(crate) uploads: Vec<MediaUpload>,
    /// How often files were asked for.
    pub(crate) asked_for_files: u32,
    /// How far the database's clock is ahead of where it was.
    pub(crate) clock_ahead: Duration,
    /// The provider's id of a message that the store can't keep, of a conversation or a recipient's.
    pub(crate) unstorable: Option<String>,
}

fn first<T>(rows: impl Iterator<Item = T>, most: u32) -> Vec<T> {
    rows.take(usize::try_from(most).expect("few")).collect()
}

/// Connections and their templates.
impl Tables {
    pub(super) fn connection(&mut self, user: UserId) -> WhatsAppConnection {
        let connection = self.connections.entry(user);
        connection
            .or_insert_with(|| WhatsAppConnection::new(user))
            .clone()
    }

    pub(super) fn note_webhook(&mut self, user: UserId, received_at: Option<DateTime<Utc>>) {
        let mut connection = self.connection(user);
        connection.webhook_received_at = connection.webhook_received_at.max(received_at);
        self.connections.insert(user, connection);
    }

    pub(super) fn template(
        &self,
        user: UserId,
        account: &str,
        name: &str,
        language: &str,
    ) -> Option<StoredTemplate> {
        let mut templates = self.templates.iter();
        let found = templates.find(|stored| {
            (stored.user_id, stored.account_id.as_str()) == (user, account)
                && stored.template.name == name
                && stored.template.language == language
        });
        found.cloned()
    }

    pub(super) fn save_template(&mut self, saved: &StoredTemplate) {
        let template = &saved.template;
        let (name, language) = (template.name.as_str(), template.language.as_str());
        self.templates.retain(|stored| {
            stored.user_id != saved.user_id
                || stored.account_id != saved.account_id
                || stored.template.name != name
                || stored.template.language != language
        });
        self.templates.push(saved.clone());
    }

    pub(super) fn active_campaigns(&self, user: UserId) -> Vec<Campaign> {
        let active = self.campaigns.values().filter(|campaign| {
            campaign.user_id == user && campaign.status() == CampaignStatus::Active
        });
        active.cloned().collect()
    }
}

/// Files.
impl Tables {
    pub(super) fn files_of(&mut self, user: UserId, ids: &[CampaignId]) -> Vec<MediaFile> {
        self.asked_for_files += 1;
        let of = |file: &&MediaFile| file.user_id == user && ids.contains(&file.campaign_id);
        self.media.iter().filter(of).cloned().collect()
    }

    pub(super) fn upload(
        &self,
        user: UserId,
        sender: SenderId,
        content: &MediaContent,
    ) -> Option<MediaUpload> {
        let mut uploads = self.uploads.iter().filter(|upload| upload.user_id == user);
        let found = uploads.find(|known| known.sender_id == sender && known.content == *content);
        found.cloned()
    }

    pub(super) fn upload_under(
        &self,
        user: UserId,
        sender: SenderId,
        id: &str,
    ) -> Option<MediaUpload> {
        let mut uploads = self.uploads.iter().filter(|upload| upload.user_id == user);
        let found = uploads
            .find(|known| known.sender_id == sender && known.provider_id.as_deref() == Some(id));
        found.cloned()
    }

    pub(super) fn save_upload(&mut self, saved: &MediaUpload) {
        self.uploads
            .retain(|known| known.sender_id != saved.sender_id || known.content != saved.content);
        self.uploads.push(saved.clone());
    }
}

/// Users, contacts and campaigns.
impl Tables {
    pub(super) fn find_contact(&self, user: UserId, id: ContactId) -> Option<Contact> {
        let contact = self.contacts.get(&id).filter(|c| c.user_id == user);
        contact.cloned()
    }

    pub(super) fn save_contact(&mut self, contact: &Contact) {
        self.contacts.insert(contact.id, contact.clone());
    }

    pub(super) fn known(&self, user: UserId, phones: &[PhoneNumber]) -> Vec<KnownAddress> {
        let known = self.contacts.values().filter(|contact| {
            contact.user_id == user && contact.phone.as_ref().is_some_and(|p| phones.contains(p))
        });
        known
            .map(|contact| KnownAddress {
                id: contact.id,
                phone: contact.phone.clone(),
                email: contact.email.clone(),
            })
            .collect()
    }

    pub(super) fn note_message(&mut self, user: UserId, ids: &[ContactId], at: DateTime<Utc>) {
        for contact in self.contacts.values_mut() {
            if contact.user_id == user && ids.contains(&contact.id) {
                contact.last_message_at = contact.last_message_at.max(Some(at));
            }
        }
    }

    pub(super) fn find_campaign(&self, user: UserId, id: CampaignId) -> Option<Campaign> {
        let campaign = self.campaigns.get(&id).filter(|c| c.user_id == user);
        campaign.cloned()
    }

    pub(super) fn save_campaign(&mut self, campaign: &Campaign) {
        let stored = self.campaigns.get_mut(&campaign.id).expect("a campaign");
        *stored = Campaign {
            counters: stored.counters,
            ..campaign.clone()
        };
    }

    pub(super) fn count(
        &mut self,
        user: UserId,
        id: CampaignId,
        delta: &CounterDelta,
    ) -> Result<CampaignCounters, StorageError> {
        let campaign = self.campaigns.get_mut(&id).filter(|c| c.user_id == user);
        let campaign =
            campaign.ok_or_else(|| StorageError::Failed("no campaign to count".into()))?;
        campaign.counters = campaign.counters.plus(*delta);
        Ok(campaign.counters)
    }

    pub(super) fn active_of(&self, user: UserId, sender: SenderId) -> Vec<Campaign> {
        let of_account =
            |campaign: &&Campaign| campaign.user_id == user && campaign.sender_id == Some(sender);
        self.campaigns
            .values()
            .filter(|campaign| campaign.status() == CampaignStatus::Active)
            .filter(of_account)
            .cloned()
            .collect()
    }

    pub(super) fn count_messages(&mut self, user: UserId, at: DateTime<Utc>, delta: &MessageDelta) {
        let bucket = self.charts.entry((user, MessageBucket::start_of(at)));
        let bucket = bucket.or_default();
        *bucket = bucket.plus(*delta);
    }
}

/// Recipients.
impl Tables {
    pub(super) fn due(
        &self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        most: u32,
    ) -> Vec<CampaignContact> {
        let due = self.recipients.values().filter(|r| {
            r.user_id == user
                && r.campaign_id == campaign
                && r.delivery.status == DeliveryStatus::Queued
                && r.delivery.not_before.is_none_or(|at| at <= now)
        });
        first(due.cloned(), most)
    }

    pub(super) fn due_counted(
        &self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        counting_after: DateTime<Utc>,
        most: u32,
    ) -> Vec<CampaignContact> {
        let mut due = self.due(user, campaign, now, u32::MAX);
        due.retain(|r| {
            let address = r.address.iter().cloned().collect::<Vec<_>>();
            let counted = self.counted(r.sender_id, &address, counting_after);
            !counted.is_empty()
        });
        first(due.into_iter(), most)
    }

    pub(super) fn recipients_in(
        &self,
        user: UserId,
        sender: SenderId,
        status: DeliveryStatus,
        before: DateTime<Utc>,
        most: u32,
    ) -> Vec<CampaignContact> {
        let found = self.recipients.values().filter(|r| {
            r.user_id == user
                && r.sender_id == sender
                && r.delivery.status == status
                && r.delivery.dispatched_at.is_some_and(|at| at < before)
        });
        first(found.cloned(), most)
    }

    pub(super) fn many(&self, user: UserId, ids: &[CampaignContactId]) -> Vec<CampaignContact> {
        let wanted = |r: &&CampaignContact| r.user_id == user && ids.contains(&r.id);
        self.recipients.values().filter(wanted).cloned().collect()
    }

    pub(super) fn with_message_ids(
        &self,
        user: UserId,
        message_ids: &[String],
    ) -> Vec<(String, CampaignContactId)> {
        let mine = self.recipients.values().filter(|r| r.user_id == user);
        mine.filter_map(|r| Some((r.delivery.message_id.clone()?, r.id)))
            .filter(|(message_id, _)| message_ids.contains(message_id))
            .collect()
    }

    pub(super) fn last_sent_to(
        &self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Option<CampaignContactId> {
        use DeliveryStatus as S;
        let may_have_been_sent = [
            S::Dispatching,
            S::Accepted,
            S::Delivered,
            S::Read,
            S::InDoubt,
            S::Unconfirmed,
        ];
        self.recipients
            .values()
            .filter(|r| r.user_id == user && r.address.as_deref() == Some(address))
            .filter(|r| self.campaigns[&r.campaign_id].channel == channel)
            .filter(|r| may_have_been_sent.contains(&r.delivery.status))
            .filter(|r| r.delivery.dispatched_at.is_some_and(|at| at >= since))
            .max_by_key(|r| (r.delivery.dispatched_at, r.id))
            .map(|r| r.id)
    }

    pub(super) fn save_recipients(
        &mut self,
        recipients: &[CampaignContact],
    ) -> Result<(), StorageError> {
        let is_unstorable = |recipient: &CampaignContact| {
            let message_id = recipient.delivery.message_id.as_ref();
            message_id.is_some() && message_id == self.unstorable.as_ref()
        };
        if recipients.iter().any(is_unstorable) {
            return Err(StorageError::Failed(
                "a character that can't be kept".into(),
            ));
        }
        for recipient in recipients {
            let stored = self.recipients.get_mut(&recipient.id);
            let stored = stored.expect("a recipient");
            stored.delivery = recipient.delivery.clone();
            stored.updated_at = recipient.updated_at;
        }
        Ok(())
    }

    pub(super) fn next_due(&self, user: UserId, campaigns: &[CampaignId]) -> Option<DateTime<Utc>> {
        let waiting = self.recipients.values().filter(|r| {
            r.user_id == user
                && campaigns.contains(&r.campaign_id)
                && r.delivery.status == DeliveryStatus::Queued
        });
        waiting
            .map(|r| r.delivery.not_before.unwrap_or(r.created_at))
            .min()
    }
}

/// Sender accounts.
impl Tables {
    fn clock(&self) -> Instant {
        Instant::now() + self.clock_ahead
    }

    pub(super) fn with_work(&self) -> Vec<SenderAccount> {
        let open = [DeliveryStatus::Dispatching, DeliveryStatus::InDoubt];
        let has_open = |sender: SenderId| {
            self.recipients
                .values()
                .any(|r| r.sender_id == sender && open.contains(&r.delivery.status))
        };
        self.accounts
            .values()
            .filter(|a| has_open(a.id) || !self.active_of(a.user_id, a.id).is_empty())
            .cloned()
            .collect()
    }

    pub(super) fn acquire(
        &mut self,
        user_id: UserId,
        sender_id: SenderId,
        owner: InstanceId,
        ttl: Duration,
    ) -> Option<SenderLease> {
        let now = self.clock();
        let former = self.leases.get(&sender_id);
        if former.is_some_and(|stored| stored.expires.is_some_and(|at| at > now)) {
            return None;
        }
        let lease = SenderLease {
            sender_id,
            user_id,
            owner,
            epoch: former.map_or(1, |stored| stored.lease.epoch + 1),
        };
        let stored = StoredLease {
            lease: lease.clone(),
            expires: Some(now + ttl),
        };
        self.leases.insert(sender_id, stored);
        Some(lease)
    }

    pub(super) fn holds(&self, lease: &SenderLease) -> bool {
        self.leases.get(&lease.sender_id).is_some_and(|stored| {
            stored.lease == *lease && stored.expires.is_some_and(|at| at > self.clock())
        })
    }

    pub(super) fn renew(&mut self, lease: &SenderLease, ttl: Duration) -> bool {
        let held = self.holds(lease);
        let expires = self.clock() + ttl;
        if let Some(stored) = self.leases.get_mut(&lease.sender_id).filter(|_| held) {
            stored.expires = Some(expires);
        }
        held
    }

    pub(super) fn release(&mut self, lease: &SenderLease) {
        let stored = self.leases.get_mut(&lease.sender_id);
        if let Some(stored) = stored.filter(|stored| stored.lease == *lease) {
            stored.expires = None;
        }
    }

    pub(super) fn limits(
        &self,
        user: UserId,
        id: SenderId,
        after: DateTime<Utc>,
    ) -> Option<SenderLimits> {
        self.accounts.get(&id).filter(|a| a.user_id == user)?;
        let quarters = self.quarters.iter();
        Some(SenderLimits {
            rests_until: self.rests.get(&id).copied(),
            quarters: quarters
                .filter(|((of, quarter), _)| *of == id && *quarter > after)
                .map(|((_, quarter), people)| (*quarter, *people))
                .collect(),
        })
    }

    pub(super) fn rest(&mut self, user: UserId, id: SenderId, until: DateTime<Utc>) {
        if self.accounts.get(&id).is_some_and(|a| a.user_id == user) {
            let rest = self.rests.entry(id).or_insert(until);
            *rest = until.max(*rest);
        }
    }

    pub(super) fn counted(
        &self,
        id: SenderId,
        addresses: &[String],
        after: DateTime<Utc>,
    ) -> Vec<String> {
        let counts = |address: &&String| {
            let known = self.people.get(&(id, (*address).clone()));
            known.is_some_and(|quarter| *quarter > after)
        };
        addresses.iter().filter(counts).cloned().collect()
    }

    pub(super) fn count_people(
        &mut self,
        id: SenderId,
        addresses: &[String],
        quarter: DateTime<Utc>,
    ) {
        for address in addresses {
            self.people.insert((id, address.clone()), quarter);
            *self.quarters.entry((id, quarter)).or_default() += 1;
        }
    }

    pub(super) fn forget_people(&mut self, id: SenderId, up_to: DateTime<Utc>) {
        self.people
            .retain(|(of, _), quarter| *of != id || *quarter > up_to);
        self.quarters
            .retain(|(of, quarter), _| *of != id || *quarter > up_to);
    }

    pub(super) fn note_confirmed(&mut self, user: UserId, id: SenderId, at: DateTime<Utc>) {
        let account = self.accounts.get_mut(&id).filter(|a| a.user_id == user);
        if let Some(account) = account {
            account.confirmed_through = account.confirmed_through.max(Some(at));
        }
    }
}

/// The inbox and conversations.
impl Tables {
    pub(super) fn insert_message(&mut self, message: &Message) -> Result<bool, StorageError> {
        if self.unstorable.as_ref() == Some(&message.provider_id) {
            return Err(StorageError::Failed(
                "a character that can't be kept".into(),
            ));
        }
        let known = self.messages.iter().any(|m| {
            m.user_id == message.user_id
                && m.channel == message.channel
                && m.provider_id == message.provider_id
        });
        if !known {
            self.messages.push(message.clone());
        }
        Ok(!known)
    }

    pub(super) fn due_webhooks(&self, now: DateTime<Utc>, most: u32) -> Vec<WebhookEvent> {
        let pending = self.webhooks.values();
        let mut due: Vec<_> = pending
            .filter(|event| event.state == WebhookState::Pending && event.due_at <= now)
            .cloned()
            .collect();
        due.sort_by_key(|event| (event.due_at, event.id));
        first(due.into_iter(), most)
    }

    pub(super) fn save_webhook(&mut self, event: &WebhookEvent) {
        let stored = self.webhooks.get_mut(&event.id).expect("an event");
        stored.state = event.state;
        stored.attempts = event.attempts;
        stored.due_at = event.due_at;
    }
}

/// People by their addresses, and what they are answered. All of it goes over WhatsApp.
impl Tables {
    pub(super) fn correspondents(&self, user: UserId, addresses: &[String]) -> Vec<Correspondent> {
        let found = addresses
            .iter()
            .filter_map(|address| self.correspondents.get(&(user, address.clone())));
        found.cloned().collect()
    }

    pub(super) fn lock_correspondents(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Vec<Correspondent> {
        for address in addresses {
            self.correspondents
                .entry((user, address.clone()))
                .or_insert_with(|| Correspondent::new(user, channel, address.clone()));
        }
        self.correspondents(user, addresses)
    }

    pub(super) fn save_correspondents(&mut self, people: &[Correspondent]) {
        for person in people {
            let key = (person.user_id, person.address.clone());
            self.correspondents.insert(key, person.clone());
        }
    }

    pub(super) fn recent_replies(
        &self,
        user: UserId,
        address: &str,
        since: DateTime<Utc>,
    ) -> Vec<AutomaticReply> {
        let mut found: Vec<_> = self
            .replies
            .values()
            .filter(|r| r.user_id == user && r.address == address && r.created_at >= since)
            .cloned()
            .collect();
        found.sort_by_key(|r| std::cmp::Reverse((r.created_at, r.id)));
        found
    }

    pub(super) fn replying_senders(&self, now: DateTime<Utc>) -> Vec<ReplyingSender> {
        let mut senders: Vec<ReplyingSender> = Vec::new();
        for reply in self.replies.values() {
            let sender = ReplyingSender {
                user_id: reply.user_id,
                channel: reply.channel,
                external_id: reply.sender_external_id.clone(),
            };
            let is_due = reply.status == ReplyStatus::Queued && reply.not_before <= now;
            if is_due && !senders.contains(&sender) {
                senders.push(sender);
            }
        }
        senders
    }

    pub(super) fn next_reply(
        &self,
        sender: &ReplyingSender,
        now: DateTime<Utc>,
    ) -> Option<AutomaticReply> {
        let due = self.replies.values().filter(|r| {
            r.status == ReplyStatus::Queued
                && r.user_id == sender.user_id
                && r.sender_external_id == sender.external_id
                && r.not_before <= now
        });
        due.min_by_key(|r| (r.not_before, r.id)).cloned()
    }

    pub(super) fn dispatching_replies(
        &self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Vec<AutomaticReply> {
        let left = self
            .replies
            .values()
            .filter(|r| r.status == ReplyStatus::Dispatching && r.updated_at < before);
        first(left.cloned(), most)
    }

    pub(super) fn many_replies(&self, user: UserId, ids: &[ReplyId]) -> Vec<AutomaticReply> {
        let wanted = |r: &&AutomaticReply| r.user_id == user && ids.contains(&r.id);
        self.replies.values().filter(wanted).cloned().collect()
    }
}
