//! Campaigns and their recipients as clients see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_application::campaigns::{CampaignDetails, Outlook};
use nexus_domain::values::{Language, SendWindow};
use nexus_domain::{
    Audience, ButtonValue, Campaign, CampaignContact, CampaignState, CampaignStatus, ContactId,
    ContactStatus, Decision, FailureCode, HeaderValue, MediaFile, StartProblem, TemplateMessage,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counters::CountersView;
use super::start_words::explain_start_problem;
use super::words::{explain_failure, explain_pause, explain_silence, explain_skip};

/// An approved template with a value for each of its variables.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateView {
    #[schema(example = "promocion_mensual")]
    name: String,
    #[schema(example = "es_MX")]
    language: String,
    /// Value by variable: its name, or its number from 1.
    #[schema(example = json!({"1": "{nombre}", "2": "20 %"}))]
    variables: BTreeMap<String, String>,
    /// By variable, what is put there when the value comes out empty for a recipient.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"1": "cliente"}))]
    fallbacks: BTreeMap<String, String>,
    /// The value of its header's variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<HeaderView>,
    /// What goes into its buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<ButtonView>,
}

/// The value of a header's variable.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeaderView {
    /// The variable: its name, or its number.
    #[schema(example = "1")]
    key: String,
    #[schema(example = "{nombre}")]
    text: String,
    fallback: Option<String>,
}

/// What goes into one button.
#[derive(Debug, Serialize, ToSchema)]
pub struct ButtonView {
    /// Which one, counted from 0.
    index: u32,
    /// `url` (the end of its address) or `quick_reply` (what comes back when it is tapped).
    #[schema(example = "url")]
    kind: &'static str,
    #[schema(example = "{Código}")]
    text: String,
    fallback: Option<String>,
}

fn header_of(template: &TemplateMessage) -> Option<HeaderView> {
    match template.parts.header.as_ref()? {
        HeaderValue::Text(value) => Some(HeaderView {
            key: value.key.clone(),
            text: value.text.as_str().to_owned(),
            fallback: value.fallback.as_ref().map(ToString::to_string),
        }),
        HeaderValue::Media(_) => None,
    }
}

