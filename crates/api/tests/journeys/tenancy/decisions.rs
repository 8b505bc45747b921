//! Decisions about messages of another campaign, somebody else's and one's own.

use serde_json::{Value, json};

use crate::campaigns::NOBODY;
use crate::shop::{Shop, in_shops};
use crate::support::PASSWORD;

in_shops! {
    a_decision_is_about_the_messages_of_its_campaign_alone,
}

/// Accepted, reset, and no status ever comes.
const NOBODY_KNOWS: &str = "5512349092";

async fn a_decision_is_about_the_messages_of_its_campaign_alone(mut shop: Shop) {
    shop.contact("Ana", NOBODY_KNOWS).await;
    let owners = shop.send(json!({"message": "Hola"})).await;
    let undecided = |answer: &Value| {
        answer["campaign"]["status"] == "completed" && answer["campaign"]["undecided_count"] == 1
    };
    let before = shop.until(&owners, undecided).await;
    let address = format!("+52{NOBODY_KNOWS}");
    let recipient = shop.recipient(&owners, &address).await;

    let mut owner = shop.browser.clone();
    shop.browser.cookie = None;
    let account = json!({"name": "Otra", "email": "otra@example.mx", "password": PASSWORD});
    let answer = shop.browser.post("/api/auth/register", account).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    shop.contact("Beto", NOBODY_KNOWS).await;
    let own = shop.send(json!({"message": "Hola"})).await;
    shop.until(&own, undecided).await;
    let second = shop.send(json!({"message": "Hola"})).await;
    let second_before = shop.until(&second, undecided).await;
    let second_recipient = shop.recipient(&second, &address).await;

    let ids = json!([recipient["id"], second_recipient["id"], NOBODY]);
    for decision in ["leave", "send_again"] {
        let body = json!({"decision": decision, "recipient_ids": ids});
        let decide = format!("{own}/unconfirmed");
        let answer = shop.browser.post(&decide, body.clone()).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        assert_eq!(answer.body["decided"], 0, "{:?}", answer.body);
        assert_eq!(answer.body["not_unconfirmed"], 3, "{:?}", answer.body);
        let decide = format!("{owners}/unconfirmed");
        let answer = shop.browser.post(&decide, body).await;
        answer.assert_problem(404, "not_found");
    }
    // Of those that wait, one's own are meant.
    let body = json!({"decision": "leave"});
    let answer = shop.browser.post(&format!("{own}/unconfirmed"), body).await;
    assert_eq!(answer.body["decided"], 1, "{:?}", answer.body);

    assert_eq!(shop.browser.get(&second).await.body, second_before);
    assert_eq!(shop.recipient(&second, &address).await, second_recipient);
    assert_eq!(owner.get(&owners).await.body, before);
    shop.browser = owner;
    assert_eq!(shop.recipient(&owners, &address).await, recipient);
}
