//! What Meta judges, decided by whoever tests.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refused;
use crate::whatsapp::{NewsError, Simulation, TemplateChange};

fn answer(done: Result<(), NewsError>) -> Response {
    match done {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({"done": true}))).into_response(),
        Err(error @ (NewsError::UnknownAccount | NewsError::UnknownTemplate)) => {
            refused(StatusCode::NOT_FOUND, &error)
        }
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
    }
}

/// `GET /sandbox/accounts/{phone_number_id}/templates`.
pub(super) async fn templates(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
) -> Response {
    match simulation.accounts().get(&id) {
        Some(account) => {
            let templates = simulation.templates().of(&account.business_account_id);
            Json(json!({"templates": templates.all()})).into_response()
        }
        None => refused(StatusCode::NOT_FOUND, &NewsError::UnknownAccount),
    }
}

/// `POST /sandbox/accounts/{phone_number_id}/templates`: adds one, approved at once.
pub(super) async fn add_template(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
    Json(template): Json<Value>,
) -> Response {
    answer(simulation.add_template(&id, template))
}

/// `PUT /sandbox/accounts/{phone_number_id}/templates`: judges one anew; the webhook follows.
pub(super) async fn change_template(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
    Json(change): Json<TemplateChange>,
) -> Response {
    answer(simulation.change_template(&id, &change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rating {
    quality: String,
}

/// `POST /sandbox/accounts/{phone_number_id}/rating`: what Meta shows when it is asked.
pub(super) async fn rate(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
    Json(rating): Json<Rating>,
) -> Response {
    if simulation.accounts().get(&id).is_none() {
        return answer(Err(NewsError::UnknownAccount));
    }
    simulation.ratings().set(&id, &rating.quality);
    answer(Ok(()))
}

/// A webhook that Meta sends by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    /// `account_update`, `phone_number_quality_update`, ….
    field: String,
    value: Value,
    #[serde(default)]
    seconds_ago: u32,
}

/// `POST /sandbox/accounts/{phone_number_id}/news`.
pub(super) async fn tell(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
    Json(told): Json<Told>,
) -> Response {
    answer(simulation.tell(&id, &told.field, told.value, told.seconds_ago))
}
