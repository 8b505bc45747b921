//! The figures of the dashboard.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get};
use chrono::{DateTime, NaiveDate, Utc};
use nexus_application::Actor;
use nexus_application::statistics::{DashboardError, DashboardView, DayFigures, Statistics};
use nexus_domain::values::Language;
use nexus_domain::{ActivityItem, ActivityKind, ContactTotals};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shared::{AnyFailure, NeedsSession};
use crate::errors::{ApiError, Code};
use crate::extract::{SignedIn, language_of};

/// Contacts by status.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactsByStatus {
    #[schema(example = 1180)]
    active: u64,
    #[schema(example = 12)]
    inactive: u64,
    #[schema(example = 8)]
    unsubscribed: u64,
}

/// How many contacts there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactFigures {
    #[schema(example = 1200)]
    total: u64,
    /// Added within the days shown.
    #[schema(example = 64)]
    new_30_days: u64,
    by_status: ContactsByStatus,
}

impl From<ContactTotals> for ContactFigures {
    fn from(totals: ContactTotals) -> Self {
        Self {
            total: totals.total(),
            new_30_days: totals.new,
            by_status: ContactsByStatus {
                active: totals.active,
                inactive: totals.inactive,
                unsubscribed: totals.unsubscribed,
            },
        }
    }
}

/// How many campaigns there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignFigures {
    #[schema(example = 7)]
    total: u64,
    /// Every status is there.
    #[schema(example = json!({
        "draft": 2, "scheduled": 0, "active": 1, "paused": 0, "completed": 4, "cancelled": 0,
        "missed": 0
    }))]
    by_status: BTreeMap<&'static str, u64>,
}

/// Messages of all time. `sent` and `delivered` include those that came further. Rates are shares
/// from 0 to 1 with four decimals, 0 where nothing was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageFigures {
    #[schema(example = 4000)]
    sent: u64,
    #[schema(example = 3900)]
    delivered: u64,
    #[schema(example = 2500)]
    read: u64,
    #[schema(example = 100)]
    failed: u64,
    #[schema(example = 300)]
    replied: u64,
    /// Delivered, of those sent.
    #[schema(example = 0.975)]
    delivery_rate: f64,
    /// Read, of those sent.
    #[schema(example = 0.625)]
    read_rate: f64,
    /// Answered, of those sent.
    #[schema(example = 0.075)]
    reply_rate: f64,
    /// Refused, of those sent or refused.
    #[schema(example = 0.0244)]
    failure_rate: f64,
}

/// What happened on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayView {
    /// The day, in the user's time zone.
    #[schema(example = "2026-11-23")]
    date: NaiveDate,
    #[schema(example = 120)]
    sent: u64,
    #[schema(example = 117)]
    delivered: u64,
    #[schema(example = 80)]
    read: u64,
    #[schema(example = 3)]
    failed: u64,
    #[schema(example = 9)]
    replied: u64,
}

impl From<DayFigures> for DayView {
    fn from(day: DayFigures) -> Self {
        Self {
            date: day.date,
            sent: day.sent,
            delivered: day.delivered,
            read: day.read,
            failed: day.failed,
            replied: day.replied,
        }
    }
}

/// Something that happened lately.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActivityView {
    /// `campaign_started`, `campaign_completed`, `import_finished` or `message_received`.
    #[schema(example = "campaign_completed")]
    kind: &'static str,
    /// The name of the campaign or the file, or the address that wrote.
    #[schema(example = "Promoción de primavera")]
    subject: String,
    /// The campaign, the import or the message.
    id: Uuid,
    at: DateTime<Utc>,
    /// The same in a sentence.
    #[schema(example = "Terminó el envío de la campaña «Promoción de primavera».")]
    text: String,
}

impl ActivityView {
    fn new(item: ActivityItem, language: Language) -> Self {
        Self {
            kind: item.kind.as_str(),
            text: tell(item.kind, &item.subject, language),
            subject: item.subject,
            id: item.id,
            at: item.at,
        }
    }
}

