//! Whether the process is alive, and whether it can do its work.

use std::sync::Arc;

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get};
use nexus_application::Shutdown;
use nexus_domain::ports::Storage;
use serde::Serialize;
use utoipa::ToSchema;

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or what is missing.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Whether the process is alive.
#[utoipa::path(tag = "operations", responses((status = 200, description = "Alive", body = Health)))]
#[get("/health")]
pub async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// What readiness depends on.
#[derive(Clone)]
pub struct Readiness {
    /// The database.
    pub storage: Arc<dyn Storage>,
    /// Whether the process is being stopped.
    pub shutdown: Shutdown,
}

/// Whether the process can serve: the database answers, its schema is current, and the process is
/// not being stopped.
#[utoipa::path(
    tag = "operations",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "Not ready", body = Health),
    )
)]
#[get("/ready")]
pub async fn ready(readiness: Data<Readiness>) -> HttpResponse {
    if readiness.shutdown.requested() {
        return unready("stopping");
    }
    match readiness.storage.check().await {
        Ok(()) => HttpResponse::Ok().json(Health { status: "ok" }),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            unready("database")
        }
    }
}

fn unready(status: &'static str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(Health { status })
}
