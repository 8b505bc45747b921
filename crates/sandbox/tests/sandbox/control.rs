//! The sandbox's own endpoints and its page.

use crate::support::{PHONE, SECRET, TOKEN, VERIFY, World, account, error_of, eventually, text};
use serde_json::{Value, json};

#[tokio::test]
async fn accounts_are_registered_over_http_any_number_of_times_and_shown_masked() {
    let world = World::start().await;
    let register = |account: Value| {
        world
            .http
            .post(world.url("/sandbox/accounts"))
            .json(&account)
            .send()
    };
    let mut second = serde_json::to_value(account(Some(world.webhook.url()))).unwrap();
    second["phone_number_id"] = "77".into();
    for _ in 0..2 {
        let answer = register(second.clone()).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let mut elsewhere = second.clone();
    elsewhere["webhook_url"] = "http://example.com/hook".into();
    assert_eq!(register(elsewhere).await.unwrap().status(), 422);

    let url = world.url("/sandbox/accounts");
    let shown = world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&shown)
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let send = world
        .http
        .post(world.url("/v23.0/77/messages"))
        .bearer_auth(TOKEN);
    assert_eq!(
        send.json(&text("34612345678"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );

    // A replaced token is no longer good.
    second["access_token"] = "a-newer-token".into();
    register(second).await.unwrap();
    let send = world
        .http
        .post(world.url("/v23.0/77/messages"))
        .bearer_auth(TOKEN);
    assert_eq!(
        error_of(send.json(&text("34612345678")).send().await.unwrap()).await,
        (400, 100)
    );

    for path in [
        "/sandbox/accounts",
        "/sandbox/journal",
        "/sandbox/summary",
        "/sandbox/phones",
        "/",
    ] {
        let shown = world
            .http
            .get(world.url(path))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        for secret in [TOKEN, SECRET, VERIFY] {
            assert!(!shown.contains(secret), "{path} shows {secret}");
        }
    }
}

#[tokio::test]
async fn the_journal_is_filtered_and_continued_by_sequence() {
    let world = World::start().await;
    world.behave(json!({"statuses": false})).await;
    for to in ["34612345671", "34612345672", "34612345672"] {
        world.send(to).await.unwrap();
    }
    world.send("34612349126").await.unwrap();
    let all = world.get("/sandbox/journal?kind=accepted").await;
    assert_eq!(all["entries"].as_array().unwrap().len(), 3);
    assert_eq!(all["entries"][0]["to"], "34612345671");
    let one = world.get("/sandbox/journal?kind=accepted&limit=1").await;
    let rest = world
        .get(&format!(
            "/sandbox/journal?kind=accepted&since={}",
            one["next"]
        ))
        .await;
    assert_eq!(rest["entries"].as_array().unwrap().len(), 2);
    let none = world
        .get(&format!("/sandbox/journal?since={}", rest["next"]))
        .await;
    assert_eq!(none["entries"], json!([]));
    let to = world
        .get(&format!(
            "/sandbox/journal?to=34612345672&phone_number_id={PHONE}"
        ))
        .await;
    assert_eq!(to["entries"].as_array().unwrap().len(), 2);
    let refused = world.get("/sandbox/journal?kind=refused").await;
    assert_eq!(
        (
            &refused["entries"][0]["code"],
            &refused["entries"][0]["http_status"]
        ),
        (&json!(131_026), &json!(400))
    );

    let summary = world.get("/sandbox/summary").await;
    assert_eq!(
        summary["duplicate_recipients"],
        json!({"count": 1, "list": [{"to": "34612345672", "count": 2}]})
    );
    assert_eq!(summary["duplicate_opaque"]["count"], 1);
    assert_eq!(summary["refused_by_code"], json!({"131026": 1}));
    assert!(world.webhook.statuses().is_empty());
}

#[tokio::test]
async fn a_phone_shows_what_it_received_and_answers() {
    let world = World::start().await;
    let script = "<script>alert(1)</script>";
    let mut body = text("525512349201");
    body["text"]["body"] = script.into();
    world.post(&body).send().await.unwrap();

    // The number as the business wrote it and as WhatsApp does are one phone.
    let seen = eventually("two ticks", || {
        let statuses = world.webhook.words("att-525512349201");
        (statuses.len() == 2).then_some(())
    });
    seen.await;
    for number in ["525512349201", "5215512349201"] {
        let chat = world.get(&format!("/sandbox/phones/{number}")).await;
        assert_eq!(chat["bubbles"][0]["text"], script);
        assert_eq!(chat["bubbles"][0]["status"], "delivered");
    }
    let list = world.get("/sandbox/phones?search=alert").await;
    assert_eq!(
        (&list["total"], &list["phones"][0]["number"]),
        (&json!(1), &json!("5215512349201"))
    );
    assert_eq!(
        world.get("/sandbox/phones?search=zzz").await["phones"],
        json!([])
    );

    let reply = |body: Value| {
        let url = world.url("/sandbox/phones/5215512349201/reply");
        world.http.post(url).json(&body).send()
    };
    assert_eq!(reply(json!({"text": "  "})).await.unwrap().status(), 422);
    let answer = reply(json!({"text": "¿Precio?"})).await.unwrap();
    assert_eq!(answer.status(), 202);
    let id = answer.json::<Value>().await.unwrap()["id"].clone();
    let inbound = eventually("the webhook", || world.webhook.messages().pop()).await;
    assert_eq!(
        (&inbound["id"], &inbound["from"]),
        (&id, &json!("5215512349201"))
    );
    assert_eq!(inbound["text"]["body"], "¿Precio?");
    let contact = world.webhook.values().pop().unwrap().1["contacts"][0].clone();
    assert_eq!(contact["wa_id"], "5215512349201");
    assert!(contact["profile"]["name"].is_string());

    // Only what changed comes after the cursor.
    let chat = world
        .get(&format!(
            "/sandbox/phones/525512349201?since={}",
            list["cursor"]
        ))
        .await;
    assert_eq!(chat["bubbles"].as_array().unwrap().len(), 1);
    assert_eq!(chat["bubbles"][0]["direction"], "in");

    // The business marks it as read.
    let receipt =
        |id: &Value| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
    let marked = world.post(&receipt(&id)).send().await.unwrap();
    assert_eq!(
        marked.json::<Value>().await.unwrap(),
        json!({"success": true})
    );
    let unknown = world
        .post(&receipt(&json!("wamid.unknown")))
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(unknown).await, (400, 131_009));

    let nobody = world.url("/sandbox/phones/34600000000/reply");
    let nobody = world
        .http
        .post(nobody)
        .json(&json!({"text": "Hola"}))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 422);
}