fn tell(kind: ActivityKind, subject: &str, language: Language) -> String {
    match (kind, language) {
        (ActivityKind::CampaignStarted, Language::Es) => {
            format!("Empezó el envío de la campaña «{subject}».")
        }
        (ActivityKind::CampaignStarted, Language::En) => {
            format!("The campaign “{subject}” began to be sent.")
        }
        (ActivityKind::CampaignCompleted, Language::Es) => {
            format!("Terminó el envío de la campaña «{subject}».")
        }
        (ActivityKind::CampaignCompleted, Language::En) => {
            format!("The campaign “{subject}” was completed.")
        }
        (ActivityKind::ImportFinished, Language::Es) => {
            format!("Terminó la importación de «{subject}».")
        }
        (ActivityKind::ImportFinished, Language::En) => {
            format!("The import of “{subject}” ended.")
        }
        (ActivityKind::MessageReceived, Language::Es) => {
            format!("Recibiste un mensaje de {subject}.")
        }
        (ActivityKind::MessageReceived, Language::En) => {
            format!("You received a message from {subject}.")
        }
    }
}

/// The figures of the dashboard.
#[derive(Debug, Serialize, ToSchema)]
pub struct DashboardFigures {
    contacts: ContactFigures,
    campaigns: CampaignFigures,
    messages: MessageFigures,
    /// Each of the last 30 days in the user's time zone, today last.
    days: Vec<DayView>,
    /// The last ten things that happened, latest first.
    recent_activity: Vec<ActivityView>,
}

impl DashboardFigures {
    fn new(view: DashboardView, language: Language) -> Self {
        let DashboardView {
            contacts,
            campaigns,
            messages,
            rates,
            days,
            recent,
        } = view;
        Self {
            contacts: contacts.into(),
            campaigns: CampaignFigures {
                total: campaigns.values().sum(),
                by_status: campaigns
                    .into_iter()
                    .map(|(status, count)| (status.as_str(), count))
                    .collect(),
            },
            messages: MessageFigures {
                sent: messages.sent,
                delivered: messages.delivered,
                read: messages.read,
                failed: messages.failed,
                replied: messages.replied,
                delivery_rate: rates.delivery,
                read_rate: rates.read,
                reply_rate: rates.reply,
                failure_rate: rates.failure,
            },
            days: days.into_iter().map(Into::into).collect(),
            recent_activity: recent
                .into_iter()
                .map(|item| ActivityView::new(item, language))
                .collect(),
        }
    }
}

impl From<DashboardError> for ApiError {
    fn from(error: DashboardError) -> Self {
        match error {
            DashboardError::NoSuchUser => Self::new(Code::NotSignedIn),
            DashboardError::Storage(error) => error.into(),
        }
    }
}

async fn figures(
    statistics: &Statistics,
    actor: &Actor,
    request: &HttpRequest,
) -> Result<Json<DashboardFigures>, ApiError> {
    let view = statistics.dashboard(actor).await?;
    Ok(Json(DashboardFigures::new(view, language_of(request))))
}

/// The figures of the dashboard.
#[utoipa::path(
    operation_id = "dashboard",
    tag = "statistics",
    responses(
        (status = 200, description = "The figures", body = DashboardFigures),
        AnyFailure, NeedsSession,
    )
)]
#[get("/dashboard")]
pub async fn dashboard(
    statistics: Data<Statistics>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<Json<DashboardFigures>, ApiError> {
    figures(&statistics, &actor, &request).await
}

/// The figures of the dashboard, the same as under `/dashboard`.
#[utoipa::path(
    operation_id = "statistics",
    tag = "statistics",
    responses(
        (status = 200, description = "The figures", body = DashboardFigures),
        AnyFailure, NeedsSession,
    )
)]
#[get("")]
pub async fn overview(
    statistics: Data<Statistics>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<Json<DashboardFigures>, ApiError> {
    figures(&statistics, &actor, &request).await
}
