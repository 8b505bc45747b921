//! What would become of a campaign if it were sent now.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, get};
use chrono::{DateTime, Utc};
use nexus_application::campaigns::{
    Campaigns, Caution, CheckedTemplate, CredentialCheck, DailyRoom, Obstacle, Preflight,
    PreflightError, SendCampaignError,
};
use nexus_domain::ports::RecipientTally;
use nexus_domain::values::Language;
use nexus_domain::{AccountStanding, CampaignId, MAX_CAPTION_CHARS, MediaFile};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::errors::{ApiError, number};
use crate::extract::{SignedIn, language_of};
use crate::routes::integrations::words::explain_standing;
use crate::routes::shared::{AnyFailure, NeedsObject, NeedsSession};

/// Something that keeps a campaign from being sent, or should be known before.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// For a program.
    #[schema(example = "template_unusable")]
    code: &'static str,
    /// For a person, in their language.
    #[schema(example = "La plantilla no se puede usar: su encabezado muestra una imagen.")]
    text: String,
}

/// How many would be passed over, by reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassedOverView {
    /// Asked not to be written to.
    #[schema(example = 4)]
    opted_out: u64,
    /// Set aside by the user.
    #[schema(example = 1)]
    inactive: u64,
    /// Without a phone number.
    #[schema(example = 2)]
    no_address: u64,
    /// With the number of another recipient. Contacts don't share numbers, so there is none.
    #[schema(example = 0)]
    duplicate_address: u64,
    /// Lacking what the message needs, where there is no fallback.
    #[schema(example = 3)]
    variable_empty: u64,
    /// Have not written within the last 24 hours, where a text of the user's own reaches nobody else. A
    /// campaign whose `outside_window` is `refuse` does not start while there are any.
    #[schema(example = 0)]
    outside_window: u64,
}

/// Whom the campaign would reach.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientsView {
    #[schema(example = 130)]
    total: u64,
    /// Would be written to.
    #[schema(example = 120)]
    reachable: u64,
    /// Would be passed over.
    #[schema(example = 10)]
    skipped: u64,
    skipped_by_reason: PassedOverView,
    /// Whether everybody was counted. In an audience of more than a million only a million are, and
    /// the numbers are the least that there are.
    #[schema(example = true)]
    counts_are_exact: bool,
}

impl From<RecipientTally> for RecipientsView {
    fn from(tally: RecipientTally) -> Self {
        let reachable = tally.reachable().saturating_sub(tally.outside_window);
        Self {
            total: tally.total,
            reachable,
            skipped: tally.total.saturating_sub(reachable),
            skipped_by_reason: PassedOverView {
                opted_out: tally.opted_out,
                inactive: tally.inactive,
                no_address: tally.no_address,
                duplicate_address: 0,
                variable_empty: tally.variable_empty,
                outside_window: tally.outside_window,
            },
            counts_are_exact: tally.is_exact,
        }
    }
}

/// A file that goes with the message, and what WhatsApp takes of its kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreflightFileView {
    id: Uuid,
    #[schema(example = "oferta.jpg")]
    file_name: String,
    /// `image`, `video`, `audio` or `document`.
    #[schema(example = "image")]
    kind: &'static str,
    #[schema(example = "image/jpeg")]
    media_type: &'static str,
    #[schema(example = 184_320)]
    size: u64,
    /// The most bytes that WhatsApp takes of a file of this kind.
    #[schema(example = 5_242_880)]
    max_size: u64,
    /// The most characters that the text beside it may have; null when there may be none.
    #[schema(example = 1_024)]
    max_caption_characters: Option<usize>,
}

impl From<&MediaFile> for PreflightFileView {
    fn from(file: &MediaFile) -> Self {
        let kind = file.kind();
        Self {
            id: file.id.as_uuid(),
            file_name: file.file_name.to_string(),
            kind: kind.as_str(),
            media_type: file.media_type.as_str(),
            size: file.size,
            max_size: kind.max_bytes(),
            max_caption_characters: kind.takes_caption().then_some(MAX_CAPTION_CHARS),
        }
    }
}

