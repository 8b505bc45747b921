use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::segment_path;
use crate::campaigns::{NOBODY, names};
use crate::support::{App, journeys};

const SEGMENTS: &str = "/api/contacts/segments";

journeys! {
    a_segment_is_saved_changed_and_deleted,
    a_name_is_one_of_a_kind_accents_and_case_aside,
    there_are_a_hundred_at_most,
    what_can_t_be_accepted_is_named,
    a_repeated_request_with_its_key_saves_one_segment,
    somebody_elses_segment_is_as_missing_as_none,
}

async fn a_segment_is_saved_changed_and_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["VIP"]}))
        .await;
    let filter = json!({
        "search": " Ana ", "tags": ["vip", "VIP"], "status": "active", "has": ["phone"],
        "created_after": "2026-01-01T00:00:00-06:00", "created_before": "",
    });
    let answer = browser
        .post(
            SEGMENTS,
            json!({"name": " Fieles ", "filter": filter, "id": NOBODY, "user_id": NOBODY}),
        )
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let segment = answer.body["segment"].clone();
    assert_eq!(segment["name"], "Fieles");
    assert_ne!(segment["id"], NOBODY);
    let kept = json!({
        "search": "Ana", "tags": ["vip"], "status": "active", "has": ["phone"],
        "created_after": "2026-01-01T06:00:00Z", "created_before": null,
    });
    assert_eq!(segment["filter"], kept);
    let path = segment_path(segment["id"].as_str().unwrap());

    let answer = browser.get(&path).await;
    assert_eq!(answer.body, json!({"segment": segment, "contacts": 1}));
    browser
        .contact(json!({"name": "Ana María", "phone": "5512345679", "tags": ["vip"]}))
        .await;
    assert_eq!(browser.get(&path).await.body["contacts"], 2);

    // As a form sends it back.
    let answer = browser
        .put(&path, json!({"name": "Fieles", "filter": kept}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["segment"]["filter"], kept);
    let answer = browser.put(&path, json!({"name": "Fíeles"})).await;
    assert_eq!(answer.body["segment"]["name"], "Fíeles");
    assert_eq!(answer.body["segment"]["filter"], kept);
    let answer = browser.put(&path, json!({"filter": {}})).await;
    assert_eq!(answer.body["segment"]["filter"]["tags"], json!([]));
    assert_eq!(answer.body["segment"]["filter"]["search"], Value::Null);
    assert_eq!(browser.get(&path).await.body["contacts"], 2);

    browser.segment("beta", json!({})).await;
    browser.segment("Ábaco", json!({})).await;
    let list = browser.get(SEGMENTS).await;
    assert_eq!(names(&list.body["segments"]), ["Ábaco", "beta", "Fíeles"]);

    let answer = browser.delete(&path).await;
    assert_eq!(answer.body["message"], "El segmento se eliminó.");
    browser.get(&path).await.assert_problem(404, "not_found");
    browser.delete(&path).await.assert_problem(404, "not_found");
    assert_eq!(
        browser.get("/api/contacts").await.body["pagination"]["total"],
        2
    );
}

async fn a_name_is_one_of_a_kind_accents_and_case_aside(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let first = browser.segment("Otoño", json!({})).await;
    let second = browser.segment("Invierno", json!({})).await;
    let body = json!({"name": "OTONO", "filter": {}});
    let answer = browser.post(SEGMENTS, body.clone()).await;
    answer.assert_problem(409, "segment_name_taken");
    assert_eq!(answer.body["segment_id"], json!(first));
    let answer = browser
        .put(&segment_path(&second), json!({"name": "otoño"}))
        .await;
    answer.assert_problem(409, "segment_name_taken");
    assert_eq!(answer.body["segment_id"], json!(first));
    let answer = browser.put(&segment_path(&first), body.clone()).await;
    assert_eq!(answer.status, 200, "its own name: {:?}", answer.body);
    let mut other = app.signed_in("otra@example.mx").await;
    assert_eq!(other.post(SEGMENTS, body).await.status, 201);

    // Whoever is second is told who was first.
    let answers = join_all((0..4).map(|_| {
        let mut browser = browser.clone();
        async move {
            let body = json!({"name": "Verano", "filter": {}});
            browser.post(SEGMENTS, body).await
        }
    }))
    .await;
    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.assert_problem(409, "segment_name_taken");
        assert_eq!(answer.body["segment_id"], made[0].body["segment"]["id"]);
    }
}

async fn there_are_a_hundred_at_most(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for number in 0..98 {
        browser.segment(&format!("S{number}"), json!({})).await;
    }
    // Some at once: there is room for two.
    let answers = join_all((0..6).map(|number| {
        let mut browser = browser.clone();
        async move {
            let body = json!({"name": format!("R{number}"), "filter": {}});
            browser.post(SEGMENTS, body).await
        }
    }))
    .await;
    let mut refused = 0;
    for answer in &answers {
        if answer.status != 201 {
            answer.assert_problem(409, "segment_limit");
            assert_eq!(
                answer.body["error"],
                "Ya tienes 100 segmentos, que es el máximo: elimina alguno para guardar otro."
            );
            refused += 1;
        }
    }
    assert_eq!(refused, 4);
    let list = browser.get(SEGMENTS).await;
    assert_eq!(list.body["segments"].as_array().unwrap().len(), 100);
}

