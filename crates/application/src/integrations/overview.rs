//! How a user's connections stand, as far as is known; nobody is asked.

use chrono::{DateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::ShortText;
use nexus_domain::{
    AccountNotice, AccountStanding, Asked, ChannelKind, KnownFailure, KnownNumber, NumberNotice,
    SecretField, User, WhatsAppConnection,
};

use super::{BUSINESS_ACCOUNT_ID, Integrations};
use crate::Actor;
use crate::delivery::credentials_for;

/// How a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// The profile lacks what is needed to send.
    Incomplete,
    /// The provider was never asked whether the credentials work.
    Unchecked,
    /// They work.
    Connected,
    /// The provider refuses them.
    Failing,
    /// The provider has restricted or closed the account.
    Restricted,
}

impl ConnectionStatus {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Unchecked => "unchecked",
            Self::Connected => "connected",
            Self::Failing => "failing",
            Self::Restricted => "restricted",
        }
    }
}

/// What is known of a user's WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsAppOverview {
    /// How it stands.
    pub status: ConnectionStatus,
    /// The profile's fields without which nothing can be sent, by their names in the API.
    pub missing: Vec<&'static str>,
    /// Those without which there are no templates, or nothing comes back.
    pub advised: Vec<&'static str>,
    /// What the provider said of the number when it was asked.
    pub number: Option<KnownNumber>,
    /// What it said of the number by itself, if that still holds.
    pub number_notice: Option<NumberNotice>,
    /// What it said of the account by itself, if that still holds.
    pub account_notice: Option<(AccountStanding, AccountNotice)>,
    /// The last check of this number's credentials.
    pub last_check: Option<Asked>,
    /// The last thing that the provider refused or did not answer, and when.
    pub last_error: Option<(DateTime<Utc>, KnownFailure)>,
    /// When the provider verified the address of the webhooks.
    pub webhook_verified_at: Option<DateTime<Utc>>,
    /// When a webhook last came, to the minute.
    pub webhook_received_at: Option<DateTime<Utc>>,
    /// When the provider was last asked for the templates of this account.
    pub templates_synced_at: Option<DateTime<Utc>>,
}

impl Integrations {
    /// What is known of the user's WhatsApp; `None` when the user is gone.
    pub async fn whatsapp(&self, actor: &Actor) -> Result<Option<WhatsAppOverview>, StorageError> {
        let Some(user) = self.user(actor).await? else {
            return Ok(None);
        };
        let mut read = self.ports.storage.read();
        let connection = read.whatsapp().connection(user.id).await?;
        Ok(Some(self.overview_of(&user, connection)))
    }

    pub(super) fn overview_of(
        &self,
        user: &User,
        connection: Option<WhatsAppConnection>,
    ) -> WhatsAppOverview {
        let now = self.ports.clock.now();
        let connection = connection.unwrap_or_else(|| WhatsAppConnection::new(user.id));
        let missing = credentials_for(ChannelKind::Whatsapp, self.ports.sealer.as_ref(), user)
            .err()
            .map_or(Vec::new(), |error| error.missing);
        let number_id = user.whatsapp_phone_number_id.as_ref();
        let number_id = number_id.map_or("", ShortText::as_str);
        let account = user.whatsapp_business_account_id.as_ref();
        let account = account.map(ShortText::as_str);
        let about = |asked: &Option<Asked>, id: &str| {
            asked
                .clone()
                .filter(|asked| !id.is_empty() && asked.about == id)
        };
        let last_check = about(&connection.state.check, number_id);
        let last_sync = about(&connection.state.sync, account.unwrap_or_default());
        let account_notice = connection
            .account_notice(account)
            .map(|notice| (notice.standing(now), notice.clone()))
            .filter(|(standing, _)| *standing != AccountStanding::Good);
        let number = connection.number(number_id).cloned();
        let status = if !missing.is_empty() {
            ConnectionStatus::Incomplete
        } else if account_notice
            .as_ref()
            .is_some_and(|(standing, _)| standing.stops_messages())
        {
            ConnectionStatus::Restricted
        } else if refused(last_check.as_ref()) {
            ConnectionStatus::Failing
        } else if number.is_some() {
            ConnectionStatus::Connected
        } else {
            ConnectionStatus::Unchecked
        };
        WhatsAppOverview {
            status,
            missing,
            advised: advised(user),
            number_notice: connection.number_notice(number_id).cloned(),
            number,
            account_notice,
            last_error: latest_failure([last_check.as_ref(), last_sync.as_ref()]),
            last_check,
            webhook_verified_at: connection.webhook_verified_at,
            webhook_received_at: connection.webhook_received_at,
            templates_synced_at: connection
                .state
                .synced
                .filter(|(known, _)| Some(known.as_str()) == account)
                .map(|(_, at)| at),
        }
    }
}

/// Whether the provider said no; that it did not answer says nothing of the credentials.
fn refused(asked: Option<&Asked>) -> bool {
    let failure = asked.and_then(|asked| asked.failure.as_ref());
    failure.is_some_and(|failure| failure.meaning().is_some())
}

fn latest_failure(asked: [Option<&Asked>; 2]) -> Option<(DateTime<Utc>, KnownFailure)> {
    asked
        .into_iter()
        .flatten()
        .filter_map(|asked| Some((asked.at, asked.failure.clone()?)))
        .max_by_key(|(at, _)| *at)
}

fn advised(user: &User) -> Vec<&'static str> {
    let mut advised = Vec::new();
    if user.whatsapp_business_account_id.is_none() {
        advised.push(BUSINESS_ACCOUNT_ID);
    }
    let secrets = [
        SecretField::WhatsappAppSecret,
        SecretField::WhatsappVerifyToken,
    ];
    let missing = secrets
        .into_iter()
        .filter(|field| !user.keys.contains_key(field));
    advised.extend(missing.map(SecretField::name));
    advised
}
