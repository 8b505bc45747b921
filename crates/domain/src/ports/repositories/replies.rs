//! What is known of people by their addresses, and the answers that the product gives by itself.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{AutomaticReply, ChannelKind, Correspondent, ReplyId, UserId};

/// What is known of people by their addresses.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CorrespondentRepository: Send {
    /// What is known of these addresses; those of which nothing is are not among them.
    async fn find(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError>;
    /// Those among these addresses whose people don't want to be written to. Quick for a user with
    /// no such customer.
    async fn opted_out(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError>;
    /// The people with these addresses, kept from change by others, by address; added when nothing
    /// was known of them.
    async fn lock_or_add(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        addresses: &[String],
    ) -> Result<Vec<Correspondent>, StorageError>;
    /// Stores people that were locked before.
    async fn save(&mut self, correspondents: &[Correspondent]) -> Result<(), StorageError>;
}

/// A sender that has automatic replies to send.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplyingSender {
    /// Whose it is.
    pub user_id: UserId,
    /// What it sends over.
    pub channel: ChannelKind,
    /// The provider's name for it.
    pub external_id: String,
}

/// The answers that the product gives by itself.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReplyRepository: Send {
    /// Adds one.
    async fn insert(&mut self, reply: &AutomaticReply) -> Result<(), StorageError>;
    /// The replies to this address since then, latest first.
    async fn recent(
        &mut self,
        user: UserId,
        channel: ChannelKind,
        address: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<AutomaticReply>, StorageError>;
    /// The senders of all users that have replies whose time has come. For the worker, which then
    /// acts for each sender's user.
    async fn senders_with_due(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReplyingSender>, StorageError>;
    /// Locks the next queued reply of a sender whose time has come, passing over those that others
    /// hold.
    async fn lock_next(
        &mut self,
        sender: &ReplyingSender,
        now: DateTime<Utc>,
    ) -> Result<Option<AutomaticReply>, StorageError>;
    /// Locks replies of all users that are dispatching since before then, at most `most`, passing
    /// over those that others hold.
    async fn lock_dispatching(
        &mut self,
        before: DateTime<Utc>,
        most: u32,
    ) -> Result<Vec<AutomaticReply>, StorageError>;
    /// Locks the replies with these ids, as far as they are the user's, by id.
    async fn lock_many(
        &mut self,
        user: UserId,
        ids: &[ReplyId],
    ) -> Result<Vec<AutomaticReply>, StorageError>;
    /// Deletes replies of all users that were added before then and are over. How many.
    async fn delete_over(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
    /// Stores what became of a reply that was locked before.
    async fn save(&mut self, reply: &AutomaticReply) -> Result<(), StorageError>;
}