#[tokio::test]
async fn marketing_can_be_stopped_from_a_phone() {
    let world = World::start().await;
    world.send("34612349213").await.unwrap();
    let value = eventually("the preference", || {
        world
            .webhook
            .values()
            .into_iter()
            .find(|(field, _)| field == "user_preferences")
    })
    .await;
    let preference = &value.1["user_preferences"][0];
    assert_eq!(
        (&preference["value"], &preference["wa_id"]),
        (&json!("stop"), &json!("34612349213"))
    );

    let answered = world
        .http
        .post(world.url("/sandbox/phones/34612349213/reply"))
        .json(&json!({"marketing": "resume"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answered.status(), 202);
    eventually("the other preference", || {
        let mut values = world.webhook.values().into_iter();
        values.find(|(_, value)| value["user_preferences"][0]["value"] == "resume")
    })
    .await;
}

#[tokio::test]
async fn the_page_is_whole_and_lets_no_markup_in() {
    let world = World::start().await;
    let page = world.http.get(world.url("/")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"));
    let html = page.text().await.unwrap();
    assert!(html.contains("<html lang=\"es\">") && html.contains("refreshList"));
    // Nothing is loaded from elsewhere, and data never becomes markup.
    for risky in [
        "src=\"http",
        "href=\"http",
        "@import",
        "innerHTML",
        "insertAdjacentHTML",
        "document.write",
        "/*script*/",
    ] {
        assert!(!html.contains(risky), "the page contains {risky}");
    }
    let numbers = world.get("/sandbox/numbers").await;
    assert!(
        numbers
            .as_array()
            .unwrap()
            .iter()
            .any(|n| n["ending"] == "9026" && n["es"].is_string())
    );
}

#[tokio::test]
async fn pages_of_other_origins_cannot_drive_the_sandbox() {
    let world = World::start().await;
    let change = |headers: &[(&str, String)]| {
        let mut request = world
            .http
            .post(world.url("/sandbox/behaviour"))
            .json(&json!({"seed": 9}));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send()
    };
    let own = world.sandbox.base_url();
    assert_eq!(change(&[("origin", own)]).await.unwrap().status(), 200);
    for headers in [
        vec![("origin", "https://evil.example".to_owned())],
        vec![("origin", "null".to_owned())],
        vec![("origin", "http://127.0.0.1:1".to_owned())],
        vec![("sec-fetch-site", "cross-site".to_owned())],
        vec![("host", "rebound.example".to_owned())],
    ] {
        assert_eq!(change(&headers).await.unwrap().status(), 403, "{headers:?}");
    }
    let read = world
        .http
        .get(world.url("/sandbox/journal"))
        .header("host", "rebound.example");
    assert_eq!(read.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn an_impossible_behaviour_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let before = world.sandbox.behaviour();
    for change in [
        json!({"hang_percent": 60, "reset_percent": 60}),
        json!({"latencia": 1}),
    ] {
        let answer = world
            .http
            .post(world.url("/sandbox/behaviour"))
            .json(&change)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 422, "{change}");
    }
    assert_eq!(world.sandbox.behaviour(), before);
}
