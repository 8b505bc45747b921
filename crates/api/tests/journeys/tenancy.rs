//! Everything of somebody else is as missing as what never was, and stays as it is: the object of
//! every operation of the document, and every id that an operation takes in a body or a query. An
//! operation or an id that nobody tries here fails the journey.

mod decisions;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::bulk::{import, over};
use crate::campaigns::{NOBODY, id_of, path_of};
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    somebody_elses_objects_are_as_missing_as_none_in_every_operation,
    somebody_elses_ids_are_as_unknown_as_none_in_every_body_and_query,
}

/// What each folder of the API has ids of, with the paths that show the objects.
struct Owned {
    ids: BTreeMap<&'static str, String>,
    shown: Vec<String>,
}

/// The folders, the longest first: an operation belongs to the first that its path begins with.
const FOLDERS: [&str; 6] = [
    "/api/contacts/segments/",
    "/api/contacts/imports/",
    "/api/contacts/import/",
    "/api/contacts/bulk/",
    "/api/campaigns/",
    "/api/contacts/",
];

/// Paths whose parameter is no id but a name of the user's own, or a key that the provider has.
const OF_NAMES: [&str; 3] = [
    "/api/contacts/fields/{name}",
    "/api/contacts/tags/{tag}",
    "/api/webhooks/whatsapp/{key}",
];

async fn own_everything(owner: &mut Browser) -> Owned {
    let contact = owner
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    // So many that they are changed in the background.
    import(owner, 2_001).await;
    let everybody = json!({"action": "tag", "tags": ["vip"], "filter": {}});
    let answer = owner.post("/api/contacts/bulk", everybody).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    // What is shown changes until it is done.
    let job = id_of(&over(owner, &answer.body["job"]).await);
    let segment = json!({"name": "Todos", "filter": {}});
    let segment = owner.post("/api/contacts/segments", segment).await;
    assert_eq!(segment.status, 201, "{:?}", segment.body);
    let table = b"nombre,telefono\nEva,5512345679\n";
    let import = owner
        .upload_with("/api/contacts/import/preview", table, &[])
        .await;
    let import = id_of(&import.body["import"]);
    let campaign = owner
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let path = path_of(&campaign);
    let file = Form::new().part(
        "file",
        Part::bytes(b"%PDF-1.7".as_slice()).file_name("a.pdf"),
    );
    let request = owner.request(Method::POST, &format!("{path}/media"));
    let with_file = owner.send(request.multipart(file)).await;
    assert_eq!(with_file.status, 201, "{:?}", with_file.body);
    let media = id_of(&with_file.body["campaign"]["media_files"][0]);
    let ids = BTreeMap::from([
        ("/api/contacts/segments/", id_of(&segment.body["segment"])),
        ("/api/contacts/imports/", import.clone()),
        ("/api/contacts/import/", import),
        ("/api/contacts/bulk/", job),
        ("/api/campaigns/", id_of(&campaign)),
        ("/api/contacts/", contact),
        ("{media_id}", media),
    ]);
    let shown = FOLDERS
        .iter()
        .filter(|folder| **folder != "/api/contacts/import/");
    let shown = shown
        .map(|folder| format!("{folder}{}", ids[folder]))
        .collect();
    Owned { ids, shown }
}

/// What these paths show.
async fn seen(browser: &mut Browser, paths: &[String]) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in paths {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        seen.push(answer.body);
    }
    seen
}

/// A body that an operation takes, so that it is not refused for that.
fn body_of(name: &str, own_contact: &str) -> Value {
    match name {
        "put /api/campaigns/{id}"
        | "put /api/contacts/{id}"
        | "put /api/contacts/segments/{id}" => {
            json!({"name": "B"})
        }
        "post /api/campaigns/{id}/schedule" => json!({"scheduled_at": "2027-12-24T09:00"}),
        "post /api/campaigns/{id}/unconfirmed" => json!({"decision": "leave"}),
        "post /api/contacts/{id}/merge" => json!({"other_id": own_contact}),
        _ => json!({}),
    }
}

