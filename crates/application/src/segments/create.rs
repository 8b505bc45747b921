//! A new segment.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{Problem, SegmentName, Violations};
use nexus_domain::{Segment, SegmentId, UserId};

use super::{Segments, namesake};
use crate::Actor;
use crate::contacts::ContactQuery;

/// A segment as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct CreateSegment {
    /// Its name.
    pub name: String,
    /// Who is in it, by the conditions of the list; without any condition, everyone.
    pub filter: Option<ContactQuery>,
}

/// Why no segment was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateSegmentError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// Another segment has the name.
    #[error("segment {existing} has this name")]
    NameTaken {
        /// That segment.
        existing: SegmentId,
    },
    /// The user has as many as may be.
    #[error("there are {} segments already", Segment::MOST_PER_USER)]
    TooMany,
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Segments {
    /// Adds a segment.
    pub async fn create(
        &self,
        actor: &Actor,
        typed: &CreateSegment,
    ) -> Result<Segment, CreateSegmentError> {
        let user = actor.user_id();
        let segment = self
            .parse(user, typed)
            .map_err(CreateSegmentError::Invalid)?;
        let mut unit = self.storage.begin().await?;
        // One at a time for each user: two at once would both find the name free, and room.
        unit.users()
            .lock(user)
            .await?
            .ok_or(CreateSegmentError::NoSuchUser)?;
        let others = unit.segments().list(user).await?;
        if let Some(existing) = namesake(&others, &segment) {
            return Err(CreateSegmentError::NameTaken { existing });
        }
        if others.len() >= Segment::MOST_PER_USER as usize {
            return Err(CreateSegmentError::TooMany);
        }
        unit.segments().insert(&segment).await?;
        unit.commit().await?;
        Ok(segment)
    }

    fn parse(&self, user_id: UserId, typed: &CreateSegment) -> Result<Segment, Violations> {
        let mut violations = Violations::new();
        let name = violations.check("name", SegmentName::parse(&typed.name));
        let filter = match &typed.filter {
            Some(query) => query.conditions("filter", &mut violations),
            None => violations.check("filter", Err(Problem::Required)),
        };
        let (Some(name), Some(filter), true) = (name, filter, violations.is_empty()) else {
            return Err(violations);
        };
        let now = self.clock.now();
        Ok(Segment {
            id: SegmentId::new(now, self.entropy.as_ref()),
            user_id,
            name,
            filter,
            created_at: now,
            updated_at: now,
        })
    }
}
