//! Who a campaign is meant for, before it starts.

use nexus_domain::ports::{Repositories, StorageError, UnitOfWork};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{Campaign, UserId};

use super::audience;
use super::content::Chosen;

/// How many contacts are read at once.
pub(super) const PAGE: u32 = 500;

/// Whether every chosen contact is the user's; those that are not, or no more, are counted.
pub(super) async fn check_chosen(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    chosen: &Chosen,
) -> Result<Result<(), Violations>, StorageError> {
    let mut unknown = chosen.unreadable;
    for ids in chosen.ids.chunks(PAGE as usize) {
        let known = unit.contacts().find_many(user, ids).await?.len();
        unknown += ids.len().saturating_sub(known);
    }
    if unknown == 0 {
        return Ok(Ok(()));
    }
    let count = u32::try_from(unknown).unwrap_or(u32::MAX);
    Ok(Err(Violations::of(
        "contact_ids",
        Problem::UnknownContacts { count },
    )))
}

/// How many contacts are chosen or in the audience, each once, whether they can be reached or
/// not. The choice is in the store already.
pub(super) async fn count(
    repositories: &mut dyn Repositories,
    campaign: &Campaign,
) -> Result<i64, StorageError> {
    let filter = audience::resolve(repositories, campaign).await?;
    let total = repositories
        .contacts()
        .count_recipients(campaign.user_id, campaign.id, filter)
        .await?;
    Ok(i64::try_from(total).unwrap_or(i64::MAX))
}
