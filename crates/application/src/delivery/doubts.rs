//! Messages of which nobody knows whether they were sent.
//!
//! A doubt is settled by a status of the provider that carries the attempt, by whichever process
//! receives it. Without one, when the grace time is over, a status that was seen for a message
//! begun *after the doubt was noted* says that statuses do come through again: then this one was
//! not sent, and is. A status for a message begun before that proves nothing, since both may have
//! been in flight together and the webhooks of both may have been lost while we were down.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::{CampaignContact, DeliveryStatus, SenderLease};

use super::Desk;
use super::consequences::{Consequences, cancel_with_campaign};
use crate::fault::{self, Bug, Point};

/// After so many attempts a message in doubt is left to a person.
const MOST_ATTEMPTS: u32 = 3;

/// How many are looked at with one statement.
const BATCH: u32 = 500;

/// What looking at an account's doubts came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubts {
    /// Another process has the account.
    LeaseLost,
    /// None is left.
    Settled,
    /// Some wait for their grace time.
    Waiting,
}

/// Puts in doubt what former owners of the account left in flight; to be called before the first
/// claim, when whatever is in flight is theirs. `None` when the lease is lost, else how many.
pub(super) async fn doubt_what_was_left(
    desk: &Desk,
    lease: &SenderLease,
) -> Result<Option<usize>, StorageError> {
    let mut doubted = 0;
    loop {
        let now = desk.clock.now();
        let mut unit = desk.storage.begin().await?;
        if !unit.senders().hold(lease).await? {
            return Ok(None);
        }
        // Their clocks may be ahead of ours.
        let any_time = now + TimeDelta::days(365);
        let mut left = unit
            .recipients()
            .lock_in(
                lease.user_id,
                lease.sender_id,
                DeliveryStatus::Dispatching,
                any_time,
                BATCH,
            )
            .await?;
        left.retain_mut(|recipient| {
            recipient.attempt().is_some_and(|attempt| {
                if fault::has(Bug::RequeueInsteadOfDoubt) {
                    return recipient.postpone(attempt, now, now).is_ok();
                }
                recipient.doubt(attempt, now).is_ok()
            })
        });
        if left.is_empty() {
            return Ok(Some(doubted));
        }
        // Dispatching and in doubt are both pending: nothing else follows.
        unit.recipients().save(&left).await?;
        fault::at(Point::DoubtCommitting);
        unit.commit().await?;
        fault::at(Point::DoubtCommitted);
        doubted += left.len();
    }
}

/// Settles the doubts whose grace time is over.
pub(super) async fn settle(desk: &Desk, lease: &SenderLease) -> Result<Doubts, StorageError> {
    let now = desk.clock.now();
    let grace = TimeDelta::from_std(desk.config.grace).unwrap_or(TimeDelta::days(1));
    let user = lease.user_id;
    let mut unit = desk.storage.begin().await?;
    if !unit.senders().hold(lease).await? {
        return Ok(Doubts::LeaseLost);
    }
    let Some(sender) = unit.senders().find(user, lease.sender_id).await? else {
        return Ok(Doubts::LeaseLost);
    };
    let doubts = unit
        .recipients()
        .lock_in(
            user,
            lease.sender_id,
            DeliveryStatus::InDoubt,
            now - grace,
            BATCH,
        )
        .await?;
    let mut ripe: Vec<_> = doubts
        .into_iter()
        // The grace time counts from when the doubt was noted: while nobody was there to receive
        // statuses, it did not run.
        .filter(|recipient| recipient.updated_at + grace <= now)
        .collect();
    if !ripe.is_empty() {
        for recipient in &mut ripe {
            settle_one(recipient, sender.confirmed_through, now);
        }
        cancel_with_campaign(
            unit.as_mut(),
            user,
            &mut ripe,
            std::collections::BTreeSet::new(),
            now,
        )
        .await?;
        let mut consequences = Consequences::new(user);
        for recipient in &ripe {
            consequences.moved(recipient, DeliveryStatus::InDoubt, now);
        }
        unit.recipients().save(&ripe).await?;
        consequences.store(unit.as_mut(), now).await?;
        tracing::info!(
            sender_id = %lease.sender_id,
            doubts = ripe.len(),
            "messages in doubt are settled"
        );
    }
    let any_time = now + TimeDelta::days(365);
    let waiting = unit
        .recipients()
        .lock_in(user, lease.sender_id, DeliveryStatus::InDoubt, any_time, 1)
        .await?;
    if !ripe.is_empty() {
        fault::at(Point::SettleCommitting);
    }
    unit.commit().await?;
    if !ripe.is_empty() {
        fault::at(Point::SettleCommitted);
    }
    if waiting.is_empty() {
        Ok(Doubts::Settled)
    } else {
        Ok(Doubts::Waiting)
    }
}

fn settle_one(
    recipient: &mut CampaignContact,
    confirmed_through: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    let noted_at = recipient.updated_at;
    let would_be_known = confirmed_through.is_some_and(|confirmed| confirmed > noted_at);
    // That no report came is no proof, however likely it makes it: whoever gets a message of which
    // the provider never reports must not get it again and again.
    let tried_enough = recipient.delivery.tries() >= MOST_ATTEMPTS;
    // Only messages in doubt come here.
    let _ = if would_be_known && !tried_enough {
        recipient.settle_as_not_sent(now)
    } else {
        recipient.give_up_confirming(now)
    };
    tracing::debug!(
        recipient_id = %recipient.id,
        attempt = recipient.delivery.attempts,
        status = recipient.delivery.status.as_str(),
        "a doubt is settled"
    );
}
