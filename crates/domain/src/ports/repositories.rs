//! What is kept where. Every method on a user's data takes the user's id; a method whose name
//! begins with `lock` keeps others from changing the rows until the transaction ends.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StorageError;
use crate::values::{
    CampaignSort, ContactSort, EmailAddress, ListRequest, Listing, PhoneNumber, RecipientSort, Tag,
};
use crate::{
    Audience, BotActivity, BulkChange, BulkChangeId, Campaign, CampaignContact, CampaignContactId,
    CampaignCounters, CampaignFilter, CampaignId, ChannelKind, Contact, ContactFilter, ContactId,
    ContactSelection, CounterDelta, Dashboard, DeliveryStatus, ImportId, ImportedFile, InstanceId,
    Job, JobKind, JobLease, MediaFile, Message, MessageDelta, RowError, SenderAccount, SenderId,
    SenderLease, SessionKeyHash, StoredSession, User, UserId, WebhookEvent, WebhookEventId,
    WebhookKey,
};

/// Users.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Adds a user; `Duplicate(UserEmail)` when the address is taken.
    async fn insert(&mut self, user: &User) -> Result<(), StorageError>;
    /// The user with this id.
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StorageError>;
    /// The user, kept from change by others.
    async fn lock(&mut self, id: UserId) -> Result<Option<User>, StorageError>;
    /// The user who signs in with this address.
    async fn find_by_email(&mut self, email: &EmailAddress) -> Result<Option<User>, StorageError>;
    /// The user whose webhooks arrive under this key.
    async fn find_by_webhook_key(&mut self, key: &WebhookKey)
    -> Result<Option<User>, StorageError>;
    /// Stores every field but the id and `created_at`.
    async fn save(&mut self, user: &User) -> Result<(), StorageError>;
    /// Deletes the user and everything of theirs. Whether there was one.
    async fn delete(&mut self, id: UserId) -> Result<bool, StorageError>;
}

/// Sessions. A session that was deleted stays deleted: nothing here brings one back.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send {
    /// Adds a session.
    async fn insert(&mut self, session: &StoredSession) -> Result<(), StorageError>;
    /// The session, unless it has expired at `now`.
    async fn find(
        &mut self,
        key: SessionKeyHash,
        now: DateTime<Utc>,
    ) -> Result<Option<StoredSession>, StorageError>;
    /// Changes state, user and expiry of a session that is there. Whether it was.
    async fn update(&mut self, session: &StoredSession) -> Result<bool, StorageError>;
    /// Deletes one.
    async fn delete(&mut self, key: SessionKeyHash) -> Result<(), StorageError>;
    /// Deletes all of a user.
    async fn delete_of_user(&mut self, user: UserId) -> Result<(), StorageError>;
    /// Deletes those that have expired. How many.
    async fn delete_expired(&mut self, now: DateTime<Utc>) -> Result<u64, StorageError>;
}

/// The addresses of a contact that is already there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// The contact.
    pub id: ContactId,
    /// Its phone number.
    pub phone: Option<PhoneNumber>,
    /// Its e-mail address.
    pub email: Option<EmailAddress>,
}

/// A contact that an import created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedContact {
    /// The contact.
    pub contact: Contact,
    /// Whether a campaign or a message has to do with it.
    pub is_used: bool,
}

