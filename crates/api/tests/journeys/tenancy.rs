//! Every operation of the document on one object, tried by somebody else: the object is as missing as
//! one that never was, and stays as it is.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::bulk::{import, over};
use crate::campaigns::{NOBODY, id_of, path_of};
use crate::support::{App, Browser, journeys};

journeys! {
    somebody_elses_objects_are_as_missing_as_none_in_every_operation,
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

/// A body that an operation takes, so that it is not refused for that.
fn body_of(name: &str, owned: &Owned) -> Value {
    match name {
        "put /api/campaigns/{id}"
        | "put /api/contacts/{id}"
        | "put /api/contacts/segments/{id}" => {
            json!({"name": "B"})
        }
        "post /api/campaigns/{id}/schedule" => json!({"scheduled_at": "2027-12-24T09:00"}),
        "post /api/campaigns/{id}/unconfirmed" => json!({"decision": "leave"}),
        "post /api/contacts/{id}/merge" => json!({"other_id": owned.ids["/api/contacts/"]}),
        _ => json!({}),
    }
}

async fn somebody_elses_objects_are_as_missing_as_none_in_every_operation(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let owned = own_everything(&mut owner).await;
    let mut before = Vec::new();
    for path in &owned.shown {
        let answer = owner.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.body);
        before.push(answer.body);
    }
    let mut other = app.signed_in("otra@example.mx").await;
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
                    request.json(&body_of(&name, &owned))
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
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
    for (path, before) in owned.shown.iter().zip(before) {
        assert_eq!(owner.get(path).await.body, before, "{path}");
    }
}
