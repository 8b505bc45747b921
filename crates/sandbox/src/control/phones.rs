//! The simulated phones, for the page.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused;
use crate::journal::{InboundContent, QuickReply};
use crate::whatsapp::{Conversation, InboundError, PhoneList, Simulation, TEST_NUMBERS};

const MOST_PHONES: usize = 500;
const MOST_BUBBLES: usize = 500;
const LONGEST_TEXT: usize = 4096;

#[derive(Deserialize)]
pub(super) struct Window {
    #[serde(default)]
    since: u64,
    #[serde(default)]
    search: String,
    limit: Option<usize>,
}

#[derive(serde::Serialize)]
pub(super) struct Shown<T> {
    /// Changes when the sandbox restarts; cursors of another run mean nothing.
    run: String,
    #[serde(flatten)]
    page: T,
}

/// `GET /sandbox/phones`.
pub(super) async fn list(
    State(simulation): State<Arc<Simulation>>,
    Query(window): Query<Window>,
) -> Json<Shown<PhoneList>> {
    let limit = window.limit.unwrap_or(100).min(MOST_PHONES);
    Json(Shown {
        run: simulation.run_id().to_owned(),
        page: simulation
            .phones()
            .list(window.since, &window.search, limit),
    })
}

/// `GET /sandbox/phones/{number}`.
pub(super) async fn conversation(
    State(simulation): State<Arc<Simulation>>,
    Path(number): Path<String>,
    Query(window): Query<Window>,
) -> Result<Json<Shown<Conversation>>, Response> {
    let number = simulation.wa_id(number.trim_start_matches('+'));
    let limit = window.limit.unwrap_or(200).min(MOST_BUBBLES);
    let page = simulation
        .phones()
        .conversation(&number, window.since, limit)
        .ok_or_else(|| refused(StatusCode::NOT_FOUND, "nobody has written to this phone"))?;
    Ok(Json(Shown {
        run: simulation.run_id().to_owned(),
        page,
    }))
}

/// Whether a customer wants marketing messages.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Marketing {
    Stop,
    Resume,
}

/// What a customer writes, the button of a message they tap, or what they want in WhatsApp.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    text: Option<String>,
    button: Option<QuickReply>,
    marketing: Option<Marketing>,
    /// Which business number; without it, the one that wrote last.
    phone_number_id: Option<String>,
    /// The message answered.
    context: Option<String>,
}

/// `POST /sandbox/phones/{number}/reply`.
pub(super) async fn reply(
    State(simulation): State<Arc<Simulation>>,
    Path(number): Path<String>,
    Json(written): Json<Written>,
) -> Response {
    let content = match (written.text, written.button, written.marketing) {
        (Some(text), None, None)
            if !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT =>
        {
            InboundContent::Text(text)
        }
        (None, Some(button), None) => InboundContent::Button(button),
        (None, None, Some(Marketing::Stop)) => InboundContent::StopMarketing,
        (None, None, Some(Marketing::Resume)) => InboundContent::ResumeMarketing,
        _ => {
            return refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                &format!(
                    "one of text (1 to {LONGEST_TEXT} characters), button and marketing is needed"
                ),
            );
        }
    };
    let number = number.trim_start_matches('+');
    let business = written.phone_number_id.or_else(|| {
        let latest = simulation
            .phones()
            .latest_from_business(&simulation.wa_id(number), None)?;
        Some(latest.phone_number_id)
    });
    let received = match &business {
        None => Err(InboundError::NoConversation),
        Some(id) => simulation.receive(number, id, content, written.context),
    };
    match received {
        Ok(id) => (StatusCode::ACCEPTED, Json(json!({"id": id}))).into_response(),
        Err(error @ InboundError::Journal(_)) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error),
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
    }
}

/// `GET /sandbox/numbers`: the table of test numbers.
pub(super) async fn test_numbers() -> Json<Value> {
    Json(json!(TEST_NUMBERS))
}