/// The campaign's template as WhatsApp knows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreflightTemplateView {
    #[schema(example = "promocion_mensual")]
    name: String,
    #[schema(example = "es_MX")]
    language: String,
    /// In WhatsApp's words.
    #[schema(example = "APPROVED")]
    status: String,
    #[schema(example = "MARKETING")]
    category: String,
    #[schema(example = "GREEN")]
    quality: Option<String>,
    /// The variables of its body.
    #[schema(example = json!(["1", "2"]))]
    variables: Vec<String>,
    #[schema(example = "Hola {{1}}, este mes tienes {{2}} de descuento.")]
    body: String,
    /// When WhatsApp said so.
    checked_at: DateTime<Utc>,
}

impl From<CheckedTemplate> for PreflightTemplateView {
    fn from(checked: CheckedTemplate) -> Self {
        let template = checked.template;
        Self {
            name: template.name,
            language: template.language,
            status: template.status,
            category: template.category,
            quality: template.quality,
            variables: template.variables,
            body: template.body,
            checked_at: checked.at,
        }
    }
}

/// Whether the credentials work.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialsView {
    /// `valid`, `refused`, `unanswered`, or `not_asked` when there is nothing to ask with.
    #[schema(example = "valid")]
    status: &'static str,
    /// When WhatsApp last said that they work.
    valid_at: Option<DateTime<Utc>>,
    /// How long ago that was.
    #[schema(example = 0)]
    age_seconds: Option<i64>,
    /// The number that people see.
    #[schema(example = "+52 55 1234 5678")]
    number: Option<String>,
    /// The name that people see.
    #[schema(example = "Taquería Ñandú")]
    display_name: Option<String>,
}

/// To how many new people the number may write within 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyLimitView {
    #[schema(example = 250)]
    people: u32,
    /// Of these, how many may still be written to now. Whoever was written to within 24 hours does not
    /// count again.
    #[schema(example = 100)]
    left_today: u32,
    /// So many days pass until the last message leaves, if all recipients are new people; null when
    /// that is too far away to be foreseen.
    #[schema(example = 4)]
    expected_days: Option<u64>,
}

impl From<DailyRoom> for DailyLimitView {
    fn from(room: DailyRoom) -> Self {
        Self {
            people: room.people,
            left_today: room.left,
            expected_days: room.days,
        }
    }
}

/// What would become of a campaign if it were sent now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreflightView {
    /// Whether it can be sent: there are no errors.
    #[schema(example = true)]
    ready: bool,
    /// Whom it would reach; null when it has started already.
    recipients: Option<RecipientsView>,
    /// The files that go with its message. What keeps them from being sent is among the errors.
    media_files: Vec<PreflightFileView>,
    /// Null without one, or when WhatsApp does not know it.
    template: Option<PreflightTemplateView>,
    credentials: CredentialsView,
    /// How fast the number sends, if nothing holds it up.
    #[schema(example = 80)]
    messages_per_second: u32,
    /// Null without a daily limit.
    daily_limit: Option<DailyLimitView>,
    /// How long sending takes at that pace, the daily limit aside.
    #[schema(example = 2)]
    expected_duration_seconds: Option<u64>,
    /// What keeps it from being sent: sending it is refused with the first of these.
    errors: Vec<FindingView>,
    /// What should be known before.
    warnings: Vec<FindingView>,
}

/// A preflight.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreflightEnvelope {
    preflight: PreflightView,
}

impl PreflightView {
    fn new(preflight: Preflight, language: Language) -> Self {
        let expected = preflight.expected_duration();
        let obstacles = preflight.errors.into_iter();
        let cautions = preflight.warnings.iter();
        let errors: Vec<_> = obstacles.map(|obstacle| told(obstacle, language)).collect();
        Self {
            ready: errors.is_empty(),
            recipients: preflight.recipients.map(Into::into),
            media_files: preflight.files.iter().map(Into::into).collect(),
            template: preflight.template.map(Into::into),
            credentials: credentials(preflight.credentials, preflight.last_valid_at, preflight.at),
            messages_per_second: preflight.per_second,
            daily_limit: preflight.daily_room.map(Into::into),
            expected_duration_seconds: expected.map(|expected| expected.as_secs()),
            errors,
            warnings: cautions.map(|caution| warned(caution, language)).collect(),
        }
    }
}

