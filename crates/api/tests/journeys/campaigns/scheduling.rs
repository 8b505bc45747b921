use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, SecondsFormat, TimeDelta, Utc, Weekday};
use nexus_domain::ports::Clock as _;
use nexus_infrastructure::SystemClock;
use serde_json::{Value, json};

use super::path_of;
use crate::support::{Answer, App, Browser, journeys};

journeys! {
    a_schedule_is_kept_as_it_was_entered_moved_and_taken_back,
    a_time_that_cannot_be_is_refused_and_nothing_changes,
    a_start_that_nobody_saw_is_missed,
    what_cannot_start_is_missed_with_its_reason,
    what_may_pass_is_tried_until_the_latest_start,
    two_instances_at_the_due_moment_start_it_once,
    a_campaign_that_was_moved_or_taken_back_stays_where_it_is,
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

fn in_ms(milliseconds: i64) -> String {
    let at = now() + TimeDelta::milliseconds(milliseconds);
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Next year's last Sunday of March, when Madrid skips the hour after two.
fn clocks_go_forward() -> NaiveDate {
    let end = NaiveDate::from_ymd_opt(now().year() + 1, 3, 31).expect("a date");
    (0..7)
        .filter_map(|days| end.checked_sub_days(Days::new(days)))
        .find(|date| date.weekday() == Weekday::Sun)
        .expect("a Sunday")
}

async fn schedule(browser: &mut Browser, path: &str, body: Value) -> Answer {
    browser.post(&format!("{path}/schedule"), body).await
}

async fn until(browser: &mut Browser, path: &str, status: &str) -> Value {
    let mut campaign = Value::Null;
    for _ in 0..400 {
        campaign = browser.get(path).await.body["campaign"].clone();
        if campaign["status"] == status {
            return campaign;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {status}: {campaign}");
}

fn time(value: &Value) -> DateTime<Utc> {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no time: {value}"))
}

async fn a_schedule_is_kept_as_it_was_entered_moved_and_taken_back(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = browser.draft("Navidad").await;
    let year = now().year() + 1;
    // Mexico City has no summer time and is six hours behind.
    let local = format!("{year}-12-24T09:00");
    let answer = schedule(&mut browser, &path, json!({"scheduled_at": local})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let campaign = &answer.body["campaign"];
    assert_eq!(campaign["status"], "scheduled");
    assert_eq!(campaign["scheduled_local"], format!("{local}:00"));
    assert_eq!(campaign["timezone"], "America/Mexico_City");
    assert_eq!(campaign["scheduled_at"], format!("{year}-12-24T15:00:00Z"));
    assert_eq!(
        campaign["latest_start_at"],
        format!("{year}-12-24T21:00:00Z")
    );

    // It may still be changed, and stays scheduled.
    let answer = browser.put(&path, json!({"name": "Nochebuena"})).await;
    let campaign = &answer.body["campaign"];
    assert_eq!(campaign["status"], "scheduled", "{campaign}");
    assert_eq!(campaign["scheduled_local"], format!("{local}:00"));

    let moved = json!({
        "scheduled_at": format!("{year}-12-25T09:00:00Z"),
        "latest_start": format!("{year}-12-25T10:30"),
        "timezone": "Europe/Madrid",
    });
    let answer = schedule(&mut browser, &path, moved).await;
    let campaign = &answer.body["campaign"];
    assert_eq!(campaign["scheduled_at"], format!("{year}-12-25T09:00:00Z"));
    assert_eq!(
        campaign["scheduled_local"],
        format!("{year}-12-25T10:00:00")
    );
    assert_eq!(
        campaign["latest_start_at"],
        format!("{year}-12-25T09:30:00Z")
    );
    let read = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(read["scheduled_at"], campaign["scheduled_at"]);
    assert_eq!(read["timezone"], "Europe/Madrid");

    let answer = browser.steer(&path, "unschedule").await;
    let campaign = &answer.body["campaign"];
    assert_eq!(campaign["status"], "draft", "{campaign}");
    for gone in [
        "scheduled_at",
        "scheduled_local",
        "timezone",
        "latest_start_at",
    ] {
        assert_eq!(campaign[gone], Value::Null, "{gone}");
    }
    let answer = browser.steer(&path, "unschedule").await;
    answer.assert_problem(409, "campaign_status");
    let answer = schedule(&mut browser, &path, json!({"scheduled_at": local})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(browser.steer(&path, "cancel").await.status, 200);
    let answer = schedule(&mut browser, &path, json!({"scheduled_at": local})).await;
    answer.assert_problem(409, "campaign_status");
}

async fn a_time_that_cannot_be_is_refused_and_nothing_changes(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = browser.draft("Navidad").await;
    let before = browser.get(&path).await.body;
    let skipped = format!("{}T02:30", clocks_go_forward());
    let (past, soon, far) = (in_ms(-1_000), in_ms(60_000), in_ms(740 * 86_400_000));
    for (body, field, said) in [
        (json!({}), "scheduled_at", "Este dato es obligatorio."),
        (
            json!({"scheduled_at": "mañana"}),
            "scheduled_at",
            "No tiene la forma esperada: 2026-12-24T09:00.",
        ),
        (
            json!({"scheduled_at": past}),
            "scheduled_at",
            "Esta hora ya pasó; elige una más adelante.",
        ),
        (
            json!({"scheduled_at": far}),
            "scheduled_at",
            "Falta demasiado para esa fecha; el máximo es de 730 días.",
        ),
        (
            json!({"scheduled_at": skipped, "timezone": "Europe/Madrid"}),
            "scheduled_at",
            "Esta hora no existe ese día: los relojes se adelantan y la saltan. Elige otra.",
        ),
        (
            json!({"scheduled_at": soon, "latest_start": soon}),
            "latest_start",
            "La hora límite debe ser posterior a la de inicio.",
        ),
        (
            json!({"scheduled_at": soon, "timezone": "Marte/Olympus"}),
            "timezone",
            "No es una zona horaria conocida; un ejemplo es America/Mexico_City.",
        ),
    ] {
        let answer = schedule(&mut browser, &path, body.clone()).await;
        answer.assert_problem(422, "invalid_input");
        assert_eq!(answer.body["fields"][field][0], said, "{body}");
    }
    let answer = schedule(&mut browser, &path, json!({"scheduled_at": 5})).await;
    answer.assert_problem(422, "invalid_input");
    assert_eq!(browser.get(&path).await.body, before);
}

async fn a_start_that_nobody_saw_is_missed(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let campaign = browser
        .campaign(json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": {}}))
        .await;
    let path = path_of(&campaign);
    let body = json!({"scheduled_at": in_ms(400), "latest_start": in_ms(900)});
    let answer = schedule(&mut browser, &path, body).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        browser.get(&path).await.body["campaign"]["status"],
        "scheduled",
        "nobody looked"
    );
    app.start_scheduler();
    let missed = until(&mut browser, &path, "missed").await;
    assert_eq!(missed["start_problem"], "nobody_was_there");
    assert_eq!(
        missed["start_problem_text"],
        "El servicio no estuvo en marcha entre la hora programada y la hora límite. Envíala ahora o vuelve a programarla."
    );
    assert!(missed["scheduled_at"].is_string() && missed["started_at"].is_null());
    let list = browser.get(&format!("{path}/recipients")).await;
    assert_eq!(list.body["pagination"]["total"], 0);

    // It is as good as a draft.
    let body = json!({"scheduled_at": in_ms(300)});
    assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
    let started = until(&mut browser, &path, "active").await;
    assert_eq!(started["total_recipients"], 1);
    assert_eq!(started["start_problem"], Value::Null);
}

async fn what_cannot_start_is_missed_with_its_reason(app: App) {
    app.start_scheduler();
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure(json!({"language": "en"})).await;
    let path = browser.draft("Sin clave").await;
    let body = json!({"scheduled_at": in_ms(300)});
    assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
    let missed = until(&mut browser, &path, "missed").await;
    assert_eq!(missed["start_problem"], "provider_missing");
    assert_eq!(
        missed["start_problem_text"],
        "WhatsApp is not connected. Fill in what your profile lacks and schedule it again."
    );

    browser.configure_sender().await;
    let body = json!({"scheduled_at": in_ms(300)});
    assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
    let missed = until(&mut browser, &path, "missed").await;
    assert_eq!(missed["start_problem"], "no_recipients");
    let answer = browser.steer(&path, "unschedule").await;
    assert_eq!(answer.body["campaign"]["status"], "draft");
    assert_eq!(answer.body["campaign"]["start_problem"], Value::Null);
}

async fn what_may_pass_is_tried_until_the_latest_start(app: App) {
    app.start_scheduler();
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .configure(json!({"whatsapp_business_account_id": "102290129340398"}))
        .await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    // Nobody answers where the templates are asked for.
    let campaign = browser
        .campaign(json!({
            "name": "A", "channel": "whatsapp", "audience": {},
            "template": {"name": "hola", "language": "es_MX"},
        }))
        .await;
    let path = path_of(&campaign);
    let body = json!({"scheduled_at": in_ms(300), "latest_start": in_ms(3_000)});
    assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
    let mut hindered = Value::Null;
    for _ in 0..100 {
        hindered = browser.get(&path).await.body["campaign"].clone();
        if hindered["start_problem"].is_string() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(hindered["status"], "scheduled", "{hindered}");
    assert_eq!(hindered["start_problem"], "provider_unavailable");
    assert_eq!(
        hindered["start_problem_text"],
        "WhatsApp no respondió. Lo seguimos intentando hasta la hora límite."
    );
    let missed = until(&mut browser, &path, "missed").await;
    assert_eq!(missed["start_problem"], "provider_unavailable");
    assert_eq!(
        missed["start_problem_text"],
        "WhatsApp no respondió. Envíala ahora o vuelve a programarla."
    );
    assert!(now() >= time(&missed["latest_start_at"]));
}

async fn two_instances_at_the_due_moment_start_it_once(app: App) {
    let other = app.another_instance().await;
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    for number in 0..40 {
        let phone = format!("55{:08}", 12_345_000 + number);
        browser
            .contact(json!({"name": format!("P{number}"), "phone": phone}))
            .await;
    }
    let mut paths = Vec::new();
    let at = in_ms(2_500);
    for number in 0..5 {
        let campaign = browser
            .campaign(json!({
                "name": format!("A{number}"), "channel": "whatsapp", "message": "Hola",
                "audience": {},
            }))
            .await;
        let path = path_of(&campaign);
        let body = json!({"scheduled_at": at});
        assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
        paths.push(path);
    }
    app.start_scheduler();
    other.start_scheduler();
    for path in paths {
        let started = until(&mut browser, &path, "active").await;
        assert_eq!(started["total_recipients"], 40);
        assert_eq!(started["pending_count"], 40);
        assert!(time(&started["started_at"]).to_rfc3339() >= at.replace('Z', "+00:00"));
        let list = browser
            .get(&format!("{path}/recipients?status=queued&per_page=1"))
            .await;
        assert_eq!(list.body["pagination"]["total"], 40);
    }
}

async fn a_campaign_that_was_moved_or_taken_back_stays_where_it_is(app: App) {
    app.start_scheduler();
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    let mut drafts = Vec::new();
    for name in ["movida", "quitada", "cancelada", "enviada"] {
        let campaign = browser
            .campaign(json!({
                "name": name, "channel": "whatsapp", "message": "Hola", "audience": {},
            }))
            .await;
        let path = path_of(&campaign);
        let body = json!({"scheduled_at": in_ms(700)});
        assert_eq!(schedule(&mut browser, &path, body).await.status, 200);
        drafts.push(path);
    }
    let body = json!({"scheduled_at": in_ms(3_600_000)});
    assert_eq!(schedule(&mut browser, &drafts[0], body).await.status, 200);
    assert_eq!(browser.steer(&drafts[1], "unschedule").await.status, 200);
    assert_eq!(browser.steer(&drafts[2], "cancel").await.status, 200);
    assert_eq!(browser.steer(&drafts[3], "send").await.status, 202);
    let started = browser.get(&drafts[3]).await.body["campaign"]["started_at"].clone();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for (path, status) in drafts
        .iter()
        .zip(["scheduled", "draft", "cancelled", "active"])
    {
        let campaign = browser.get(path).await.body["campaign"].clone();
        assert_eq!(campaign["status"], status, "{campaign}");
    }
    let sent = browser.get(&drafts[3]).await.body["campaign"].clone();
    assert_eq!(sent["started_at"], started);
}
