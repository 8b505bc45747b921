//! Campaigns that wait, or stop by themselves, and say so.

use chrono::{DateTime, TimeDelta, Utc};
use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::shop::{Shop, in_shops};

in_shops! {
    too_many_refusals_pause_a_campaign_and_say_what_to_do,
    a_campaign_says_when_it_will_be_done,
}

const TEXT: &str = "Hola {nombre}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_day_is_waited_for_on_sqlite() {
    a_used_up_day_is_waited_for(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_day_is_waited_for_on_postgres() {
    a_used_up_day_is_waited_for(TestDatabase::postgres().await).await;
}

fn time(answer: &Value, field: &str) -> DateTime<Utc> {
    let text = answer["campaign"][field].as_str();
    let text = text.unwrap_or_else(|| panic!("no {field}: {answer}"));
    text.parse().expect("a time")
}

async fn a_used_up_day_is_waited_for(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("DISPATCH_DAILY_PEOPLE", "3")]).await;
    shop.contacts(5).await;
    let path = shop.send(json!({"message": TEXT})).await;
    let answer = shop
        .until(&path, |answer| {
            answer["campaign"]["sent_count"] == 3
                && answer["campaign"]["waiting_for"] == "daily_limit"
        })
        .await;
    assert_eq!(answer["campaign"]["status"], "active");
    assert_eq!(answer["campaign"]["pause_reason"], Value::Null);
    let updated = time(&answer, "created_at");
    let until = time(&answer, "waiting_until") - updated;
    assert!(until > TimeDelta::hours(23), "{answer}");
    assert!(until < TimeDelta::hours(25), "{answer}");
    let finish = time(&answer, "expected_finish_at");
    assert!(finish >= time(&answer, "waiting_until"), "{answer}");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(shop.provider.accepted().len(), 3);

    let refused = json!({"whatsapp_daily_limit": "300"});
    let answer = shop.browser.put("/api/profile", refused).await;
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    let raised = json!({"whatsapp_daily_limit": "2000"});
    let answer = shop.browser.put("/api/profile", raised).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["user"]["whatsapp_daily_limit"], "2000");
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    assert_eq!(answer["campaign"]["sent_count"], 5);
    assert_eq!(answer["campaign"]["waiting_until"], Value::Null);
    let cleared = json!({"whatsapp_daily_limit": ""});
    let answer = shop.browser.put("/api/profile", cleared).await;
    assert_eq!(answer.body["user"]["whatsapp_daily_limit"], Value::Null);
}

async fn too_many_refusals_pause_a_campaign_and_say_what_to_do(mut shop: Shop) {
    for number in 10..35 {
        // The sandbox refuses these at once: no WhatsApp.
        shop.contact("Nadie", &format!("5512{number}9126")).await;
    }
    let path = shop.send(json!({"message": TEXT})).await;
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "paused")
        .await;
    let campaign = &answer["campaign"];
    assert_eq!(campaign["pause_reason"], "too_many_failures");
    let text = campaign["pause_reason_text"].as_str().unwrap_or_default();
    assert!(text.contains("antes de reanudarla"), "{campaign}");
    assert!(campaign["failed_count"].as_u64() >= Some(20), "{campaign}");

    // Fewer than twenty are left, so that the count that begins anew does not reach it again.
    let answer = shop
        .browser
        .post(&format!("{path}/resume"), json!({}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    assert_eq!(answer["campaign"]["failed_count"], 25);
}

async fn a_campaign_says_when_it_will_be_done(mut shop: Shop) {
    shop.contacts(80).await;
    let path = shop.send(json!({"message": TEXT})).await;
    let answer = shop.browser.get(&path).await.body;
    if answer["campaign"]["status"] == "active" {
        let takes = time(&answer, "expected_finish_at") - time(&answer, "created_at");
        assert!(takes < TimeDelta::seconds(10), "{answer}");
        assert_eq!(answer["campaign"]["waiting_until"], Value::Null);
    }
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    assert_eq!(answer["campaign"]["expected_finish_at"], Value::Null);
}
