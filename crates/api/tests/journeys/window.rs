//! The 24 hours in which WhatsApp lets a text of the user's own reach a person, and a provider that
//! reports nothing.

use std::time::Duration;

use nexus_sandbox::Behaviour;
use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::shop::{Shop, on_both_databases};

on_both_databases! {
    a_text_reaches_only_those_who_wrote_and_a_template_everybody,
    a_campaign_that_refuses_does_not_start_while_somebody_is_outside,
    without_the_rule_the_provider_refuses_and_says_why,
    a_provider_that_reports_nothing_is_shown_until_it_does,
}

const TEMPLATE: &str = "promocion_mensual";

fn over(answer: &Value) -> bool {
    answer["campaign"]["status"] == "completed"
}

/// Ana wrote within the window, Luz never did.
async fn two_people(shop: &mut Shop) {
    let ana = shop.contact("Ana", "5512340001").await;
    shop.contact("Luz", "5512340002").await;
    let answer = shop.browser.get("/api/profile").await;
    let id = answer.body["user"]["whatsapp_phone_number_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    shop.provider
        .receive("5215512340001", &id, "Hola")
        .expect("it is written");
    shop.until(&format!("/api/contacts/{ana}"), |answer| {
        answer["contact"]["last_message_at"].is_string()
    })
    .await;
}

async fn a_text_reaches_only_those_who_wrote_and_a_template_everybody(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("SANDBOX_ENFORCE_WINDOW", "true")]).await;
    two_people(&mut shop).await;

    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let answer = shop.until(&path, over).await;
    assert_eq!(answer["campaign"]["outside_window"], "skip", "{answer}");
    assert_eq!(answer["campaign"]["skipped_count"], 1);
    assert_eq!(answer["campaign"]["sent_count"], 1);
    let outside = shop.recipient(&path, "+525512340002").await;
    assert_eq!(outside["reason"], "outside_window", "{outside}");
    assert!(
        outside["reason_text"]
            .as_str()
            .is_some_and(|text| text.contains("24"))
    );
    assert_eq!(shop.accepted("525512340002"), 0);

    let variables = json!({"1": "{nombre}", "2": "20 %"});
    let template = json!({"name": TEMPLATE, "language": "es_MX", "variables": variables});
    let path = shop.send(json!({"template": template})).await;
    let answer = shop.until(&path, over).await;
    assert_eq!(answer["campaign"]["skipped_count"], 0, "{answer}");
    assert_eq!(shop.accepted("525512340002"), 1);
}

async fn a_campaign_that_refuses_does_not_start_while_somebody_is_outside(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("WHATSAPP_WINDOW", "on")]).await;
    two_people(&mut shop).await;
    let fields = json!({
        "name": "Rebajas", "channel": "whatsapp", "audience": {},
        "message": "Hola {nombre}", "outside_window": "refuse",
    });
    let answer = shop.browser.post("/api/campaigns", fields).await;
    assert_eq!(
        answer.body["campaign"]["outside_window"], "refuse",
        "{:?}",
        answer.body
    );
    let id = answer.body["campaign"]["id"].as_str().expect("an id");
    let path = format!("/api/campaigns/{id}");

    let preflight = format!("{path}/preflight");
    let answer = shop.browser.get(&preflight).await.body["preflight"].take();
    assert_eq!(answer["ready"], false, "{answer}");
    assert_eq!(answer["errors"][0]["code"], "outside_window");
    assert_eq!(answer["recipients"]["reachable"], 1);
    assert_eq!(
        answer["recipients"]["skipped_by_reason"]["outside_window"],
        1
    );
    let answer = shop.browser.post(&format!("{path}/send"), json!({})).await;
    answer.assert_problem(422, "outside_window");
    assert_eq!(answer.body["outside_window_count"], 1);
    assert!(
        answer.body["error"]
            .as_str()
            .is_some_and(|text| text.contains(" 1 de"))
    );
    let answer = shop.browser.get(&path).await;
    assert_eq!(answer.body["campaign"]["status"], "draft");
    assert_eq!(answer.body["campaign"]["pending_count"], 0);

    let answer = shop.browser.put(&path, json!({"outside_window": ""})).await;
    assert_eq!(answer.body["campaign"]["outside_window"], "skip");
    let answer = shop.browser.get(&preflight).await.body["preflight"].take();
    assert_eq!(answer["ready"], true, "{answer}");
    let warnings = answer["warnings"].as_array().expect("warnings");
    let told = warnings
        .iter()
        .find(|warning| warning["code"] == "only_within_window");
    let text = told.and_then(|warning| warning["text"].as_str());
    assert!(text.is_some_and(|text| text.starts_with("1 ")), "{answer}");
    let answer = shop.browser.post(&format!("{path}/send"), json!({})).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let answer = shop.until(&path, over).await;
    assert_eq!(answer["campaign"]["skipped_count"], 1, "{answer}");
}

async fn without_the_rule_the_provider_refuses_and_says_why(database: TestDatabase) {
    let settings = [
        ("SANDBOX_ENFORCE_WINDOW", "true"),
        ("WHATSAPP_WINDOW", "off"),
    ];
    let mut shop = Shop::on(database, &settings).await;
    two_people(&mut shop).await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    shop.until(&path, over).await;
    let refused = shop.recipient(&path, "+525512340002").await;
    assert_eq!(refused["reason"], "template_required", "{refused}");
    assert_eq!(refused["provider_code"], 131_047);
}

async fn a_provider_that_reports_nothing_is_shown_until_it_does(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("WHATSAPP_REPORTS_SECONDS", "1")]).await;
    shop.contacts(3).await;
    let behaviour = shop.provider.behaviour();
    let silent = Behaviour {
        statuses: false,
        ..behaviour.clone()
    };
    shop.provider.set_behaviour(silent).expect("it is possible");

    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let answer = shop.until(&path, over).await;
    assert_eq!(
        answer["campaign"]["no_reports_since"],
        Value::Null,
        "{answer}"
    );
    let answer = shop
        .until(&path, |answer| {
            answer["campaign"]["no_reports_since"].is_string()
        })
        .await;
    let text = answer["campaign"]["no_reports_text"].as_str();
    assert!(
        text.is_some_and(|text| text.contains("Webhook")),
        "{answer}"
    );

    let told = |answer: &Value| {
        let alerts = answer["integrations"][0]["alerts"].as_array();
        alerts.into_iter().flatten().any(|alert| {
            alert["code"] == "no_reports"
                && alert["since"].is_string()
                && alert["text"]
                    .as_str()
                    .is_some_and(|text| text.contains("Webhook"))
        })
    };
    shop.until("/api/integrations", told).await;

    shop.provider
        .set_behaviour(behaviour)
        .expect("it is possible");
    let another = shop.send(json!({"message": "Hola otra vez"})).await;
    shop.until(&another, |answer| {
        answer["campaign"]["delivered_count"] == 3
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    for path in [path, another] {
        let answer = shop.browser.get(&path).await;
        let since = &answer.body["campaign"]["no_reports_since"];
        assert_eq!(*since, Value::Null, "{:?}", answer.body);
    }
    shop.until("/api/integrations", |answer| !told(answer))
        .await;
}
