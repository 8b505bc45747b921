use reqwest::Method;
use serde_json::{Value, json};

use super::{NOBODY, id_of, path_of};
use crate::support::{App, journeys};

journeys! {
    a_client_sets_neither_status_nor_counters_nor_owner,
    somebody_elses_campaign_is_as_missing_as_none,
    malformed_requests_come_in_the_one_shape_of_errors,
}

async fn a_client_sets_neither_status_nor_counters_nor_owner(app: App) {
    let mut other = app.signed_in("otra@example.mx").await;
    let answer = other.get("/api/auth/me").await;
    let foreign = id_of(&answer.body["user"]);
    let mut browser = app.signed_in("ana@example.mx").await;
    let wished = json!({
        "name": "A", "channel": "whatsapp", "message": "Hola",
        "id": NOBODY, "user_id": foreign, "sender_id": NOBODY, "status": "active",
        "state": "active", "sent_count": 7, "total_recipients": 7, "counters": {"sent": 7},
        "started_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
        "media_files": [{"id": NOBODY}],
    });
    let campaign = browser.campaign(wished.clone()).await;
    let path = path_of(&campaign);
    let answer = browser.put(&path, wished).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    for campaign in [&campaign, &answer.body["campaign"]] {
        assert_ne!(campaign["id"], NOBODY);
        assert_eq!(campaign["status"], "draft");
        assert_eq!(campaign["sent_count"], 0);
        assert_eq!(campaign["total_recipients"], 0);
        assert_eq!(campaign["started_at"], Value::Null);
        assert_ne!(campaign["created_at"], "2026-01-01T00:00:00Z");
        assert_eq!(campaign["media_files"], json!([]));
    }
    other.get(&path).await.assert_problem(404, "not_found");
}

async fn somebody_elses_campaign_is_as_missing_as_none(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    owner.configure_sender().await;
    owner
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = owner
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let path = path_of(&campaign);
    assert_eq!(owner.steer(&path, "send").await.status, 202);

    let mut other = app.signed_in("otra@example.mx").await;
    other.configure_sender().await;
    let missing = format!("/api/campaigns/{NOBODY}");
    for (method, tail) in [
        (Method::GET, ""),
        (Method::PUT, ""),
        (Method::DELETE, ""),
        (Method::POST, "/send"),
        (Method::POST, "/pause"),
        (Method::POST, "/resume"),
        (Method::POST, "/cancel"),
        (Method::GET, "/preview"),
        (Method::GET, "/recipients"),
        (Method::GET, "/recipients?status=queued"),
    ] {
        let mut answers = Vec::new();
        for path in [&path, &missing, &"/api/campaigns/7".to_owned()] {
            let request = other
                .request(method.clone(), &format!("{path}{tail}"))
                .json(&json!({"name": "B"}));
            let mut answer = other.send(request).await;
            answer.assert_problem(404, "not_found");
            answer.body["request_id"] = Value::Null;
            answers.push(answer.body);
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{tail}");
    }
    let list = other.get("/api/campaigns").await;
    assert_eq!(list.body["pagination"]["total"], 0);

    let now = owner.get(&path).await.body["campaign"].clone();
    assert_eq!(
        (&now["status"], &now["name"]),
        (&json!("active"), &json!("A"))
    );
}

async fn malformed_requests_come_in_the_one_shape_of_errors(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = browser.draft("A").await;
    for (method, path) in [(Method::POST, "/api/campaigns"), (Method::PUT, &path)] {
        let send = |body: &'static str| {
            browser
                .request(method.clone(), path)
                .header("content-type", "application/json")
                .body(body)
        };
        for (body, status, code, field) in [
            ("{\"name\": ", 400, "malformed_json", None),
            ("[1]", 422, "invalid_input", None),
            ("{\"name\": 7}", 422, "invalid_input", Some("name")),
            ("{\"template\": []}", 422, "invalid_input", Some("template")),
            (
                "{\"template\": {\"variables\": {\"1\": 2}}}",
                422,
                "invalid_input",
                Some("template.variables.1"),
            ),
            (
                "{\"contact_ids\": [7]}",
                422,
                "invalid_input",
                Some("contact_ids[0]"),
            ),
            (
                "{\"audience\": {\"tags\": \"vip\"}}",
                422,
                "invalid_input",
                Some("audience.tags"),
            ),
        ] {
            let answer = browser.clone().send(send(body)).await;
            answer.assert_problem(status, code);
            if let Some(field) = field {
                assert!(
                    answer.body["fields"][field][0].is_string(),
                    "{body}: {:?}",
                    answer.body
                );
            }
        }
    }
    browser
        .get("/api/campaigns/no-es-un-id")
        .await
        .assert_problem(404, "not_found");
    browser
        .get(&format!("{path}/nada"))
        .await
        .assert_problem(404, "unknown_path");
    let answer = browser.get(&format!("{path}/send")).await;
    assert!(answer.status.is_client_error(), "{:?}", answer.body);
    assert!(!answer.code().is_empty());

    let mut stranger = app.browser();
    for (method, tail) in [
        (Method::GET, ""),
        (Method::PUT, ""),
        (Method::DELETE, ""),
        (Method::POST, "/send"),
        (Method::POST, "/pause"),
        (Method::POST, "/resume"),
        (Method::POST, "/cancel"),
        (Method::GET, "/preview"),
        (Method::GET, "/recipients"),
    ] {
        let request = stranger
            .request(method, &format!("{path}{tail}"))
            .json(&json!({"name": "B"}));
        stranger
            .send(request)
            .await
            .assert_problem(401, "not_signed_in");
    }
    for request in [
        stranger.request(Method::GET, "/api/campaigns"),
        stranger
            .request(Method::POST, "/api/campaigns")
            .json(&json!({})),
    ] {
        stranger
            .send(request)
            .await
            .assert_problem(401, "not_signed_in");
    }
}
