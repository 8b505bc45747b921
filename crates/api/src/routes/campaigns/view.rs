//! Campaigns and their recipients as clients see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_application::campaigns::CampaignDetails;
use nexus_domain::values::{Language, SendWindow};
use nexus_domain::{
    Audience, CampaignContact, CampaignState, ContactId, ContactStatus, Decision, FailureCode,
    MediaFile, StartProblem, TemplateMessage,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::{explain_failure, explain_skip, explain_start_problem};

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
    media_type: String,
    /// In bytes.
    size: u64,
    created_at: DateTime<Utc>,
}

impl From<&MediaFile> for MediaView {
    fn from(file: &MediaFile) -> Self {
        Self {
            id: file.id.as_uuid(),
            kind: file.kind.as_str(),
            file_name: file.file_name.to_string(),
            media_type: file.media_type.clone(),
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
    /// `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled` or `missed`.
    #[schema(example = "draft")]
    status: &'static str,
    /// Why it was paused, when it was not the user who did.
    pause_reason: Option<&'static str>,
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
    /// `store_unavailable` or `tag_being_renamed`.
    start_problem: Option<&'static str>,
    /// The same for a person.
    start_problem_text: Option<&'static str>,
    /// When it may be sent; at any time without one.
    send_window: Option<SendWindowView>,
    /// While it is `active` and its window is closed: when that opens.
    waiting_until: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Until the campaign starts, whom it is for: counted whenever the campaign itself is read or
    /// changed. In the list, the number for an audience is that of the last time.
    #[schema(example = 120)]
    total_recipients: i64,
    /// Not settled yet.
    #[schema(example = 0)]
    pending_count: i64,
    #[schema(example = 117)]
    sent_count: i64,
    #[schema(example = 115)]
    delivered_count: i64,
    #[schema(example = 80)]
    opened_count: i64,
    #[schema(example = 0)]
    clicked_count: i64,
    #[schema(example = 9)]
    replied_count: i64,
    #[schema(example = 2)]
    failed_count: i64,
    #[schema(example = 1)]
    skipped_count: i64,
    #[schema(example = 0)]
    unconfirmed_count: i64,
    /// Of the unconfirmed, those that wait for a decision.
    #[schema(example = 0)]
    undecided_count: i64,
    media_files: Vec<MediaView>,
}

impl CampaignView {
    /// The campaign as it is at `now`, with reasons in this language.
    pub fn new(details: CampaignDetails, language: Language, now: DateTime<Utc>) -> Self {
        let CampaignDetails { campaign, media } = details;
        let counters = campaign.counters;
        let schedule = campaign.state.schedule();
        let start_problem = campaign.state.start_problem();
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
            status: campaign.status().as_str(),
            pause_reason,
            scheduled_at: schedule.map(|schedule| schedule.at),
            scheduled_local: schedule.map(|s| s.local.format("%Y-%m-%dT%H:%M:%S").to_string()),
            timezone: schedule.map(|schedule| schedule.time_zone.name()),
            latest_start_at: schedule.map(|schedule| schedule.latest_start_at),
            start_problem: start_problem.map(StartProblem::as_str),
            start_problem_text: start_problem
                .map(|problem| explain_start_problem(problem, language)),
            send_window: campaign.send_window.map(Into::into),
            waiting_until: campaign.waiting_until(now),
            started_at: campaign.state.started_at(),
            completed_at: campaign.state.completed_at(),
            created_at: campaign.created_at,
            updated_at: campaign.updated_at,
            total_recipients: counters.total,
            pending_count: counters.pending,
            sent_count: counters.sent,
            delivered_count: counters.delivered,
            opened_count: counters.opened,
            clicked_count: counters.clicked,
            replied_count: counters.replied,
            failed_count: counters.failed,
            skipped_count: counters.skipped,
            unconfirmed_count: counters.unconfirmed,
            undecided_count: counters.unconfirmed - counters.unconfirmed_left,
            media_files: media.iter().map(Into::into).collect(),
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
            attempts: delivery.attempts,
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
