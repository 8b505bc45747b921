//! What a campaign that is being sent waits for, and when it will be done.

use chrono::{DateTime, Utc};
use nexus_domain::ports::{SenderCredentials, StorageError};
use nexus_domain::{Campaign, CampaignStatus, ChannelKind, DailyBudget, DailyLimit, User};

use super::Campaigns;

/// What the dispatcher of this installation keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingLimits {
    /// The most messages per second of one sender account.
    pub per_second: u32,
    /// New people per 24 hours of an account without a limit of its own; `None`: any number.
    pub daily_people: Option<u32>,
}

impl Default for SendingLimits {
    fn default() -> Self {
        Self {
            per_second: 80,
            daily_people: None,
        }
    }
}

impl SendingLimits {
    /// New people per 24 hours of this user's account; `None`: any number.
    pub(super) fn daily(&self, user: &User) -> Option<u32> {
        let of_user = user.whatsapp_daily_limit;
        of_user.map_or(self.daily_people, DailyLimit::people)
    }
}

/// What the daily limit of an account leaves to a campaign that would start now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyRoom {
    /// New people per 24 hours.
    pub people: u32,
    /// Of these, how many may still be written to now.
    pub left: u32,
    /// So many days pass until the last message leaves, if all recipients are new people; `None` when
    /// that is too far away to be foreseen.
    pub days: Option<u64>,
}

/// What a campaign waits for though it is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingFor {
    /// As many new people were written to within a day as the account may.
    DailyLimit,
    /// The provider asked for a rest.
    Provider,
    /// The hours at which it may be sent.
    SendWindow,
}

impl WaitingFor {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DailyLimit => "daily_limit",
            Self::Provider => "provider",
            Self::SendWindow => "send_window",
        }
    }
}

/// What is foreseen of a campaign that is being sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Nothing is sent before this, and why; while the daily limit is used up, nothing to people who
    /// were not written to within a day.
    pub waiting: Option<(DateTime<Utc>, WaitingFor)>,
    /// When the last message is expected to leave; `None` when that can't be foreseen.
    pub finishes_at: Option<DateTime<Utc>>,
}

impl Campaigns {
    /// What the daily limit leaves to a campaign of so many people that would be sent from this
    /// account now. `None` without a limit; nothing is read then.
    pub(super) async fn daily_room(
        &self,
        user: &User,
        account: &SenderCredentials,
        channel: ChannelKind,
        people: u64,
    ) -> Result<Option<DailyRoom>, StorageError> {
        let Some(limit) = self.limits.daily(user) else {
            return Ok(None);
        };
        let now = self.ports.clock.now();
        let mut store = self.ports.storage.read();
        let known = store.senders().of_user(user.id).await?;
        let known = known
            .into_iter()
            .find(|known| known.channel == channel && known.external_id == account.external_id);
        let limits = match known {
            Some(sender) => {
                let counting_after = DailyBudget::counting_after(now);
                store
                    .senders()
                    .limits(user.id, sender.id, counting_after)
                    .await?
            }
            None => None,
        };
        let budget = limits.unwrap_or_default().budget(Some(limit));
        let finish = budget.finishes_at(people, f64::from(self.limits.per_second), now);
        let days = |finish: DateTime<Utc>| {
            let minutes = u64::try_from((finish - now).num_minutes()).unwrap_or_default();
            minutes.div_ceil(24 * 60).max(1)
        };
        Ok(Some(DailyRoom {
            people: limit,
            left: budget.left(now),
            days: finish.map(days),
        }))
    }

    /// What is foreseen of this campaign. Nothing, unless it is being sent.
    pub async fn outlook(&self, campaign: &Campaign) -> Result<Outlook, StorageError> {
        let (CampaignStatus::Active, Some(sender)) = (campaign.status(), campaign.sender_id) else {
            return Ok(Outlook::default());
        };
        let now = self.ports.clock.now();
        let user = campaign.user_id;
        let mut store = self.ports.storage.read();
        let limits = store
            .senders()
            .limits(user, sender, DailyBudget::counting_after(now))
            .await?;
        let limits = limits.unwrap_or_default();
        // Those of one account share its pace and its budget.
        let sharing = store.campaigns().active_of(user, sender).await?.len();
        let sharing = u32::try_from(sharing.max(1)).unwrap_or(u32::MAX);
        let rests_until = limits.rests_until.filter(|until| *until > now);
        let owner = store.users().find(user).await?;
        let limit = owner.map_or(self.limits.daily_people, |owner| self.limits.daily(&owner));
        let budget = limits.budget(limit);
        let waiting = [
            rests_until.map(|until| (until, WaitingFor::Provider)),
            budget
                .renews_at(now)
                .map(|until| (until, WaitingFor::DailyLimit)),
            campaign
                .waiting_until(now)
                .map(|until| (until, WaitingFor::SendWindow)),
        ];
        let pending = u64::try_from(campaign.counters.pending).unwrap_or_default();
        let pace = f64::from(self.limits.per_second) / f64::from(sharing);
        // How much of the time its window leaves is not foreseen.
        let finishes_at = match campaign.send_window {
            Some(_) => None,
            None => budget.finishes_at(pending, pace, rests_until.unwrap_or(now)),
        };
        // Whoever waits for a time of their own is not written to before it.
        let last_due = store.recipients().last_due(user, campaign.id).await?;
        let finishes_at = finishes_at.map(|at| last_due.map_or(at, |due| at.max(due)));
        Ok(Outlook {
            waiting: waiting.into_iter().flatten().max_by_key(|(at, _)| *at),
            finishes_at,
        })
    }
}
