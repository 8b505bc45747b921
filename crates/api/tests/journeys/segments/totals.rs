use serde_json::{Value, json};

use super::{campaign_path, segment_path};
use crate::support::{App, Browser, journeys};

journeys! {
    until_it_starts_a_campaign_says_how_many_it_is_for_now,
    a_merge_takes_one_from_those_chosen,
}

/// What the list says of the campaign's recipients.
async fn listed(browser: &mut Browser, id: &str) -> Value {
    let list = browser.get("/api/campaigns").await;
    let all = list.body["campaigns"].as_array().unwrap();
    let campaign = all.iter().find(|campaign| campaign["id"] == json!(id));
    campaign.expect("it is in the list")["total_recipients"].clone()
}

async fn until_it_starts_a_campaign_says_how_many_it_is_for_now(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    let ana = browser
        .contact(json!({"name": "Ana", "phone": "5512345670", "tags": ["vip"]}))
        .await;
    let segment = browser.segment("VIP", json!({"tags": ["vip"]})).await;
    let by_segment = browser
        .draft_for("Segmento", json!({"segment_id": segment}))
        .await;
    let by_tag = browser
        .draft_for("Etiqueta", json!({"tags": ["vip"]}))
        .await;
    for id in [&by_segment, &by_tag] {
        assert_eq!(browser.recipients_of(id).await, 1);
    }
    browser
        .contact(json!({"name": "Beto", "phone": "5512345671", "tags": ["vip"]}))
        .await;
    for id in [&by_segment, &by_tag] {
        // What the list says was counted when the campaign last changed; who reads one changes nothing.
        assert_eq!(listed(&mut browser, id).await, 1);
        assert_eq!(browser.recipients_of(id).await, 2);
        assert_eq!(listed(&mut browser, id).await, 1);
        let path = campaign_path(id);
        browser.put(&path, json!({"message": "Hola"})).await;
        assert_eq!(listed(&mut browser, id).await, 2);
    }
    let filter = json!({"tags": ["vip"], "search": "ana"});
    browser
        .put(&segment_path(&segment), json!({"filter": filter}))
        .await;
    assert_eq!(browser.recipients_of(&by_segment).await, 1);
    browser.delete(&format!("/api/contacts/{ana}")).await;
    assert_eq!(browser.recipients_of(&by_segment).await, 0);
    // An answer to a change tells the truth as well.
    let answer = browser
        .put(&campaign_path(&by_tag), json!({"name": "Otra"}))
        .await;
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);

    let answer = browser.steer(&campaign_path(&by_tag), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    browser
        .contact(json!({"name": "Carla", "phone": "5512345672", "tags": ["vip"]}))
        .await;
    assert_eq!(browser.recipients_of(&by_tag).await, 1, "it has started");
    assert_eq!(listed(&mut browser, &by_tag).await, 1);
}

async fn a_merge_takes_one_from_those_chosen(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut ids = Vec::new();
    for (name, phone) in [
        ("Ana", "5512345670"),
        ("Ana M.", "5512345671"),
        ("Beto", "5512345672"),
    ] {
        ids.push(browser.contact(json!({"name": name, "phone": phone})).await);
    }
    let campaign = browser
        .campaign(
            json!({"name": "A", "channel": "whatsapp", "message": "Hola", "contact_ids": ids}),
        )
        .await;
    let id = campaign["id"].as_str().unwrap().to_owned();
    let merge = format!("/api/contacts/{}/merge", ids[0]);
    let answer = browser.post(&merge, json!({"other_id": ids[1]})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(listed(&mut browser, &id).await, 2);
    assert_eq!(browser.recipients_of(&id).await, 2);
    browser.delete(&format!("/api/contacts/{}", ids[2])).await;
    assert_eq!(listed(&mut browser, &id).await, 1);
    assert_eq!(browser.recipients_of(&id).await, 1);
}