/// Contacts and their tags.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ContactRepository: Send {
    /// Adds contacts; `Duplicate(ContactPhone | ContactEmail)` when one's address is taken, and
    /// none is added.
    async fn insert(&mut self, contacts: &[Contact]) -> Result<(), StorageError>;
    /// The contact.
    async fn find(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError>;
    /// The contact, kept from change by others.
    async fn lock(&mut self, user: UserId, id: ContactId) -> Result<Option<Contact>, StorageError>;
    /// The contacts with these ids, as far as they are the user's, in no particular order.
    async fn find_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError>;
    /// The contacts with these ids, as far as they are the user's, kept from change by others, by id.
    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[ContactId],
    ) -> Result<Vec<Contact>, StorageError>;
    /// Stores every field but the id, the source and `created_at`.
    async fn save(&mut self, contact: &Contact) -> Result<(), StorageError>;
    /// Stores contacts of the user that were locked before, as [`Self::save`] does each.
    async fn save_many(&mut self, user: UserId, contacts: &[Contact]) -> Result<(), StorageError>;
    /// Deletes the contact. Whether there was one. Its ledger rows and messages stay, without it.
    async fn delete(&mut self, user: UserId, id: ContactId) -> Result<bool, StorageError>;
    /// Deletes the contacts with these ids, as far as they are the user's. How many there were.
    async fn delete_many(&mut self, user: UserId, ids: &[ContactId]) -> Result<u64, StorageError>;
    /// What was sent to and came from `from` belongs to `to` now, and campaigns that chose `from`
    /// choose `to`; both are the user's. Where a campaign sends to both, the row of `from` stays
    /// with it.
    async fn hand_over(
        &mut self,
        user: UserId,
        from: ContactId,
        to: ContactId,
    ) -> Result<(), StorageError>;
    /// The contacts of a selection, by id, after `after`, at most `most`.
    async fn selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<ContactId>, StorageError>;
    /// The same, kept from change by others. One that leaves the selection meanwhile is not among
    /// them, so there may be fewer than `most` though others follow.
    async fn lock_selected(
        &mut self,
        user: UserId,
        selection: &ContactSelection,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError>;
    /// Part of the list.
    async fn list(
        &mut self,
        user: UserId,
        filter: &ContactFilter,
        request: &ListRequest<ContactSort>,
    ) -> Result<Listing<Contact>, StorageError>;
    /// How many contacts the filter lets through.
    async fn count(&mut self, user: UserId, filter: &ContactFilter) -> Result<u64, StorageError>;
    /// The contacts that have any of these addresses.
    async fn known(
        &mut self,
        user: UserId,
        phones: &[PhoneNumber],
        emails: &[EmailAddress],
    ) -> Result<Vec<KnownAddress>, StorageError>;
    /// The contacts that an import created, kept from change by others, by id, after `after`, at
    /// most `most`.
    async fn lock_created_by(
        &mut self,
        user: UserId,
        import: ImportId,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<CreatedContact>, StorageError>;
    /// Every tag in use with the number of contacts that have it, by label.
    async fn tags(&mut self, user: UserId) -> Result<Vec<(Tag, u64)>, StorageError>;
    /// The recipients of a campaign: those chosen one by one and those that the audience lets
    /// through, each once, by id, after `after`, at most `most`.
    async fn recipients_of(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        audience: Option<Audience>,
        after: Option<ContactId>,
        most: u32,
    ) -> Result<Vec<Contact>, StorageError>;
    /// Notes that a message went to or came from these contacts.
    async fn note_message(
        &mut self,
        user: UserId,
        ids: &[ContactId],
        at: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}

/// Campaigns.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampaignRepository: Send {
    /// Adds a campaign with its counters.
    async fn insert(&mut self, campaign: &Campaign) -> Result<(), StorageError>;
    /// The campaign.
    async fn find(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError>;
    /// The campaign, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Option<Campaign>, StorageError>;
    /// Stores every field but the id, `created_at` and the counters.
    async fn save(&mut self, campaign: &Campaign) -> Result<(), StorageError>;
    /// Adds to the counters, and returns what they are then.
    async fn count(
        &mut self,
        user: UserId,
        id: CampaignId,
        delta: &CounterDelta,
    ) -> Result<CampaignCounters, StorageError>;
    /// Sets the counters of a campaign that has not started: its total is that of its audience.
    async fn set_total(
        &mut self,
        user: UserId,
        id: CampaignId,
        total: i64,
    ) -> Result<(), StorageError>;
    /// Deletes the campaign, its recipients and media rows. Whether there was one.
    async fn delete(&mut self, user: UserId, id: CampaignId) -> Result<bool, StorageError>;
    /// Part of the list.
    async fn list(
        &mut self,
        user: UserId,
        filter: &CampaignFilter,
        request: &ListRequest<CampaignSort>,
    ) -> Result<Listing<Campaign>, StorageError>;
    /// Replaces the contacts chosen one by one; ids that are not the user's are an error of the
    /// caller, who has checked them.
    async fn choose(
        &mut self,
        user: UserId,
        id: CampaignId,
        contacts: &[ContactId],
    ) -> Result<(), StorageError>;
    /// The contacts chosen one by one, by id.
    async fn chosen(
        &mut self,
        user: UserId,
        id: CampaignId,
    ) -> Result<Vec<ContactId>, StorageError>;
    /// The campaigns that this account is sending now (active), oldest start first.
    async fn active_of(
        &mut self,
        user: UserId,
        sender: SenderId,
    ) -> Result<Vec<Campaign>, StorageError>;
}

/// Recipients of campaigns: the delivery ledger.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampaignContactRepository: Send {
    /// Adds recipients. The caller counts them.
    async fn insert(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError>;
    /// Locks queued recipients of a campaign whose time has come, by id, at most `most`, passing
    /// over rows that others hold.
    async fn lock_due(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks recipients of an account in this status whose attempt began before `before`, by id,
    /// at most `most`.
    async fn lock_in(
        &mut self,
        user: UserId,
        sender: SenderId,
        status: DeliveryStatus,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks queued recipients of a campaign whether their time has come or not, at most `most`.
    async fn lock_queued(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        most: u32,
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// Locks recipients by id, always in the order of their ids, so that two who lock overlapping
    /// sets wait instead of blocking each other for good.
    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[CampaignContactId],
    ) -> Result<Vec<CampaignContact>, StorageError>;
    /// The ids of the recipients whose messages have these ids at the provider, with those ids.
    async fn find_by_message_ids(
        &mut self,
        user: UserId,
        message_ids: &[String],
    ) -> Result<Vec<(String, CampaignContactId)>, StorageError>;
    /// The recipient last sent to at this address since `since`.
    async fn last_sent_to(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Result<Option<CampaignContactId>, StorageError>;
    /// Stores the delivery and `updated_at` of recipients that were locked before.
    async fn save(&mut self, recipients: &[CampaignContact]) -> Result<(), StorageError>;
    /// Part of the list, of one status or all.
    async fn list(
        &mut self,
        user: UserId,
        campaign: CampaignId,
        status: Option<DeliveryStatus>,
        request: &ListRequest<RecipientSort>,
    ) -> Result<Listing<CampaignContact>, StorageError>;
    /// The soonest time at which a queued recipient of this account's active campaigns is due;
    /// `None` when none waits.
    async fn next_due(
        &mut self,
        user: UserId,
        sender: SenderId,
    ) -> Result<Option<DateTime<Utc>>, StorageError>;
}

/// Sender accounts and their leases. Leases are measured on the database's clock.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SenderRepository: Send {
    /// The user's account with this channel and name, added when it is new.
    async fn ensure(&mut self, account: &SenderAccount) -> Result<SenderAccount, StorageError>;
    /// The account.
    async fn find(
        &mut self,
        user: UserId,
        id: SenderId,
    ) -> Result<Option<SenderAccount>, StorageError>;
    /// Accounts of all users with something to do: an active campaign, or recipients dispatching
    /// or in doubt. For the workers, which then act for each account's user.
    async fn with_work(&mut self) -> Result<Vec<SenderAccount>, StorageError>;
    /// Takes the lease when it is free or expired; the epoch grows. `None` when another has it.
    async fn acquire(
        &mut self,
        user: UserId,
        id: SenderId,
        owner: InstanceId,
        ttl: Duration,
    ) -> Result<Option<SenderLease>, StorageError>;
    /// Prolongs the lease. Whether it was still held.
    async fn renew(&mut self, lease: &SenderLease, ttl: Duration) -> Result<bool, StorageError>;
    /// Gives the lease back; no error when it is lost already.
    async fn release(&mut self, lease: &SenderLease) -> Result<(), StorageError>;
    /// Whether the lease is held, checked within the transaction: when it is, it can't be lost
    /// before the transaction ends.
    async fn hold(&mut self, lease: &SenderLease) -> Result<bool, StorageError>;
    /// Notes that a status was seen for a message dispatched then; see
    /// [`SenderAccount::confirmed_through`].
    async fn note_confirmed(
        &mut self,
        user: UserId,
        id: SenderId,
        dispatched_at: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}

/// Media files.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MediaRepository: Send {
    /// Adds a file.
    async fn insert(&mut self, file: &MediaFile) -> Result<(), StorageError>;
    /// The files of these campaigns, as far as they are the user's, by campaign, oldest first
    /// within one.
    async fn of_campaigns(
        &mut self,
        user: UserId,
        ids: &[CampaignId],
    ) -> Result<Vec<MediaFile>, StorageError>;
}

/// Imports and the errors of their rows.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ImportRepository: Send {
    /// Adds an import.
    async fn insert(&mut self, import: &ImportedFile) -> Result<(), StorageError>;
    /// The import.
    async fn find(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError>;
    /// The import, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: ImportId,
    ) -> Result<Option<ImportedFile>, StorageError>;
    /// Stores everything but what is known of the file when it is uploaded.
    async fn save(&mut self, import: &ImportedFile) -> Result<(), StorageError>;
    /// Part of the list, latest first.
    async fn list(
        &mut self,
        user: UserId,
        request: &ListRequest<()>,
    ) -> Result<Listing<ImportedFile>, StorageError>;
    /// Adds errors of rows.
    async fn add_errors(
        &mut self,
        user: UserId,
        id: ImportId,
        errors: &[RowError],
    ) -> Result<(), StorageError>;
    /// The imports that were last changed before `before` and are still nothing but previewed, at
    /// most `most`. For housekeeping, whoever's they are.
    async fn previewed_before(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<(UserId, ImportId)>, StorageError>;
    /// Deletes an import that is nothing but previewed. Whether there was one.
    async fn delete_previewed(&mut self, user: UserId, id: ImportId) -> Result<bool, StorageError>;
    /// Part of the errors, by line.
    async fn errors(
        &mut self,
        user: UserId,
        id: ImportId,
        request: &ListRequest<()>,
    ) -> Result<Listing<RowError>, StorageError>;
}

/// Messages of conversations.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait MessageRepository: Send {
    /// Adds a message, unless the provider's id is there already. Whether it was new.
    async fn insert(&mut self, message: &Message) -> Result<bool, StorageError>;
    /// The messages exchanged with an address, latest first, at most `most`.
    async fn with_address(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        most: u32,
    ) -> Result<Vec<Message>, StorageError>;
}

/// What the assistant did.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BotActivityRepository: Send {
    /// Adds one.
    async fn insert(&mut self, activity: &BotActivity) -> Result<(), StorageError>;
    /// The latest, at most `most`.
    async fn recent(&mut self, user: UserId, most: u32) -> Result<Vec<BotActivity>, StorageError>;
}

/// The inbox of webhooks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookRepository: Send {
    /// Adds an event.
    async fn insert(&mut self, event: &WebhookEvent) -> Result<(), StorageError>;
    /// Locks pending events of all users that are due, oldest first, at most `most`, passing over
    /// those that others hold. For the worker, which then acts for each event's user.
    async fn lock_due(
        &mut self,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<WebhookEvent>, StorageError>;
    /// Stores state, attempts and `due_at`.
    async fn save(&mut self, event: &WebhookEvent) -> Result<(), StorageError>;
    /// The event.
    async fn find(
        &mut self,
        user: UserId,
        id: WebhookEventId,
    ) -> Result<Option<WebhookEvent>, StorageError>;
    /// Deletes events that are no longer pending and were received before. How many.
    async fn delete_settled(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
}

/// Changes of many contacts that run in the background.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BulkChangeRepository: Send {
    /// Adds a change.
    async fn insert(&mut self, change: &BulkChange) -> Result<(), StorageError>;
    /// The change.
    async fn find(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError>;
    /// The change, kept from change by others.
    async fn lock(
        &mut self,
        user: UserId,
        id: BulkChangeId,
    ) -> Result<Option<BulkChange>, StorageError>;
    /// Stores how far it is.
    async fn save(&mut self, change: &BulkChange) -> Result<(), StorageError>;
}

/// Background work.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait JobRepository: Send {
    /// Queues a job.
    async fn enqueue(&mut self, job: &Job) -> Result<(), StorageError>;
    /// Takes the oldest job of this kind that is due and that no process holds, for `ttl` on the database's
    /// clock; its attempts grow by one. For the workers, which then act for the job's user.
    async fn claim(
        &mut self,
        kind: JobKind,
        owner: InstanceId,
        now: DateTime<Utc>,
        ttl: Duration,
    ) -> Result<Option<(Job, JobLease)>, StorageError>;
    /// Prolongs the lease. Whether it was still held.
    async fn renew(&mut self, lease: &JobLease, ttl: Duration) -> Result<bool, StorageError>;
    /// Whether the lease is held, checked within the transaction: when it is, it can't be lost
    /// before the transaction ends.
    async fn hold(&mut self, lease: &JobLease) -> Result<bool, StorageError>;
    /// Removes a job that is done. Whether the lease was still held.
    async fn finish(&mut self, lease: &JobLease) -> Result<bool, StorageError>;
    /// Gives a job back, to be done at `run_after` or later.
    async fn give_back(
        &mut self,
        lease: &JobLease,
        run_after: DateTime<Utc>,
    ) -> Result<(), StorageError>;
}

/// Figures.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait StatisticsRepository: Send {
    /// Adds what happened to messages in the quarter of an hour that `at` falls into.
    async fn count_messages(
        &mut self,
        user: UserId,
        at: DateTime<Utc>,
        delta: &MessageDelta,
    ) -> Result<(), StorageError>;
    /// The figures, with buckets and new contacts since `since`, and at most `most_recent` recent
    /// things.
    async fn dashboard(
        &mut self,
        user: UserId,
        since: DateTime<Utc>,
        most_recent: u32,
    ) -> Result<Dashboard, StorageError>;
}

/// An answer that was given to a request, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Vec<u8>,
}

/// What is known of a request's `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyState {
    /// Never seen: it is now taken by this request.
    New,
    /// The same request is being handled.
    InProgress,
    /// The same request was answered.
    Answered(StoredAnswer),
    /// Another request used this key.
    Mismatch,
}

/// Answers to requests that may be repeated.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyRepository: Send {
    /// Takes the key for a request, unless it is taken. `fingerprint` is a hash of method, path
    /// and body. A key taken before `stale_before` and never answered is free again.
    async fn take(
        &mut self,
        user: UserId,
        key: &str,
        fingerprint: &str,
        now: DateTime<Utc>,
        stale_before: DateTime<Utc>,
    ) -> Result<IdempotencyState, StorageError>;
    /// Keeps the answer.
    async fn answer(
        &mut self,
        user: UserId,
        key: &str,
        answer: &StoredAnswer,
    ) -> Result<(), StorageError>;
    /// Frees the key, when the request had no effect.
    async fn free(&mut self, user: UserId, key: &str) -> Result<(), StorageError>;
    /// Deletes keys taken before. How many.
    async fn delete_before(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
}
