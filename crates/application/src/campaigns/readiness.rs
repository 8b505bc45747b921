//! Whether a campaign can be sent as it is: the one place that says so, before it is sent and when
//! it is.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use nexus_domain::ports::{
    ChannelError, MessageChannel, Repositories, SenderCredentials, SenderProfile, StorageError,
};
use nexus_domain::values::Tag;
use nexus_domain::{
    ApprovedTemplate, Campaign, CampaignId, CampaignStatus, ChannelKind, ContactFilter, MediaFile,
    StoredTemplate, TemplateMessage, User, UserId, WhatsAppConnection,
};
use secrecy::ExposeSecret;

use super::{Campaigns, FileProblem, TemplateProblem, files, template};
use crate::Actor;
use crate::bulk::being_renamed;
use crate::delivery::credentials_for;
use crate::integrations::{AskError, BUSINESS_ACCOUNT_ID, ask_for_templates};

/// How long the provider has to say whether the credentials work, and the store of files whether it has a
/// file.
const CHECK_WITHIN: Duration = Duration::from_secs(5);
/// How long the provider has for its templates where somebody only looks.
const LOOK_WITHIN: Duration = Duration::from_secs(10);
/// How long what it said is not asked again.
const ASKED_AGAIN_AFTER: Duration = Duration::from_mins(1);
/// How long it is not asked again by those who look, after it refused or did not answer: a page that
/// is looked at must not make trouble worse. What is corrected is seen as soon.
const FAILED_FOR: Duration = Duration::from_secs(15);
/// Of so many users.
const MOST_ASKED: u64 = 1_000;

/// What keeps a campaign from being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It has started already, or is over.
    NotSendable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// There is no adapter for its channel yet.
    ChannelUnavailable {
        /// The channel.
        channel: ChannelKind,
    },
    /// The user's profile lacks what the channel needs.
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// Its files don't go with its message.
    FilesUnusable(FileProblem),
    /// The provider would not take its template.
    TemplateUnusable(TemplateProblem),
    /// The provider refuses the credentials, or did not tell of the template.
    ProviderRefused {
        /// What it said.
        reason: ChannelError,
    },
    /// A tag that its audience chooses contacts by is being renamed.
    TagBeingRenamed {
        /// The tag.
        tag: Tag,
    },
    /// Nobody it is meant for can be reached.
    NoRecipients,
    /// It is to be sent only when everyone wrote within 24 hours, and some did not.
    OutsideWindow {
        /// How many.
        count: u64,
    },
}

/// What is known of whether the credentials work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialCheck {
    /// There is nothing to ask with, or no reason to.
    NotAsked,
    /// The provider said so.
    Valid {
        /// What it said of the sender.
        profile: SenderProfile,
        /// When.
        at: DateTime<Utc>,
    },
    /// The provider refuses them.
    Refused {
        /// What it said.
        reason: ChannelError,
    },
    /// The provider did not say.
    Unanswered,
}

/// The campaign's template as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTemplate {
    /// The template.
    pub template: ApprovedTemplate,
    /// When the provider said so.
    pub at: DateTime<Utc>,
}

/// For what it is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To send: what the provider says is kept.
    Sending,
    /// To look: nothing is written.
    Looking,
}

/// What was found out of a campaign without counting its recipients.
pub(super) struct Readiness {
    pub(super) user: User,
    pub(super) campaign: Campaign,
    /// The files that go with its message.
    pub(super) files: Vec<MediaFile>,
    pub(super) credentials: Option<SenderCredentials>,
    pub(super) connection: Option<WhatsAppConnection>,
    pub(super) check: CredentialCheck,
    pub(super) template: Option<CheckedTemplate>,
    pub(super) obstacles: Vec<Obstacle>,
}

type Account = (UserId, String);
type TemplateKey = (Account, String, String);

