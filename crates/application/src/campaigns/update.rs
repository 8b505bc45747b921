//! Changing a campaign before it starts.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{FieldName, MessageText, Problem, ShortText, TimeZone, Violations};
use nexus_domain::{Campaign, CampaignContent, CampaignId, CampaignStatus, OutsideWindow};

use super::content::{AudienceInput, Chosen, Refused, TemplateInput, asks_for_fields, compose};
use super::create::parse_channel;
use super::window::{SendWindowInput, users_zone};
use super::{CampaignDetails, Campaigns, audience, recipients};
use crate::{Actor, Field};

/// What is to change of a campaign, as the user typed it. Its status and counters are not here:
/// nobody sets them.
#[derive(Debug, Clone, Default)]
pub struct UpdateCampaign {
    /// Its name; can't be cleared.
    pub name: Field<String>,
    /// `whatsapp` or `gmail`; can't be cleared.
    pub channel: Field<String>,
    /// The subject of its e-mails.
    pub subject: Field<String>,
    /// What it says; can be cleared while there is a template or a file.
    pub message: Field<String>,
    /// An approved template in place of a text.
    pub template: Field<TemplateInput>,
    /// All the recipients that are to be chosen one by one.
    pub contact_ids: Field<Vec<String>>,
    /// Recipients chosen by a rule.
    pub audience: Field<AudienceInput>,
    /// When it may be sent.
    pub send_window: Field<SendWindowInput>,
    /// `skip` or `refuse`; cleared, `skip`.
    pub outside_window: Field<String>,
}

/// Why a campaign was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateCampaignError {
    /// Fields that can't be accepted.
    #[error("refused fields: {0}")]
    Invalid(Violations),
    /// The user has no such campaign.
    #[error("no such campaign")]
    NotFound,
    /// It has started.
    #[error("a campaign that is {} can't be changed", .status.as_str())]
    NotEditable {
        /// Where it is.
        status: CampaignStatus,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl UpdateCampaign {
    /// Everything new that may have placeholders.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let message = match &self.message {
            Field::Set(text) => Some(text),
            Field::Keep | Field::Clear => None,
        };
        let template = match &self.template {
            Field::Set(template) => Some(template),
            Field::Keep | Field::Clear => None,
        };
        let values = template.into_iter().flat_map(TemplateInput::texts);
        message.into_iter().chain(values)
    }

    /// Changes the campaign of a user who has these custom fields and is in this zone; returns the new choice of
    /// contacts, if there is one.
    fn apply(
        self,
        campaign: &mut Campaign,
        has_file: bool,
        fields: &[FieldName],
        zone: TimeZone,
    ) -> Result<Option<Chosen>, Violations> {
        let mut violations = Violations::new();
        // Without its file it is no worse than it was, and does not start.
        let was_file_only = campaign.content == CampaignContent::FileOnly;
        self.name.replace(
            "name",
            &mut campaign.name,
            &mut violations,
            ShortText::parse,
        );
        self.channel.replace(
            "channel",
            &mut campaign.channel,
            &mut violations,
            parse_channel,
        );
        self.subject.replace_optional(
            "subject",
            &mut campaign.subject,
            &mut violations,
            ShortText::parse,
        );
        let mut message = campaign.content.message().cloned();
        let current = message.as_ref().map(|text| text.as_str().to_owned());
        self.message
            .unless_already(current.as_deref())
            .replace_optional("message", &mut message, &mut violations, |raw| {
                MessageText::parse(raw, fields)
            });
        let template = match self.template {
            Field::Keep => Ok(campaign.content.template().cloned()),
            Field::Clear => Ok(None),
            Field::Set(template) => template
                .parse(fields, &mut violations)
                .map(Some)
                .ok_or(Refused),
        };
        if let Some(content) = compose(
            Some(campaign.channel),
            campaign.subject.as_ref(),
            message,
            template,
            has_file || was_file_only,
            &mut violations,
        ) {
            campaign.content = content;
        }
        let chosen = match self.contact_ids {
            Field::Keep => None,
            Field::Clear => Chosen::parse(&[], &mut violations),
            Field::Set(ids) => Chosen::parse(&ids, &mut violations),
        };
        match self.audience {
            Field::Keep => {}
            Field::Clear => campaign.audience = None,
            Field::Set(audience) => campaign.audience = audience.parse(&mut violations),
        }
        match self.send_window {
            Field::Keep => {}
            Field::Clear => campaign.send_window = None,
            Field::Set(window) => campaign.send_window = window.parse(zone, &mut violations),
        }
        match self.outside_window.blank_clears() {
            Field::Keep => {}
            Field::Clear => campaign.outside_window = OutsideWindow::default(),
            Field::Set(raw) => {
                let choice = violations.check("outside_window", OutsideWindow::parse(&raw));
                campaign.outside_window = choice.unwrap_or_default();
            }
        }
        violations.into_result().map(|()| chosen)
    }
}

impl Campaigns {
    /// Changes what is named of a campaign that has not started, all or nothing.
    pub async fn update(
        &self,
        actor: &Actor,
        id: CampaignId,
        changes: UpdateCampaign,
    ) -> Result<CampaignDetails, UpdateCampaignError> {
        let user = actor.user_id();
        let mut unit = self.ports.storage.begin().await?;
        let mut campaign = unit
            .campaigns()
            .lock(user, id)
            .await?
            .ok_or(UpdateCampaignError::NotFound)?;
        campaign
            .check_editable()
            .map_err(|error| UpdateCampaignError::NotEditable {
                status: error.status,
            })?;
        let fields = if asks_for_fields(changes.texts()) {
            unit.fields().hold(user).await?
        } else {
            Vec::new()
        };
        let zone = match &changes.send_window {
            Field::Set(window) if window.is_in_users_zone() => {
                users_zone(unit.as_mut(), user).await?
            }
            _ => TimeZone::UTC,
        };
        let media = unit.media().of_campaigns(user, &[id]).await?;
        let chosen = changes
            .apply(&mut campaign, !media.is_empty(), &fields, zone)
            .map_err(UpdateCampaignError::Invalid)?;
        // Before contacts are chosen: who chooses one locks it, and segments come before contacts.
        audience::check_segment(unit.as_mut(), user, campaign.audience.as_ref())
            .await?
            .map_err(UpdateCampaignError::Invalid)?;
        if let Some(chosen) = &chosen {
            recipients::check_chosen(unit.as_mut(), user, chosen)
                .await?
                .map_err(UpdateCampaignError::Invalid)?;
            unit.campaigns().choose(user, id, &chosen.ids).await?;
        }
        campaign.updated_at = self.ports.clock.now();
        unit.campaigns().save(&campaign).await?;
        // Also when neither choice nor rule changed: who they are for may have.
        let total = recipients::count(unit.as_mut(), &campaign).await?;
        if total != campaign.counters.total {
            unit.campaigns().set_total(user, id, total).await?;
            campaign.counters.total = total;
        }
        let most = campaign.channel.max_files();
        if media.len() > most {
            let max = u32::try_from(most).unwrap_or(u32::MAX);
            let too_many = Violations::of("media_files", Problem::TooMany { max });
            return Err(UpdateCampaignError::Invalid(too_many));
        }
        let details = CampaignDetails { campaign, media };
        unit.commit().await?;
        Ok(details)
    }
}
