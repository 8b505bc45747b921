use reqwest::Method;
use serde_json::{Value, json};

use super::{names, path_of, recipient, sorted};
use crate::support::{App, journeys};

journeys! {
    a_started_campaign_has_everyone_it_is_meant_for_in_its_ledger,
    a_campaign_is_paused_goes_on_and_is_given_up,
    what_stands_in_the_way_of_sending_is_named,
    a_template_is_asked_of_the_provider_first,
    a_repeated_send_with_its_key_starts_once,
}

async fn a_started_campaign_has_everyone_it_is_meant_for_in_its_ledger(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    let mut ids = Vec::new();
    for contact in [
        json!({"name": "Ana", "phone": "5512345678"}),
        json!({"name": "Beto", "phone": "5512345679"}),
        json!({"name": "Carla", "email": "carla@example.mx"}),
        json!({"name": "Dora", "phone": "5512345670", "status": "unsubscribed"}),
    ] {
        ids.push(browser.contact(contact).await);
    }
    let campaign = browser
        .campaign(
            json!({"name": "A", "channel": "whatsapp", "message": "Hola {nombre}",
                         "contact_ids": ids}),
        )
        .await;
    assert_eq!(campaign["total_recipients"], 4);
    let path = path_of(&campaign);
    let before = browser.get(&format!("{path}/recipients")).await;
    assert_eq!(before.body["recipients"], json!([]));

    let answer = browser.steer(&path, "send").await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let started = &answer.body["campaign"];
    assert_eq!(started["status"], "active");
    assert!(started["started_at"].is_string());
    for (counter, count) in [
        ("total_recipients", 4),
        ("pending_count", 2),
        ("skipped_count", 2),
        ("sent_count", 0),
    ] {
        assert_eq!(started[counter], count, "{counter}");
    }

    let queued = browser
        .get(&format!("{path}/recipients?status=queued"))
        .await;
    assert_eq!(sorted(names(&queued.body["recipients"])), ["Ana", "Beto"]);
    assert_eq!(queued.body["pagination"]["total"], 2);
    let ana = recipient(&queued.body["recipients"], "Ana");
    assert_eq!(ana["contact_id"], ids[0]);
    assert_eq!(ana["address"], "+525512345678");
    assert_eq!(ana["status"], "queued");
    assert_eq!(ana["reason"], Value::Null);
    let skipped = browser
        .get(&format!("{path}/recipients?status=skipped"))
        .await;
    for (name, reason, text) in [
        (
            "Carla",
            "no_address",
            "No tiene teléfono o correo para este canal.",
        ),
        ("Dora", "opted_out", "Pidió no recibir mensajes."),
    ] {
        let passed_over = recipient(&skipped.body["recipients"], name);
        assert_eq!(passed_over["reason"], reason);
        assert_eq!(passed_over["reason_text"], text);
    }

    let whole = browser.get(&format!("{path}/recipients?sort=added")).await;
    let mut everyone = names(&whole.body["recipients"]);
    let page = browser
        .get(&format!("{path}/recipients?per_page=3&page=2&sort=-added"))
        .await;
    everyone.reverse();
    assert_eq!(names(&page.body["recipients"]), everyone[3..]);
    everyone.reverse();
    let mut by_cursor = Vec::new();
    let mut cursor = String::new();
    loop {
        let part = browser
            .get(&format!("{path}/recipients?per_page=1&cursor={cursor}"))
            .await;
        by_cursor.extend(
            names(&part.body["recipients"])
                .into_iter()
                .map(String::from),
        );
        match part.body["pagination"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(by_cursor, everyone);
    assert_eq!(sorted(everyone), ["Ana", "Beto", "Carla", "Dora"]);

    for (query, field) in [("status=feliz", "status"), ("sort=name", "sort")] {
        let answer = browser.get(&format!("{path}/recipients?{query}")).await;
        answer.assert_problem(422, "invalid_input");
        assert!(answer.body["fields"][field][0].is_string(), "{query}");
    }
}

async fn a_campaign_is_paused_goes_on_and_is_given_up(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let path = path_of(&campaign);

    let answer = browser.steer(&path, "pause").await;
    answer.assert_problem(409, "campaign_status");
    assert_eq!(
        answer.body["error"],
        "Esto no se puede hacer con una campaña en borrador."
    );
    assert_eq!(answer.body["campaign_status"], "draft");
    browser.configure(json!({"language": "en"})).await;
    let answer = browser.steer(&path, "resume").await;
    answer.assert_problem(409, "campaign_status");
    assert_eq!(
        answer.body["error"],
        "This can't be done with a campaign that is a draft."
    );

    assert_eq!(browser.steer(&path, "send").await.status, 202);
    for (action, status) in [("send", "active"), ("resume", "active")] {
        let answer = browser.steer(&path, action).await;
        answer.assert_problem(409, "campaign_status");
        assert_eq!(answer.body["campaign_status"], status, "{action}");
    }
    browser
        .put(&path, json!({"name": "B"}))
        .await
        .assert_problem(409, "campaign_status");
    browser
        .delete(&path)
        .await
        .assert_problem(409, "campaign_status");

    let answer = browser.steer(&path, "pause").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["status"], "paused");
    assert_eq!(answer.body["campaign"]["pause_reason"], Value::Null);
    assert_eq!(answer.body["campaign"]["pending_count"], 1);

    browser
        .configure(json!({"whatsapp_phone_number_id": "99999"}))
        .await;
    let answer = browser.steer(&path, "resume").await;
    answer.assert_problem(409, "sender_changed");
    browser.configure(json!({"whatsapp_api_key": ""})).await;
    let answer = browser.steer(&path, "resume").await;
    answer.assert_problem(422, "provider_missing");
    assert_eq!(answer.body["missing"], json!(["whatsapp_api_key"]));
    browser.configure_sender().await;
    let answer = browser.steer(&path, "resume").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["status"], "active");

    let answer = browser.steer(&path, "cancel").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["status"], "cancelled");
    assert_eq!(answer.body["campaign"]["pending_count"], 0);
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);
    let recipients = browser
        .get(&format!("{path}/recipients?status=cancelled"))
        .await;
    assert_eq!(names(&recipients.body["recipients"]), ["Ana"]);
    for action in ["send", "pause", "resume", "cancel"] {
        let answer = browser.steer(&path, action).await;
        answer.assert_problem(409, "campaign_status");
        assert_eq!(answer.body["campaign_status"], "cancelled", "{action}");
    }
    assert_eq!(browser.delete(&path).await.status, 200);
}

