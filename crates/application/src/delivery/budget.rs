//! How many new people an account may still write to today.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{CampaignContact, DailyBudget, SenderLease};

/// What a claim may take of the budget. The account is locked, so nobody else takes of it.
pub(super) struct Allowance {
    /// Who does not count yet.
    new: BTreeSet<String>,
    quarter: DateTime<Utc>,
}

/// What a budget lets through of a claim.
pub(super) enum Within {
    /// Those who are left may be written to.
    Allowed(Allowance),
    /// Nobody may, before this.
    UsedUp(DateTime<Utc>),
}

/// Leaves in `recipients` those whom the account may write to now: all who count already, and new
/// people as far as the budget reaches.
pub(super) async fn within_budget(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    limit: u32,
    recipients: &mut Vec<CampaignContact>,
    now: DateTime<Utc>,
) -> Result<Within, StorageError> {
    let (user, sender) = (lease.user_id, lease.sender_id);
    let counting_after = DailyBudget::counting_after(now);
    let limits = unit.senders().limits(user, sender, counting_after).await?;
    let budget = limits.unwrap_or_default().budget(Some(limit));
    let addresses: Vec<String> = recipients
        .iter()
        .filter_map(|recipient| recipient.address.clone())
        .collect();
    let counted = unit
        .senders()
        .counted(user, sender, &addresses, counting_after)
        .await?;
    let counted: BTreeSet<String> = counted.into_iter().collect();
    let mut left = budget.left(now);
    let mut new = BTreeSet::new();
    recipients.retain(|recipient| match &recipient.address {
        Some(address) if !counted.contains(address) && !new.contains(address) => {
            let fits = left > 0;
            if fits {
                left -= 1;
                new.insert(address.clone());
            }
            fits
        }
        _ => true,
    });
    if recipients.is_empty() {
        return Ok(Within::UsedUp(budget.renews_at(now).unwrap_or(now)));
    }
    let quarter = DailyBudget::quarter(now);
    Ok(Within::Allowed(Allowance { new, quarter }))
}

impl Allowance {
    /// Counts those of the new people who are really written to, in the transaction of the claim.
    pub(super) async fn spend<'a>(
        self,
        unit: &mut dyn UnitOfWork,
        lease: &SenderLease,
        written_to: impl Iterator<Item = &'a str>,
    ) -> Result<(), StorageError> {
        let new: BTreeSet<&str> = written_to
            .filter(|address| self.new.contains(*address))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let new: Vec<String> = new.into_iter().map(str::to_owned).collect();
        unit.senders()
            .count_people(lease.user_id, lease.sender_id, &new, self.quarter)
            .await
    }
}
