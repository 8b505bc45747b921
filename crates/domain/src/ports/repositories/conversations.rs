//! What was written to and by customers, and what the assistant did.

use async_trait::async_trait;

use crate::ports::StorageError;
use crate::{BotActivity, ChannelKind, Message, UserId};

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
