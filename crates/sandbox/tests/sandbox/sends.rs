//! Messages over real HTTP, as the adapter and the webhook of a business live them.

use std::time::Duration;

use nexus_sandbox::TEST_NUMBERS;
use serde_json::{Value, json};

use crate::support::{PHONE, TOKEN, World, account, error_of, eventually, text};

#[tokio::test]
async fn an_accepted_text_is_journalled_and_told_by_signed_statuses() {
    let world = World::start().await;
    // Always read: the ending says so.
    let answer = world.send("+34 612 349 210").await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        answer["contacts"],
        json!([{"input": "+34 612 349 210", "wa_id": "34612349210"}])
    );
    let wamid = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    assert!(wamid.starts_with("wamid."));

    let accepted = world.sandbox.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(
        (accepted[0].wamid.as_str(), accepted[0].to.as_str()),
        (wamid.as_str(), "34612349210")
    );
    assert_eq!(accepted[0].text.as_deref(), Some("Hola"));

    let opaque = "att-+34 612 349 210";
    eventually("three statuses", || {
        (world.webhook.words(opaque).len() == 3).then_some(())
    })
    .await;
    let mut words = world.webhook.words(opaque);
    words.sort();
    assert_eq!(words, ["delivered", "read", "sent"]);
    let statuses = world.webhook.statuses();
    assert!(
        statuses
            .iter()
            .all(|s| s["id"] == wamid && s["recipient_id"] == "34612349210")
    );
    assert!(
        statuses
            .iter()
            .all(|s| s["timestamp"].as_str().unwrap().parse::<i64>().is_ok())
    );
    assert_eq!(world.webhook.forged(), 0);

    // The same number answers.
    let reply = eventually("the reply", || world.webhook.messages().pop()).await;
    assert_eq!(reply["text"]["body"], "BAJA");
    assert_eq!(reply["from"], "34612349210");

    // Free-form messages within the conversation are not answered again.
    world.send("34612349210").await.unwrap();
    eventually("both read", || {
        (world.webhook.statuses().len() >= 6).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.webhook.messages().len(), 1);
}

#[tokio::test]
async fn mexican_numbers_get_the_whatsapp_id_with_a_one() {
    let world = World::start().await;
    let answer: Value = world
        .send("525512345678")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["contacts"][0]["wa_id"], "5215512345678");
    let status = eventually("a status", || world.webhook.statuses().pop()).await;
    assert_eq!(status["recipient_id"], "5215512345678");
}

#[tokio::test]
async fn tokens_ids_and_bodies_are_checked_as_meta_does() {
    let world = World::start().await;
    let send = |token: &'static str, id: &str| {
        let mut request = world.http.post(world.url(&format!("/v23.0/{id}/messages")));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        request.json(&text("34612345678")).send()
    };
    assert_eq!(error_of(send("", PHONE).await.unwrap()).await, (401, 190));
    assert_eq!(
        error_of(send("wrong", PHONE).await.unwrap()).await,
        (401, 190)
    );
    let unknown = send(TOKEN, "77").await.unwrap();
    let body: Value = unknown.json().await.unwrap();
    assert_eq!(
        (&body["error"]["code"], &body["error"]["error_subcode"]),
        (&json!(100), &json!(33))
    );

    // Another account's number is as unknown as one that doesn't exist.
    let mut other = account(None);
    other.access_token = "other-token".to_owned();
    other.phone_number_id = "88".to_owned();
    world.sandbox.register_account(&other).unwrap();
    assert_eq!(error_of(send(TOKEN, "88").await.unwrap()).await, (400, 100));
    assert_eq!(
        error_of(send("other-token", PHONE).await.unwrap()).await,
        (400, 100)
    );

    let garbage = world
        .http
        .post(world.url(&format!("/v23.0/{PHONE}/messages")));
    let garbage = garbage.bearer_auth(TOKEN).body("{").send().await.unwrap();
    assert_eq!(error_of(garbage).await, (400, 100));
    let unversioned = world.http.get(world.url(&format!("/latest/{PHONE}")));
    assert_eq!(
        error_of(unversioned.bearer_auth(TOKEN).send().await.unwrap()).await,
        (400, 100)
    );
    assert!(world.sandbox.accepted().is_empty());
}