async fn what_stands_in_the_way_of_sending_is_named(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = browser.draft("A").await;
    let answer = browser.steer(&path, "send").await;
    answer.assert_problem(422, "provider_missing");
    assert_eq!(
        answer.body["missing"],
        json!(["whatsapp_api_key", "whatsapp_phone_number_id"])
    );
    assert_eq!(
        answer.body["error"],
        "Falta configurar WhatsApp en tu perfil: la clave de API y el identificador del número."
    );

    browser.configure_sender().await;
    let answer = browser.steer(&path, "send").await;
    answer.assert_problem(422, "no_recipients");
    let unreachable = browser
        .contact(json!({"name": "Carla", "email": "carla@example.mx"}))
        .await;
    browser
        .put(&path, json!({"contact_ids": [unreachable]}))
        .await;
    let answer = browser.steer(&path, "send").await;
    answer.assert_problem(422, "no_recipients");
    let campaign = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(campaign["status"], "draft");
    assert_eq!(campaign["total_recipients"], 1);

    let campaign = browser
        .campaign(
            json!({"name": "B", "channel": "gmail", "subject": "Hola", "message": "Hola",
                         "contact_ids": [unreachable]}),
        )
        .await;
    let answer = browser.steer(&path_of(&campaign), "send").await;
    answer.assert_problem(422, "channel_unavailable");
    assert_eq!(
        answer.body["error"],
        "El canal Gmail todavía no está disponible."
    );
}

async fn a_template_is_asked_of_the_provider_first(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({
            "name": "A", "channel": "whatsapp", "audience": {},
            "template": {"name": "hola", "language": "es_MX", "variables": {"1": "{nombre}"}},
        }))
        .await;
    let path = path_of(&campaign);
    let answer = browser.steer(&path, "send").await;
    answer.assert_problem(422, "provider_missing");
    assert_eq!(
        answer.body["missing"],
        json!(["whatsapp_business_account_id"])
    );

    browser
        .configure(json!({"whatsapp_business_account_id": "102290129340398"}))
        .await;
    let answer = browser.steer(&path, "send").await;
    answer.assert_problem(503, "provider_unavailable");
    assert_eq!(answer.headers["retry-after"], "60");
    let campaign = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(campaign["status"], "draft");
}

async fn a_repeated_send_with_its_key_starts_once(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let path = format!("{}/send", path_of(&campaign));
    let mut answers = Vec::new();
    for _ in 0..2 {
        // Without a body, as a program may send it.
        let request = browser
            .request(Method::POST, &path)
            .header("idempotency-key", "envio-1");
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answers.push(answer);
    }
    assert_eq!(answers[0].body, answers[1].body);
    assert_eq!(answers[1].headers["idempotency-replayed"], "true");
}