/// What the provider said within the last minute: whoever looks at a page again and again does not
/// use up the calls that it allows. What it refused, or did not answer, for some
/// seconds.
#[derive(Clone)]
pub(super) struct RecentlyAsked {
    valid: Cache<(Account, u64), (SenderProfile, DateTime<Utc>)>,
    templates: Cache<TemplateKey, Option<CheckedTemplate>>,
    failed: Cache<(Account, u64), ChannelError>,
}

impl Default for RecentlyAsked {
    fn default() -> Self {
        Self {
            valid: kept_for(ASKED_AGAIN_AFTER),
            templates: kept_for(ASKED_AGAIN_AFTER),
            failed: kept_for(FAILED_FOR),
        }
    }
}

fn kept_for<K, V>(time: Duration) -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(MOST_ASKED)
        .time_to_live(time)
        .build()
}

/// Tells another token from this one.
fn fingerprint(credentials: &SenderCredentials) -> u64 {
    let mut hasher = DefaultHasher::new();
    credentials.token.expose_secret().hash(&mut hasher);
    credentials.business_account_id.hash(&mut hasher);
    hasher.finish()
}

/// The account and what it is asked with.
fn asked_with(user: UserId, credentials: &SenderCredentials) -> (Account, u64) {
    let account = (user, credentials.external_id.clone());
    (account, fingerprint(credentials))
}

/// Whether the provider said no, and not only nothing.
fn is_refusal(error: &ChannelError) -> bool {
    match error {
        ChannelError::Refused(_)
        | ChannelError::CampaignRefused(_)
        | ChannelError::AccountRefused(_) => true,
        ChannelError::Throttled { .. }
        | ChannelError::NotConnected
        | ChannelError::InDoubt { .. } => false,
    }
}

/// A tag of the audience that some contacts have under its new name and others not yet.
pub(super) async fn tag_obstacle(
    repositories: &mut dyn Repositories,
    user: UserId,
    audience: Option<&ContactFilter>,
) -> Result<Option<Obstacle>, StorageError> {
    let Some(audience) = audience else {
        return Ok(None);
    };
    let renamed = being_renamed(repositories, user, |tag| audience.names_tag(tag)).await?;
    Ok(renamed.map(|tag| Obstacle::TagBeingRenamed { tag }))
}

/// Nobody would be written to.
pub(super) fn recipient_obstacle(reachable: u64) -> Option<Obstacle> {
    (reachable == 0).then_some(Obstacle::NoRecipients)
}

impl Campaigns {
    /// Everything that can be known before the recipients are counted, the provider's word
    /// included. `None` when the user has no such campaign.
    pub(super) async fn readiness(
        &self,
        actor: &Actor,
        id: CampaignId,
        purpose: Purpose,
    ) -> Result<Option<Readiness>, StorageError> {
        let Some(user) = self.user(actor).await? else {
            return Ok(None);
        };
        let mut read = self.ports.storage.read();
        let Some(campaign) = read.campaigns().find(user.id, id).await? else {
            return Ok(None);
        };
        let files = read.media().of_campaigns(user.id, &[id]).await?;
        let mut found = Readiness {
            user,
            campaign,
            files,
            credentials: None,
            connection: None,
            check: CredentialCheck::NotAsked,
            template: None,
            obstacles: Vec::new(),
        };
        let Some((channel, credentials)) = self.means(&mut found) else {
            return Ok(Some(found));
        };
        found.connection = read.whatsapp().connection(found.user.id).await?;
        let wanted = found.campaign.content.template().cloned();
        let stored = match (&wanted, &credentials.business_account_id) {
            (Some(wanted), Some(account)) => {
                let (name, language) = (wanted.name.as_str(), wanted.language.as_str());
                read.whatsapp()
                    .template(found.user.id, account, name, language)
                    .await?
            }
            _ => None,
        };
        drop(read);
        if let Err(problem) = self.check_files(&found).await {
            found.obstacles.push(Obstacle::FilesUnusable(problem));
        }
        if let Some(wanted) = &wanted {
            self.check_template(&mut found, &channel, &credentials, wanted, stored, purpose)
                .await?;
        }
        self.check_credentials(&mut found, &channel, &credentials, purpose)
            .await;
        found.credentials = Some(credentials);
        Ok(Some(found))
    }

