//! A user's connection to WhatsApp: what is known of the number, of its account, and of whether
//! webhooks come through.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ports::SenderProfile;
use crate::{AccountStanding, Failure, FailureCode, UserId};

/// The least time between two lists of templates that people ask for: the provider allows 200 such
/// calls an hour, and a list takes one for every hundred templates.
const BETWEEN_SYNCS: TimeDelta = TimeDelta::minutes(1);
/// After a list that did not come, people correct what was wrong and ask again.
const AFTER_FAILED_SYNC: TimeDelta = TimeDelta::seconds(10);
/// The least time between two checks that people ask for.
const BETWEEN_CHECKS: TimeDelta = TimeDelta::seconds(10);
/// The clock that made the next time may have been wrong by years: no wait is longer than this.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Why the provider did not tell what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFailure {
    /// The word of a [`FailureCode`]; `unavailable` when there was no answer.
    pub code: String,
    /// The provider's own code.
    pub provider_code: Option<i64>,
    /// The provider's own words.
    pub detail: Option<String>,
}

impl KnownFailure {
    /// The word for no answer at all.
    pub const UNAVAILABLE: &'static str = "unavailable";

    /// There was no answer.
    pub fn unavailable() -> Self {
        Self {
            code: Self::UNAVAILABLE.to_owned(),
            provider_code: None,
            detail: None,
        }
    }

    /// What it means; `None` when there was no answer.
    pub fn meaning(&self) -> Option<FailureCode> {
        FailureCode::ALL
            .into_iter()
            .find(|code| code.as_str() == self.code)
    }
}

impl From<&Failure> for KnownFailure {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code.as_str().to_owned(),
            provider_code: failure.provider_code,
            detail: failure.detail.clone(),
        }
    }
}

/// A question to the provider, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The number or the account that it was about, by the provider's id.
    pub about: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why it failed, if it did.
    pub failure: Option<KnownFailure>,
}

/// What the provider said of a number when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNumber {
    /// The provider's id of it.
    pub phone_number_id: String,
    /// The number that people see.
    pub display_number: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// The provider's word for its quality.
    pub quality: Option<String>,
    /// The provider's word for how many people it may write to in a day.
    pub limit: Option<String>,
    /// Whether it belongs to the business account of the profile, if there is one.
    pub in_account: Option<bool>,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// What the provider said of a number by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberNotice {
    /// The number that people see, in digits.
    pub display_number: String,
    /// Whether its quality is so low that it is at risk.
    pub flagged: bool,
    /// The provider's word for how many people it may write to in a day.
    pub limit: Option<String>,
    /// Since when, by the provider's clock.
    pub at: DateTime<Utc>,
}

/// What the provider said of the account by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNotice {
    /// The provider's id of the account.
    pub account_id: String,
    /// The word of an [`AccountStanding`].
    pub standing: String,
    /// The provider's own words.
    pub words: String,
    /// Until when, if it ends by itself.
    pub until: Option<DateTime<Utc>>,
    /// Since when, by the provider's clock.
    pub at: DateTime<Utc>,
}

impl AccountNotice {
    /// How the provider stands towards the account; a restriction whose time is over is none.
    pub fn standing(&self, now: DateTime<Utc>) -> AccountStanding {
        if self.until.is_some_and(|until| until <= now) {
            return AccountStanding::Good;
        }
        AccountStanding::ALL
            .into_iter()
            .find(|standing| standing.as_str() == self.standing)
            .unwrap_or(AccountStanding::Good)
    }
}

/// What is known of a user's connection, besides its webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionState {
    /// What the provider said of the number when it was last asked.
    pub number: Option<KnownNumber>,
    /// What it said of the number by itself.
    pub number_notice: Option<NumberNotice>,
    /// What it said of the account by itself.
    pub account_notice: Option<AccountNotice>,
    /// The last check of the credentials.
    pub check: Option<Asked>,
    /// No check that people ask for before this.
    pub next_check: Option<DateTime<Utc>>,
    /// The last list of templates that was asked for.
    pub sync: Option<Asked>,
    /// The last list of templates that came: of which account, and when it was asked for.
    pub synced: Option<(String, DateTime<Utc>)>,
    /// No list that people ask for before this.
    pub next_sync: Option<DateTime<Utc>>,
}

/// A user's connection to WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsAppConnection {
    /// Whose connection this is.
    pub user_id: UserId,
    /// When the provider verified the address of the webhooks.
    pub webhook_verified_at: Option<DateTime<Utc>>,
    /// When a webhook last came, to the minute.
    pub webhook_received_at: Option<DateTime<Utc>>,
    /// Everything else.
    pub state: ConnectionState,
}

