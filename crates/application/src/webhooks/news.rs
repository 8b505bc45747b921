//! What the provider says by itself of the account, its numbers and its templates: kept, and what is
//! being sent is paused when it says that it will not go on well. Nothing is resumed here: who paused
//! goes on when a person says so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{StorageError, UnitOfWork};
use nexus_domain::values::ShortText;
use nexus_domain::{
    ApprovedTemplate, Campaign, CampaignId, ChannelEvent, ChannelKind, FailureCode, NewsSubject,
    ProviderNews, StoredTemplate, User, UserId, WhatsAppConnection,
};

/// Which campaigns can't go on, and why.
enum Stop {
    /// Those that send this template.
    Template {
        name: String,
        language: String,
        reason: FailureCode,
    },
    /// All that the user's number sends.
    Number(FailureCode),
}

/// Keeps the news among `events`. The campaigns that are to be paused, each with the first reason.
pub(super) async fn take_in(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    events: &[(usize, ChannelEvent)],
    now: DateTime<Utc>,
) -> Result<BTreeMap<CampaignId, FailureCode>, StorageError> {
    let news: Vec<&ProviderNews> = events
        .iter()
        .filter_map(|(_, event)| match event {
            ChannelEvent::News(news) => Some(news),
            _ => None,
        })
        .collect();
    if news.is_empty() {
        return Ok(BTreeMap::new());
    }
    let Some(user) = unit.users().find(user).await? else {
        return Ok(BTreeMap::new());
    };
    let connection = unit.whatsapp().lock_connection(user.id).await?;
    let mut listener = Listener {
        user,
        connection,
        now,
    };
    let mut stops = Vec::new();
    for item in news {
        let stop = listener.hear(unit, item).await?;
        tracing::info!(
            user_id = %listener.user.id,
            news = ?item.subject,
            stops = stop.is_some(),
            "the provider has news"
        );
        stops.extend(stop);
    }
    unit.whatsapp()
        .save_connection(&listener.connection)
        .await?;
    listener.stopped(unit, &stops).await
}

/// The user's connection while it hears the news.
struct Listener {
    user: User,
    connection: WhatsAppConnection,
    now: DateTime<Utc>,
}

impl Listener {
    /// Whether the news is of the account in the user's profile. That of another is kept, and stops
    /// nothing: nothing is sent with it.
    fn is_own(&self, account_id: &str) -> bool {
        let own = self.user.whatsapp_business_account_id.as_ref();
        own.is_none_or(|own| own.as_str() == account_id)
    }

    fn number_id(&self) -> &str {
        let id = self.user.whatsapp_phone_number_id.as_ref();
        id.map_or("", ShortText::as_str)
    }

    /// Keeps the news, and says what it stops; what is no news stops nothing.
    async fn hear(
        &mut self,
        unit: &mut dyn UnitOfWork,
        news: &ProviderNews,
    ) -> Result<Option<Stop>, StorageError> {
        let own = self.is_own(&news.account_id);
        let stop = match &news.subject {
            NewsSubject::TemplateStatus {
                name,
                language,
                status,
                reason,
            } => {
                let mut stored = self.template(unit, news, name, language).await?;
                if !stored.hear_status(status, reason.as_deref(), news.at) {
                    return Ok(None);
                }
                unit.whatsapp().save_templates(&[stored]).await?;
                ApprovedTemplate::stops_messages(status).then(|| Stop::Template {
                    name: name.clone(),
                    language: language.clone(),
                    reason: FailureCode::TemplateUnusable,
                })
            }
            NewsSubject::TemplateQuality {
                name,
                language,
                quality,
            } => {
                let mut stored = self.template(unit, news, name, language).await?;
                if !stored.hear_quality(quality, news.at) {
                    return Ok(None);
                }
                unit.whatsapp().save_templates(&[stored]).await?;
                (quality == ApprovedTemplate::WORST_QUALITY).then(|| Stop::Template {
                    name: name.clone(),
                    language: language.clone(),
                    reason: FailureCode::TemplateQuality,
                })
            }
            NewsSubject::Number {
                display_number,
                flagged,
                limit,
            } => {
                if !self.connection.may_be(self.number_id(), display_number) {
                    return Ok(None);
                }
                let limit = limit.as_deref();
                let is_news =
                    self.connection
                        .hear_of_number(display_number, *flagged, limit, news.at);
                (is_news && *flagged == Some(true))
                    .then_some(Stop::Number(FailureCode::NumberQuality))
            }
            NewsSubject::Account {
                standing,
                words,
                until,
            } => {
                let is_news = self.connection.hear_of_account(
                    &news.account_id,
                    *standing,
                    words,
                    *until,
                    news.at,
                );
                let holds = until.is_none_or(|until| until > self.now);
                (is_news && holds && standing.stops_messages())
                    .then_some(Stop::Number(FailureCode::AccountBlocked))
            }
        };
        Ok(stop.filter(|_| own))
    }

    async fn template(
        &self,
        unit: &mut dyn UnitOfWork,
        news: &ProviderNews,
        name: &str,
        language: &str,
    ) -> Result<StoredTemplate, StorageError> {
        let account = &news.account_id;
        let stored = unit
            .whatsapp()
            .lock_template(self.user.id, account, name, language)
            .await?;
        Ok(stored.unwrap_or_else(|| {
            let (account, name) = (account.clone(), name.to_owned());
            StoredTemplate::heard_of(self.user.id, account, name, language.to_owned())
        }))
    }

    /// The campaigns being sent that one of these stops.
    async fn stopped(
        &self,
        unit: &mut dyn UnitOfWork,
        stops: &[Stop],
    ) -> Result<BTreeMap<CampaignId, FailureCode>, StorageError> {
        let mut stopped = BTreeMap::new();
        if stops.is_empty() {
            return Ok(stopped);
        }
        for campaign in unit.campaigns().active(self.user.id).await? {
            if campaign.channel != ChannelKind::Whatsapp {
                continue;
            }
            let by_number = self.sends(unit, &campaign).await?;
            let reason = stops.iter().find_map(|stop| stop.of(&campaign, by_number));
            if let Some(reason) = reason {
                stopped.insert(campaign.id, reason);
            }
        }
        Ok(stopped)
    }

    /// Whether the number in the user's profile sends it.
    async fn sends(
        &self,
        unit: &mut dyn UnitOfWork,
        campaign: &Campaign,
    ) -> Result<bool, StorageError> {
        let Some(sender) = campaign.sender_id else {
            return Ok(false);
        };
        let sender = unit.senders().find(self.user.id, sender).await?;
        Ok(sender.is_some_and(|sender| sender.external_id == self.number_id()))
    }
}

impl Stop {
    fn of(&self, campaign: &Campaign, by_number: bool) -> Option<FailureCode> {
        match self {
            Self::Template {
                name,
                language,
                reason,
            } => campaign
                .content
                .template()
                .filter(|sent| sent.name.as_str() == name && sent.language.as_str() == language)
                .map(|_| *reason),
            Self::Number(reason) => by_number.then_some(*reason),
        }
    }
}