/// As sending would refuse it.
fn told(obstacle: Obstacle, language: Language) -> FindingView {
    let error: ApiError = (SendCampaignError::from(obstacle), language).into();
    let (code, text) = error.told(language);
    FindingView { code, text }
}

fn credentials(
    check: CredentialCheck,
    last_valid_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> CredentialsView {
    let (status, valid_at, profile) = match check {
        CredentialCheck::NotAsked => ("not_asked", last_valid_at, None),
        CredentialCheck::Valid { profile, at } => ("valid", Some(at), Some(profile)),
        CredentialCheck::Refused { .. } => ("refused", last_valid_at, None),
        CredentialCheck::Unanswered => ("unanswered", last_valid_at, None),
    };
    let (number, display_name) = profile
        .map(|profile| (profile.display_address, profile.display_name))
        .unzip();
    CredentialsView {
        status,
        valid_at,
        age_seconds: valid_at.map(|at| (now - at).num_seconds().max(0)),
        number,
        display_name: display_name.flatten(),
    }
}

fn warned(caution: &Caution, language: Language) -> FindingView {
    let code = match caution {
        Caution::ProviderSilent => "provider_silent",
        Caution::ForeignNumber => "foreign_number",
        Caution::NumberQuality => "number_quality",
        Caution::TemplateQuality => "template_quality",
        Caution::Account { standing, .. } => match standing {
            AccountStanding::Good | AccountStanding::Warned => "account_warned",
            AccountStanding::Restricted => "account_restricted",
            AccountStanding::Disabled => "account_disabled",
        },
        Caution::NoWebhooks => "no_webhooks",
        Caution::OnlyWithinWindow { .. } => "only_within_window",
        Caution::DailyLimit(_) => "daily_limit",
        Caution::VariableEmpty { .. } => "variable_empty",
    };
    let text = match (caution, language) {
        (Caution::OnlyWithinWindow { outside }, Language::Es) => format!(
            "{} destinatarios no te escribieron en las últimas 24 horas y se omitirán, si no escriben antes de su turno. Para llegar a todos, usa una plantilla aprobada.",
            number(*outside)
        ),
        (Caution::OnlyWithinWindow { outside }, Language::En) => format!(
            "{} recipients have not written to you within the last 24 hours and will be passed over, unless they write before their turn. To reach everybody, use an approved template.",
            number(*outside)
        ),
        (Caution::ProviderSilent, Language::Es) => {
            "WhatsApp no respondió si tu clave funciona; la campaña empezará y esperará a que responda.".to_owned()
        }
        (Caution::ProviderSilent, Language::En) => {
            "WhatsApp did not say whether your key works; the campaign will start and wait for its answer.".to_owned()
        }
        (Caution::ForeignNumber, Language::Es) => {
            "El número no pertenece a la cuenta de WhatsApp Business de tu perfil; revisa los dos identificadores.".to_owned()
        }
        (Caution::ForeignNumber, Language::En) => {
            "The number does not belong to the WhatsApp Business account in your profile; check both ids.".to_owned()
        }
        (Caution::NumberQuality, Language::Es) => {
            "WhatsApp califica tu número con calidad baja y puede limitarlo: escribe solo a quien lo espera.".to_owned()
        }
        (Caution::NumberQuality, Language::En) => {
            "WhatsApp rates your number's quality as low and may limit it: write only to people who expect it.".to_owned()
        }
        (Caution::TemplateQuality, Language::Es) => {
            "WhatsApp califica la plantilla con calidad baja y puede pausarla: mejora su texto o usa otra.".to_owned()
        }
        (Caution::TemplateQuality, Language::En) => {
            "WhatsApp rates the template's quality as low and may pause it: improve its text or use another.".to_owned()
        }
        (Caution::Account { standing, notice }, language) => {
            explain_standing(*standing, &notice.words, language)
        }
        (Caution::NoWebhooks, Language::Es) => {
            "WhatsApp todavía no nos avisa de nada: no se sabrá quién recibió, leyó o contestó. En el panel de Meta, en la configuración de WhatsApp de tu app, pon en «Webhook» la dirección y el token que ves en tu perfil.".to_owned()
        }
        (Caution::NoWebhooks, Language::En) => {
            "WhatsApp does not tell us anything yet: it will not be known who received, read or answered. In Meta's dashboard, in your app's WhatsApp configuration, enter under “Webhook” the address and the token that your profile shows.".to_owned()
        }
        (Caution::DailyLimit(room), language) => told_of_daily_limit(*room, language),
        (Caution::VariableEmpty { recipients: 1 }, Language::Es) => {
            "A 1 contacto le falta un dato que el mensaje necesita y no lo recibirá; pon un texto de reserva para incluirlo.".to_owned()
        }
        (Caution::VariableEmpty { recipients: 1 }, Language::En) => {
            "1 contact lacks something that the message needs and will not get it; give a fallback to include them.".to_owned()
        }
        (Caution::VariableEmpty { recipients }, Language::Es) => format!(
            "A {} contactos les falta un dato que el mensaje necesita y no lo recibirán; pon un texto de reserva para incluirlos.",
            number(*recipients)
        ),
        (Caution::VariableEmpty { recipients }, Language::En) => format!(
            "{} contacts lack something that the message needs and will not get it; give a fallback to include them.",
            number(*recipients)
        ),
    };
    FindingView { code, text }
}

fn told_of_daily_limit(room: DailyRoom, language: Language) -> String {
    let (people, left) = (number(room.people), number(room.left));
    match language {
        Language::Es => {
            let left = match room.left {
                0 => "hoy ya no le queda ninguna".to_owned(),
                1 => "hoy le queda 1".to_owned(),
                _ => format!("hoy le quedan {left}"),
            };
            let takes = match room.days {
                Some(1) => "el envío terminará en 1 día".to_owned(),
                Some(days) => format!("el envío tardará unos {} días", number(days)),
                None => "el envío tardará muchos días".to_owned(),
            };
            format!(
                "Tu número puede escribir a {people} personas nuevas cada 24 horas y {left}: {takes} y seguirá solo."
            )
        }
        Language::En => {
            let left = match room.left {
                0 => "none is left today".to_owned(),
                1 => "1 is left today".to_owned(),
                _ => format!("{left} are left today"),
            };
            let takes = match room.days {
                Some(1) => "sending will be done in 1 day".to_owned(),
                Some(days) => format!("sending will take about {} days", number(days)),
                None => "sending will take many days".to_owned(),
            };
            format!(
                "Your number may write to {people} new people every 24 hours, of whom {left}: {takes}, and goes on by itself."
            )
        }
    }
}

impl From<PreflightError> for ApiError {
    fn from(error: PreflightError) -> Self {
        match error {
            PreflightError::NotFound => Self::not_found(),
            PreflightError::Storage(error) => error.into(),
        }
    }
}

/// What would become of a campaign if it were sent now: whom it would reach, whether WhatsApp takes
/// its template and the credentials, and how long it would take. WhatsApp is asked, at most once a
/// minute; nothing is written.
#[utoipa::path(
    operation_id = "preflight_campaign",
    tag = "campaigns",
    params(("id" = Uuid, Path, description = "The campaign")),
    responses(
        (status = 200, description = "The preflight", body = PreflightEnvelope),
        AnyFailure, NeedsSession, NeedsObject,
    )
)]
#[get("/{id}/preflight")]
pub async fn read(
    campaigns: Data<Campaigns>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
    id: Path<Uuid>,
) -> Result<Json<PreflightEnvelope>, ApiError> {
    let preflight = campaigns
        .preflight(&actor, CampaignId::from_uuid(*id))
        .await?;
    let preflight = PreflightView::new(preflight, language_of(&request));
    Ok(Json(PreflightEnvelope { preflight }))
}