async fn what_can_t_be_accepted_is_named(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let known = browser.segment("Fieles", json!({})).await;
    let path = segment_path(&known);
    for (body, field, only_new) in [
        (json!({"filter": {}}), "name", true),
        (json!({"name": "A"}), "filter", true),
        (json!({"name": " ", "filter": {}}), "name", false),
        (
            json!({"name": "x".repeat(121), "filter": {}}),
            "name",
            false,
        ),
        (json!({"name": "A", "filter": null}), "filter", false),
        (json!({"name": "A", "filter": "todos"}), "filter", false),
        (
            json!({"name": "A", "filter": {"status": "feliz"}}),
            "filter.status",
            false,
        ),
        (
            json!({"name": "A", "filter": {"has": ["fax"]}}),
            "filter.has",
            false,
        ),
        (
            json!({"name": "A", "filter": {"tags": ["a,b"]}}),
            "filter.tags",
            false,
        ),
        (
            json!({"name": "A", "filter": {"created_after": "ayer"}}),
            "filter.created_after",
            false,
        ),
        (
            json!({"name": "A", "filter": {"segment": known}}),
            "filter.segment",
            false,
        ),
    ] {
        let mut answers = vec![browser.post(SEGMENTS, body.clone()).await];
        if !only_new {
            answers.push(browser.put(&path, body.clone()).await);
        }
        for answer in answers {
            answer.assert_problem(422, "invalid_input");
            assert!(
                answer.body["fields"][field][0].is_string(),
                "{body}: {:?}",
                answer.body
            );
        }
    }
    let list = browser.get(SEGMENTS).await;
    assert_eq!(names(&list.body["segments"]), ["Fieles"]);
}

async fn a_repeated_request_with_its_key_saves_one_segment(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = browser
            .request(Method::POST, SEGMENTS)
            .header("idempotency-key", "segmento-1")
            .json(&json!({"name": "Fieles", "filter": {}}));
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answers.push(answer);
    }
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(answers[1].headers["idempotency-replayed"], "true");
    let list = browser.get(SEGMENTS).await;
    assert_eq!(list.body["segments"].as_array().unwrap().len(), 1);
}

async fn somebody_elses_segment_is_as_missing_as_none(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let id = owner.segment("Fieles", json!({"tags": ["vip"]})).await;
    let mut other = app.signed_in("otra@example.mx").await;
    other
        .contact(json!({"name": "Suya", "phone": "5512345678", "tags": ["vip"]}))
        .await;
    let draft = other.draft_for("Suya", json!({"tags": ["vip"]})).await;
    let draft = super::campaign_path(&draft);
    let new = |segment: &str| {
        json!({"name": "B", "channel": "whatsapp", "message": "Hola",
               "audience": {"segment_id": segment}})
    };
    let delete = |segment: &str| json!({"action": "delete", "filter": {"segment": segment}});
    for unknown in [id.as_str(), NOBODY, "7"] {
        let path = segment_path(unknown);
        other.get(&path).await.assert_problem(404, "not_found");
        other
            .put(&path, json!({"name": "Robado"}))
            .await
            .assert_problem(404, "not_found");
        other.delete(&path).await.assert_problem(404, "not_found");
        let list = format!("/api/contacts?segment={unknown}");
        let csv = format!("/api/contacts/export.csv?segment={unknown}");
        let xlsx = format!("/api/contacts/export.xlsx?segment={unknown}");
        let named = [
            (other.get(&list).await, "segment"),
            (other.get(&csv).await, "segment"),
            (other.get(&xlsx).await, "segment"),
            (
                other.post("/api/contacts/bulk", delete(unknown)).await,
                "filter.segment",
            ),
            (
                other.post("/api/campaigns", new(unknown)).await,
                "audience.segment_id",
            ),
            (other.put(&draft, new(unknown)).await, "audience.segment_id"),
        ];
        for (answer, field) in named {
            answer.assert_problem(422, "invalid_input");
            assert_eq!(
                answer.body["fields"],
                json!({field: ["Este segmento no existe."]}),
                "{unknown}"
            );
        }
    }
    assert_eq!(other.get(SEGMENTS).await.body["segments"], json!([]));
    assert_eq!(
        other.get("/api/contacts").await.body["pagination"]["total"],
        1
    );
    let answer = other.get(&draft).await;
    assert_eq!(answer.body["campaign"]["name"], "Suya");
    assert_eq!(
        answer.body["campaign"]["audience"]["segment_id"],
        Value::Null
    );
    // What another calls by the same tag is no reason to refuse, and is not changed.
    let tag = "/api/contacts/tags/vip";
    assert_eq!(other.put(tag, json!({"name": "oro"})).await.status, 200);
    let answer = owner.get(&segment_path(&id)).await;
    assert_eq!(answer.body["segment"]["name"], "Fieles");
    assert_eq!(answer.body["segment"]["filter"]["tags"], json!(["vip"]));
    assert_eq!(answer.body["contacts"], 0);

    let mut stranger = app.browser();
    let path = segment_path(&id);
    for (method, path) in [
        (Method::GET, SEGMENTS),
        (Method::POST, SEGMENTS),
        (Method::GET, &path),
        (Method::PUT, &path),
        (Method::DELETE, &path),
    ] {
        let request = stranger
            .request(method, path)
            .json(&json!({"name": "B", "filter": {}}));
        stranger
            .send(request)
            .await
            .assert_problem(401, "not_signed_in");
    }
}
