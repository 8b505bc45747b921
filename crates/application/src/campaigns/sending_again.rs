//! Sending to recipients once more: those that failed, and those whose message nobody could confirm.

use std::collections::{BTreeMap, BTreeSet};

use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::{Problem, Violations};
use nexus_domain::{
    Campaign, CampaignContact, CampaignContactId, CampaignId, CampaignStatus, Contact, Decision,
    DecisionFilter, Delivery, DeliveryStatus, FailureCode, RecipientFilter, Retry, SkipReason,
    User,
};

use super::control::SenderProblem;
use super::{CampaignDetails, Campaigns, with_media};
use crate::Actor;
use crate::delivery::Consequences;
use crate::opt_outs::opted_out_at;

/// How many recipients are taken up in one transaction.
const BATCH: u32 = 500;
/// The most recipients that can be named: what fits into a request.
const MOST_NAMED: u32 = 50_000;

/// Why a recipient is not sent to again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// The same would fail again.
    Failure(FailureCode),
    /// The contact is not to be written to now.
    Contact(SkipReason),
}

/// What became of a wish to send again to what failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// The campaign as it is then.
    pub details: CampaignDetails,
    /// How many wait to be sent again.
    pub requeued: u64,
    /// Of those, how many are not due yet: the provider holds back messages to them.
    pub waiting: u64,
    /// How many stay failed, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
}

