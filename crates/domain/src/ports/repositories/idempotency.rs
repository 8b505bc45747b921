//! Answers to requests that may be repeated.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::UserId;
use crate::ports::StorageError;

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
