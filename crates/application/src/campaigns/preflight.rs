//! What would become of a campaign if it were sent now. Nothing is written.

use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::ports::{FreeText, ReachRule, RecipientTally, SenderCredentials, StorageError};
use nexus_domain::values::Placeholder;
use nexus_domain::{
    AccountNotice, AccountStanding, ApprovedTemplate, Campaign, CampaignId, Correspondent,
    EmptyRule, MediaFile, OutsideWindow, WhatsAppConnection,
};

use super::readiness::{Purpose, Readiness, recipient_obstacle, tag_obstacle};
use super::{Campaigns, CheckedTemplate, CredentialCheck, DailyRoom, Obstacle, audience};
use crate::Actor;

/// Of a larger audience only so many contacts are counted: then the numbers are the least that there
/// are.
const MOST_TALLIED: u32 = 1_000_000;

/// What does not keep a campaign from being sent, and should be known before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caution {
    /// The provider did not say whether the credentials work.
    ProviderSilent,
    /// The number does not belong to the account in the profile.
    ForeignNumber,
    /// The provider rates the number so low that it is about to limit it.
    NumberQuality,
    /// The provider rates the template so low that it is about to stop it.
    TemplateQuality,
    /// The provider has warned, restricted or closed the account.
    Account {
        /// How it stands.
        standing: AccountStanding,
        /// What it said.
        notice: AccountNotice,
    },
    /// No webhook ever came: what becomes of the messages will not be known.
    NoWebhooks,
    /// A text of the user's own reaches only those who have written within 24 hours; the others are
    /// passed over.
    OnlyWithinWindow {
        /// How many have not.
        outside: u64,
    },
    /// There are more recipients than new people who may still be written to today.
    DailyLimit(DailyRoom),
    /// For so many the message comes out empty; a fallback would reach them.
    VariableEmpty {
        /// How many.
        recipients: u64,
    },
}

/// What would become of a campaign if it were sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The campaign.
    pub campaign: Campaign,
    /// When this was found out.
    pub at: DateTime<Utc>,
    /// Whom it would reach; `None` when it can't be sent any more.
    pub recipients: Option<RecipientTally>,
    /// The files that go with its message.
    pub files: Vec<MediaFile>,
    /// Its template as the provider knows it.
    pub template: Option<CheckedTemplate>,
    /// Whether the credentials work.
    pub credentials: CredentialCheck,
    /// When the credentials were last found to work before.
    pub last_valid_at: Option<DateTime<Utc>>,
    /// How many messages a second the account sends.
    pub per_second: u32,
    /// What the account's daily limit leaves; `None` without one.
    pub daily_room: Option<DailyRoom>,
    /// What keeps it from being sent.
    pub errors: Vec<Obstacle>,
    /// What should be known before.
    pub warnings: Vec<Caution>,
}

impl Preflight {
    /// How long sending takes at that pace, if nothing holds it up.
    pub fn expected_duration(&self) -> Option<Duration> {
        let tally = self.recipients.as_ref()?;
        let reachable = tally.reachable().saturating_sub(tally.outside_window);
        let per_second = u64::from(self.per_second.max(1));
        Some(Duration::from_secs(reachable.div_ceil(per_second)))
    }
}

