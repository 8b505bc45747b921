//! The sandbox's own endpoints under `/sandbox`, and its page.

mod guard;
mod journal;
mod news;
mod page;
mod phones;
mod setup;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::whatsapp::Simulation;

pub(crate) fn routes() -> Router<Arc<Simulation>> {
    Router::new()
        .route("/", get(page::show))
        .route(
            "/sandbox/accounts",
            get(setup::accounts).post(setup::register),
        )
        .route("/sandbox/accounts/{id}/verify", post(setup::verify))
        .route(
            "/sandbox/accounts/{id}/templates",
            get(news::templates)
                .post(news::add_template)
                .put(news::change_template),
        )
        .route("/sandbox/accounts/{id}/rating", post(news::rate))
        .route("/sandbox/accounts/{id}/news", post(news::tell))
        .route(
            "/sandbox/behaviour",
            get(setup::behaviour).post(setup::change_behaviour),
        )
        .route("/sandbox/numbers", get(phones::test_numbers))
        .route("/sandbox/journal", get(journal::entries))
        .route("/sandbox/summary", get(journal::summary))
        .route("/sandbox/phones", get(phones::list))
        .route("/sandbox/phones/{number}", get(phones::conversation))
        .route("/sandbox/phones/{number}/reply", post(phones::reply))
        .route_layer(middleware::from_fn(guard::this_machine_only))
}

fn refused(status: StatusCode, message: &(impl ToString + ?Sized)) -> Response {
    (status, Json(json!({"error": message.to_string()}))).into_response()
}
