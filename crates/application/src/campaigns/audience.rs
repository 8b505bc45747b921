//! Whom a campaign's audience lets through, with what its segment is now.

use nexus_domain::ports::{Repositories, StorageError, UnitOfWork};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{Audience, Campaign, ContactFilter, UserId};

/// The audience of a campaign as a filter; without one the campaign is for those chosen one by one.
/// There is also none where the audience's segment is gone, which only happens once the campaign
/// has started and needs it no more.
pub(super) async fn resolve(
    repositories: &mut dyn Repositories,
    campaign: &Campaign,
) -> Result<Option<ContactFilter>, StorageError> {
    let Some(audience) = &campaign.audience else {
        return Ok(None);
    };
    let segment = match audience.segment {
        Some(id) => repositories.segments().find(campaign.user_id, id).await?,
        None => None,
    };
    Ok(audience.filter(segment.as_ref()))
}

/// As [`resolve`], with the segment kept from change by others until the transaction ends.
pub(super) async fn lock(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
) -> Result<Option<ContactFilter>, StorageError> {
    if let Some(id) = campaign.awaited_segment() {
        unit.segments().lock(campaign.user_id, id).await?;
    }
    resolve(unit, campaign).await
}

/// Whether the segment that the audience names is the user's. It is kept from deletion until the
/// transaction ends: then the campaign that awaits it does so.
pub(super) async fn check_segment(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    audience: Option<&Audience>,
) -> Result<Result<(), Violations>, StorageError> {
    let Some(id) = audience.and_then(|audience| audience.segment) else {
        return Ok(Ok(()));
    };
    let known = unit.segments().lock(user, id).await?.is_some();
    Ok(if known {
        Ok(())
    } else {
        Err(Violations::of(
            "audience.segment_id",
            Problem::UnknownSegment,
        ))
    })
}
