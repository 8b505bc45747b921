//! Changing a segment.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{Problem, SegmentName, Violations};
use nexus_domain::{Segment, SegmentId};

use super::{Segments, namesake};
use crate::contacts::ContactQuery;
use crate::{Actor, Field};

/// What is to change of a segment, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct UpdateSegment {
    /// Its name; can't be cleared.
    pub name: Field<String>,
    /// All conditions on who is in it; can't be cleared.
    pub filter: Field<ContactQuery>,
}

/// Why a segment was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateSegmentError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user has no such segment.
    #[error("no such segment")]
    NotFound,
    /// Another segment has the name.
    #[error("segment {existing} has this name")]
    NameTaken {
        /// That segment.
        existing: SegmentId,
    },
    /// The account is gone.
    #[error("no such user")]
    NoSuchUser,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl UpdateSegment {
    fn apply(self, segment: &mut Segment) -> Result<(), Violations> {
        let mut violations = Violations::new();
        self.name.replace(
            "name",
            &mut segment.name,
            &mut violations,
            SegmentName::parse,
        );
        match self.filter {
            Field::Keep => {}
            Field::Clear => violations.add("filter", Problem::Required),
            Field::Set(query) => {
                if let Some(filter) = query.conditions("filter", &mut violations) {
                    segment.filter = filter;
                }
            }
        }
        violations.into_result()
    }
}

impl Segments {
    /// Changes what is named of a segment, all or nothing. Campaigns that await it are sent to
    /// whoever is in it when they start.
    pub async fn update(
        &self,
        actor: &Actor,
        id: SegmentId,
        changes: UpdateSegment,
    ) -> Result<Segment, UpdateSegmentError> {
        let user = actor.user_id();
        let mut unit = self.storage.begin().await?;
        // As for a new one: two at once would both find the name free.
        unit.users()
            .lock(user)
            .await?
            .ok_or(UpdateSegmentError::NoSuchUser)?;
        let mut segment = unit
            .segments()
            .lock(user, id)
            .await?
            .ok_or(UpdateSegmentError::NotFound)?;
        changes
            .apply(&mut segment)
            .map_err(UpdateSegmentError::Invalid)?;
        let others = unit.segments().list(user).await?;
        if let Some(existing) = namesake(&others, &segment) {
            return Err(UpdateSegmentError::NameTaken { existing });
        }
        segment.updated_at = self.clock.now();
        unit.segments().save(&segment).await?;
        unit.commit().await?;
        Ok(segment)
    }
}
