//! Changes of many contacts.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{App, Browser, journeys};

journeys! {
    contacts_named_one_by_one_are_changed_together,
    contacts_found_by_a_filter_are_changed_together,
    what_is_not_understood_changes_nothing,
    a_filter_never_means_everyone_by_mistake,
    thousands_are_changed_in_the_background,
    nobody_changes_the_contacts_of_others,
    tags_are_renamed_merged_and_deleted,
    a_tag_of_thousands_is_renamed_in_the_background,
}

async fn add(browser: &mut Browser, contact: Value) -> String {
    let answer = browser.post("/api/contacts", contact).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body["contact"]["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn total(browser: &mut Browser, query: &str) -> u64 {
    let answer = browser.get(&format!("/api/contacts?{query}")).await;
    answer.body["pagination"]["total"].as_u64().unwrap()
}

/// Imports so many contacts.
pub(crate) async fn import(browser: &mut Browser, count: usize) {
    let mut file = "nombre,correo,etiquetas\n".to_owned();
    for number in 0..count {
        writeln!(file, "Cliente {number:05},c{number}@example.mx,lista").unwrap();
    }
    let answer = browser.upload("muchos.csv", file.as_bytes()).await;
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    for _ in 0..1_200 {
        let answer = browser.get(&format!("/api/contacts/imports/{id}")).await;
        if answer.body["import"]["status"] == "completed" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import did not end");
}

/// The job of an answer once it is over.
pub(crate) async fn over(browser: &mut Browser, job: &Value) -> Value {
    let path = format!("/api/contacts/bulk/{}", job["id"].as_str().unwrap());
    for _ in 0..1_200 {
        let answer = browser.get(&path).await;
        let job = answer.body["job"].clone();
        if job["status"] == "completed" || job["status"] == "failed" {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the change did not end");
}

async fn a_filter_never_means_everyone_by_mistake(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    add(
        &mut browser,
        json!({"name": "Ana", "email": "ana@b.mx", "tags": ["vip"]}),
    )
    .await;
    add(
        &mut browser,
        json!({"name": "Eva Luz", "email": "eva@b.mx"}),
    )
    .await;
    let nobody = "01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11";
    for filter in [
        json!({"segment_id": nobody}),
        json!({"tag": ["vip"]}),
        json!({"tags": ["vip"], "tag": "vip"}),
        json!([]),
        json!(["vip"]),
        json!({"search": "´"}),
        json!({"search": "\u{301}"}),
    ] {
        let body = json!({"action": "delete", "filter": filter});
        let answer = browser.post("/api/contacts/bulk", body).await;
        assert_eq!(answer.status, 422, "{filter}: {:?}", answer.body);
        let body = json!({"name": "Norte", "filter": filter});
        let answer = browser.post("/api/contacts/segments", body).await;
        assert_eq!(answer.status, 422, "{filter}: {:?}", answer.body);
    }
    assert_eq!(browser.get("/api/contacts?search=%C2%B4").await.status, 422);
    assert_eq!(total(&mut browser, "").await, 2);
}

async fn contacts_named_one_by_one_are_changed_together(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let contact = json!({"name": "N", "email": format!("c{number}@b.mx"), "tags": ["uno"]});
        ids.push(add(&mut browser, contact).await);
    }
    let missing = "01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11";
    let named = json!([ids[0], ids[1], ids[1], missing, "no-es-un-id"]);
    for (body, matched, changed) in [
        (
            json!({"action": "tag", "tags": ["VIP", "uno"], "contact_ids": named}),
            2,
            2,
        ),
        (
            json!({"action": "tag", "tags": ["vip"], "contact_ids": named}),
            2,
            0,
        ),
        (
            json!({"action": "untag", "tags": ["UNO"], "contact_ids": [ids[1], ids[2]]}),
            2,
            2,
        ),
        (
            json!({"action": "set_status", "status": "unsubscribed", "contact_ids": [ids[0]]}),
            1,
            1,
        ),
        (
            json!({"action": "delete", "contact_ids": [ids[3], ids[3]]}),
            1,
            1,
        ),
        (json!({"action": "delete", "contact_ids": [ids[3]]}), 0, 0),
    ] {
        let answer = browser.post("/api/contacts/bulk", body.clone()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(
            answer.body,
            json!({"matched": matched, "changed": changed}),
            "{body}"
        );
    }
    let tags = browser.get("/api/contacts/tags").await;
    assert_eq!(
        tags.body["tags"],
        json!([{"tag": "uno", "contacts": 1}, {"tag": "VIP", "contacts": 2}])
    );
    let first = browser.get(&format!("/api/contacts/{}", ids[0])).await;
    assert_eq!(first.body["contact"]["tags"], json!(["uno", "VIP"]));
    assert_eq!(first.body["contact"]["unsubscribed_source"], "user");
    assert_eq!(total(&mut browser, "search=vip").await, 2);
    assert_eq!(total(&mut browser, "").await, 3);
    assert_eq!(total(&mut browser, "status=active").await, 2);
}

async fn contacts_found_by_a_filter_are_changed_together(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    add(
        &mut browser,
        json!({"name": "Ana", "email": "a@b.mx", "tags": ["norte"]}),
    )
    .await;
    add(
        &mut browser,
        json!({"name": "Bea", "phone": "5512345678", "tags": ["norte"]}),
    )
    .await;
    add(
        &mut browser,
        json!({"name": "Caro", "email": "c@b.mx", "tags": ["sur"]}),
    )
    .await;
    for (body, matched) in [
        (
            json!({"action": "tag", "tags": ["correo"], "filter": {"has": ["email"]}}),
            2,
        ),
        (
            json!({"action": "set_status", "status": "inactive",
                   "filter": {"tags": ["norte"], "search": "bea"}}),
            1,
        ),
        (
            json!({"action": "set_status", "status": "active", "filter": {"status": "inactive"}}),
            1,
        ),
        (
            json!({"action": "delete", "filter": {"tags": ["norte", "correo"]}}),
            1,
        ),
        (json!({"action": "delete", "filter": {}}), 2),
    ] {
        let answer = browser.post("/api/contacts/bulk", body.clone()).await;
        let expected = json!({"matched": matched, "changed": matched});
        assert_eq!(answer.body, expected, "{body}");
    }
    assert_eq!(total(&mut browser, "").await, 0);
    let tags = browser.get("/api/contacts/tags").await;
    assert_eq!(tags.body["tags"], json!([]));
}

async fn what_is_not_understood_changes_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let id = add(&mut browser, json!({"name": "Ana", "email": "a@b.mx"})).await;
    for (body, field) in [
        (json!({"contact_ids": [id]}), "action"),
        (json!({"action": "burn", "contact_ids": [id]}), "action"),
        (json!({"action": "delete"}), "contact_ids"),
        (
            json!({"action": "delete", "contact_ids": []}),
            "contact_ids",
        ),
        (
            json!({"action": "delete", "contact_ids": [id], "filter": {}}),
            "filter",
        ),
        (
            json!({"action": "delete", "filter": {"status": "gone"}}),
            "filter.status",
        ),
        (
            json!({"action": "delete", "filter": {"tags": ["a,b"]}}),
            "filter.tags",
        ),
        (
            json!({"action": "tag", "tags": [" "], "filter": {}}),
            "tags",
        ),
        (json!({"action": "set_status", "filter": {}}), "status"),
        (
            json!({"action": "delete", "contact_ids": vec![id.clone(); 10_001]}),
            "contact_ids",
        ),
    ] {
        let answer = browser.post("/api/contacts/bulk", body).await;
        answer.assert_problem(422, "invalid_input");
        let fields = answer.body["fields"].as_object().unwrap();
        assert!(fields.contains_key(field), "{field}: {fields:?}");
    }
    assert_eq!(total(&mut browser, "").await, 1);
}

async fn thousands_are_changed_in_the_background(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    import(&mut browser, 2_100).await;
    let answer = browser
        .post(
            "/api/contacts/bulk",
            json!({"action": "tag", "tags": ["campaña"], "filter": {"tags": ["lista"]}}),
        )
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["job"]["matched"], 2_100);
    let job = over(&mut browser, &answer.body["job"]).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(job["changed"], 2_100);
    assert_eq!(total(&mut browser, "tag=campa%C3%B1a").await, 2_100);

    let answer = browser
        .post(
            "/api/contacts/bulk",
            json!({"action": "delete", "filter": {}}),
        )
        .await;
    let mut other = app.signed_in("otra@example.mx").await;
    let path = format!(
        "/api/contacts/bulk/{}",
        answer.body["job"]["id"].as_str().unwrap()
    );
    other.get(&path).await.assert_problem(404, "not_found");
    let job = over(&mut browser, &answer.body["job"]).await;
    assert_eq!(job["changed"], 2_100);
    assert_eq!(total(&mut browser, "").await, 0);
}

async fn nobody_changes_the_contacts_of_others(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let id = add(&mut owner, json!({"name": "Ana", "email": "a@b.mx"})).await;
    let mut other = app.signed_in("otra@example.mx").await;
    for body in [
        json!({"action": "delete", "contact_ids": [id]}),
        json!({"action": "tag", "tags": ["robada"], "contact_ids": [id]}),
        json!({"action": "delete", "filter": {}}),
    ] {
        let answer = other.post("/api/contacts/bulk", body).await;
        assert_eq!(answer.body, json!({"matched": 0, "changed": 0}));
    }
    let answer = owner.get(&format!("/api/contacts/{id}")).await;
    assert_eq!(answer.body["contact"]["tags"], json!([]));
}

async fn tags_are_renamed_merged_and_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    add(
        &mut browser,
        json!({"name": "A", "email": "a@b.mx", "tags": ["zona sur", "Café"]}),
    )
    .await;
    add(
        &mut browser,
        json!({"name": "B", "email": "b@b.mx", "tags": ["cafe", "vip"]}),
    )
    .await;
    let path = "/api/contacts/tags/CAFE";
    let answer = browser.put(path, json!({"name": "Cafeterías 2/3"})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body, json!({"matched": 2, "changed": 2}));
    let answer = browser.put(path, json!({"name": "otra"})).await;
    answer.assert_problem(404, "not_found");

    // Onto a tag that is there: who has both keeps one.
    let path = "/api/contacts/tags/cafeter%C3%ADas%202%2F3";
    let answer = browser.put(path, json!({"name": "VIP"})).await;
    assert_eq!(answer.body, json!({"matched": 2, "changed": 2}));
    let tags = browser.get("/api/contacts/tags").await;
    assert_eq!(
        tags.body["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| &tag["contacts"])
            .collect::<Vec<_>>(),
        [2, 1]
    );
    assert_eq!(total(&mut browser, "tag=vip").await, 2);
    assert_eq!(total(&mut browser, "search=cafeter").await, 0);

    let mut other = app.signed_in("otra@example.mx").await;
    let path = "/api/contacts/tags/zona%20sur";
    other.delete(path).await.assert_problem(404, "not_found");
    let answer = other.put(path, json!({"name": "robada"})).await;
    answer.assert_problem(404, "not_found");
    let answer = browser.put(path, json!({"name": "a,b"})).await;
    answer.assert_problem(422, "invalid_input");
    let answer = browser.delete(path).await;
    assert_eq!(answer.body, json!({"matched": 1, "changed": 1}));
    browser.delete(path).await.assert_problem(404, "not_found");
    assert_eq!(total(&mut browser, "").await, 2);
}

async fn a_tag_of_thousands_is_renamed_in_the_background(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    import(&mut browser, 2_050).await;
    let answer = browser
        .put("/api/contacts/tags/lista", json!({"name": "boletín"}))
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = over(&mut browser, &answer.body["job"]).await;
    assert_eq!(job["changed"], 2_050);
    let tags = browser.get("/api/contacts/tags").await;
    assert_eq!(
        tags.body["tags"],
        json!([{"tag": "boletín", "contacts": 2_050}])
    );
}
