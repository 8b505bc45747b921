//! The routes of the Graph API, and its smaller resources: numbers, templates, media.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};

use super::accounts::AccountRegistration;
use super::errors::GraphError;
use super::media::LARGEST_UPLOAD;
use super::messages;
use super::simulation::Simulation;
use crate::entropy;
use crate::journal::{Event, MediaRecord};

type Parameters = Query<HashMap<String, String>>;
type Answered = Result<Json<Value>, GraphError>;

/// Download links stop working after this many seconds.
const LINK_LIFE: i64 = 300;

/// Every path of the Graph API that the sandbox serves.
pub(crate) fn routes() -> Router<Arc<Simulation>> {
    Router::new()
        .route("/{version}/{id}", get(node).delete(delete_media))
        .route("/{version}/{id}/messages", post(messages::send))
        .route(
            "/{version}/{id}/media",
            post(upload).layer(DefaultBodyLimit::max(LARGEST_UPLOAD)),
        )
        .route(
            "/{version}/{id}/message_templates",
            get(templates).post(create_template).delete(delete_template),
        )
        .route("/{version}/{id}/phone_numbers", get(phone_numbers))
        .route(
            "/{version}/{id}/subscribed_apps",
            get(subscribed_apps).post(subscribe),
        )
        .route_layer(middleware::from_fn(versioned))
        .route("/whatsapp_business/attachments", get(download))
}

/// Graph paths start with `v` and a version, such as `v23.0`.
async fn versioned(
    path: Result<Path<HashMap<String, String>>, PathRejection>,
    request: Request,
    next: Next,
) -> Response {
    let known = path.is_ok_and(|Path(segments)| {
        segments
            .get("version")
            .and_then(|version| version.strip_prefix('v')?.split_once('.'))
            .is_some_and(|(major, minor)| {
                major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok()
            })
    });
    if known {
        next.run(request).await
    } else {
        let path = request.uri().path();
        GraphError::invalid(format!("Unknown path components: {path}")).into_response()
    }
}

