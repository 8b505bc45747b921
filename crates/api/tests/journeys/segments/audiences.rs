use futures_util::future::join;
use serde_json::json;

use super::{campaign_path, segment_path};
use crate::campaigns::{names, sorted};
use crate::support::{App, journeys};

journeys! {
    a_campaign_for_a_segment_reaches_exactly_those_who_are_in_it_when_it_starts,
    a_segment_that_a_campaign_awaits_is_not_deleted,
    a_segment_goes_or_is_taken_and_never_both,
}

async fn a_campaign_for_a_segment_reaches_exactly_those_who_are_in_it_when_it_starts(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    let mut ids = Vec::new();
    for (name, phone, tags) in [
        ("Ana Centro", "5512345670", json!(["vip", "fiel"])),
        ("Beto Centro", "5512345671", json!(["vip"])),
        ("Carla Norte", "5512345672", json!(["vip", "fiel"])),
        ("Dora Centro", "5512345673", json!(["fiel"])),
        ("Eva Sur", "5512345674", json!([])),
        ("Ana Sur", "5512345675", json!(["vip", "fiel"])),
    ] {
        let contact = json!({"name": name, "phone": phone, "tags": tags});
        ids.push(browser.contact(contact).await);
    }
    let segment = browser
        .segment(
            "Fieles del centro",
            json!({"search": "centro", "tags": ["fiel"]}),
        )
        .await;
    // Two searches: who is of the centre and is called so.
    let narrow = browser
        .draft_for(
            "Angosta",
            json!({"segment_id": segment, "search": "ana", "tags": ["vip"]}),
        )
        .await;
    let campaign = browser
        .campaign(
            json!({"name": "Ancha", "channel": "whatsapp", "message": "Hola",
                         "contact_ids": [ids[4], ids[0]],
                         "audience": {"segment_id": segment}}),
        )
        .await;
    assert_eq!(campaign["audience"]["segment_id"], json!(segment));
    assert_eq!(campaign["total_recipients"], 3);
    let wide = campaign["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.recipients_of(&narrow).await, 1);
    let preview = browser
        .get(&format!("{}/preview", campaign_path(&narrow)))
        .await;
    assert_eq!(preview.body["preview"]["name"], "Ana Centro");

    // The segment is another when they start.
    let filter = json!({"search": "norte", "tags": ["fiel"]});
    let answer = browser
        .put(&segment_path(&segment), json!({"filter": filter}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let answer = browser.steer(&campaign_path(&narrow), "send").await;
    answer.assert_problem(422, "no_recipients");
    let answer = browser.steer(&campaign_path(&wide), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["total_recipients"], 3);
    let list = browser
        .get(&format!("{}/recipients", campaign_path(&wide)))
        .await;
    assert_eq!(
        sorted(names(&list.body["recipients"])),
        ["Ana Centro", "Carla Norte", "Eva Sur"]
    );

    let answer = browser
        .put(
            &campaign_path(&narrow),
            json!({"audience": {"segment_id": segment, "search": "carla"}}),
        )
        .await;
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);
    let answer = browser.steer(&campaign_path(&narrow), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let list = browser
        .get(&format!("{}/recipients", campaign_path(&narrow)))
        .await;
    assert_eq!(names(&list.body["recipients"]), ["Carla Norte"]);
}

async fn a_segment_that_a_campaign_awaits_is_not_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["vip"]}))
        .await;
    let segment = browser.segment("VIP", json!({"tags": ["vip"]})).await;
    let audience = json!({"segment_id": segment});
    let first = browser.draft_for("Rebajas", audience.clone()).await;
    let second = browser.draft_for("Otoño", audience).await;
    let answer = browser.delete(&segment_path(&segment)).await;
    answer.assert_problem(409, "segment_in_use");
    assert_eq!(
        answer.body["campaigns"],
        json!([{"id": first, "name": "Rebajas"}, {"id": second, "name": "Otoño"}])
    );
    assert_eq!(
        answer.body["error"],
        "Este segmento elige a los destinatarios de campañas que no han empezado: \
         «Rebajas» y «Otoño». Cámbialas o elimínalas primero."
    );

    // One starts, the other is for somebody else.
    let answer = browser.steer(&campaign_path(&first), "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let answer = browser.delete(&segment_path(&segment)).await;
    answer.assert_problem(409, "segment_in_use");
    assert_eq!(answer.body["campaigns"][0]["id"], json!(second));
    let answer = browser
        .put(
            &campaign_path(&second),
            json!({"audience": {"tags": ["vip"]}}),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(browser.delete(&segment_path(&segment)).await.status, 200);

    let path = campaign_path(&first);
    let answer = browser.get(&path).await;
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);
    assert_eq!(
        answer.body["campaign"]["audience"]["segment_id"],
        json!(segment)
    );
    let preview = browser.get(&format!("{path}/preview")).await;
    assert_eq!(preview.status, 200, "{:?}", preview.body);
    assert_eq!(browser.steer(&path, "pause").await.status, 200);
    assert_eq!(browser.steer(&path, "cancel").await.status, 200);
    assert_eq!(browser.delete(&path).await.status, 200);
}

async fn a_segment_goes_or_is_taken_and_never_both(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    for round in 0..12 {
        let name = format!("Ronda {round}");
        let segment = browser.segment(&name, json!({"search": "ana"})).await;
        let mut other = browser.clone();
        let path = segment_path(&segment);
        let body = json!({"name": name, "channel": "whatsapp", "message": "Hola",
                          "audience": {"segment_id": segment}});
        let (deleted, taken) =
            join(browser.delete(&path), other.post("/api/campaigns", body)).await;
        match (deleted.status.as_u16(), taken.status.as_u16()) {
            (200, 422) => {
                assert!(taken.body["fields"]["audience.segment_id"].is_array());
                browser.get(&path).await.assert_problem(404, "not_found");
            }
            (409, 201) => {
                deleted.assert_problem(409, "segment_in_use");
                assert_eq!(browser.get(&path).await.status, 200);
                let id = taken.body["campaign"]["id"].as_str().unwrap();
                assert_eq!(browser.recipients_of(id).await, 1);
            }
            _ => panic!("{:?} {:?}", deleted.body, taken.body),
        }
    }
}
