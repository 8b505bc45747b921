//! Campaigns and their recipients as clients see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nexus_application::campaigns::CampaignDetails;
use nexus_domain::values::Language;
use nexus_domain::{
    Audience, CampaignContact, CampaignState, CampaignStatus, FailureCode, MediaFile, SkipReason,
    TemplateMessage,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

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
            tags: audience
                .tags
                .iter()
                .map(|tag| tag.label().to_owned())
                .collect(),
            status: audience.status.map(|status| status.as_str()),
            search: audience.search.as_ref().map(ToString::to_string),
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
    /// `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled` or `missed`.
    #[schema(example = "draft")]
    status: &'static str,
    /// Why it was paused, when it was not the user who did.
    pause_reason: Option<&'static str>,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
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
    media_files: Vec<MediaView>,
}

impl From<CampaignDetails> for CampaignView {
    fn from(details: CampaignDetails) -> Self {
        let CampaignDetails { campaign, media } = details;
        let counters = campaign.counters;
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
            status: campaign.status().as_str(),
            pause_reason,
            scheduled_at: campaign.state.scheduled_at(),
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
            media_files: media.iter().map(Into::into).collect(),
        }
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
            updated_at: recipient.updated_at,
        }
    }
}

/// Why a recipient was passed over, for a person.
fn explain_skip(reason: SkipReason, language: Language) -> &'static str {
    match (reason, language) {
        (SkipReason::OptedOut, Language::Es) => "Pidió no recibir mensajes.",
        (SkipReason::OptedOut, Language::En) => "Asked not to receive messages.",
        (SkipReason::Inactive, Language::Es) => "El contacto está inactivo.",
        (SkipReason::Inactive, Language::En) => "The contact is inactive.",
        (SkipReason::NoAddress, Language::Es) => "No tiene dirección en este canal.",
        (SkipReason::NoAddress, Language::En) => "Has no address on this channel.",
        (SkipReason::DuplicateAddress, Language::Es) => {
            "Otro destinatario de la campaña tiene el mismo número."
        }
        (SkipReason::DuplicateAddress, Language::En) => {
            "Another recipient of the campaign has the same number."
        }
        (SkipReason::ContactDeleted, Language::Es) => "El contacto se eliminó antes de su turno.",
        (SkipReason::ContactDeleted, Language::En) => "The contact was deleted before its turn.",
    }
}

/// What a failure means, for a person.
fn explain_failure(code: FailureCode, language: Language) -> &'static str {
    use FailureCode as F;
    match (code, language) {
        (F::Unreachable, Language::Es) => "Este número no recibe mensajes de WhatsApp.",
        (F::Unreachable, Language::En) => "This number does not receive WhatsApp messages.",
        (F::TemplateRequired, Language::Es) => {
            "Pasaron más de 24 horas desde su último mensaje; usa una plantilla aprobada."
        }
        (F::TemplateRequired, Language::En) => {
            "More than 24 hours since their last message; use an approved template."
        }
        (F::OptedOut, Language::Es) => "No quiere recibir mensajes de promoción.",
        (F::OptedOut, Language::En) => "Does not want marketing messages.",
        (F::RecipientLimited, Language::Es) => {
            "WhatsApp no entrega por ahora más promociones a esta persona."
        }
        (F::RecipientLimited, Language::En) => {
            "WhatsApp delivers no more marketing to this person for now."
        }
        (F::InvalidMessage, Language::Es) => "WhatsApp no acepta el mensaje como está.",
        (F::InvalidMessage, Language::En) => "WhatsApp does not accept the message as it is.",
        (F::MessageTooLong, Language::Es) => "El mensaje es demasiado largo para esta persona.",
        (F::MessageTooLong, Language::En) => "The message is too long for this person.",
        (F::TemplateUnusable, Language::Es) => "La plantilla no existe o no está aprobada.",
        (F::TemplateUnusable, Language::En) => "The template does not exist or is not approved.",
        (F::TemplateParameters, Language::Es) => "La plantilla lleva otras variables.",
        (F::TemplateParameters, Language::En) => "The template has other variables.",
        (F::MediaUnusable, Language::Es) => "El archivo adjunto no se puede usar.",
        (F::MediaUnusable, Language::En) => "The attached file can't be used.",
        (F::CredentialInvalid, Language::Es) => {
            "La clave de WhatsApp no es válida o venció; cámbiala en tu perfil."
        }
        (F::CredentialInvalid, Language::En) => {
            "The WhatsApp key is wrong or expired; change it in your profile."
        }
        (F::AccountBlocked, Language::Es) => {
            "WhatsApp bloqueó o limitó tu cuenta; revísala en el panel de Meta."
        }
        (F::AccountBlocked, Language::En) => {
            "WhatsApp blocked or limited your account; check it in Meta's dashboard."
        }
        (F::RetriesExhausted, Language::Es) => "WhatsApp estuvo ocupado en todos los intentos.",
        (F::RetriesExhausted, Language::En) => "WhatsApp was busy at every attempt.",
        (F::Other, Language::Es) => "WhatsApp rechazó el mensaje; su código dice más.",
        (F::Other, Language::En) => "WhatsApp refused the message; its code says more.",
    }
}

/// A status as a word of a sentence.
pub fn name_status(status: CampaignStatus, language: Language) -> &'static str {
    match (status, language) {
        (CampaignStatus::Draft, Language::Es) => "en borrador",
        (CampaignStatus::Draft, Language::En) => "a draft",
        (CampaignStatus::Scheduled, Language::Es) => "programada",
        (CampaignStatus::Scheduled, Language::En) => "scheduled",
        (CampaignStatus::Active, Language::Es) => "en envío",
        (CampaignStatus::Active, Language::En) => "being sent",
        (CampaignStatus::Paused, Language::Es) => "en pausa",
        (CampaignStatus::Paused, Language::En) => "paused",
        (CampaignStatus::Completed, Language::Es) => "completada",
        (CampaignStatus::Completed, Language::En) => "completed",
        (CampaignStatus::Cancelled, Language::Es) => "cancelada",
        (CampaignStatus::Cancelled, Language::En) => "cancelled",
        (CampaignStatus::Missed, Language::Es) => "perdida",
        (CampaignStatus::Missed, Language::En) => "missed",
    }
}
