//! A new campaign.

use nexus_domain::ports::{Effect, StorageError};
use nexus_domain::values::{FieldName, MessageText, ShortText, TimeZone, Violations};
use nexus_domain::{
    Campaign, CampaignCounters, CampaignId, CampaignState, ChannelKind, OutsideWindow, UserId,
};

use super::content::{
    AudienceInput, Chosen, Refused, TemplateInput, asks_for_fields, check_fields, compose,
};
use super::window::{SendWindowInput, users_zone};
use super::{CampaignDetails, Campaigns, audience, recipients};
use crate::Actor;
use crate::fault::{self, Point};
use crate::field::optional;

/// A campaign as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct CreateCampaign {
    /// Its name.
    pub name: String,
    /// `whatsapp` or `gmail`.
    pub channel: String,
    /// The subject of its e-mails; needed for `gmail`.
    pub subject: Option<String>,
    /// What it says; with a template, a note of what that says.
    pub message: Option<String>,
    /// An approved template in place of a text; only for `whatsapp`.
    pub template: Option<TemplateInput>,
    /// Recipients chosen one by one.
    pub contact_ids: Vec<String>,
    /// Recipients chosen by a rule.
    pub audience: Option<AudienceInput>,
    /// When it may be sent; at any time without one.
    pub send_window: Option<SendWindowInput>,
    /// `skip` (as without) or `refuse`.
    pub outside_window: Option<String>,
}

/// Why no campaign was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateCampaignError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CreateCampaign {
    /// Everything that may have placeholders.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let values = self.template.iter().flat_map(TemplateInput::texts);
        self.message.iter().chain(values)
    }
}

impl Campaigns {
    /// Adds a draft.
    pub async fn create(
        &self,
        actor: &Actor,
        typed: CreateCampaign,
    ) -> Result<CampaignDetails, CreateCampaignError> {
        let user = actor.user_id();
        let fields = if asks_for_fields(typed.texts()) {
            self.ports.storage.read().fields().list(user).await?
        } else {
            Vec::new()
        };
        let zone = match &typed.send_window {
            Some(window) if window.is_in_users_zone() => {
                users_zone(self.ports.storage.read().as_mut(), user).await?
            }
            _ => TimeZone::UTC,
        };
        let (mut campaign, chosen) = self
            .parse(user, &typed, &fields, zone)
            .map_err(CreateCampaignError::Invalid)?;
        let effect = Effect::CampaignCreated(campaign.id);
        let mut unit = actor.noting(effect, self.ports.storage.begin().await?);
        if campaign.content.custom_fields().next().is_some() {
            let held = unit.fields().hold(user).await?;
            check_fields(&campaign.content, &held).map_err(CreateCampaignError::Invalid)?;
        }
        audience::check_segment(unit.as_mut(), user, campaign.audience.as_ref())
            .await?
            .map_err(CreateCampaignError::Invalid)?;
        recipients::check_chosen(unit.as_mut(), user, &chosen)
            .await?
            .map_err(CreateCampaignError::Invalid)?;
        unit.campaigns().insert(&campaign).await?;
        if !chosen.ids.is_empty() {
            unit.campaigns()
                .choose(user, campaign.id, &chosen.ids)
                .await?;
        }
        let total = recipients::count(unit.as_mut(), &campaign).await?;
        if total > 0 {
            unit.campaigns().set_total(user, campaign.id, total).await?;
        }
        fault::at(Point::CreateCommitting);
        unit.commit().await?;
        fault::at(Point::CreateCommitted);
        campaign.counters.total = total;
        Ok(CampaignDetails {
            campaign,
            media: Vec::new(),
        })
    }

    fn parse(
        &self,
        user_id: UserId,
        typed: &CreateCampaign,
        fields: &[FieldName],
        zone: TimeZone,
    ) -> Result<(Campaign, Chosen), Violations> {
        let mut violations = Violations::new();
        let name = violations.check("name", ShortText::parse(&typed.name));
        let channel = violations.check("channel", parse_channel(&typed.channel));
        let subject = optional(typed.subject.as_deref(), ShortText::parse);
        let subject = violations.check("subject", subject).flatten();
        let message = optional(typed.message.as_deref(), |raw| {
            MessageText::parse(raw, fields)
        });
        let message = violations.check("message", message).flatten();
        let template = match &typed.template {
            None => Ok(None),
            Some(template) => template
                .parse(fields, &mut violations)
                .map(Some)
                .ok_or(Refused),
        };
        let content = compose(
            channel,
            subject.as_ref(),
            message,
            template,
            false,
            &mut violations,
        );
        let chosen = Chosen::parse(&typed.contact_ids, &mut violations);
        let audience = typed
            .audience
            .as_ref()
            .and_then(|audience| audience.parse(&mut violations));
        let send_window = typed
            .send_window
            .as_ref()
            .and_then(|window| window.parse(zone, &mut violations));
        let outside_window = optional(typed.outside_window.as_deref(), OutsideWindow::parse);
        let outside_window = violations
            .check("outside_window", outside_window)
            .flatten()
            .unwrap_or_default();
        let (Some(name), Some(channel), Some(content), Some(chosen), true) =
            (name, channel, content, chosen, violations.is_empty())
        else {
            return Err(violations);
        };
        let now = self.ports.clock.now();
        let campaign = Campaign {
            id: CampaignId::new(now, self.ports.entropy.as_ref()),
            user_id,
            name,
            channel,
            subject,
            content,
            audience,
            send_window,
            outside_window,
            sender_id: None,
            state: CampaignState::Draft,
            counters: CampaignCounters::default(),
            created_at: now,
            updated_at: now,
        };
        Ok((campaign, chosen))
    }
}

/// As the domain reads it, but an empty text is a missing one.
pub(super) fn parse_channel(raw: &str) -> Result<ChannelKind, nexus_domain::values::Problem> {
    if raw.trim().is_empty() {
        return Err(nexus_domain::values::Problem::Required);
    }
    ChannelKind::parse(raw)
}
