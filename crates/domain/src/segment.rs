//! Segments: filters of contacts that their user has saved under a name.

use chrono::{DateTime, Utc};

use crate::values::{SegmentName, Tag, fold};
use crate::{ContactFilter, SegmentId, UserId};

/// A filter of contacts with a name. Who is in it is asked anew each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The segment's id.
    pub id: SegmentId,
    /// Whose segment this is.
    pub user_id: UserId,
    /// Its name: one of a kind for its user, accents and case aside.
    pub name: SegmentName,
    /// Who is in it.
    pub filter: ContactFilter,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Segment {
    /// The most that a user may have: all of them are listed at once.
    pub const MOST_PER_USER: u32 = 100;

    /// What its name has in common with other spellings of it.
    pub fn name_key(&self) -> String {
        fold(self.name.as_str())
    }

    /// Whether who has the tag matters to who is in it.
    pub fn names_tag(&self, tag: &Tag) -> bool {
        self.filter.names_tag(tag)
    }

    /// The tag is called otherwise. Whether that made a difference.
    pub fn rename_tag(&mut self, from: &Tag, to: &Tag, now: DateTime<Utc>) -> bool {
        let changed = self.filter.rename_tag(from, to);
        if changed {
            self.updated_at = now;
        }
        changed
    }
}