impl From<&ButtonValue> for ButtonView {
    fn from(button: &ButtonValue) -> Self {
        Self {
            index: button.index,
            kind: button.kind.as_str(),
            text: button.value.text.as_str().to_owned(),
            fallback: button.value.fallback.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&TemplateMessage> for TemplateView {
    fn from(template: &TemplateMessage) -> Self {
        Self {
            name: template.name.to_string(),
            language: template.language.to_string(),
            variables: template
                .variables
                .iter()
                .map(|variable| (variable.key.clone(), variable.text.as_str().to_owned()))
                .collect(),
            fallbacks: template
                .variables
                .iter()
                .filter_map(|variable| {
                    Some((
                        variable.key.clone(),
                        variable.fallback.as_ref()?.to_string(),
                    ))
                })
                .collect(),
            header: header_of(template),
            buttons: template.parts.buttons.iter().map(Into::into).collect(),
        }
    }
}

/// Recipients chosen by a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceView {
    /// Whether there is no condition.
    #[schema(example = false)]
    everyone: bool,
    /// In this segment. Once the campaign has started the segment may be gone.
    segment_id: Option<Uuid>,
    /// With all of these tags.
    #[schema(example = json!(["clientes"]))]
    tags: Vec<String>,
    /// With this status.
    status: Option<&'static str>,
    /// Found by this search.
    search: Option<String>,
}

impl From<&Audience> for AudienceView {
    fn from(audience: &Audience) -> Self {
        Self {
            everyone: *audience == Audience::default(),
            segment_id: audience.segment.map(|id| id.as_uuid()),
            tags: audience
                .tags
                .iter()
                .map(|tag| tag.label().to_owned())
                .collect(),
            status: audience.status.map(ContactStatus::as_str),
            search: audience.search.as_ref().map(ToString::to_string),
        }
    }
}

/// Hours of some days of the week.
#[derive(Debug, Serialize, ToSchema)]
pub struct SendWindowView {
    /// `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`: those on which it opens.
    #[schema(example = json!(["mon", "tue", "wed", "thu", "fri"]))]
    days: Vec<&'static str>,
    #[schema(example = "09:00")]
    from: String,
    /// Before `from`, it closes on the next day.
    #[schema(example = "20:00")]
    to: String,
    #[schema(example = "America/Mexico_City")]
    timezone: &'static str,
}

impl From<SendWindow> for SendWindowView {
    fn from(window: SendWindow) -> Self {
        Self {
            days: window.days(),
            from: window.from().to_string(),
            to: window.to().to_string(),
            timezone: window.time_zone().name(),
        }
    }
}

/// A file that goes with a campaign's message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaView {
    id: Uuid,
    /// `image`, `video`, `audio` or `document`.
    kind: &'static str,
    file_name: String,
    /// Judged by its content.
    #[schema(example = "image/jpeg")]
    media_type: &'static str,
    /// In bytes.
    size: u64,
    created_at: DateTime<Utc>,
}

impl From<&MediaFile> for MediaView {
    fn from(file: &MediaFile) -> Self {
        Self {
            id: file.id.as_uuid(),
            kind: file.kind().as_str(),
            file_name: file.file_name.to_string(),
            media_type: file.media_type.as_str(),
            size: file.size,
            created_at: file.created_at,
        }
    }
}

/// A campaign. `sent`, `delivered` and `opened` include those that came further.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignView {
    id: Uuid,
    #[schema(example = "Promoción de primavera")]
    name: String,
    /// `whatsapp` or `gmail`.
    #[schema(example = "whatsapp")]
    channel: &'static str,
    subject: Option<String>,
    #[schema(example = "Hola {nombre}, esta semana tenemos 20 % de descuento.")]
    message: Option<String>,
    template: Option<TemplateView>,
    audience: Option<AudienceView>,
    /// The contacts chosen one by one. Only where one campaign is read, and only while it has at
    /// most 1,000 recipients; else absent, never empty, so that a form that is sent back as it
    /// came chooses nobody anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_ids: Option<Vec<Uuid>>,
    /// What becomes of recipients who have not written to you within 24 hours, as long as it is a
    /// text and not a template: `skip` or `refuse`.
    #[schema(example = "skip")]
    outside_window: &'static str,
    /// `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled` or `missed`.
    #[schema(example = "draft")]
    status: &'static str,
    /// Why it was paused, when it was not the user who did.
    pause_reason: Option<&'static str>,
    /// The same for a person, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_reason_text: Option<&'static str>,
    /// When it starts by itself, or should have started when it is `missed`.
    scheduled_at: Option<DateTime<Utc>>,
    /// The same as it was entered: by the clocks of `timezone`.
    #[schema(example = "2026-12-24T09:00:00")]
    scheduled_local: Option<String>,
    /// The zone of `scheduled_local`.
    #[schema(example = "America/Mexico_City")]
    timezone: Option<&'static str>,
    /// From then on it is not started any more.
    latest_start_at: Option<DateTime<Utc>>,
    /// Why it did not start at its time: while it is `scheduled`, it is tried again; `missed`, it
    /// never started. `nobody_was_there`, `interrupted`, `provider_missing`, `channel_unavailable`,
    /// `no_recipients`, `template_unusable`, `provider_refused`, `provider_unavailable`,
    /// `store_unavailable`, `tag_being_renamed` or `outside_window`.
    start_problem: Option<&'static str>,
    /// The same for a person, and what to do.
    start_problem_text: Option<String>,
    /// When it may be sent; at any time without one.
    send_window: Option<SendWindowView>,
    /// Active, but nothing is sent before this; it goes on by itself then. While the daily limit is used
    /// up, that is so of people who were not written to within 24 hours; the others get theirs. In lists
    /// only that its window is closed is known.
    waiting_until: Option<DateTime<Utc>>,
    /// What it waits for: `send_window` (its hours), `daily_limit` (as many new people were written to
    /// within 24 hours as the number may) or `provider` (it asked for a rest). Only where one campaign
    /// is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "daily_limit")]
    waiting_for: Option<&'static str>,
    /// Active: when the last message is expected to leave, with the daily limit and the other active
    /// campaigns of the same number taken into account. Only where one campaign is read, and absent
    /// when it is too far away or the campaign has a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_finish_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    counters: CountersView,
    media_files: Vec<MediaView>,
    /// Since when the provider has taken messages and reported on none that was sent as late or
    /// later; null while it reports. Only where one campaign is read.
    no_reports_since: Option<DateTime<Utc>>,
    /// What to do about it, for a person.
    no_reports_text: Option<&'static str>,
}

impl CampaignView {
    /// The campaign as it is at `now`, with reasons in this language.
    pub fn new(details: CampaignDetails, language: Language, now: DateTime<Utc>) -> Self {
        let CampaignDetails { campaign, media } = details;
        let schedule = campaign.state.schedule();
        let start_problem = campaign.state.start_problem();
        let goes_on = campaign.status() == CampaignStatus::Scheduled;
        let pause_reason = match campaign.state {
            CampaignState::Paused { reason, .. } => reason.map(FailureCode::as_str),
            _ => None,
        };
        Self {
            id: campaign.id.as_uuid(),
            name: campaign.name.to_string(),
            channel: campaign.channel.as_str(),
            subject: campaign.subject.as_ref().map(ToString::to_string),
            message: campaign
                .content
                .message()
                .map(|text| text.as_str().to_owned()),
            template: campaign.content.template().map(Into::into),
            audience: campaign.audience.as_ref().map(Into::into),
            contact_ids: None,
            outside_window: campaign.outside_window.as_str(),
            status: campaign.status().as_str(),
            pause_reason,
            pause_reason_text: pause_text(&campaign, language),
            scheduled_at: schedule.map(|schedule| schedule.at),
            scheduled_local: schedule.map(|s| s.local.format("%Y-%m-%dT%H:%M:%S").to_string()),
            timezone: schedule.map(|schedule| schedule.time_zone.name()),
            latest_start_at: schedule.map(|schedule| schedule.latest_start_at),
            start_problem: start_problem.map(StartProblem::as_str),
            start_problem_text: start_problem
                .map(|problem| explain_start_problem(problem, goes_on, language)),
            send_window: campaign.send_window.map(Into::into),
            waiting_until: campaign.waiting_until(now),
            waiting_for: None,
            expected_finish_at: None,
            started_at: campaign.state.started_at(),
            completed_at: campaign.state.completed_at(),
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
            counters: campaign.counters.into(),
            media_files: media.iter().map(Into::into).collect(),
            no_reports_since: None,
            no_reports_text: None,
        }
    }

