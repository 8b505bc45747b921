use std::time::Duration;

use serde_json::json;

use super::{campaign_path, segment_path};
use crate::bulk::{import, over, total};
use crate::campaigns::{names, sorted};
use crate::support::{App, journeys};

journeys! {
    audiences_and_segments_follow_a_tag_that_is_renamed_or_merged,
    a_tag_that_chooses_contacts_is_not_deleted,
    a_campaign_for_a_tag_of_thousands_starts_when_all_have_its_new_name,
    a_tag_of_thousands_is_left_alone_until_all_have_its_new_name,
    tags_that_something_chooses_by_at_once_do_not_become_one,
}

async fn audiences_and_segments_follow_a_tag_that_is_renamed_or_merged(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    for (name, phone, tags) in [
        ("Ana", "5512345670", json!(["vip"])),
        ("Beto", "5512345671", json!(["vip", "fiel"])),
        ("Carla", "5512345672", json!(["fiel"])),
    ] {
        browser
            .contact(json!({"name": name, "phone": phone, "tags": tags}))
            .await;
    }
    let segment = browser.segment("VIP", json!({"tags": ["VIP"]})).await;
    let by_tag = browser
        .draft_for("Etiqueta", json!({"tags": ["vip"]}))
        .await;
    let by_segment = browser
        .draft_for("Segmento", json!({"segment_id": segment}))
        .await;
    let started = browser
        .draft_for("Empezada", json!({"tags": ["vip"]}))
        .await;
    let answer = browser.steer(&campaign_path(&started), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);

    let answer = browser
        .put("/api/contacts/tags/vip", json!({"name": "Oro"}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    for id in [&by_tag, &by_segment] {
        assert_eq!(browser.recipients_of(id).await, 2);
    }
    let tags_of =
        |answer: &crate::support::Answer| answer.body["campaign"]["audience"]["tags"].clone();
    let answer = browser.get(&campaign_path(&by_tag)).await;
    assert_eq!(tags_of(&answer), json!(["Oro"]));
    let answer = browser.get(&campaign_path(&started)).await;
    assert_eq!(tags_of(&answer), json!(["vip"]), "as it was sent");
    let answer = browser.get(&segment_path(&segment)).await;
    assert_eq!(answer.body["segment"]["filter"]["tags"], json!(["Oro"]));
    assert_eq!(answer.body["contacts"], 2);

    // Merged with another, and spelled otherwise.
    for (tag, name, expected) in [("oro", "fiel", "fiel"), ("fiel", "FIEL", "FIEL")] {
        let path = format!("/api/contacts/tags/{tag}");
        let answer = browser.put(&path, json!({"name": name})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let answer = browser.get(&campaign_path(&by_tag)).await;
        assert_eq!(tags_of(&answer), json!([expected]));
        assert_eq!(answer.body["campaign"]["total_recipients"], 3);
        let answer = browser.get(&segment_path(&segment)).await;
        assert_eq!(answer.body["segment"]["filter"]["tags"], json!([expected]));
    }
    for id in [&by_tag, &by_segment] {
        let answer = browser.steer(&campaign_path(id), "send").await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        let list = browser
            .get(&format!("{}/recipients", campaign_path(id)))
            .await;
        assert_eq!(
            sorted(names(&list.body["recipients"])),
            ["Ana", "Beto", "Carla"]
        );
    }
}

async fn a_tag_that_chooses_contacts_is_not_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["vip"]}))
        .await;
    let segment = browser
        .segment("Fieles", json!({"tags": ["otra", "VIP"]}))
        .await;
    let draft = browser.draft_for("Rebajas", json!({"tags": ["vip"]})).await;
    browser.draft_for("Todos", json!({})).await;
    let tag = "/api/contacts/tags/vip";
    let answer = browser.delete(tag).await;
    answer.assert_problem(409, "tag_in_use");
    assert_eq!(
        answer.body["campaigns"],
        json!([{"id": draft, "name": "Rebajas"}])
    );
    assert_eq!(
        answer.body["segments"],
        json!([{"id": segment, "name": "Fieles"}])
    );
    assert_eq!(
        answer.body["error"],
        "Hay campañas que no han empezado o segmentos que eligen contactos por esta etiqueta: \
         «Rebajas» y «Fieles». Quítala de ahí primero."
    );
    assert_eq!(total(&mut browser, "tag=vip").await, 1);

    browser.delete(&campaign_path(&draft)).await;
    let answer = browser.delete(tag).await;
    answer.assert_problem(409, "tag_in_use");
    assert_eq!(answer.body["campaigns"], json!([]));
    browser.delete(&segment_path(&segment)).await;
    let answer = browser.delete(tag).await;
    assert_eq!(answer.body, json!({"matched": 1, "changed": 1}));
}