/// `GET /{version}/{id}`: a phone number, a business account or a media file.
async fn node(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Answered {
    let bearer = simulation.accounts().bearer(&headers)?;
    let fields = query.get("fields").map(String::as_str);
    if let Some(account) = simulation.accounts().get(&id).filter(|a| bearer.owns(a)) {
        return Ok(Json(selected(phone_number(&simulation, &account), fields)));
    }
    let business = simulation.accounts().of_business(&id);
    if business.iter().any(|account| bearer.owns(account)) {
        return Ok(Json(json!({
            "id": id,
            "name": business[0].verified_name,
            "timezone_id": "1",
            "message_template_namespace": format!("{:016x}", entropy::stable_hash(&id)),
        })));
    }
    let record = media_of(&simulation, &headers, "get", &id)?;
    let expires = entropy::now().timestamp() + LINK_LIFE;
    Ok(Json(json!({
        "messaging_product": "whatsapp",
        "url": format!(
            "{}/whatsapp_business/attachments?mid={id}&ext={expires}&hash={}",
            simulation.base_url(),
            link_hash(&record, expires),
        ),
        "mime_type": record.mime_type,
        "sha256": record.sha256,
        "file_size": record.file_size,
        "id": id,
    })))
}

fn phone_number(simulation: &Simulation, account: &AccountRegistration) -> Value {
    let rating = simulation.ratings().of(&account.phone_number_id);
    json!({
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "quality_rating": rating,
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "status": "CONNECTED",
        "messaging_limit_tier": "TIER_1K",
        "throughput": {"level": "STANDARD"},
        "id": account.phone_number_id,
    })
}

/// Only the fields asked for, and always the id.
fn selected(node: Value, fields: Option<&str>) -> Value {
    let (Some(fields), Value::Object(node)) = (fields, &node) else {
        return node;
    };
    let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
    let chosen: Map<_, _> = node
        .iter()
        .filter(|(key, _)| *key == "id" || wanted.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(chosen)
}

/// A business account of this token.
fn business(
    simulation: &Simulation,
    headers: &HeaderMap,
    method: &str,
    id: &str,
) -> Result<Vec<Arc<AccountRegistration>>, GraphError> {
    let bearer = simulation.accounts().bearer(headers)?;
    let mut accounts = simulation.accounts().of_business(id);
    accounts.retain(|account| bearer.owns(account));
    if accounts.is_empty() {
        return Err(GraphError::unknown_object(method, id));
    }
    Ok(accounts)
}

async fn templates(
    State(simulation): State<Arc<Simulation>>,
    Path((version, id)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Answered {
    business(&simulation, &headers, "get", &id)?;
    let fields = query.get("fields").map(String::as_str);
    let filters = ["name", "language", "status", "category"];
    let shelf = simulation.templates().of(&id);
    let matching: Vec<&Value> = shelf
        .all()
        .iter()
        .filter(|template| {
            filters.iter().all(|key| {
                query
                    .get(*key)
                    .is_none_or(|wanted| template[*key] == wanted.as_str())
            })
        })
        .collect();
    let limit = match query.get("limit").map(|limit| limit.parse::<usize>()) {
        None => 25,
        Some(Ok(limit @ 1..=1000)) => limit,
        Some(_) => {
            return Err(GraphError::invalid(
                "Param limit must be between 1 and 1000.",
            ));
        }
    };
    let start = match query.get("after").filter(|after| !after.is_empty()) {
        None => 0,
        Some(after) => {
            place_after(after).ok_or_else(|| GraphError::invalid("Param after is not a cursor."))?
        }
    };
    let page: Vec<Value> = matching
        .iter()
        .skip(start)
        .take(limit)
        .map(|template| selected((*template).clone(), fields))
        .collect();
    let end = start + page.len();
    let mut answer = json!({"data": page});
    if end > start {
        answer["paging"] = json!({"cursors": {"before": cursor(start), "after": cursor(end)}});
        if end < matching.len() {
            let mut next = format!(
                "{}/{version}/{id}/message_templates?limit={limit}&after={}",
                simulation.base_url(),
                cursor(end)
            );
            if let Some(fields) = fields {
                next.push_str("&fields=");
                next.push_str(fields);
            }
            answer["paging"]["next"] = next.into();
        }
    }
    Ok(Json(answer))
}

/// `POST /{version}/{waba_id}/message_templates`: a new template, which waits for its review.
async fn create_template(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(template): Json<Value>,
) -> Answered {
    business(&simulation, &headers, "post", &id)?;
    let created = simulation.create_template(&id, template, "PENDING")?;
    Ok(Json(json!({
        "id": created["id"],
        "status": created["status"],
        "category": created["category"],
    })))
}

/// `DELETE /{version}/{waba_id}/message_templates?name=`: in all its languages.
async fn delete_template(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Answered {
    business(&simulation, &headers, "delete", &id)?;
    let name = query
        .get("name")
        .ok_or_else(|| GraphError::invalid("The parameter name is required."))?;
    let deleted = simulation.templates().change(&id, |templates| {
        let before = templates.len();
        templates.retain(|template| template["name"] != name.as_str());
        before - templates.len()
    });
    if deleted == 0 {
        return Err(GraphError::invalid(format!(
            "Message Template {name} is not found."
        )));
    }
    Ok(Json(json!({"success": true})))
}

/// Opaque to clients, as Meta's are.
fn cursor(place: usize) -> String {
    hex::encode(format!("after:{place}"))
}

fn place_after(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}

async fn phone_numbers(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Answered {
    let accounts = business(&simulation, &headers, "get", &id)?;
    let fields = query.get("fields").map(String::as_str);
    let data: Vec<Value> = accounts
        .iter()
        .map(|account| selected(phone_number(&simulation, account), fields))
        .collect();
    Ok(Json(json!({
        "data": data,
        "paging": {"cursors": {"before": cursor(0), "after": cursor(data.len())}},
    })))
}

/// Webhooks follow from the registration; this answers as Meta does.
async fn subscribed_apps(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    business(&simulation, &headers, "get", &id)?;
    Ok(Json(json!({"data": [{"whatsapp_business_api_data": {
        "id": "670843887433847",
        "link": "https://www.facebook.com/games/?app_id=670843887433847",
        "name": "Nexus Sandbox",
    }}]})))
}

async fn subscribe(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    business(&simulation, &headers, "post", &id)?;
    Ok(Json(json!({"success": true})))
}

/// `POST /{version}/{phone_number_id}/media`, multipart: file, messaging_product, type.
async fn upload(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Answered {
    let account = simulation.accounts().authorise(&headers, "post", &id)?;
    let unreadable = |_| GraphError::invalid("The multipart body can't be read.");
    let (mut file, mut product, mut kind) = (None, None, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("file") => {
                let declared = field.content_type().map(str::to_owned);
                file = Some((declared, field.bytes().await.map_err(unreadable)?));
            }
            Some("messaging_product") => product = Some(field.text().await.map_err(unreadable)?),
            Some("type") => kind = Some(field.text().await.map_err(unreadable)?),
            _ => {}
        }
    }
    if product.as_deref() != Some("whatsapp") {
        return Err(GraphError::invalid(
            "The parameter messaging_product is required.",
        ));
    }
    let (declared, bytes) =
        file.ok_or_else(|| GraphError::invalid("The parameter file is required."))?;
    let mime_type = declared.or(kind).unwrap_or_default();
    let record = simulation
        .media()
        .store(&account.phone_number_id, &mime_type, bytes)
        .await?;
    let media_id = record.media_id.clone();
    simulation.record_or_log(Event::Media(record));
    Ok(Json(json!({"id": media_id})))
}

/// A file that some number of this token uploaded.
fn media_of(
    simulation: &Simulation,
    headers: &HeaderMap,
    method: &str,
    id: &str,
) -> Result<MediaRecord, GraphError> {
    let bearer = simulation.accounts().bearer(headers)?;
    simulation
        .media()
        .record(id)
        .filter(|record| {
            let account = simulation.accounts().get(&record.phone_number_id);
            account.is_some_and(|account| bearer.owns(&account))
        })
        .ok_or_else(|| GraphError::unknown_object(method, id))
}

async fn delete_media(
    State(simulation): State<Arc<Simulation>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answered {
    media_of(&simulation, &headers, "delete", &id)?;
    simulation.media().remove(&id);
    simulation.record_or_log(Event::MediaDeleted { media_id: id });
    Ok(Json(json!({"success": true})))
}

fn link_hash(record: &MediaRecord, expires: i64) -> String {
    let text = format!("{}:{}:{expires}", record.media_id, record.sha256);
    format!("{:016x}", entropy::stable_hash(&text))
}

/// The download link: needs the bearer token and works for five minutes.
async fn download(
    State(simulation): State<Arc<Simulation>>,
    Query(query): Parameters,
    headers: HeaderMap,
) -> Result<Response, GraphError> {
    let id = query.get("mid").map_or("", String::as_str);
    let record = media_of(&simulation, &headers, "get", id)?;
    let expires = query
        .get("ext")
        .and_then(|ext| ext.parse().ok())
        .unwrap_or(0);
    let intact = query.get("hash") == Some(&link_hash(&record, expires));
    if !intact || expires < entropy::now().timestamp() {
        return Ok((StatusCode::NOT_FOUND, "URL signature expired").into_response());
    }
    let bytes = simulation
        .media()
        .bytes(id)
        .await
        .ok_or_else(|| GraphError::unknown_object("get", id))?;
    let content_type = [(header::CONTENT_TYPE, record.mime_type)];
    Ok((content_type, bytes).into_response())
}
