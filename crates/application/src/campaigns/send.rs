//! Starting a campaign.

use nexus_domain::ports::{ChannelError, Effect, SenderCredentials, StorageError, UnitOfWork};
use nexus_domain::values::Tag;
use nexus_domain::{
    Campaign, CampaignCounters, CampaignId, CampaignStatus, ChannelKind, ContactFilter,
    CounterDelta, SenderAccount, SenderId,
};

use super::enrolment::Enrolment;
use super::{CampaignDetails, Campaigns, TemplateProblem, audience, template, with_media};
use crate::Actor;
use crate::bulk::being_renamed;
use crate::delivery::credentials_for;
use crate::fault::{self, Point};

/// Why a campaign was not started.
#[derive(Debug, thiserror::Error)]
pub enum SendCampaignError {
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has started already, or is over.
    #[error("a campaign that is {} can't be sent", .status.as_str())]
    NotSendable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// There is no adapter for its channel yet.
    #[error("sending over {} is not available yet", .channel.as_str())]
    ChannelUnavailable {
        /// The channel.
        channel: ChannelKind,
    },
    /// The user's profile lacks what the channel needs.
    #[error("missing to send: {}", .missing.join(", "))]
    NoProvider {
        /// The profile's fields, by their names in the API.
        missing: Vec<&'static str>,
    },
    /// Nobody it is meant for can be reached.
    #[error("the campaign has no recipient that can be reached")]
    NoRecipients,
    /// A tag that its audience chooses contacts by is being renamed: some have the new name, others
    /// not yet. To be tried again.
    #[error("a tag of the audience is being renamed")]
    TagBeingRenamed {
        /// The tag.
        tag: Tag,
    },
    /// The provider would not take its template.
    #[error(transparent)]
    TemplateUnusable(#[from] TemplateProblem),
    /// The provider could not be asked about the template, or did not answer us.
    #[error("the provider did not tell about the template")]
    ProviderRefused {
        /// What it said.
        #[source]
        reason: ChannelError,
    },
    /// It was changed while its template was being checked; to be tried again.
    #[error("the campaign was changed meanwhile")]
    ChangedMeanwhile,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Campaigns {
    /// Starts a campaign now: its recipients are written in the transaction that makes it active,
    /// or it does not start.
    pub async fn send(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<CampaignDetails, SendCampaignError> {
        let (checked, credentials) = self.check_sendable(actor, id).await?;
        let effect = Effect::CampaignStarted(id);
        let unit = actor.noting(effect, self.ports.storage.begin().await?);
        let started = self.start(unit, &checked, &credentials).await?;
        tracing::info!(
            user_id = %started.campaign.user_id,
            campaign_id = %id,
            recipients = started.campaign.counters.total,
            queued = started.campaign.counters.pending,
            skipped = started.campaign.counters.skipped,
            "a campaign starts"
        );
        self.ports.wake.notify_one();
        Ok(started)
    }

    /// Everything that can be known before the transaction, the provider's word included.
    async fn check_sendable(
        &self,
        actor: &Actor,
        id: CampaignId,
    ) -> Result<(Campaign, SenderCredentials), SendCampaignError> {
        let user = self.user(actor).await?.ok_or(SendCampaignError::NotFound)?;
        let campaign = self
            .ports
            .storage
            .read()
            .campaigns()
            .find(user.id, id)
            .await?
            .ok_or(SendCampaignError::NotFound)?;
        check_startable(&campaign)?;
        let channel = self.ports.channels.get(campaign.channel).ok_or(
            SendCampaignError::ChannelUnavailable {
                channel: campaign.channel,
            },
        )?;
        let credentials = credentials_for(campaign.channel, self.ports.sealer.as_ref(), &user)
            .map_err(|error| SendCampaignError::NoProvider {
                missing: error.missing,
            })?;
        if let Some(wanted) = campaign.content.template() {
            if credentials.business_account_id.is_none() {
                return Err(SendCampaignError::NoProvider {
                    missing: vec!["whatsapp_business_account_id"],
                });
            }
            let known = channel
                .templates(&credentials)
                .await
                .map_err(|reason| SendCampaignError::ProviderRefused { reason })?;
            template::check(wanted, &known)?;
        }
        Ok((campaign, credentials))
    }

    async fn start(
        &self,
        mut unit: Box<dyn UnitOfWork>,
        checked: &Campaign,
        credentials: &SenderCredentials,
    ) -> Result<CampaignDetails, SendCampaignError> {
        let now = self.ports.clock.now();
        let entropy = self.ports.entropy.as_ref();
        // Before the campaign: claims lock the sender first as well.
        let sender = unit
            .senders()
            .ensure(&SenderAccount {
                id: SenderId::new(now, entropy),
                user_id: checked.user_id,
                channel: checked.channel,
                external_id: credentials.external_id.clone(),
                confirmed_through: None,
                created_at: now,
            })
            .await?;
        let mut campaign = unit
            .campaigns()
            .lock(checked.user_id, checked.id)
            .await?
            .ok_or(SendCampaignError::NotFound)?;
        check_startable(&campaign)?;
        let same = campaign.channel == checked.channel
            && campaign.content.template() == checked.content.template();
        if !same {
            return Err(SendCampaignError::ChangedMeanwhile);
        }
        let audience = audience::lock(unit.as_mut(), &campaign).await?;
        check_tags(unit.as_mut(), &campaign, audience.as_ref()).await?;
        let counted = Enrolment::new(&campaign, audience, sender.id, entropy, now)
            .write(unit.as_mut())
            .await?;
        if counted.pending == 0 {
            return Err(SendCampaignError::NoRecipients);
        }
        campaign
            .start(sender.id, now)
            .map_err(|error| SendCampaignError::NotSendable {
                status: error.status,
            })?;
        unit.campaigns().save(&campaign).await?;
        campaign.counters = unit
            .campaigns()
            .count(
                campaign.user_id,
                campaign.id,
                &in_place_of_estimate(counted, &campaign.counters),
            )
            .await?;
        let details = with_media(unit.media(), campaign).await?;
        fault::at(Point::StartCommitting);
        unit.commit().await?;
        fault::at(Point::StartCommitted);
        Ok(details)
    }
}

/// Whether every contact has the tags that the audience chooses by under the names that it knows.
async fn check_tags(
    unit: &mut dyn UnitOfWork,
    campaign: &Campaign,
    audience: Option<&ContactFilter>,
) -> Result<(), SendCampaignError> {
    let Some(audience) = audience else {
        return Ok(());
    };
    match being_renamed(unit, campaign.user_id, |tag| audience.names_tag(tag)).await? {
        Some(tag) => Err(SendCampaignError::TagBeingRenamed { tag }),
        None => Ok(()),
    }
}

/// A draft's total is an estimate of its audience; from the start on it is what was enrolled.
fn in_place_of_estimate(counted: CampaignCounters, estimate: &CampaignCounters) -> CounterDelta {
    CounterDelta {
        total: counted.total - estimate.total,
        ..counted
    }
}

fn check_startable(campaign: &Campaign) -> Result<(), SendCampaignError> {
    campaign
        .check_editable()
        .map_err(|error| SendCampaignError::NotSendable {
            status: error.status,
        })
}
