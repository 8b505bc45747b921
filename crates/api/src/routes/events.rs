//! What happens to campaigns, as it happens: server-sent events (HTML Standard, section 9.2).

use std::fmt::Write as _;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Utc};
use futures_util::stream;
use nexus_application::events::{CampaignProgress, Event, EventId, Events, FollowError, Follower};
use nexus_domain::{CampaignState, FailureCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::campaigns::counters::CountersView;
use super::shared::{AnyFailure, NeedsSession};
use crate::errors::{ApiError, Code, ProblemDocument};
use crate::extract::SignedIn;
use crate::session::key_of;

/// With which a page says what it received last.
const LAST_EVENT_ID: &str = "last-event-id";

/// Tells nginx, and proxies that took it over, to pass on each piece as it comes.
const UNBUFFERED: (&str, &str) = ("X-Accel-Buffering", "no");

/// When to try again where there was no place.
const RETRY_SECONDS: u64 = 10;

/// How a campaign gets on: the `data` of an event `campaign`. The fields are those of the campaign.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignProgressView {
    id: Uuid,
    #[schema(example = "Promoción de primavera")]
    name: String,
    /// `whatsapp` or `gmail`.
    #[schema(example = "whatsapp")]
    channel: &'static str,
    /// `draft`, `scheduled`, `active`, `paused`, `completed`, `cancelled` or `missed`.
    #[schema(example = "active")]
    status: &'static str,
    /// Why it was paused, when it was not the user who did.
    pause_reason: Option<&'static str>,
    scheduled_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    counters: CountersView,
}

impl From<&CampaignProgress> for CampaignProgressView {
    fn from(progress: &CampaignProgress) -> Self {
        let pause_reason = match progress.state {
            CampaignState::Paused { reason, .. } => reason.map(FailureCode::as_str),
            _ => None,
        };
        Self {
            id: progress.id.as_uuid(),
            name: progress.name.to_string(),
            channel: progress.channel.as_str(),
            status: progress.state.status().as_str(),
            pause_reason,
            scheduled_at: progress.state.schedule().map(|schedule| schedule.at),
            started_at: progress.state.started_at(),
            completed_at: progress.state.completed_at(),
            created_at: progress.created_at,
            updated_at: progress.updated_at,
            counters: progress.counters.into(),
        }
    }
}

/// No place to follow from.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "only the document is made from it")]
pub enum NeedsPlace {
    /// The account has as many open as may be: close one, or share one between tabs.
    #[response(status = 429, content_type = "application/problem+json")]
    StreamLimit(ProblemDocument),
}

impl From<FollowError> for ApiError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::SignedOut => Self::new(Code::NotSignedIn),
            FollowError::TooManyOfUser { most } => Self::new(Code::StreamLimit)
                .with("max", most)
                .retry_after(RETRY_SECONDS),
            FollowError::TooMany => Self::new(Code::StreamsFull).retry_after(RETRY_SECONDS),
            FollowError::Stopping => Self::new(Code::Unavailable).retry_after(2),
            FollowError::Storage(error) => error.into(),
        }
    }
}

fn write_event(text: &mut String, name: &str, id: EventId, data: &str) {
    // JSON has no line of its own: what would end one is written \n in its texts.
    let _ = write!(text, "id: {id}\nevent: {name}\ndata: {data}\n\n");
}

/// The events as they go over the wire.
fn render(events: &[Event]) -> Result<String, ApiError> {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Campaign { id, progress } => {
                let view = CampaignProgressView::from(progress.as_ref());
                let data =
                    serde_json::to_string(&view).map_err(|error| ApiError::internal(&error))?;
                write_event(&mut text, "campaign", *id, &data);
            }
            Event::Reset { id } => write_event(&mut text, "reset", *id, "{}"),
            // A comment.
            Event::Heartbeat => text.push_str(":\n\n"),
        }
    }
    Ok(text)
}

async fn next_piece(mut follower: Follower) -> Option<(Result<Bytes, actix_web::Error>, Follower)> {
    let events = follower.next().await?;
    let piece = render(&events).map(Bytes::from).map_err(Into::into);
    Some((piece, follower))
}

/// How the campaigns get on, as it happens: a stream of server-sent events that does not end by itself,
/// for a browser's `EventSource`.
///
/// - `event: campaign` has the newest state of a campaign as `data`, a `CampaignProgressView` in JSON: its
///   status and counters, called as in the campaign itself. At the beginning come the campaigns that are
///   scheduled, active or paused and those that changed last, then whatever changes, within about a second
///   and whichever server did it. States in between are left out.
/// - `event: reset` with `{}` says that more may have changed than follows: read your lists again.
/// - A comment comes at least every 15 seconds or so.
///
/// A browser that lost the connection comes back by itself with `Last-Event-ID` and is told the newest
/// state of all that has changed meanwhile. The stream ends when the session does.
#[utoipa::path(
    tag = "campaigns",
    operation_id = "follow_events",
    params(
        ("Last-Event-ID" = Option<String>, Header,
         description = "The id of the last event that was received; browsers send it by themselves",
         example = "29404163-17"),
    ),
    responses(
        (status = 200, description = "The events", body = CampaignProgressView,
         content_type = "text/event-stream"),
        AnyFailure, NeedsSession, NeedsPlace,
    )
)]
#[get("")]
pub async fn follow(
    events: Data<Events>,
    SignedIn(actor): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let session = key_of(&request).ok_or(ApiError::new(Code::NotSignedIn))?;
    let last = request.headers().get(LAST_EVENT_ID);
    // What is no text is no id of ours.
    let last = last.map(|value| value.to_str().unwrap_or("?"));
    let last = last.filter(|text| !text.is_empty());
    let follower = events.follow(&actor, session, last).await?;
    // Something at once: proxies and browsers take the stream for open when it comes.
    let head = format!("retry: {}\n\n", follower.retry_after().as_millis());
    let rest = stream::unfold(follower, next_piece);
    let body = stream::StreamExt::chain(
        stream::iter([Ok::<_, actix_web::Error>(Bytes::from(head))]),
        rest,
    );
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(UNBUFFERED)
        // Whoever ends it ends the connection: the server has not to wait for the next request when it
        // stops.
        .force_close()
        .streaming(Box::pin(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_a_comment_and_a_reset_has_data_without_which_browsers_drop_it() {
        let id = EventId::parse("29404163-17").unwrap();
        let text = render(&[Event::Heartbeat, Event::Reset { id }]).unwrap();
        assert_eq!(text, ":\n\nid: 29404163-17\nevent: reset\ndata: {}\n\n");
    }
}
