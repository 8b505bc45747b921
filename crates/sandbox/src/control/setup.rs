//! Accounts and behaviour.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::refused;
use crate::behaviour::{Behaviour, BehaviourChange};
use crate::entropy;
use crate::whatsapp::{AccountRegistration, Simulation};

const MASK: &str = "••••";

/// `POST /sandbox/accounts`: adds or replaces the account of a phone number id.
pub(super) async fn register(
    State(simulation): State<Arc<Simulation>>,
    Json(account): Json<AccountRegistration>,
) -> Response {
    if let Err(error) = account.check() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, &error);
    }
    match simulation.register(&account) {
        Ok(()) => Json(masked(&account)).into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

/// `GET /sandbox/accounts`.
pub(super) async fn accounts(State(simulation): State<Arc<Simulation>>) -> Json<Vec<Value>> {
    let accounts = simulation.accounts().all();
    Json(accounts.iter().map(|account| masked(account)).collect())
}

fn masked(account: &AccountRegistration) -> Value {
    json!({
        "phone_number_id": account.phone_number_id,
        "business_account_id": account.business_account_id,
        "display_phone_number": account.display_phone_number,
        "verified_name": account.verified_name,
        "webhook_url": account.webhook_url,
        "access_token": MASK,
        "app_secret": MASK,
        "verify_token": MASK,
    })
}

/// `POST /sandbox/accounts/{phone_number_id}/verify`: Meta's handshake with the webhook.
pub(super) async fn verify(
    State(simulation): State<Arc<Simulation>>,
    Path(id): Path<String>,
) -> Response {
    let Some(account) = simulation.accounts().get(&id) else {
        return refused(StatusCode::NOT_FOUND, "no account has this phone number id");
    };
    let Some(url) = &account.webhook_url else {
        return refused(StatusCode::CONFLICT, "the account has no webhook");
    };
    let challenge = entropy::object_id();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.verify_token", &account.verify_token),
        ("hub.challenge", &challenge),
    ];
    let answer = simulation
        .http()
        .get(url)
        .query(&query)
        .timeout(Duration::from_secs(10))
        .send()
        .await;
    let (http_status, echoed) = match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (
                Some(status),
                answer.text().await.is_ok_and(|text| text == challenge),
            )
        }
        Err(_) => (None, false),
    };
    let verified = http_status == Some(200) && echoed;
    Json(json!({"verified": verified, "http_status": http_status})).into_response()
}

/// `GET /sandbox/behaviour`.
pub(super) async fn behaviour(State(simulation): State<Arc<Simulation>>) -> Json<Behaviour> {
    Json(simulation.behaviour())
}

/// `POST /sandbox/behaviour`: changes the fields that are given.
pub(super) async fn change_behaviour(
    State(simulation): State<Arc<Simulation>>,
    Json(change): Json<BehaviourChange>,
) -> Response {
    match simulation.change_behaviour(|behaviour| behaviour.change(&change)) {
        Ok(behaviour) => Json(behaviour).into_response(),
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error),
    }
}