async fn somebody_elses_objects_are_as_missing_as_none_in_every_operation(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let owned = own_everything(&mut owner).await;
    let before = seen(&mut owner, &owned.shown).await;
    let mut other = app.signed_in("otra@example.mx").await;
    let own_contact = other
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let document = other.get("/api/openapi.json").await.body;
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        if !path.contains('{') || OF_NAMES.contains(&path.as_str()) {
            continue;
        }
        let folder = FOLDERS.iter().find(|folder| path.starts_with(**folder));
        let folder = folder.unwrap_or_else(|| panic!("{path}: say whose object it is"));
        for (method, operation) in operations.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let mut answers = Vec::new();
            for id in [owned.ids[folder].as_str(), NOBODY] {
                let filled = path
                    .replace("{id}", id)
                    .replace("{media_id}", &owned.ids["{media_id}"]);
                assert!(!filled.contains('{'), "{name}: a parameter is not tried");
                let method = method.to_uppercase();
                let method = Method::from_bytes(method.as_bytes()).expect("a method");
                let request = other.request(method, &filled);
                let content = &operation["requestBody"]["content"];
                let request = if content["multipart/form-data"].is_object() {
                    let part = Part::bytes(b"%PDF-1.7".as_slice()).file_name("a.pdf");
                    request.multipart(Form::new().part("file", part))
                } else if content["application/json"].is_object() {
                    request.json(&body_of(&name, &own_contact))
                } else {
                    request
                };
                let mut answer = other.send(request).await;
                assert_eq!(answer.status, 404, "{name}: {:?}", answer.body);
                answer.assert_problem(404, "not_found");
                answer.body["request_id"] = Value::Null;
                answers.push(answer.body);
            }
            assert_eq!(answers[0], answers[1], "{name}");
            if method == "get" {
                let filled = path
                    .replace("{id}", &owned.ids[folder])
                    .replace("{media_id}", &owned.ids["{media_id}"]);
                let request = owner.request(Method::GET, &filled);
                let shown = request.send().await.expect("the server answers");
                assert_eq!(shown.status(), 200, "{name}: not there for the owner");
            }
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
    assert_eq!(seen(&mut owner, &owned.shown).await, before);
}

/// Who has a contact, a segment, and a campaign that has begun.
struct Tenant {
    contact: String,
    segment: String,
    draft: String,
    begun: String,
    recipient: String,
    shown: Vec<String>,
}

impl Tenant {
    async fn with(browser: &mut Browser) -> Self {
        browser.configure_sender().await;
        let contact = browser
            .contact(json!({"name": "Ana", "phone": "5512345678"}))
            .await;
        let segment = json!({"name": "Todos", "filter": {}});
        let segment = browser.post("/api/contacts/segments", segment).await;
        assert_eq!(segment.status, 201, "{:?}", segment.body);
        let written =
            json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}});
        let draft = path_of(&browser.campaign(written.clone()).await);
        let begun = path_of(&browser.campaign(written).await);
        assert_eq!(browser.steer(&begun, "send").await.status, 202);
        // On its way, it would show when it expects to end, which is later each time.
        assert_eq!(browser.steer(&begun, "pause").await.status, 200);
        let recipients = format!("{begun}/recipients");
        let recipient = id_of(&browser.get(&recipients).await.body["recipients"][0]);
        let segment = id_of(&segment.body["segment"]);
        let shown = vec![
            "/api/contacts".to_owned(),
            format!("/api/contacts/{contact}"),
            "/api/contacts/segments".to_owned(),
            format!("/api/contacts/segments/{segment}"),
            "/api/campaigns".to_owned(),
            draft.clone(),
            begun.clone(),
            recipients,
        ];
        Self {
            contact,
            segment,
            draft,
            begun,
            recipient,
            shown,
        }
    }
}

/// A request of a tenant with one id in it that is not the tenant's.
struct WithId {
    operation: &'static str,
    /// Where the document has the id.
    field: &'static str,
    path: String,
    body: Value,
}

impl WithId {
    /// The status and the body, but for the id of the request.
    async fn send(&self, browser: &mut Browser) -> (u16, Value) {
        let method = self.operation.split(' ').next().expect("a method");
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        let mut request = browser.request(method, &self.path);
        if !self.body.is_null() {
            request = request.json(&self.body);
        }
        let Answer {
            status, mut body, ..
        } = browser.send(request).await;
        if !body["request_id"].is_null() {
            body["request_id"] = Value::Null;
        }
        (status.as_u16(), body)
    }
}

