//! Whether the provider reports on what it took: without reports nobody knows what was delivered, and
//! the usual reason is that the webhook is not connected.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use nexus_domain::ports::{Clock, Storage, StorageError};
use nexus_domain::{Campaign, ChannelKind, SenderAccount, UserId};

use crate::Actor;

/// How many of an account's latest campaigns are looked at.
const LATEST_CAMPAIGNS: u32 = 5;

/// For so long it is known which accounts are silent before they are looked at again: a page that is
/// reloaded costs nothing.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// Of so many users at most.
const KNOWN_USERS: u64 = 10_000;

/// The use cases on reports.
#[derive(Clone)]
pub struct Reports {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    expected_within: Duration,
    silent: Cache<UserId, Vec<SilentAccount>>,
}

/// An account whose messages the provider takes and does not report on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentAccount {
    /// The account.
    pub account: SenderAccount,
    /// When the provider took the earliest message that it should have reported on since its last
    /// report.
    pub since: DateTime<Utc>,
}

impl Reports {
    /// The use cases over these ports. A message is reported on within `expected_within`, as long as
    /// reports come through.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        expected_within: Duration,
    ) -> Self {
        Self {
            storage,
            clock,
            expected_within,
            silent: Cache::builder()
                .max_capacity(KNOWN_USERS)
                .time_to_live(KNOWN_FOR)
                .build(),
        }
    }

    fn overdue(&self) -> DateTime<Utc> {
        let within = TimeDelta::from_std(self.expected_within).unwrap_or(TimeDelta::days(365));
        self.clock.now() - within
    }

    /// Since when the provider has taken messages of a campaign without a report on any message of
    /// the account that was sent as late or later. `None` when reports come through, or none is
    /// overdue yet.
    pub async fn missing_since(
        &self,
        campaign: &Campaign,
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        // Of e-mails nobody reports anything.
        let Some(sender) = campaign
            .sender_id
            .filter(|_| is_reported_on(campaign.channel))
        else {
            return Ok(None);
        };
        let user = campaign.user_id;
        let mut read = self.storage.read();
        let Some(account) = read.senders().find(user, sender).await? else {
            return Ok(None);
        };
        read.recipients()
            .unreported_since(user, campaign.id, account.confirmed_through, self.overdue())
            .await
    }

    /// The user's accounts whose latest campaigns lack reports, as they were within the last seconds.
    pub async fn silent_accounts(&self, actor: &Actor) -> Result<Vec<SilentAccount>, StorageError> {
        let user = actor.user_id();
        if let Some(known) = self.silent.get(&user) {
            return Ok(known);
        }
        let silent = self.find_silent(user).await?;
        self.silent.insert(user, silent.clone());
        Ok(silent)
    }

    async fn find_silent(&self, user: UserId) -> Result<Vec<SilentAccount>, StorageError> {
        let mut read = self.storage.read();
        let mut silent = Vec::new();
        let accounts = read.senders().of_user(user).await?;
        for account in accounts.into_iter().filter(|a| is_reported_on(a.channel)) {
            let campaigns = read
                .campaigns()
                .latest_of(user, account.id, LATEST_CAMPAIGNS)
                .await?;
            let mut since: Option<DateTime<Utc>> = None;
            for campaign in campaigns {
                let missing = read
                    .recipients()
                    .unreported_since(user, campaign, account.confirmed_through, self.overdue())
                    .await?;
                since = match (since, missing) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            if let Some(since) = since {
                silent.push(SilentAccount { account, since });
            }
        }
        Ok(silent)
    }
}

/// Whether the provider of a channel reports on what it took.
fn is_reported_on(channel: ChannelKind) -> bool {
    match channel {
        ChannelKind::Whatsapp => true,
        ChannelKind::Gmail => false,
    }
}