    /// What it is sent over and with, unless something lacks, which is noted.
    fn means(&self, found: &mut Readiness) -> Option<(Arc<dyn MessageChannel>, SenderCredentials)> {
        let campaign = &found.campaign;
        if let Err(error) = campaign.check_editable() {
            let status = error.status;
            found.obstacles.push(Obstacle::NotSendable { status });
            return None;
        }
        let kind = campaign.channel;
        let Some(channel) = self.ports.channels.get(kind).cloned() else {
            let obstacle = Obstacle::ChannelUnavailable { channel: kind };
            found.obstacles.push(obstacle);
            return None;
        };
        let missing = match credentials_for(kind, self.ports.sealer.as_ref(), &found.user) {
            Err(error) => error.missing,
            Ok(credentials)
                if campaign.content.template().is_some()
                    && credentials.business_account_id.is_none() =>
            {
                vec![BUSINESS_ACCOUNT_ID]
            }
            Ok(credentials) => return Some((channel, credentials)),
        };
        found.obstacles.push(Obstacle::NoProvider { missing });
        None
    }

    /// Whether its files go with its message, and are there.
    async fn check_files(&self, found: &Readiness) -> Result<(), FileProblem> {
        files::check(&found.campaign, &found.files)?;
        for file in &found.files {
            let name = || file.file_name.to_string();
            let files = &self.ports.media.files;
            let stored = files.open(file.user_id, file.id.as_uuid());
            match tokio::time::timeout(CHECK_WITHIN, stored).await {
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => return Err(FileProblem::Missing { name: name() }),
                // The dispatcher looks again, and waits for it.
                Err(_) => tracing::warn!(
                    media_id = %file.id,
                    "the store of files is too slow to know whether a campaign's file is there"
                ),
                Ok(Err(error)) => tracing::warn!(
                    media_id = %file.id,
                    error = &error as &dyn std::error::Error,
                    "nobody knows whether a campaign's file is there"
                ),
            }
        }
        Ok(())
    }

    /// Whether the provider takes the template. What is kept is believed when it is fresh and the
    /// template can be sent; nobody is refused for what may be otherwise by now.
    async fn check_template(
        &self,
        found: &mut Readiness,
        channel: &Arc<dyn MessageChannel>,
        credentials: &SenderCredentials,
        wanted: &TemplateMessage,
        stored: Option<StoredTemplate>,
        purpose: Purpose,
    ) -> Result<(), StorageError> {
        let now = self.ports.clock.now();
        let fresh = stored.filter(|stored| stored.is_fresh(now));
        if let Some(stored) = fresh
            && template::check(wanted, found.files.first(), Some(&stored.template)).is_ok()
        {
            found.template = Some(CheckedTemplate {
                at: stored.synced_at.unwrap_or(now),
                template: stored.template,
            });
            return Ok(());
        }
        let account = credentials.business_account_id.clone().unwrap_or_default();
        let asked = match purpose {
            Purpose::Sending => {
                self.ask_and_keep(found.user.id, channel, credentials, wanted, &account)
                    .await
            }
            Purpose::Looking => {
                self.look(found.user.id, channel, credentials, wanted, account)
                    .await
            }
        };
        match asked {
            Ok(known) => {
                let template = known.as_ref().map(|known| &known.template);
                let file = found.files.first();
                if let Err(problem) = template::check(wanted, file, template) {
                    found.obstacles.push(Obstacle::TemplateUnusable(problem));
                }
                found.template = known;
            }
            Err(AskError::Provider(reason)) => {
                found.obstacles.push(Obstacle::ProviderRefused { reason });
            }
            Err(AskError::Storage(error)) => return Err(error),
        }
        Ok(())
    }

