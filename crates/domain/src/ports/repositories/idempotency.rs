//! Answers to requests that may be repeated.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::ports::StorageError;
use crate::{CampaignId, UserId};

/// An answer that was given to a request, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Vec<u8>,
}

/// What a request did, noted in the transaction that did it: enough to answer the same request when
/// the first answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// This campaign was made.
    CampaignCreated(CampaignId),
    /// This campaign was started.
    CampaignStarted(CampaignId),
}

/// The key of a request that has taken it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenKey {
    /// As the client gave it.
    pub key: String,
    /// When it was taken: tells the request from one that takes the key when this one is given up.
    pub taken_at: DateTime<Utc>,
}

/// What is known of a request's `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdempotencyState {
    /// Never seen: it is now taken by this request.
    New,
    /// The same request is being handled.
    InProgress,
    /// The same request has had its effect, and its answer is not kept (yet).
    Done(Effect),
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
    /// and body. A key taken before `stale_before` whose request had no effect that is noted, and
    /// was never answered, is free again.
    async fn take(
        &mut self,
        user: UserId,
        key: &str,
        fingerprint: &str,
        now: DateTime<Utc>,
        stale_before: DateTime<Utc>,
    ) -> Result<IdempotencyState, StorageError>;
    /// Notes what the request does, in the transaction that does it. Whether the key is still the
    /// request's; when it is not, the transaction must not be committed.
    async fn note_effect(
        &mut self,
        user: UserId,
        key: &TakenKey,
        effect: Effect,
    ) -> Result<bool, StorageError>;
    /// Keeps the answer.
    async fn answer(
        &mut self,
        user: UserId,
        key: &str,
        answer: &StoredAnswer,
    ) -> Result<(), StorageError>;
    /// Frees the key of a request that failed, unless it had an effect that is noted or another
    /// request has taken the key since.
    async fn free(&mut self, user: UserId, key: &TakenKey) -> Result<(), StorageError>;
    /// Deletes keys taken before. How many.
    async fn delete_before(&mut self, before: DateTime<Utc>) -> Result<u64, StorageError>;
}