/// Why nothing that failed is sent again.
#[derive(Debug, thiserror::Error)]
pub enum RetryFailedError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has not started, or was given up.
    #[error("nothing is sent again of a campaign that is {}", .status.as_str())]
    NotPossible {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The profile does not name the sender that began it.
    #[error(transparent)]
    Sender(#[from] SenderProblem),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What the user decides about messages that nobody could confirm.
#[derive(Debug, Clone, Default)]
pub struct DecideUnconfirmed {
    /// `send_again` or `leave`.
    pub decision: String,
    /// The recipients; without them, all that wait for a decision.
    pub recipient_ids: Option<Vec<String>>,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The campaign as it is then.
    pub details: CampaignDetails,
    /// How many it was recorded for.
    pub decided: u64,
    /// How many are not sent again because of their contacts, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// How many of those named are no recipients of this campaign that are unconfirmed.
    pub not_unconfirmed: u64,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideUnconfirmedError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has not started, or was given up and nothing of it is sent again.
    #[error("this can't be decided for a campaign that is {}", .status.as_str())]
    NotPossible {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The profile does not name the sender that began it.
    #[error(transparent)]
    Sender(#[from] SenderProblem),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why each of these recipients can't be written to now; those who can are not named. Asked before
/// they are queued, so that what is known of the last attempt is not lost for nothing. As when they
/// are claimed, the people at the addresses are asked as well, whatever their contacts say.
async fn unreachable(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    recipients: &[CampaignContact],
) -> Result<BTreeMap<CampaignContactId, SkipReason>, StorageError> {
    let ids: Vec<_> = recipients
        .iter()
        .filter_map(|recipient| recipient.contact_id)
        .collect();
    let contacts = unit.contacts().find_many(campaign.user_id, &ids).await?;
    let contacts: BTreeMap<_, _> = contacts
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect();
    let phone = |contact: &Contact| Some(contact.phone.as_ref()?.as_str().to_owned());
    let addresses = recipients
        .iter()
        .filter_map(|recipient| recipient.address.clone())
        .chain(contacts.values().filter_map(phone))
        .collect();
    let silent = opted_out_at(unit, campaign.user_id, &addresses).await?;
    let is_silent = |address: Option<String>| address.is_some_and(|at| silent.contains_key(&at));
    let reason = |recipient: &CampaignContact| {
        let contact = recipient.contact_id.and_then(|id| contacts.get(&id));
        let Some(contact) = contact else {
            return Some(SkipReason::ContactDeleted);
        };
        if let Err(reason) = contact.reach(campaign.channel) {
            return Some(reason);
        }
        let silent = is_silent(recipient.address.clone()) || is_silent(phone(contact));
        silent.then_some(SkipReason::OptedOut)
    };
    Ok(recipients
        .iter()
        .filter_map(|recipient| Some((recipient.id, reason(recipient)?)))
        .collect())
}

/// What is counted while batches are taken up.
#[derive(Default)]
struct Tally {
    taken: u64,
    waiting: u64,
    left_out: BTreeMap<LeftOut, u64>,
    not_unconfirmed: u64,
}

impl Tally {
    fn leave_out(&mut self, reason: LeftOut) {
        *self.left_out.entry(reason).or_default() += 1;
    }
}

impl Campaigns {
    /// Sends again to the recipients that failed, as far as that can help. A completed campaign is
    /// being sent once more; a paused one stays so. Asked again, it finds what is left.
    pub async fn retry_failed(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<Retried, RetryFailedError> {
        let user = self.user(actor).await?.ok_or(RetryFailedError::NotFound)?;
        let mut read = self.ports.storage.read();
        let campaign = read
            .campaigns()
            .find(user.id, id)
            .await?
            .ok_or(RetryFailedError::NotFound)?;
        let now = self.ports.clock.now();
        campaign
            .clone()
            .reopen(now)
            .map_err(|error| RetryFailedError::NotPossible {
                status: error.status,
            })?;
        self.check_sender(read.as_mut(), &user, &campaign).await??;
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            match self.retry_batch(&user, id, after, &mut tally).await {
                Ok(Some(last)) => after = Some(last),
                Ok(None) => break,
                // It was cancelled in between, and what was queued with it.
                Err(RetryFailedError::NotPossible { .. } | RetryFailedError::NotFound)
                    if after.is_some() =>
                {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if tally.taken > 0 {
            self.ports.wake.notify_one();
        }
        tracing::info!(
            user_id = %user.id,
            campaign_id = %id,
            requeued = tally.taken,
            waiting = tally.waiting,
            "what failed is sent again"
        );
        let details = self
            .details(&user, id)
            .await?
            .ok_or(RetryFailedError::NotFound)?;
        Ok(Retried {
            details,
            requeued: tally.taken,
            waiting: tally.waiting,
            left_out: tally.left_out,
        })
    }

    /// One transaction's worth after `after`; the last of them, if there was any.
    async fn retry_batch(
        &self,
        user: &User,
        id: CampaignId,
        after: Option<CampaignContactId>,
        tally: &mut Tally,
    ) -> Result<Option<CampaignContactId>, RetryFailedError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let filter = RecipientFilter {
            status: Some(DeliveryStatus::Failed),
            decision: None,
        };
        let failed = unit
            .recipients()
            .lock_filtered(user.id, id, &filter, after, BATCH)
            .await?;
        let Some(last) = failed.last().map(|recipient| recipient.id) else {
            return Ok(None);
        };
        let mut campaign = unit
            .campaigns()
            .lock(user.id, id)
            .await?
            .ok_or(RetryFailedError::NotFound)?;
        let before = campaign.status();
        campaign
            .reopen(now)
            .map_err(|error| RetryFailedError::NotPossible {
                status: error.status,
            })?;
        let unreachable = unreachable(unit.as_mut(), &campaign, &failed).await?;
        let mut requeued = Vec::with_capacity(failed.len());
        let mut consequences = Consequences::new(user.id);
        let mut batch = Tally::default();
        for mut recipient in failed {
            if let Some(reason) = left_out(&recipient, &unreachable) {
                batch.leave_out(reason);
                continue;
            }
            let before = recipient.delivery.clone();
            if recipient.retry(now).is_err() {
                continue;
            }
            consequences.moved(&recipient, &before, now);
            batch.taken += 1;
            batch.waiting += u64::from(recipient.delivery.not_before.is_some());
            requeued.push(recipient);
        }
        if !requeued.is_empty() {
            unit.recipients().save_decided(&requeued).await?;
            if campaign.status() != before {
                unit.campaigns().save(&campaign).await?;
            }
            consequences.store(unit.as_mut(), now).await?;
            unit.commit().await?;
        }
        tally.taken += batch.taken;
        tally.waiting += batch.waiting;
        for (reason, count) in batch.left_out {
            *tally.left_out.entry(reason).or_default() += count;
        }
        Ok(Some(last))
    }

    /// Records what the user decided about messages that nobody could confirm. To send again begins a
    /// new attempt; to leave them ends the question.
    pub async fn decide_unconfirmed(
        &self,
        actor: &Actor,
        id: CampaignId,
        typed: DecideUnconfirmed,
    ) -> Result<Decided, DecideUnconfirmedError> {
        let (decision, named) = typed.parse().map_err(DecideUnconfirmedError::Invalid)?;
        let user = self
            .user(actor)
            .await?
            .ok_or(DecideUnconfirmedError::NotFound)?;
        let mut read = self.ports.storage.read();
        let campaign = read
            .campaigns()
            .find(user.id, id)
            .await?
            .ok_or(DecideUnconfirmedError::NotFound)?;
        check_decidable(&mut campaign.clone(), decision, self.ports.clock.now())?;
        if decision == Decision::SendAgain {
            self.check_sender(read.as_mut(), &user, &campaign).await??;
        }
        let mut tally = Tally::default();
        if let Some(Named { ids, unreadable }) = named {
            tally.not_unconfirmed = unreadable;
            for ids in ids.chunks(BATCH as usize) {
                self.decide_batch(&user, id, decision, Chosen::Named(ids), &mut tally)
                    .await?;
            }
        } else {
            let mut after = None;
            while let Some(last) = self
                .decide_batch(&user, id, decision, Chosen::After(after), &mut tally)
                .await?
            {
                after = Some(last);
            }
        }
        if decision == Decision::SendAgain && tally.taken > 0 {
            self.ports.wake.notify_one();
        }
        tracing::info!(
            user_id = %user.id,
            campaign_id = %id,
            decision = decision.as_str(),
            decided = tally.taken,
            "unconfirmed messages are decided about"
        );
        let details = self
            .details(&user, id)
            .await?
            .ok_or(DecideUnconfirmedError::NotFound)?;
        Ok(Decided {
            details,
            decided: tally.taken,
            left_out: tally.left_out,
            not_unconfirmed: tally.not_unconfirmed,
        })
    }

    async fn decide_batch(
        &self,
        user: &User,
        id: CampaignId,
        decision: Decision,
        chosen: Chosen<'_>,
        tally: &mut Tally,
    ) -> Result<Option<CampaignContactId>, DecideUnconfirmedError> {
        let now = self.ports.clock.now();
        let mut unit = self.ports.storage.begin().await?;
        let mut recipients = match chosen {
            Chosen::Named(ids) => unit.recipients().lock_many(user.id, ids).await?,
            Chosen::After(after) => {
                let filter = RecipientFilter {
                    status: None,
                    decision: Some(DecisionFilter::Pending),
                };
                unit.recipients()
                    .lock_filtered(user.id, id, &filter, after, BATCH)
                    .await?
            }
        };
        recipients.retain(|recipient| {
            recipient.campaign_id == id && recipient.delivery.status == DeliveryStatus::Unconfirmed
        });
        let mut batch = Tally::default();
        if let Chosen::Named(ids) = chosen {
            batch.not_unconfirmed = (ids.len() - recipients.len()) as u64;
        }
        let last = recipients.last().map(|recipient| recipient.id);
        if last.is_some() {
            let mut campaign = unit
                .campaigns()
                .lock(user.id, id)
                .await?
                .ok_or(DecideUnconfirmedError::NotFound)?;
            let before = campaign.status();
            check_decidable(&mut campaign, decision, now)?;
            let unreachable = match decision {
                Decision::SendAgain => unreachable(unit.as_mut(), &campaign, &recipients).await?,
                Decision::Leave => BTreeMap::new(),
            };
            let mut consequences = Consequences::new(user.id);
            recipients.retain_mut(|recipient| {
                if let Some(reason) = unreachable.get(&recipient.id) {
                    batch.leave_out(LeftOut::Contact(*reason));
                    return false;
                }
                let before: Delivery = recipient.delivery.clone();
                let decided = recipient.decide(decision, now).is_ok();
                consequences.decided(recipient, &before);
                decided
            });
            batch.taken = recipients.len() as u64;
            if !recipients.is_empty() {
                unit.recipients().save_decided(&recipients).await?;
                if campaign.status() != before {
                    unit.campaigns().save(&campaign).await?;
                }
                consequences.store(unit.as_mut(), now).await?;
                unit.commit().await?;
            }
        }
        tally.taken += batch.taken;
        tally.not_unconfirmed += batch.not_unconfirmed;
        for (reason, count) in batch.left_out {
            *tally.left_out.entry(reason).or_default() += count;
        }
        Ok(last)
    }

    /// The campaign as it is now.
    async fn details(
        &self,
        user: &User,
        id: CampaignId,
    ) -> Result<Option<CampaignDetails>, StorageError> {
        let mut read = self.ports.storage.read();
        match read.campaigns().find(user.id, id).await? {
            Some(campaign) => with_media(read.media(), campaign).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Why what failed is not sent again to this recipient.
fn left_out(
    recipient: &CampaignContact,
    unreachable: &BTreeMap<CampaignContactId, SkipReason>,
) -> Option<LeftOut> {
    let code = recipient
        .delivery
        .failure
        .as_ref()
        .map_or(FailureCode::Other, |failure| failure.code);
    if code.retry() == Retry::Never {
        return Some(LeftOut::Failure(code));
    }
    let reason = unreachable.get(&recipient.id)?;
    Some(LeftOut::Contact(*reason))
}

fn check_decidable(
    campaign: &mut Campaign,
    decision: Decision,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), DecideUnconfirmedError> {
    let not_possible = |status| DecideUnconfirmedError::NotPossible { status };
    match decision {
        Decision::SendAgain => campaign
            .reopen(now)
            .map_err(|error| not_possible(error.status)),
        Decision::Leave if campaign.state.started_at().is_none() => {
            Err(not_possible(campaign.status()))
        }
        Decision::Leave => Ok(()),
    }
}

/// Which recipients a batch is of.
#[derive(Clone, Copy)]
enum Chosen<'a> {
    /// These.
    Named(&'a [CampaignContactId]),
    /// Those that wait for a decision, after this one.
    After(Option<CampaignContactId>),
}

/// Recipients that were named, as far as they are ids at all.
struct Named {
    ids: Vec<CampaignContactId>,
    unreadable: u64,
}

impl DecideUnconfirmed {
    fn parse(&self) -> Result<(Decision, Option<Named>), Violations> {
        let mut violations = Violations::new();
        let decision = if self.decision.trim().is_empty() {
            Err(Problem::Required)
        } else {
            Decision::parse(&self.decision)
        };
        let decision = violations.check("decision", decision);
        let named = self.recipient_ids.as_ref().map(|raw| {
            let ids: BTreeSet<CampaignContactId> =
                raw.iter().filter_map(|id| id.trim().parse().ok()).collect();
            let unreadable = raw
                .iter()
                .filter(|id| id.trim().parse::<CampaignContactId>().is_err())
                .count();
            Named {
                ids: ids.into_iter().collect(),
                unreadable: unreadable as u64,
            }
        });
        if self
            .recipient_ids
            .as_ref()
            .is_some_and(|ids| ids.len() > MOST_NAMED as usize)
        {
            violations.add("recipient_ids", Problem::TooMany { max: MOST_NAMED });
        }
        match decision {
            Some(decision) if violations.is_empty() => Ok((decision, named)),
            _ => Err(violations),
        }
    }
}
