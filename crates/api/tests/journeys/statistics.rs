use serde_json::{Value, json};

use crate::support::{App, Browser, journeys};

journeys! {
    a_new_account_has_a_dashboard_of_zeros,
    the_dashboard_counts_what_was_done,
    days_are_those_of_the_users_time_zone,
}

async fn dashboard(browser: &mut Browser) -> Value {
    let answer = browser.get("/api/stats/dashboard").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body
}

async fn a_new_account_has_a_dashboard_of_zeros(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let figures = dashboard(&mut browser).await;
    assert_eq!(
        figures["contacts"],
        json!({"total": 0, "new_30_days": 0,
               "by_status": {"active": 0, "inactive": 0, "unsubscribed": 0}})
    );
    assert_eq!(
        figures["campaigns"],
        json!({"total": 0, "by_status": {
            "draft": 0, "scheduled": 0, "active": 0, "paused": 0, "completed": 0, "cancelled": 0,
            "missed": 0,
        }})
    );
    assert_eq!(
        figures["messages"],
        json!({"sent": 0, "delivered": 0, "read": 0, "failed": 0, "replied": 0,
               "delivery_rate": 0.0, "read_rate": 0.0, "reply_rate": 0.0, "failure_rate": 0.0})
    );
    let days = figures["days"].as_array().expect("days");
    assert_eq!(days.len(), 30);
    let dates: Vec<_> = days
        .iter()
        .map(|day| day["date"].as_str().expect("a date"))
        .collect();
    assert!(dates.is_sorted(), "today last: {dates:?}");
    for day in days {
        let mut zeros = json!({"sent": 0, "delivered": 0, "read": 0, "failed": 0, "replied": 0});
        zeros["date"] = day["date"].clone();
        assert_eq!(*day, zeros);
    }
    assert_eq!(figures["recent_activity"], json!([]));

    for path in ["/api/stats", "/api/stats/", "/api/stats/dashboard/"] {
        assert_eq!(browser.get(path).await.body, figures, "{path}");
    }
    let mut stranger = app.browser();
    for path in ["/api/stats", "/api/stats/dashboard"] {
        stranger
            .get(path)
            .await
            .assert_problem(401, "not_signed_in");
    }
}

async fn the_dashboard_counts_what_was_done(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let profile = json!({"whatsapp_api_key": "clave", "whatsapp_phone_number_id": "10001"});
    assert_eq!(browser.put("/api/profile", profile).await.status, 200);
    for contact in [
        json!({"name": "Ana", "phone": "5512345678"}),
        json!({"name": "Beto", "phone": "5512345679", "status": "inactive"}),
        json!({"name": "Carla", "email": "carla@example.mx", "status": "unsubscribed"}),
    ] {
        assert_eq!(browser.post("/api/contacts", contact).await.status, 201);
    }
    let campaign = json!({"name": "Promoción", "channel": "whatsapp", "message": "Hola",
                          "audience": {}});
    browser.post("/api/campaigns", campaign.clone()).await;
    let answer = browser.post("/api/campaigns", campaign).await;
    let id = answer.body["campaign"]["id"].clone();
    let path = format!("/api/campaigns/{}", id.as_str().expect("an id"));
    let answer = browser.post(&format!("{path}/send"), json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);

    let figures = dashboard(&mut browser).await;
    assert_eq!(
        figures["contacts"],
        json!({"total": 3, "new_30_days": 3,
               "by_status": {"active": 1, "inactive": 1, "unsubscribed": 1}})
    );
    assert_eq!(figures["campaigns"]["total"], 2);
    assert_eq!(figures["campaigns"]["by_status"]["draft"], 1);
    assert_eq!(figures["campaigns"]["by_status"]["active"], 1);
    assert_eq!(figures["messages"]["sent"], 0, "queued is not sent");
    assert_eq!(
        figures["recent_activity"],
        json!([{
            "kind": "campaign_started",
            "subject": "Promoción",
            "id": id,
            "at": answer.body["campaign"]["started_at"],
            "text": "Empezó el envío de la campaña «Promoción».",
        }])
    );

    browser.put("/api/profile", json!({"language": "en"})).await;
    let figures = dashboard(&mut browser).await;
    assert_eq!(
        figures["recent_activity"][0]["text"],
        "The campaign “Promoción” began to be sent."
    );

    let mut other = app.signed_in("otra@example.mx").await;
    let figures = dashboard(&mut other).await;
    assert_eq!(figures["contacts"]["total"], 0);
    assert_eq!(figures["recent_activity"], json!([]));
}

async fn days_are_those_of_the_users_time_zone(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut today = Vec::new();
    // 25 hours apart: never on the same day.
    for zone in ["Pacific/Pago_Pago", "Pacific/Kiritimati"] {
        let answer = browser.put("/api/profile", json!({"timezone": zone})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let figures = dashboard(&mut browser).await;
        let date = figures["days"][29]["date"].as_str().expect("a date");
        today.push(date.to_owned());
    }
    assert!(today[0] < today[1], "{today:?}");
}
