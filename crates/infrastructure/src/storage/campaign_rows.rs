//! Campaigns as they are stored.

use chrono::{DateTime, NaiveDateTime, Utc};
use nexus_domain::ports::StorageError;
use nexus_domain::values::{MessageText, SendWindow, ShortText, Tag, TimeZone, WallTime, fold};
use nexus_domain::{
    Audience, Campaign, CampaignContent, CampaignCounters, CampaignId, CampaignState,
    CampaignStatus, ChannelKind, ContactStatus, FailureCode, OutsideWindow, Schedule, SegmentId,
    SenderId, StartPlan, StartProblem, TemplateMessage, TemplateParts, UserId,
};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::Value;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{Row, to_json};
use super::sql::params;
use super::template_values;

pub(super) const COLUMNS: &str = "r.id, r.user_id, r.name, r.name_key, r.channel, r.subject, \
     r.message, r.template_name, r.template_language, r.template_variables, r.audience, \
     r.sender_id, r.status, r.scheduled_at, r.started_at, r.ended_at, r.pause_reason, r.total, \
     r.pending, r.sent, r.delivered, r.opened, r.clicked, r.replied, r.failed, r.skipped, \
     r.unconfirmed, r.unconfirmed_left, r.created_at, r.updated_at, r.scheduled_local, \
     r.schedule_time_zone, r.latest_start_at, r.start_tries, r.next_start_at, r.start_problem, \
     r.send_window, r.outside_window";

/// What [`saved_values`] are the values of.
pub(super) const SAVED: &str = "user_id, id, name, name_key, channel, subject, message, \
     template_name, template_language, template_variables, audience, sender_id, status, \
     scheduled_at, started_at, ended_at, pause_reason, updated_at, segment_id, scheduled_local, \
     schedule_time_zone, latest_start_at, start_tries, next_start_at, start_problem, send_window, outside_window";

#[derive(FromQueryResult)]
pub(super) struct CampaignRow {
    pub(super) id: Uuid,
    user_id: Uuid,
    name: String,
    pub(super) name_key: String,
    channel: String,
    subject: Option<String>,
    message: Option<String>,
    template_name: Option<String>,
    template_language: Option<String>,
    template_variables: Option<String>,
    audience: Option<String>,
    sender_id: Option<Uuid>,
    status: String,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    pause_reason: Option<String>,
    outside_window: Option<String>,
    #[sea_orm(nested)]
    counters: CountersRow,
    pub(super) created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    scheduled_local: Option<String>,
    schedule_time_zone: Option<String>,
    latest_start_at: Option<DateTime<Utc>>,
    start_tries: i64,
    next_start_at: Option<DateTime<Utc>>,
    start_problem: Option<String>,
    send_window: Option<String>,
}

#[derive(FromQueryResult)]
pub(super) struct CountersRow {
    total: i64,
    pending: i64,
    sent: i64,
    delivered: i64,
    opened: i64,
    clicked: i64,
    replied: i64,
    failed: i64,
    skipped: i64,
    unconfirmed: i64,
    unconfirmed_left: i64,
}

impl CountersRow {
    pub(super) fn counters(&self) -> CampaignCounters {
        CampaignCounters {
            total: self.total,
            pending: self.pending,
            sent: self.sent,
            delivered: self.delivered,
            opened: self.opened,
            clicked: self.clicked,
            replied: self.replied,
            failed: self.failed,
            skipped: self.skipped,
            unconfirmed: self.unconfirmed,
            unconfirmed_left: self.unconfirmed_left,
        }
    }
}

/// The rule that chooses recipients, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredAudience {
    #[serde(default)]
    segment_id: Option<SegmentId>,
    tags: Vec<String>,
    status: Option<ContactStatus>,
    search: Option<String>,
}

/// When it may be sent, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredWindow {
    days: Vec<String>,
    from: String,
    to: String,
    time_zone: String,
}

