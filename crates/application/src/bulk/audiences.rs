//! Campaigns that have not started and segments, as far as they choose contacts by a tag.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{Repositories, StorageError, UnitOfWork};
use nexus_domain::values::{SegmentName, ShortText, Tag};
use nexus_domain::{BulkChange, Campaign, CampaignId, ContactFilter, Segment, SegmentId, UserId};

/// What chooses contacts by a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagUse {
    /// Campaigns that have not started, with their names.
    pub campaigns: Vec<(CampaignId, ShortText)>,
    /// Segments, with their names.
    pub segments: Vec<(SegmentId, SegmentName)>,
}

impl TagUse {
    /// Whether there is nothing of the kind.
    pub fn is_empty(&self) -> bool {
        self.campaigns.is_empty() && self.segments.is_empty()
    }
}

/// All that chooses contacts by a rule, held until a change of tags is decided.
pub(super) struct Rules {
    campaigns: Vec<Campaign>,
    segments: Vec<Segment>,
}

impl Rules {
    /// Campaigns, then segments, and contacts after them, as all who lock several of them do.
    pub(super) async fn lock(
        unit: &mut dyn UnitOfWork,
        user: UserId,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            campaigns: unit.campaigns().lock_unstarted(user).await?,
            segments: unit.segments().lock_all(user).await?,
        })
    }

    /// What chooses contacts by the tag.
    pub(super) fn naming(&self, tag: &Tag) -> TagUse {
        self.uses(
            |campaign| campaign.names_tag(tag),
            |segment| segment.names_tag(tag),
        )
    }

    /// What chooses only contacts that have both tags, be it that a campaign asks for one and its
    /// segment for the other.
    pub(super) fn naming_both(&self, one: &Tag, other: &Tag) -> TagUse {
        let both = |filter: &ContactFilter| filter.names_tag(one) && filter.names_tag(other);
        self.uses(
            |campaign| self.chosen(campaign).as_ref().is_some_and(both),
            |segment| both(&segment.filter),
        )
    }

    /// Whom a campaign would reach; `None` when its recipients are named one by one.
    fn chosen(&self, campaign: &Campaign) -> Option<ContactFilter> {
        let audience = campaign.audience.as_ref()?;
        let segment = self
            .segments
            .iter()
            .find(|segment| audience.segment == Some(segment.id));
        audience.filter(segment)
    }

    fn uses(
        &self,
        campaign: impl Fn(&Campaign) -> bool,
        segment: impl Fn(&Segment) -> bool,
    ) -> TagUse {
        let campaigns = self.campaigns.iter().filter(|other| campaign(other));
        let segments = self.segments.iter().filter(|other| segment(other));
        TagUse {
            campaigns: campaigns
                .map(|campaign| (campaign.id, campaign.name.clone()))
                .collect(),
            segments: segments
                .map(|segment| (segment.id, segment.name.clone()))
                .collect(),
        }
    }

    /// What chooses contacts by a tag does so by its new name: in the transaction that renames it
    /// on the contacts, or that decides that a worker will.
    pub(super) async fn rename(
        self,
        unit: &mut dyn UnitOfWork,
        (from, to): (&Tag, &Tag),
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        for mut campaign in self.campaigns {
            if campaign.rename_tag(from, to, now) {
                unit.campaigns().save(&campaign).await?;
            }
        }
        for mut segment in self.segments {
            if segment.rename_tag(from, to, now) {
                unit.segments().save(&segment).await?;
            }
        }
        Ok(())
    }
}

/// A tag that is `meant` and that a worker is renaming: some contacts have it under its new name,
/// others not yet.
pub(crate) async fn being_renamed(
    unit: &mut dyn Repositories,
    user: UserId,
    meant: impl Fn(&Tag) -> bool,
) -> Result<Option<Tag>, StorageError> {
    let changes = unit.bulk_changes().unfinished(user).await?;
    Ok(changes
        .iter()
        .filter_map(BulkChange::renamed_tag)
        .flat_map(|(from, to)| [from, to])
        .find(|tag| meant(tag))
        .cloned())
}
