//! How many new people an account may still write to today.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{CampaignContact, CampaignId, DailyBudget, SenderLease};

/// What a claim may take of the budget. The account is locked, so nobody else takes of it.
pub(super) struct Allowance {
    /// Who does not count yet.
    new: BTreeSet<String>,
    quarter: DateTime<Utc>,
}

/// What a budget lets through of a claim.
pub(super) enum Within {
    /// These may be written to.
    Allowed(Vec<CampaignContact>, Allowance),
    /// Nobody who is due may, before this.
    UsedUp(DateTime<Utc>),
}

/// Locks up to `most` of those who are due and whom the account may write to now: all who count
/// already, and new people as far as the budget reaches. Once nobody new fits, only those who count
/// are looked for, however far behind the others they stand.
pub(super) async fn lock_within_budget(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    campaign: CampaignId,
    limit: u32,
    most: u32,
    now: DateTime<Utc>,
) -> Result<Within, StorageError> {
    let (user, sender) = (lease.user_id, lease.sender_id);
    let counting_after = DailyBudget::counting_after(now);
    let limits = unit.senders().limits(user, sender, counting_after).await?;
    let budget = limits.unwrap_or_default().budget(Some(limit));
    let quarter = DailyBudget::quarter(now);
    let mut left = budget.left(now);
    let mut new = BTreeSet::new();
    if left == 0 {
        let counted = unit
            .recipients()
            .lock_due_counted(user, campaign, now, counting_after, most)
            .await?;
        return Ok(if counted.is_empty() {
            Within::UsedUp(budget.renews_at(now).unwrap_or(now))
        } else {
            Within::Allowed(counted, Allowance { new, quarter })
        });
    }
    let mut recipients = unit
        .recipients()
        .lock_due(user, campaign, now, most)
        .await?;
    let addresses: Vec<String> = recipients
        .iter()
        .filter_map(|recipient| recipient.address.clone())
        .collect();
    let counted = unit
        .senders()
        .counted(user, sender, &addresses, counting_after)
        .await?;
    let counted: BTreeSet<String> = counted.into_iter().collect();
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
    Ok(Within::Allowed(recipients, Allowance { new, quarter }))
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