/// Why that can't be said.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// What would become of the campaign if it were sent now. Sending is refused for what is an
    /// error here, and for nothing else.
    pub async fn preflight(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<Preflight, PreflightError> {
        let mut found = self
            .readiness(actor, id, Purpose::Looking)
            .await?
            .ok_or(PreflightError::NotFound)?;
        let is_over = |obstacle: &Obstacle| matches!(obstacle, Obstacle::NotSendable { .. });
        let recipients = if found.obstacles.iter().any(is_over) {
            None
        } else {
            Some(self.tally(&mut found).await?)
        };
        let at = self.ports.clock.now();
        let mut warnings = cautions(&found, recipients.as_ref(), at);
        let outside = recipients.map_or(0, |tally| tally.outside_window);
        if outside > 0 {
            match found.campaign.outside_window {
                OutsideWindow::Skip => warnings.push(Caution::OnlyWithinWindow { outside }),
                OutsideWindow::Refuse => {
                    let obstacle = Obstacle::OutsideWindow { count: outside };
                    found.obstacles.push(obstacle);
                }
            }
        }
        let reachable = recipients.as_ref().map(RecipientTally::reachable);
        let daily_room = match (&found.credentials, reachable) {
            (Some(account), Some(people)) => {
                self.daily_room(&found.user, account, found.campaign.channel, people)
                    .await?
            }
            _ => None,
        };
        warnings.extend(
            daily_room
                .filter(|room| reachable.is_some_and(|people| people > u64::from(room.left)))
                .map(Caution::DailyLimit),
        );
        Ok(Preflight {
            files: found.files,
            at,
            recipients,
            template: found.template,
            last_valid_at: last_valid_at(found.connection.as_ref(), found.credentials.as_ref()),
            credentials: found.check,
            per_second: self.limits.per_second,
            daily_room,
            errors: found.obstacles,
            warnings,
            campaign: found.campaign,
        })
    }

    /// Whom it would reach. That nobody is among them is noted, and that a tag of the audience is
    /// being renamed.
    async fn tally(&self, found: &mut Readiness) -> Result<RecipientTally, StorageError> {
        let (user, campaign) = (found.user.id, &found.campaign);
        let mut read = self.ports.storage.read();
        let audience = audience::resolve(read.as_mut(), campaign).await?;
        let renamed = tag_obstacle(read.as_mut(), user, audience.as_ref()).await?;
        let mut empty = campaign.content.empty_rule();
        if names_fields(&empty) {
            empty = empty.spelled_as(&read.fields().list(user).await?);
        }
        let sender = found.credentials.as_ref();
        let free_text = sender
            .filter(|_| self.ports.keeps_window && campaign.needs_window())
            .map(|sender| FreeText {
                sender: sender.external_id.clone(),
                written_after: Correspondent::window_began(self.ports.clock.now()),
            });
        let rule = ReachRule {
            channel: campaign.channel,
            empty,
            free_text,
        };
        let tally = read
            .contacts()
            .tally_recipients(user, campaign.id, audience, &rule, MOST_TALLIED)
            .await?;
        found.obstacles.extend(renamed);
        found
            .obstacles
            .extend(recipient_obstacle(tally.reachable()));
        Ok(tally)
    }
}

fn names_fields(empty: &EmptyRule) -> bool {
    let is_field = |lacked: &Placeholder| matches!(lacked, Placeholder::Custom(_));
    empty.lacking.iter().flatten().any(is_field)
}

fn last_valid_at(
    connection: Option<&WhatsAppConnection>,
    credentials: Option<&SenderCredentials>,
) -> Option<DateTime<Utc>> {
    let number = connection?.number(&credentials?.external_id)?;
    Some(number.at)
}

fn is_worst(quality: Option<&String>) -> bool {
    quality.is_some_and(|quality| quality == ApprovedTemplate::WORST_QUALITY)
}

fn cautions(
    found: &Readiness,
    recipients: Option<&RecipientTally>,
    now: DateTime<Utc>,
) -> Vec<Caution> {
    let mut cautions = Vec::new();
    let Some(credentials) = &found.credentials else {
        return cautions;
    };
    match &found.check {
        CredentialCheck::Unanswered => cautions.push(Caution::ProviderSilent),
        CredentialCheck::Valid { profile, .. } if profile.in_account == Some(false) => {
            cautions.push(Caution::ForeignNumber);
        }
        _ => {}
    }
    let rated_now = match &found.check {
        CredentialCheck::Valid { profile, .. } => profile.quality.as_ref(),
        _ => None,
    };
    let connection = found.connection.as_ref();
    let notice = connection.and_then(|known| known.number_notice(&credentials.external_id));
    if is_worst(rated_now) || notice.is_some_and(|notice| notice.flagged) {
        cautions.push(Caution::NumberQuality);
    }
    let template = found.template.as_ref().map(|checked| &checked.template);
    if template.is_some_and(|template| is_worst(template.quality.as_ref())) {
        cautions.push(Caution::TemplateQuality);
    }
    let account = credentials.business_account_id.as_deref();
    if let Some(notice) = connection.and_then(|known| known.account_notice(account)) {
        let standing = notice.standing(now);
        if standing != AccountStanding::Good {
            cautions.push(Caution::Account {
                standing,
                notice: notice.clone(),
            });
        }
    }
    let has_webhooks = connection.is_some_and(|known| {
        known.webhook_verified_at.is_some() || known.webhook_received_at.is_some()
    });
    if !has_webhooks {
        cautions.push(Caution::NoWebhooks);
    }
    match recipients.map(|tally| tally.variable_empty) {
        Some(recipients) if recipients > 0 => {
            cautions.push(Caution::VariableEmpty { recipients });
        }
        _ => {}
    }
    cautions
}