    async fn ask_and_keep(
        &self,
        user: UserId,
        channel: &Arc<dyn MessageChannel>,
        credentials: &SenderCredentials,
        wanted: &TemplateMessage,
        account: &str,
    ) -> Result<Option<CheckedTemplate>, AskError> {
        let at = self.ports.clock.now();
        let (storage, clock) = (self.ports.storage.as_ref(), self.ports.clock.as_ref());
        let known =
            ask_for_templates(storage, clock, channel.as_ref(), credentials, user, account).await?;
        Ok(
            template::find(wanted, &known).map(|template| CheckedTemplate {
                template: template.clone(),
                at,
            }),
        )
    }

    async fn look(
        &self,
        user: UserId,
        channel: &Arc<dyn MessageChannel>,
        credentials: &SenderCredentials,
        wanted: &TemplateMessage,
        account: String,
    ) -> Result<Option<CheckedTemplate>, AskError> {
        let (name, language) = (wanted.name.to_string(), wanted.language.to_string());
        let key: TemplateKey = ((user, account), name, language);
        if let Some(known) = self.asked.templates.get(&key) {
            return Ok(known);
        }
        let asked_with = asked_with(user, credentials);
        if let Some(reason) = self.asked.failed.get(&asked_with) {
            return Err(AskError::Provider(reason));
        }
        let at = self.ports.clock.now();
        let told = tokio::time::timeout(LOOK_WITHIN, channel.templates(credentials)).await;
        let told = told.unwrap_or(Err(ChannelError::NotConnected));
        let told = told.map_err(|reason| {
            self.asked.failed.insert(asked_with, reason.clone());
            AskError::Provider(reason)
        })?;
        let known = template::find(wanted, &told).cloned();
        let known = known.map(|template| CheckedTemplate { template, at });
        self.asked.templates.insert(key, known.clone());
        Ok(known)
    }

    /// Whether the credentials work. When the provider does not say, that is no obstacle: messages
    /// wait for it as well.
    async fn check_credentials(
        &self,
        found: &mut Readiness,
        channel: &Arc<dyn MessageChannel>,
        credentials: &SenderCredentials,
        purpose: Purpose,
    ) {
        let asked = |obstacle: &Obstacle| matches!(obstacle, Obstacle::ProviderRefused { .. });
        if let Some(Obstacle::ProviderRefused { reason }) =
            found.obstacles.iter().find(|obstacle| asked(obstacle))
        {
            found.check = if is_refusal(reason) {
                let reason = reason.clone();
                CredentialCheck::Refused { reason }
            } else {
                CredentialCheck::Unanswered
            };
            return;
        }
        let key = asked_with(found.user.id, credentials);
        if let Some((profile, at)) = self.asked.valid.get(&key) {
            found.check = CredentialCheck::Valid { profile, at };
            return;
        }
        // Whoever sends wants to know how it is now.
        let failed = match purpose {
            Purpose::Looking => self.asked.failed.get(&key),
            Purpose::Sending => None,
        };
        let answer = if let Some(reason) = failed {
            Err(reason)
        } else {
            let asked = tokio::time::timeout(CHECK_WITHIN, channel.check(credentials)).await;
            let answer = asked.unwrap_or(Err(ChannelError::NotConnected));
            if let Err(reason) = &answer {
                self.asked.failed.insert(key.clone(), reason.clone());
            }
            answer
        };
        match answer {
            Ok(profile) => {
                let at = self.ports.clock.now();
                self.asked.valid.insert(key, (profile.clone(), at));
                found.check = CredentialCheck::Valid { profile, at };
            }
            Err(reason) if is_refusal(&reason) => {
                found.check = CredentialCheck::Refused {
                    reason: reason.clone(),
                };
                found.obstacles.push(Obstacle::ProviderRefused { reason });
            }
            Err(error) => {
                tracing::debug!(user_id = %found.user.id, %error, "the credentials are not checked");
                found.check = CredentialCheck::Unanswered;
            }
        }
    }
}