async fn a_campaign_for_a_tag_of_thousands_starts_when_all_have_its_new_name(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    import(&mut browser, 2_100).await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["lista"]}))
        .await;
    let draft = browser
        .draft_for("Rebajas", json!({"tags": ["lista"]}))
        .await;
    let path = campaign_path(&draft);
    let answer = browser
        .put("/api/contacts/tags/lista", json!({"name": "boletín"}))
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = answer.body["job"].clone();
    // It knows the new name before a contact has it.
    let campaign = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(campaign["audience"]["tags"], json!(["boletín"]));
    let started = loop {
        let answer = browser.steer(&path, "send").await;
        if answer.status == 202 {
            break answer;
        }
        answer.assert_problem(409, "tag_being_renamed");
        assert_eq!(answer.headers["retry-after"], "5");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(started.body["campaign"]["total_recipients"], 2_101);
    assert_eq!(over(&mut browser, &job).await["status"], "completed");
}

async fn a_tag_of_thousands_is_left_alone_until_all_have_its_new_name(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    import(&mut browser, 2_100).await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["boletín"]}))
        .await;
    let draft = browser
        .draft_for("Rebajas", json!({"tags": ["lista"]}))
        .await;
    let answer = browser
        .put("/api/contacts/tags/lista", json!({"name": "boletín"}))
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let job = answer.body["job"].clone();

    let path = "/api/contacts/tags/boletin";
    let renamed = loop {
        let answer = browser.put(path, json!({"name": "Noticias"})).await;
        if answer.status != 409 {
            break answer;
        }
        answer.assert_problem(409, "tag_being_renamed");
        assert_eq!(answer.headers["retry-after"], "5");
        assert_eq!(
            answer.body["error"],
            "La etiqueta «boletín» se está renombrando en tus contactos; inténtalo otra vez cuando \
             termine."
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(over(&mut browser, &job).await["status"], "completed");
    assert_eq!(renamed.status, 202, "{:?}", renamed.body);
    let job = renamed.body["job"].clone();
    assert_eq!(over(&mut browser, &job).await["status"], "completed");
    assert_eq!(total(&mut browser, "tag=noticias").await, 2_101);
    assert_eq!(browser.recipients_of(&draft).await, 2_101);
}

async fn tags_that_something_chooses_by_at_once_do_not_become_one(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for (name, phone, tags) in [
        ("Ana", "5512345670", json!(["vip", "norte"])),
        ("Beto", "5512345671", json!(["vip"])),
        ("Carla", "5512345672", json!(["norte"])),
    ] {
        browser
            .contact(json!({"name": name, "phone": phone, "tags": tags}))
            .await;
    }
    let both = browser
        .segment("VIP del norte", json!({"tags": ["norte", "VIP"]}))
        .await;
    let north = browser.segment("Norte", json!({"tags": ["norte"]})).await;
    let draft = browser
        .draft_for("Rebajas", json!({"tags": ["vip"], "segment_id": north}))
        .await;
    browser.draft_for("Otra", json!({"tags": ["vip"]})).await;

    let tag = "/api/contacts/tags/vip";
    let answer = browser.put(tag, json!({"name": "Norte"})).await;
    answer.assert_problem(409, "tag_in_use");
    assert_eq!(
        answer.body["campaigns"],
        json!([{"id": draft, "name": "Rebajas"}])
    );
    assert_eq!(
        answer.body["segments"],
        json!([{"id": both, "name": "VIP del norte"}])
    );
    assert_eq!(browser.recipients_of(&draft).await, 1);
    assert_eq!(total(&mut browser, "tag=vip").await, 2);

    browser.delete(&segment_path(&both)).await;
    browser.delete(&campaign_path(&draft)).await;
    let answer = browser.put(tag, json!({"name": "Norte"})).await;
    assert_eq!(answer.body, json!({"matched": 2, "changed": 2}));
    assert_eq!(total(&mut browser, "tag=norte").await, 3);
}
