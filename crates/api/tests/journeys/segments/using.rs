use serde_json::json;

use super::{campaign_path, segment_path};
use crate::bulk::total;
use crate::campaigns::{id_of, names, sorted};
use crate::support::{App, Browser, journeys};

journeys! {
    a_segment_narrows_down_lists_and_exports_together_with_other_conditions,
    contacts_of_a_segment_are_changed_together,
    a_segment_is_written_to_with_what_is_known_of_its_contacts,
}

/// The id of the segment of the clients of the centre who are active.
async fn prepared(browser: &mut Browser) -> String {
    for (name, phone, tags, status) in [
        ("Ana Centro", "5512345670", json!(["cliente"]), "active"),
        (
            "Beto Centro",
            "5512345671",
            json!(["cliente", "vip"]),
            "active",
        ),
        ("Carla Centro", "5512345672", json!(["cliente"]), "inactive"),
        (
            "Dora Norte",
            "5512345673",
            json!(["cliente", "vip"]),
            "active",
        ),
        ("Eva Centro", "5512345674", json!(["vip"]), "active"),
    ] {
        browser
            .contact(json!({"name": name, "phone": phone, "tags": tags, "status": status}))
            .await;
    }
    browser
        .segment(
            "Clientes del centro",
            json!({"search": "centro", "tags": ["CLIENTE"], "status": "active"}),
        )
        .await
}

async fn a_segment_narrows_down_lists_and_exports_together_with_other_conditions(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let id = prepared(&mut browser).await;
    for (query, expected) in [
        ("", &["Ana Centro", "Beto Centro"][..]),
        ("&tag=vip", &["Beto Centro"]),
        // Two searches, and two statuses, must both hold.
        ("&search=ana", &["Ana Centro"]),
        ("&search=norte", &[]),
        ("&status=active", &["Ana Centro", "Beto Centro"]),
        ("&status=inactive", &[]),
        ("&search=b&tag=cliente&has=phone", &["Beto Centro"]),
        ("&has=email", &[]),
    ] {
        for sort in ["name", "created_at"] {
            let path = format!("/api/contacts?segment={id}{query}&sort={sort}");
            let list = browser.get(&path).await;
            assert_eq!(list.status, 200, "{:?}", list.body);
            assert_eq!(sorted(names(&list.body["contacts"])), expected, "{query}");
            assert_eq!(list.body["pagination"]["total"], expected.len(), "{query}");
        }
        let path = format!("/api/contacts/export.csv?segment={id}{query}");
        let (_, file) = browser.download(&path).await;
        assert_eq!(file.lines().count(), expected.len() + 1, "{query}: {file}");
        for name in expected {
            assert!(file.contains(&format!("\n{name},")), "{query}: {file}");
        }
    }
    let xlsx = format!("/api/contacts/export.xlsx?segment={id}");
    let answer = browser.request(reqwest::Method::GET, &xlsx).send().await;
    assert_eq!(answer.expect("an answer").status(), 200);

    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("/api/contacts?segment={id}&per_page=1&cursor={cursor}");
        let part = browser.get(&path).await;
        seen.extend(names(&part.body["contacts"]).into_iter().map(String::from));
        match part.body["pagination"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, ["Beto Centro", "Ana Centro"]);
    assert_eq!(total(&mut browser, "segment=").await, 5);
}

async fn contacts_of_a_segment_are_changed_together(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let id = prepared(&mut browser).await;
    let bulk = |action: serde_json::Value, filter: serde_json::Value| {
        let mut body = action;
        body["filter"] = filter;
        body
    };
    for (body, matched, changed) in [
        (
            bulk(
                json!({"action": "tag", "tags": ["centro"]}),
                json!({"segment": id}),
            ),
            2,
            2,
        ),
        (
            bulk(
                json!({"action": "set_status", "status": "inactive"}),
                json!({"segment": id, "tags": ["vip"], "search": "beto"}),
            ),
            1,
            1,
        ),
        (
            bulk(
                json!({"action": "delete"}),
                json!({"segment": id, "status": "inactive"}),
            ),
            0,
            0,
        ),
        (
            bulk(json!({"action": "delete"}), json!({"segment": id})),
            1,
            1,
        ),
    ] {
        let answer = browser.post("/api/contacts/bulk", body.clone()).await;
        assert_eq!(
            answer.body,
            json!({"matched": matched, "changed": changed}),
            "{body}"
        );
    }
    let list = browser.get("/api/contacts?sort=name").await;
    assert_eq!(
        names(&list.body["contacts"]),
        ["Beto Centro", "Carla Centro", "Dora Norte", "Eva Centro"]
    );
    assert_eq!(total(&mut browser, "tag=centro").await, 1);
    assert_eq!(browser.get(&segment_path(&id)).await.body["contacts"], 0);
}

async fn a_segment_is_written_to_with_what_is_known_of_its_contacts(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for (name, phone, city) in [
        ("Ana Centro", "5512345670", "Lima"),
        ("Beto Norte", "5512345671", "Cusco"),
    ] {
        browser
            .contact(json!({"name": name, "phone": phone, "custom_fields": {"Ciudad": city}}))
            .await;
    }
    let id = browser
        .segment("Del centro", json!({"search": "centro"}))
        .await;
    let path = format!("/api/contacts/export.csv?segment={id}");
    let (_, file) = browser.download(&path).await;
    assert!(file.contains("Ciudad") && file.contains("Lima"), "{file}");
    assert!(!file.contains("Cusco"), "{file}");

    let campaign = browser
        .campaign(json!({
            "name": "Centro", "channel": "whatsapp", "message": "Hola {nombre} de {ciudad}",
            "audience": {"segment_id": id},
        }))
        .await;
    assert_eq!(campaign["total_recipients"], 1);
    let campaign = campaign_path(&id_of(&campaign));
    let preview = browser.get(&format!("{campaign}/preview")).await;
    assert_eq!(preview.status, 200, "{:?}", preview.body);
    assert_eq!(
        preview.body["preview"]["message"],
        "Hola Ana Centro de Lima"
    );

    let field = "/api/contacts/fields/Ciudad";
    let refused = browser.delete(field).await;
    refused.assert_problem(409, "field_in_use");
    assert_eq!(browser.delete(&campaign).await.status, 200);
    assert_eq!(browser.delete(field).await.status, 200);
    let path = format!("/api/contacts?segment={id}");
    let list = browser.get(&path).await;
    assert_eq!(names(&list.body["contacts"]), ["Ana Centro"]);
    assert_eq!(list.body["contacts"][0]["custom_fields"], json!({}));
}