impl CampaignRow {
    pub(super) fn campaign(self) -> Result<Campaign, StorageError> {
        let row = Row {
            table: "campaigns",
            id: self.id,
        };
        Ok(Campaign {
            id: CampaignId::from_uuid(self.id),
            user_id: UserId::from_uuid(self.user_id),
            name: row.parse("name", &self.name, ShortText::parse)?,
            channel: row.parse("channel", &self.channel, ChannelKind::parse)?,
            subject: row.parse_some("subject", self.subject.as_deref(), ShortText::parse)?,
            content: self.content(row)?,
            audience: self.audience(row)?,
            send_window: self.send_window(row)?,
            outside_window: row
                .parse_some(
                    "outside_window",
                    self.outside_window.as_deref(),
                    OutsideWindow::parse,
                )?
                .unwrap_or_default(),
            sender_id: self.sender_id.map(SenderId::from_uuid),
            state: self.state(row)?,
            counters: self.counters.counters(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }

    fn content(&self, row: Row) -> Result<CampaignContent, StorageError> {
        let message =
            row.parse_some("message", self.message.as_deref(), MessageText::from_stored)?;
        let Some(name) = &self.template_name else {
            return Ok(message.map_or(CampaignContent::FileOnly, CampaignContent::Text));
        };
        let language = row.need("template_language", self.template_language.as_deref())?;
        let (variables, parts) = match &self.template_variables {
            Some(stored) => template_values::read(row, "template_variables", stored)?,
            None => (Vec::new(), TemplateParts::default()),
        };
        Ok(CampaignContent::Template {
            template: TemplateMessage {
                name: row.parse("template_name", name, ShortText::parse)?,
                language: row.parse("template_language", language, ShortText::parse)?,
                variables,
                parts,
            },
            note: message,
        })
    }

    fn audience(&self, row: Row) -> Result<Option<Audience>, StorageError> {
        let Some(stored) = &self.audience else {
            return Ok(None);
        };
        let stored: StoredAudience = row.json("audience", stored)?;
        Ok(Some(Audience {
            segment: stored.segment_id,
            tags: stored.tags.into_iter().map(Tag::from_stored).collect(),
            status: stored.status,
            search: row.parse_some("audience", stored.search.as_deref(), ShortText::parse)?,
        }))
    }

    fn send_window(&self, row: Row) -> Result<Option<SendWindow>, StorageError> {
        let Some(stored) = &self.send_window else {
            return Ok(None);
        };
        let column = "send_window";
        let stored: StoredWindow = row.json(column, stored)?;
        let days = stored
            .days
            .iter()
            .map(|day| row.parse(column, day, SendWindow::parse_day))
            .collect::<Result<Vec<_>, _>>()?;
        let from = row.parse(column, &stored.from, WallTime::parse)?;
        let to = row.parse(column, &stored.to, WallTime::parse)?;
        let time_zone = row.parse(column, &stored.time_zone, TimeZone::parse)?;
        let window = SendWindow::new(days, from, to, time_zone).ok();
        row.need(column, window).map(Some)
    }

    fn schedule(&self, row: Row) -> Result<Schedule, StorageError> {
        let at = row.need("scheduled_at", self.scheduled_at)?;
        let time_zone = row.need("schedule_time_zone", self.schedule_time_zone.as_deref())?;
        let time_zone = row.parse("schedule_time_zone", time_zone, TimeZone::parse)?;
        let local: Option<NaiveDateTime> = row.parse_some(
            "scheduled_local",
            self.scheduled_local.as_deref(),
            str::parse,
        )?;
        Ok(Schedule {
            local: local.unwrap_or_else(|| at.with_timezone(&time_zone.tz()).naive_local()),
            time_zone,
            at,
            latest_start_at: row.need("latest_start_at", self.latest_start_at)?,
        })
    }

    fn start_problem(&self, row: Row) -> Result<Option<StartProblem>, StorageError> {
        self.start_problem
            .as_deref()
            .map(|word| {
                row.word(
                    "start_problem",
                    word,
                    &StartProblem::ALL,
                    StartProblem::as_str,
                )
            })
            .transpose()
    }

    fn plan(&self, row: Row) -> Result<StartPlan, StorageError> {
        Ok(StartPlan {
            schedule: self.schedule(row)?,
            tries: row.unsigned("start_tries", self.start_tries)?,
            next_try_at: row.need("next_start_at", self.next_start_at)?,
            problem: self.start_problem(row)?,
        })
    }

    fn state(&self, row: Row) -> Result<CampaignState, StorageError> {
        let started_at = || row.need("started_at", self.started_at);
        let ended_at = || row.need("ended_at", self.ended_at);
        Ok(
            match row.parse("status", &self.status, CampaignStatus::parse)? {
                CampaignStatus::Draft => CampaignState::Draft,
                CampaignStatus::Scheduled => CampaignState::Scheduled {
                    plan: self.plan(row)?,
                },
                CampaignStatus::Active => CampaignState::Active {
                    started_at: started_at()?,
                },
                CampaignStatus::Paused => CampaignState::Paused {
                    started_at: started_at()?,
                    reason: match &self.pause_reason {
                        Some(word) => Some(row.word(
                            "pause_reason",
                            word,
                            &FailureCode::ALL,
                            FailureCode::as_str,
                        )?),
                        None => None,
                    },
                },
                CampaignStatus::Completed => CampaignState::Completed {
                    started_at: started_at()?,
                    at: ended_at()?,
                },
                CampaignStatus::Cancelled => CampaignState::Cancelled {
                    started_at: self.started_at,
                    at: ended_at()?,
                },
                CampaignStatus::Missed => CampaignState::Missed {
                    schedule: self.schedule(row)?,
                    problem: row.need("start_problem", self.start_problem(row)?)?,
                },
            },
        )
    }
}

/// What can change, in the order of [`SAVED`].
pub(super) fn saved_values(campaign: &Campaign) -> Result<Vec<Value>, StorageError> {
    let template = campaign.content.template();
    let variables = template.map(template_values::write).transpose()?;
    let ended_at = match campaign.state {
        CampaignState::Completed { at, .. } | CampaignState::Cancelled { at, .. } => Some(at),
        _ => None,
    };
    let pause_reason = match campaign.state {
        CampaignState::Paused { reason, .. } => reason.map(FailureCode::as_str),
        _ => None,
    };
    let schedule = campaign.state.schedule();
    let plan = match campaign.state {
        CampaignState::Scheduled { plan } => Some(plan),
        _ => None,
    };
    let window = campaign.send_window.map(window_json).transpose()?;
    Ok(params![
        campaign.user_id,
        campaign.id,
        campaign.name.as_str(),
        fold(campaign.name.as_str()),
        campaign.channel.as_str(),
        campaign.subject.as_ref().map(ShortText::as_str),
        campaign.content.message().map(MessageText::as_str),
        template.map(|template| template.name.as_str()),
        template.map(|template| template.language.as_str()),
        variables,
        campaign.audience.as_ref().map(audience_json).transpose()?,
        campaign.sender_id,
        campaign.status().as_str(),
        schedule.map(|schedule| schedule.at),
        campaign.state.started_at(),
        ended_at,
        pause_reason,
        campaign.updated_at,
        campaign.awaited_segment(),
        schedule.map(|schedule| schedule.local.format("%Y-%m-%dT%H:%M:%S%.f").to_string()),
        schedule.map(|schedule| schedule.time_zone.name()),
        schedule.map(|schedule| schedule.latest_start_at),
        plan.map_or(0, |plan| plan.tries),
        plan.map(|plan| plan.next_try_at),
        campaign.state.start_problem().map(StartProblem::as_str),
        window,
        campaign.outside_window.as_str(),
    ])
}

fn window_json(window: SendWindow) -> Result<String, StorageError> {
    to_json(&StoredWindow {
        days: window.days().into_iter().map(str::to_owned).collect(),
        from: window.from().to_string(),
        to: window.to().to_string(),
        time_zone: window.time_zone().name().to_owned(),
    })
}

fn audience_json(audience: &Audience) -> Result<String, StorageError> {
    to_json(&StoredAudience {
        segment_id: audience.segment,
        tags: audience
            .tags
            .iter()
            .map(|tag| tag.label().to_owned())
            .collect(),
        status: audience.status,
        search: audience
            .search
            .as_ref()
            .map(|search| search.as_str().to_owned()),
    })
}

/// The counters, in the order of [`COUNTERS`].
pub(super) fn counter_values(counters: &CampaignCounters) -> Vec<Value> {
    params![
        counters.total,
        counters.pending,
        counters.sent,
        counters.delivered,
        counters.opened,
        counters.clicked,
        counters.replied,
        counters.failed,
        counters.skipped,
        counters.unconfirmed,
        counters.unconfirmed_left,
    ]
}

pub(super) const COUNTERS: &str = "total, pending, sent, delivered, opened, clicked, replied, failed, skipped, unconfirmed, \
     unconfirmed_left";