/// Every id that an operation takes in a body or a query, as this tenant would send it with these
/// ids of a contact, a segment and a recipient.
fn with_ids(own: &Tenant, contact: &str, segment: &str, recipient: &str) -> Vec<WithId> {
    let with = |operation, field, path: &str, body| WithId {
        operation,
        field,
        path: path.to_owned(),
        body,
    };
    let (contacts, segments) = ("/api/contacts", "/api/contacts/segments");
    let own_segment = format!("{segments}/{}", own.segment);
    let campaign = |more: &str, value: Value| {
        let mut written = json!({"name": "B", "channel": "whatsapp", "message": "Adiós"});
        written[more] = value;
        written
    };
    let (one, rule) = (
        json!([own.contact, contact]),
        json!({"segment_id": segment}),
    );
    let of_segment = json!({"segment": segment});
    let (create, update) = ("post /api/campaigns", "put /api/campaigns/{id}");
    let mut all = Vec::new();
    for (operation, path) in [(create, "/api/campaigns"), (update, own.draft.as_str())] {
        let body = campaign("contact_ids", one.clone());
        all.push(with(operation, "contact_ids", path, body));
        let body = campaign("audience", rule.clone());
        all.push(with(operation, "audience.segment_id", path, body));
    }
    for (operation, path) in [
        ("post /api/contacts/segments", segments),
        ("put /api/contacts/segments/{id}", &own_segment),
    ] {
        let body = json!({"name": "B", "filter": of_segment});
        all.push(with(operation, "filter.segment", path, body));
    }
    for (operation, path) in [
        ("get /api/contacts", contacts),
        ("get /api/contacts/export.csv", "/api/contacts/export.csv"),
        ("get /api/contacts/export.xlsx", "/api/contacts/export.xlsx"),
    ] {
        let path = format!("{path}?segment={segment}");
        all.push(with(operation, "segment", &path, Value::Null));
    }
    all.extend([
        with(
            "get /api/campaigns/{id}/preview",
            "contact_id",
            &format!("{}/preview?contact_id={contact}", own.draft),
            Value::Null,
        ),
        with(
            "post /api/campaigns/{id}/unconfirmed",
            "recipient_ids",
            &format!("{}/unconfirmed", own.begun),
            json!({"decision": "send_again", "recipient_ids": [recipient]}),
        ),
        with(
            "post /api/contacts/bulk",
            "contact_ids",
            "/api/contacts/bulk",
            json!({"action": "delete", "contact_ids": [contact]}),
        ),
        with(
            "post /api/contacts/bulk",
            "filter.segment",
            "/api/contacts/bulk",
            json!({"action": "delete", "filter": of_segment}),
        ),
        with(
            "post /api/contacts/{id}/merge",
            "other_id",
            &format!("{contacts}/{}/merge", own.contact),
            json!({"other_id": contact}),
        ),
    ]);
    all
}

/// Where the document's operations take ids: by operation, the fields of its body and its query.
fn documented_ids(document: &Value) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let mut fields = BTreeSet::new();
            let bodies = operation["requestBody"]["content"].as_object();
            for body in bodies.into_iter().flat_map(|bodies| bodies.values()) {
                fields_of_ids(document, &body["schema"], "", &mut fields);
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    let name = parameter["name"].as_str().expect("a name");
                    fields_of_ids(document, &parameter["schema"], name, &mut fields);
                }
            }
            all.extend(
                fields
                    .into_iter()
                    .map(|field| (format!("{method} {path}"), field)),
            );
        }
    }
    all
}

fn fields_of_ids(document: &Value, schema: &Value, name: &str, found: &mut BTreeSet<String>) {
    // Those are the provider's, and are checked with the user's own key.
    let providers = name.starts_with("whatsapp_");
    let called = name.ends_with("_id") || name.ends_with("_ids");
    if (called || schema["format"] == "uuid") && !providers {
        found.insert(name.to_owned());
    }
    if let Some(pointer) = schema["$ref"].as_str() {
        let there = document.pointer(pointer.trim_start_matches('#'));
        fields_of_ids(document, there.expect("it is there"), name, found);
    }
    for way in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[way].as_array().into_iter().flatten() {
            fields_of_ids(document, schema, name, found);
        }
    }
    if schema["items"].is_object() {
        fields_of_ids(document, &schema["items"], name, found);
    }
    for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
        let name = [name, member].into_iter().filter(|part| !part.is_empty());
        let name = name.collect::<Vec<_>>().join(".");
        fields_of_ids(document, schema, &name, found);
    }
}

async fn somebody_elses_ids_are_as_unknown_as_none_in_every_body_and_query(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let owned = Tenant::with(&mut owner).await;
    let mut other = app.signed_in("otra@example.mx").await;
    let own = Tenant::with(&mut other).await;
    let before = seen(&mut owner, &owned.shown).await;
    let own_before = seen(&mut other, &own.shown).await;

    let foreign = with_ids(&own, &owned.contact, &owned.segment, &owned.recipient);
    let missing = with_ids(&own, NOBODY, NOBODY, NOBODY);
    let mut tried = BTreeSet::new();
    for (foreign, missing) in foreign.into_iter().zip(missing) {
        let name = format!("{}, {}", foreign.operation, foreign.field);
        tried.insert((foreign.operation.to_owned(), foreign.field.to_owned()));
        let theirs = foreign.send(&mut other).await;
        let nobodys = missing.send(&mut other).await;
        assert_eq!(theirs, nobodys, "{name}");
        let (status, body) = theirs;
        // Two take a list of which some may be gone, and count those that are there.
        match foreign.operation {
            "post /api/contacts/bulk" if foreign.field == "contact_ids" => {
                assert_eq!(body, json!({"matched": 0, "changed": 0}));
            }
            "post /api/campaigns/{id}/unconfirmed" => {
                assert_eq!(
                    (&body["decided"], &body["not_unconfirmed"]),
                    (&json!(0), &json!(1))
                );
            }
            _ => assert!(status == 404 || status == 422, "{name}: {status}: {body}"),
        }
    }
    let document = other.get("/api/openapi.json").await.body;
    assert_eq!(tried, documented_ids(&document));
    assert_eq!(seen(&mut owner, &owned.shown).await, before);
    assert_eq!(seen(&mut other, &own.shown).await, own_before);
}
