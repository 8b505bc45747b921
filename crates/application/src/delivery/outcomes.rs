//! Recording what became of attempts.
//!
//! An outcome is a fact about the world, so it is recorded even when the lease is gone: what
//! guards it is the number of its attempt, which no other process can have begun. Only an attempt
//! whose own intent may not be committed needs the lease, since then another process may have
//! begun one of the same number.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::{CampaignContactId, CampaignId, Delivery, FailureCode, SenderLease};

use super::Desk;
use super::consequences::{Consequences, cancel_with_campaign};
use super::gate::Heard;
use super::media::note_refused_ids;
use super::outcome::{Judge, Landed, Outcome};
use crate::fault::{self, Bug, Point};

/// Whether outcomes may be recorded without the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The attempt's number is enough.
    Attempt,
    /// The lease as well.
    Lease,
}

/// What recording came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// It is in the store.
    Done,
    /// Another process has the account, and it mattered.
    LeaseLost,
}

/// A wait that the provider asked for is remembered from here on, for whoever drives the account
/// next.
const WORTH_REMEMBERING: Duration = Duration::from_secs(5);

/// Records outcomes, at most one of each recipient, in one transaction. Recording them again
/// changes nothing. Pauses the campaigns of which too many messages were refused.
pub(super) async fn record(
    desk: &Desk,
    lease: &SenderLease,
    landed: &[Landed],
    heard: &Heard,
    guard: Guard,
) -> Result<Recorded, StorageError> {
    let user = lease.user_id;
    let mut unit = desk.storage.begin().await?;
    if guard == Guard::Lease && !unit.senders().hold(lease).await? {
        return Ok(Recorded::LeaseLost);
    }
    if let Some(wait) = rest_asked_for(landed) {
        let until = desk.clock.now() + wait;
        unit.senders().rest(user, lease.sender_id, until).await?;
    }
    let forgotten = usize::from(fault::has(Bug::DropOutcome));
    let outcomes: BTreeMap<CampaignContactId, &Landed> = landed
        .iter()
        .skip(forgotten)
        .map(|landed| (landed.ticket.attempt.recipient, landed))
        .collect();
    let ids: Vec<_> = outcomes.keys().copied().collect();
    let mut recipients = unit.recipients().lock_many(user, &ids).await?;
    let judge = Judge {
        config: &desk.config,
        entropy: desk.entropy.as_ref(),
        now: desk.clock.now(),
        in_vain_for: heard.in_vain_for,
    };
    let before: BTreeMap<CampaignContactId, Delivery> = recipients
        .iter()
        .map(|recipient| (recipient.id, recipient.delivery.clone()))
        .collect();
    recipients.retain_mut(|recipient| {
        let Some(landed) = outcomes.get(&recipient.id) else {
            return false;
        };
        let attempt = landed.ticket.attempt;
        let settled = judge.settle(recipient, attempt, &landed.outcome);
        tracing::debug!(
            recipient_id = %recipient.id,
            attempt = attempt.number,
            outcome = ?landed.outcome,
            stale = settled.is_err(),
            "an attempt has landed"
        );
        settled.is_ok()
    });
    let mut pauses = pauses(unit.as_mut(), lease, landed).await?;
    let refused_files = note_refused_ids(unit.as_mut(), lease, landed, judge.now).await?;
    for (campaign, code) in refused_files {
        pauses.entry(campaign).or_insert(code);
    }
    for campaign in &heard.stopped {
        pauses
            .entry(*campaign)
            .or_insert(FailureCode::TooManyFailures);
    }
    let paused = pauses.keys().copied().collect();
    cancel_with_campaign(unit.as_mut(), user, &mut recipients, paused, judge.now).await?;
    let mut consequences = Consequences::new(user);
    for (campaign, code) in pauses {
        consequences.pause(campaign, code);
    }
    for recipient in &recipients {
        if let Some(from) = before.get(&recipient.id) {
            consequences.moved(recipient, from, judge.now);
        }
    }
    for contact in landed.iter().filter_map(contact_met) {
        consequences.met(contact);
    }
    if !recipients.is_empty() {
        unit.recipients().save(&recipients).await?;
    }
    consequences.store(unit.as_mut(), judge.now).await?;
    fault::at(Point::RecordCommitting);
    unit.commit().await?;
    fault::at(Point::RecordCommitted);
    Ok(Recorded::Done)
}

/// The longest rest of the account that the provider asked for, if it is worth remembering.
fn rest_asked_for(landed: &[Landed]) -> Option<TimeDelta> {
    let asked = landed.iter().filter_map(|landed| match landed.outcome {
        Outcome::Throttled {
            retry_after,
            recipient_only: false,
        } => retry_after,
        _ => None,
    });
    let longest = asked.max().filter(|wait| *wait >= WORTH_REMEMBERING)?;
    TimeDelta::from_std(longest).ok()
}

fn contact_met(landed: &Landed) -> Option<nexus_domain::ContactId> {
    matches!(landed.outcome, Outcome::Accepted { .. })
        .then_some(landed.ticket.contact)
        .flatten()
}

/// The campaigns that can't go on after these outcomes, and why.
async fn pauses(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
    landed: &[Landed],
) -> Result<BTreeMap<CampaignId, FailureCode>, StorageError> {
    let mut pauses = BTreeMap::new();
    for landed in landed {
        match &landed.outcome {
            Outcome::CampaignRefused(failure) => {
                pauses.entry(landed.ticket.campaign).or_insert(failure.code);
            }
            Outcome::AccountRefused(failure) => {
                for campaign in active_campaigns(unit, lease).await? {
                    pauses.entry(campaign).or_insert(failure.code);
                }
            }
            _ => {}
        }
    }
    Ok(pauses)
}

async fn active_campaigns(
    unit: &mut dyn UnitOfWork,
    lease: &SenderLease,
) -> Result<BTreeSet<CampaignId>, StorageError> {
    let active = unit
        .campaigns()
        .active_of(lease.user_id, lease.sender_id)
        .await?;
    Ok(active.into_iter().map(|campaign| campaign.id).collect())
}

/// Pauses every campaign of the account. Whether the account was still this process's.
pub(super) async fn pause_all(
    desk: &Desk,
    lease: &SenderLease,
    code: FailureCode,
) -> Result<Recorded, StorageError> {
    let mut unit = desk.storage.begin().await?;
    if !unit.senders().hold(lease).await? {
        return Ok(Recorded::LeaseLost);
    }
    let mut consequences = Consequences::new(lease.user_id);
    for campaign in active_campaigns(unit.as_mut(), lease).await? {
        consequences.pause(campaign, code);
    }
    consequences.store(unit.as_mut(), desk.clock.now()).await?;
    unit.commit().await?;
    Ok(Recorded::Done)
}
