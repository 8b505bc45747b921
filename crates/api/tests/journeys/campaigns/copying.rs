use reqwest::Method;
use serde_json::{Value, json};

use super::{NOBODY, id_of, path_of};
use crate::support::{App, journeys};

journeys! {
    a_copy_is_a_draft_of_its_own,
    what_a_copy_would_need_and_is_gone_is_told_or_left_out,
    a_window_is_kept_changed_and_cleared,
}

fn window() -> Value {
    json!({
        "days": ["mon", "fri"], "from": "22:00", "to": "06:00", "timezone": "Europe/Madrid",
    })
}

async fn a_copy_is_a_draft_of_its_own(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    let ana = browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["vip"]}))
        .await;
    let beto = browser
        .contact(json!({"name": "Beto", "phone": "5512345679"}))
        .await;
    let long = "Ñ".repeat(255);
    let campaign = browser
        .campaign(json!({
            "name": long, "channel": "whatsapp", "message": "Hola {nombre}", "subject": "S",
            "audience": {"tags": ["vip"]}, "contact_ids": [beto], "send_window": window(),
        }))
        .await;
    let path = path_of(&campaign);
    let body = json!({"scheduled_at": "2027-12-24T09:00"});
    let answer = browser.post(&format!("{path}/schedule"), body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);

    let asked = browser
        .request(Method::POST, &format!("{path}/duplicate"))
        .header("idempotency-key", "una copia");
    let again = asked.try_clone().expect("it has no body");
    let answer = browser.send(asked).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let copy = answer.body["campaign"].clone();
    let repeated = browser.send(again).await;
    assert_eq!(repeated.body["campaign"]["id"], copy["id"]);
    let name = copy["name"].as_str().expect("a name");
    assert_eq!(name.chars().count(), 255);
    assert!(name.ends_with("Ñ (copia)"), "{name}");
    assert_ne!(copy["id"], campaign["id"]);
    assert_eq!(copy["status"], "draft");
    assert_eq!(copy["scheduled_at"], Value::Null);
    assert_eq!(copy["total_recipients"], 2);
    let copied = browser.get(&path_of(&copy)).await.body["campaign"].clone();
    assert_eq!(copied["contact_ids"], json!([beto]));
    for same in ["message", "subject", "audience", "send_window", "channel"] {
        assert_eq!(copied[same], campaign[same], "{same}");
    }
    assert_eq!(copied["send_window"], window());
    let list = browser.get("/api/campaigns").await;
    assert_eq!(list.body["pagination"]["total"], 2);

    // What became of the original stays with it, and each goes its own way.
    assert_eq!(browser.steer(&path, "send").await.status, 202);
    browser.configure(json!({"language": "en"})).await;
    let answer = browser.steer(&path, "duplicate").await;
    let second = answer.body["campaign"].clone();
    assert!(
        second["name"]
            .as_str()
            .expect("a name")
            .ends_with("Ñ (copy)")
    );
    for (counter, expected) in [("total_recipients", 2), ("pending_count", 0)] {
        assert_eq!(second[counter], expected, "{counter}");
    }
    assert_eq!(second["started_at"], Value::Null);
    let answer = browser
        .put(
            &path_of(&second),
            json!({"contact_ids": [ana], "audience": null}),
        )
        .await;
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);
    let original = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(original["total_recipients"], 2);
    assert_eq!(original["status"], "active");

    let nobody = format!("/api/campaigns/{NOBODY}");
    let mut stranger = app.signed_in("eva@example.mx").await;
    for action in ["duplicate", "unschedule", "retry-failed"] {
        let foreign = stranger.steer(&path, action).await;
        foreign.assert_problem(404, "not_found");
        let missing = stranger.steer(&nobody, action).await;
        missing.assert_problem(404, "not_found");
    }
    let list = stranger.get("/api/campaigns").await;
    assert_eq!(list.body["pagination"]["total"], 0);
}