#[tokio::test]
async fn each_test_number_does_what_its_row_says() {
    let world = World::start().await;
    // Endings and: HTTP status, code.
    for (ending, status, code) in [
        ("9126", 400, 131_026),
        ("9147", 400, 131_047),
        ("9048", 400, 131_048),
        ("9000", 500, 131_000),
        ("9001", 400, 1),
        ("9002", 503, 2),
        ("9190", 401, 190),
        ("9031", 403, 131_031),
    ] {
        let to = format!("52551234{ending}");
        let answer = world.send(&to).await.unwrap();
        assert_eq!(error_of(answer).await, (status, code), "{ending}");
        assert_eq!(world.accepted_to(&to), 0, "{ending}");
    }
    // Refused so many times, then accepted.
    for (ending, times, code) in [
        ("9056", 2, 131_056),
        ("9429", 1, 130_429),
        ("9016", 1, 131_016),
    ] {
        let to = format!("52551234{ending}");
        for _ in 0..times {
            assert_eq!(
                error_of(world.send(&to).await.unwrap()).await.1,
                code,
                "{ending}"
            );
        }
        assert_eq!(world.send(&to).await.unwrap().status(), 200, "{ending}");
        assert_eq!(world.accepted_to(&to), 1, "{ending}");
    }
    // Accepted, and the statuses that follow, in whatever order they arrive.
    let read = ["delivered", "read", "sent"].as_slice();
    for (ending, expected) in [
        ("9026", ["failed"].as_slice()),
        ("9042", &["failed"]),
        ("9047", &["failed"]),
        ("9049", &["failed"]),
        ("9050", &["failed"]),
        ("9472", &["failed"]),
        ("9053", &["failed"]),
        ("9200", &["sent"]),
        ("9201", &["delivered", "sent"]),
        ("9202", &["read", "sent"]),
        ("9203", read),
        (
            "9204",
            &["delivered", "delivered", "read", "read", "sent", "sent"],
        ),
        ("9205", read),
        ("9207", &["failed", "sent"]),
        ("9211", read),
        ("9212", read),
        ("9213", read),
        ("9210", read),
    ] {
        let to = format!("52551234{ending}");
        assert_eq!(world.send(&to).await.unwrap().status(), 200, "{ending}");
        let opaque = format!("att-{to}");
        let mut words = eventually(ending, || {
            let words = world.webhook.words(&opaque);
            (words.len() >= expected.len()).then_some(words)
        })
        .await;
        words.sort();
        assert_eq!(words, expected, "{ending}");
    }
    let failed = world.webhook.statuses();
    let failed = failed
        .iter()
        .find(|s| s["recipient_id"] == "5215512349050")
        .unwrap();
    assert_eq!(failed["errors"][0]["code"], 131_050);

    // The answer is lost.
    for (ending, accepted) in [
        ("9100", 1),
        ("9503", 0),
        ("9504", 1),
        ("9080", 0),
        ("9081", 1),
        ("9090", 0),
        ("9091", 1),
        ("9092", 1),
        ("9093", 1),
    ] {
        let to = format!("52551234{ending}");
        let request = world.post(&text(&to)).timeout(Duration::from_millis(500));
        match (ending, request.send().await) {
            ("9100", Ok(answer)) => assert_eq!(error_of(answer).await, (500, 131_000)),
            ("9503", Ok(answer)) => assert_eq!(answer.status(), 503),
            ("9504", Ok(answer)) => assert_eq!(answer.status(), 504),
            ("9093", Ok(answer)) => assert!(answer.json::<Value>().await.is_err()),
            ("9080" | "9081", Err(error)) => assert!(error.is_timeout(), "{ending}: {error}"),
            ("9090" | "9091" | "9092", Err(error)) => {
                assert!(
                    !error.is_timeout() && !error.is_connect(),
                    "{ending}: {error}"
                );
            }
            (_, other) => panic!("{ending}: {other:?}"),
        }
        assert_eq!(world.accepted_to(&to), accepted, "{ending}");
        if accepted == 1 && ending != "9092" {
            let opaque = format!("att-{to}");
            eventually(ending, || {
                (world.webhook.words(&opaque).len() == 3).then_some(())
            })
            .await;
        }
    }
    // No status ever: by now the others have theirs.
    for ending in ["9092", "9206"] {
        let to = format!("52551234{ending}");
        if ending == "9206" {
            assert_eq!(world.send(&to).await.unwrap().status(), 200);
            let marker = "525512349201";
            world.send(marker).await.unwrap();
            eventually("the marker", || {
                (world.webhook.words(&format!("att-{marker}")).len() == 4).then_some(())
            })
            .await;
        }
        assert!(
            world.webhook.words(&format!("att-{to}")).is_empty(),
            "{ending}"
        );
    }
    // Every row of the table was sent to above.
    for number in TEST_NUMBERS {
        let to = format!("52551234{}", number.ending);
        let journal = world.sandbox.journal();
        assert!(
            journal
                .iter()
                .any(|entry| entry.event.customer() == Some(&to)),
            "{} was not tried",
            number.ending
        );
    }
}

#[tokio::test]
async fn statuses_can_come_before_the_answer_and_backwards() {
    let world = World::start().await;
    world.behave(json!({"status_delay_ms": 100})).await;
    world.send("34612349205").await.unwrap();
    assert_eq!(world.webhook.words("att-34612349205"), ["sent"]);
    world.send("34612349203").await.unwrap();
    eventually("all three", || {
        (world.webhook.words("att-34612349203").len() == 3).then_some(())
    })
    .await;
    assert_eq!(world.webhook.words("att-34612349203")[0], "read");
}