/// Asked again too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("asked again too soon")]
pub struct TooSoon {
    /// How long to wait.
    pub wait: TimeDelta,
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

fn waited(next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), TooSoon> {
    match next.map(|next| next - now) {
        Some(wait) if wait > TimeDelta::zero() && wait <= LONGEST_WAIT => Err(TooSoon { wait }),
        _ => Ok(()),
    }
}

impl WhatsAppConnection {
    /// A connection of which nothing is known.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            webhook_verified_at: None,
            webhook_received_at: None,
            state: ConnectionState::default(),
        }
    }

    /// A person asks for a list of the templates of this account. Another account may be asked at
    /// once: its number of calls is its own.
    pub fn begin_sync(&mut self, account: &str, now: DateTime<Utc>) -> Result<(), TooSoon> {
        if self
            .state
            .sync
            .as_ref()
            .is_some_and(|last| last.about == account)
        {
            waited(self.state.next_sync, now)?;
        }
        self.state.sync = Some(Asked {
            about: account.to_owned(),
            at: now,
            failure: None,
        });
        self.state.next_sync = Some(now + BETWEEN_SYNCS);
        Ok(())
    }

    /// The list asked for at `asked_at` came.
    pub fn note_synced(&mut self, account: &str, asked_at: DateTime<Utc>) {
        self.state.sync = Some(Asked {
            about: account.to_owned(),
            at: asked_at,
            failure: None,
        });
        let later = |(known, at): &(String, DateTime<Utc>)| known == account && *at > asked_at;
        if !self.state.synced.as_ref().is_some_and(later) {
            self.state.synced = Some((account.to_owned(), asked_at));
        }
        self.state.next_sync = self.state.next_sync.max(Some(asked_at + BETWEEN_SYNCS));
    }

    /// The list asked for at `asked_at` did not come; the provider may have said how long to wait.
    pub fn note_sync_failure(
        &mut self,
        account: &str,
        failure: KnownFailure,
        wait: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) {
        self.state.sync = Some(Asked {
            about: account.to_owned(),
            at: now,
            failure: Some(failure),
        });
        let wait = wait.map_or(AFTER_FAILED_SYNC, |wait| wait.max(AFTER_FAILED_SYNC));
        self.state.next_sync = Some(now + wait);
    }

    /// A person asks whether the credentials work.
    pub fn begin_check(&mut self, now: DateTime<Utc>) -> Result<(), TooSoon> {
        waited(self.state.next_check, now)?;
        self.state.next_check = Some(now + BETWEEN_CHECKS);
        Ok(())
    }

    /// The provider said this of the number.
    pub fn note_check(
        &mut self,
        phone_number_id: &str,
        outcome: Result<&SenderProfile, &KnownFailure>,
        now: DateTime<Utc>,
    ) {
        self.state.check = Some(Asked {
            about: phone_number_id.to_owned(),
            at: now,
            failure: outcome.err().cloned(),
        });
        if let Ok(profile) = outcome {
            self.state.number = Some(KnownNumber {
                phone_number_id: phone_number_id.to_owned(),
                display_number: profile.display_address.clone(),
                display_name: profile.display_name.clone(),
                quality: profile.quality.clone(),
                limit: profile.limit.clone(),
                in_account: profile.in_account,
                at: now,
            });
        }
    }

    /// What the provider said of this number when it was asked.
    pub fn number(&self, phone_number_id: &str) -> Option<&KnownNumber> {
        self.state
            .number
            .as_ref()
            .filter(|number| number.phone_number_id == phone_number_id)
    }

    /// Whether a number that people see can be this one of the user's. While the provider was never
    /// asked of it, whatever is said of the account's numbers may be said of this one.
    pub fn may_be(&self, phone_number_id: &str, display_number: &str) -> bool {
        self.number(phone_number_id)
            .is_none_or(|known| digits(&known.display_number) == digits(display_number))
    }

    /// What the provider said by itself of this number, as far as it still holds.
    pub fn number_notice(&self, phone_number_id: &str) -> Option<&NumberNotice> {
        self.state
            .number_notice
            .as_ref()
            .filter(|notice| self.may_be(phone_number_id, &notice.display_number))
    }

    /// What the provider said by itself of this account.
    pub fn account_notice(&self, account_id: Option<&str>) -> Option<&AccountNotice> {
        self.state
            .account_notice
            .as_ref()
            .filter(|notice| account_id.is_none_or(|id| id == notice.account_id))
    }

    /// The provider says this of a number. Whether that is news.
    pub fn hear_of_number(
        &mut self,
        display_number: &str,
        flagged: Option<bool>,
        limit: Option<&str>,
        at: DateTime<Utc>,
    ) -> bool {
        let number = digits(display_number);
        let known = self
            .state
            .number_notice
            .as_ref()
            .filter(|notice| notice.display_number == number);
        let graver = flagged == Some(true) && known.is_some_and(|notice| !notice.flagged);
        if known.is_some_and(|notice| at < notice.at || (at == notice.at && !graver)) {
            return false;
        }
        let notice = NumberNotice {
            display_number: number,
            flagged: flagged.unwrap_or_else(|| known.is_some_and(|notice| notice.flagged)),
            limit: limit
                .map(str::to_owned)
                .or_else(|| known.and_then(|notice| notice.limit.clone())),
            at,
        };
        self.state.number_notice = Some(notice);
        true
    }

    /// The provider says how it stands towards an account. Whether that is news.
    pub fn hear_of_account(
        &mut self,
        account_id: &str,
        standing: AccountStanding,
        words: &str,
        until: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> bool {
        let known = self
            .state
            .account_notice
            .as_ref()
            .filter(|notice| notice.account_id == account_id);
        let is_old = known.is_some_and(|notice| {
            let graver = standing.as_str() != notice.standing && standing > notice.standing(at);
            at < notice.at || (at == notice.at && !graver)
        });
        if is_old {
            return false;
        }
        self.state.account_notice = Some(AccountNotice {
            account_id: account_id.to_owned(),
            standing: standing.as_str().to_owned(),
            words: words.to_owned(),
            until,
            at,
        });
        true
    }
}
