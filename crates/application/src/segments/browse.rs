//! Finding segments, and who is in one.

use nexus_domain::ports::StorageError;
use nexus_domain::{Segment, SegmentId};

use super::Segments;
use crate::Actor;

/// A segment, and how many contacts are in it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSize {
    /// The segment.
    pub segment: Segment,
    /// How many contacts are in it.
    pub contacts: u64,
}

/// Why a segment can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum GetSegmentError {
    /// The user has no such segment.
    #[error("no such segment")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Segments {
    /// Every segment of the user, by name.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Segment>, StorageError> {
        self.storage.read().segments().list(actor.user_id()).await
    }

    /// A segment of the user.
    pub async fn get(&self, actor: &Actor, id: SegmentId) -> Result<SegmentSize, GetSegmentError> {
        let user = actor.user_id();
        let mut read = self.storage.read();
        let segment = read
            .segments()
            .find(user, id)
            .await?
            .ok_or(GetSegmentError::NotFound)?;
        let contacts = read.contacts().count(user, &segment.filter).await?;
        Ok(SegmentSize { segment, contacts })
    }
}
