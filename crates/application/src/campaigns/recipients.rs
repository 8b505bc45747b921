//! Who a campaign is meant for, before it starts.

use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{Audience, Campaign, ContactId, UserId};

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
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    chosen: usize,
) -> Result<i64, StorageError> {
    let user = campaign.user_id;
    let total = match &campaign.audience {
        None => chosen as u64,
        Some(audience) if chosen == 0 => unit.contacts().count(user, &audience.filter()).await?,
        Some(audience) => count_union(unit, campaign, audience).await?,
    };
    Ok(i64::try_from(total).unwrap_or(i64::MAX))
}

/// Only the recipients themselves say how many of those chosen the audience has as well.
async fn count_union(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    audience: &Audience,
) -> Result<u64, StorageError> {
    let mut total = 0;
    let mut after: Option<ContactId> = None;
    loop {
        let page = unit
            .contacts()
            .recipients_of(
                campaign.user_id,
                campaign.id,
                Some(audience.clone()),
                after,
                PAGE,
            )
            .await?;
        total += page.len() as u64;
        after = page.last().map(|contact| contact.id);
        if page.len() < PAGE as usize {
            return Ok(total);
        }
    }
}