    /// With what is known of the provider's silence.
    #[must_use]
    pub fn with_silence(self, since: Option<DateTime<Utc>>, language: Language) -> Self {
        Self {
            no_reports_since: since,
            no_reports_text: since.map(|_| explain_silence(language)),
            ..self
        }
    }

    /// With what is foreseen of it.
    #[must_use]
    pub fn with_outlook(self, outlook: Outlook) -> Self {
        Self {
            waiting_until: outlook.waiting.map(|(until, _)| until),
            waiting_for: outlook.waiting.map(|(_, what)| what.as_str()),
            expected_finish_at: outlook.finishes_at,
            ..self
        }
    }

    /// With the contacts chosen one by one.
    #[must_use]
    pub fn with_chosen(self, chosen: &[ContactId]) -> Self {
        Self {
            contact_ids: Some(chosen.iter().map(ContactId::as_uuid).collect()),
            ..self
        }
    }
}

/// Why the campaign was paused and what to do, when it was not the user who paused it.
fn pause_text(campaign: &Campaign, language: Language) -> Option<&'static str> {
    match campaign.state {
        CampaignState::Paused { reason, .. } => reason.map(|code| explain_pause(code, language)),
        _ => None,
    }
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignEnvelope {
    campaign: CampaignView,
}

impl From<CampaignView> for CampaignEnvelope {
    fn from(campaign: CampaignView) -> Self {
        Self { campaign }
    }
}

impl CampaignEnvelope {
    /// As [`CampaignView::new`].
    pub fn new(details: CampaignDetails, language: Language, now: DateTime<Utc>) -> Self {
        CampaignView::new(details, language, now).into()
    }
}

/// One recipient of a campaign and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientView {
    id: Uuid,
    /// Null once the contact was deleted.
    contact_id: Option<Uuid>,
    #[schema(example = "Ana Torres")]
    name: String,
    #[schema(example = "+525512345678")]
    address: Option<String>,
    /// `queued`, `dispatching`, `accepted`, `delivered`, `read`, `failed`, `skipped`, `in_doubt`,
    /// `unconfirmed` or `cancelled`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// Why it failed or was skipped, for a program.
    #[schema(example = "unreachable")]
    reason: Option<&'static str>,
    /// The same for a person.
    #[schema(example = "Este número no recibe mensajes de WhatsApp.")]
    reason_text: Option<&'static str>,
    /// The provider's own code.
    #[schema(example = 131_026)]
    provider_code: Option<i64>,
    /// How often the message left, or may have.
    attempts: u32,
    message_id: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    replied_at: Option<DateTime<Utc>>,
    /// What was decided when it was `unconfirmed`: `send_again` or `leave`.
    decision: Option<&'static str>,
    decided_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl RecipientView {
    /// The recipient, with reasons in this language.
    pub fn new(recipient: CampaignContact, language: Language) -> Self {
        let delivery = recipient.delivery;
        let failure = delivery.failure.as_ref();
        let (reason, reason_text) = match (failure, delivery.skipped) {
            (Some(failure), _) => (
                Some(failure.code.as_str()),
                Some(explain_failure(failure.code, language)),
            ),
            (None, Some(skipped)) => (
                Some(skipped.as_str()),
                Some(explain_skip(skipped, language)),
            ),
            (None, None) => (None, None),
        };
        Self {
            id: recipient.id.as_uuid(),
            contact_id: recipient.contact_id.map(|id| id.as_uuid()),
            name: recipient.name,
            address: recipient.address,
            status: delivery.status.as_str(),
            reason,
            reason_text,
            provider_code: failure.and_then(|failure| failure.provider_code),
            attempts: delivery.tries(),
            message_id: delivery.message_id,
            sent_at: delivery.accepted_at,
            delivered_at: delivery.delivered_at,
            read_at: delivery.read_at,
            failed_at: delivery.failed_at,
            replied_at: delivery.replied_at,
            decision: delivery.decision.map(Decision::as_str),
            decided_at: delivery.decided_at,
            updated_at: recipient.updated_at,
        }
    }
}