async fn what_a_copy_would_need_and_is_gone_is_told_or_left_out(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({
            "name": "Ana", "phone": "5512345678", "custom_fields": {"Ciudad": "Lima"},
        }))
        .await;
    let answer = browser
        .post(
            "/api/contacts/segments",
            json!({"name": "Limeñas", "filter": {"status": "active"}}),
        )
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let segment = id_of(&answer.body["segment"]);
    let campaign = browser
        .campaign(json!({
            "name": "A", "channel": "whatsapp", "message": "Hola {Ciudad}",
            "audience": {"segment_id": segment},
        }))
        .await;
    let path = path_of(&campaign);
    let answer = browser.steer(&path, "duplicate").await;
    assert_eq!(answer.status, 201);
    let copy = path_of(&answer.body["campaign"]);
    assert_eq!(answer.body["campaign"]["audience"]["segment_id"], segment);
    assert_eq!(browser.delete(&copy).await.status, 200);
    assert_eq!(browser.steer(&path, "send").await.status, 202);
    assert_eq!(browser.steer(&path, "cancel").await.status, 200);

    let answer = browser
        .delete(&format!("/api/contacts/segments/{segment}"))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let answer = browser.steer(&path, "duplicate").await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let copy = answer.body["campaign"].clone();
    assert_eq!(copy["audience"], Value::Null, "never everyone by mistake");
    assert_eq!(copy["total_recipients"], 0);
    assert_eq!(browser.delete(&path_of(&copy)).await.status, 200);

    let answer = browser.delete("/api/contacts/fields/Ciudad").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let answer = browser.steer(&path, "duplicate").await;
    answer.assert_problem(422, "invalid_input");
    let said = answer.body["fields"]["message"][0].as_str();
    assert!(said.is_some_and(|said| said.contains("Ciudad")), "{said:?}");
}

async fn a_window_is_kept_changed_and_cleared(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let base = json!({"name": "A", "channel": "whatsapp", "message": "Hola"});
    let with = |window: Value| {
        let mut body = base.clone();
        body["send_window"] = window;
        body
    };
    let campaign = browser.campaign(with(json!(""))).await;
    assert_eq!(campaign["send_window"], Value::Null);
    let path = path_of(&campaign);
    let answer = browser
        .put(
            &path,
            json!({"send_window": {"days": ["SUN", "mon"], "from": "9:00", "to": "24:00"}}),
        )
        .await;
    let kept = json!({
        "days": ["mon", "sun"], "from": "09:00", "to": "24:00",
        "timezone": "America/Mexico_City",
    });
    assert_eq!(answer.body["campaign"]["send_window"], kept);
    let answer = browser.put(&path, json!({"name": "B"})).await;
    assert_eq!(answer.body["campaign"]["send_window"], kept);
    let read = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(read["send_window"], kept);
    assert_eq!(read["waiting_until"], Value::Null);

    let never = "Este horario nunca se abre: elige al menos un día y una hora de cierre distinta de la de apertura.";
    for (window, field, said) in [
        (
            json!({"days": [], "from": "09:00", "to": "20:00"}),
            "send_window.days",
            never,
        ),
        (
            json!({"days": ["mon"], "from": "09:00", "to": "09:00"}),
            "send_window.to",
            never,
        ),
        (
            json!({"days": ["lunes"], "from": "09:00", "to": "20:00"}),
            "send_window.days",
            "Debe ser uno de: mon, tue, wed, thu, fri, sat, sun.",
        ),
        (
            json!({"days": ["mon"], "from": "9 am", "to": "20:00"}),
            "send_window.from",
            "No tiene la forma esperada: 09:00.",
        ),
        (
            json!({"days": ["mon"], "from": "09:00"}),
            "send_window.to",
            "Este dato es obligatorio.",
        ),
        (
            json!({"days": ["mon"], "from": "09:00", "to": "20:00", "timezone": "Marte"}),
            "send_window.timezone",
            "No es una zona horaria conocida; un ejemplo es America/Mexico_City.",
        ),
    ] {
        for answer in [
            browser.post("/api/campaigns", with(window.clone())).await,
            browser.put(&path, json!({"send_window": window})).await,
        ] {
            answer.assert_problem(422, "invalid_input");
            assert_eq!(answer.body["fields"][field][0], said, "{window}");
        }
    }
    assert_eq!(
        browser.get(&path).await.body["campaign"]["send_window"],
        kept
    );
    let answer = browser.put(&path, json!({"send_window": null})).await;
    assert_eq!(answer.body["campaign"]["send_window"], Value::Null);
}
