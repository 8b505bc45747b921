//! Journeys over real HTTP, as the adapter and the webhook of a business live them.

mod support;

use std::time::Duration;

use nexus_sandbox::{Behaviour, Event, Sandbox, SandboxConfig, TEST_NUMBERS};
use serde_json::{Value, json};
use support::{
    BUSINESS, Folder, PHONE, SECRET, TOKEN, World, account, error_of, eventually, quick, text,
};

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

#[tokio::test]
async fn templates_are_listed_in_pages_and_filled_in() {
    let world = World::start().await;
    let (mut names, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = world
            .get(&format!("/v23.0/{BUSINESS}/message_templates?fields=name,language,status&limit=4&after={after}"))
            .await;
        for template in page["data"].as_array().unwrap() {
            assert!(template["components"].is_null() && template["id"].is_string());
            names.push(format!(
                "{}/{}",
                template["name"].as_str().unwrap(),
                template["language"].as_str().unwrap()
            ));
        }
        pages += 1;
        if page["paging"]["next"].is_null() {
            break;
        }
        after = page["paging"]["cursors"]["after"]
            .as_str()
            .unwrap()
            .to_owned();
    }
    assert_eq!((pages, names.len()), (3, 10));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 10);

    let send =
        |name: &str, parameters: Value| {
            world
            .post(&json!({"messaging_product": "whatsapp", "to": "525512349212", "type": "template",
                "template": {"name": name, "language": {"code": "es_MX"},
                    "components": [{"type": "body", "parameters": parameters}]}}))
            .send()
        };
    let two = json!([{"type": "text", "text": "Ana"}, {"type": "text", "text": "20 %"}]);
    let answer: Value = send("promocion_mensual", two)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
    let text = world.sandbox.accepted()[0].text.clone().unwrap();
    assert!(
        text.contains("Hola Ana, este mes tienes 20 % de descuento"),
        "{text}"
    );
    let one = json!([{"type": "text", "text": "Ana"}]);
    assert_eq!(
        error_of(send("promocion_mensual", one.clone()).await.unwrap()).await,
        (400, 132_000)
    );
    assert_eq!(
        error_of(send("oferta_relampago", one.clone()).await.unwrap()).await,
        (400, 132_015)
    );
    assert_eq!(
        error_of(send("premio_seguro", one.clone()).await.unwrap()).await,
        (404, 132_001)
    );
    assert_eq!(
        error_of(send("no_existe", one).await.unwrap()).await,
        (404, 132_001)
    );

    // This number taps the first button.
    let tap = eventually("a tap", || world.webhook.messages().pop()).await;
    assert_eq!(
        tap["button"],
        json!({"payload": "Me interesa", "text": "Me interesa"})
    );
    assert_eq!(tap["context"]["id"], answer["messages"][0]["id"]);
}

#[tokio::test]
async fn media_are_uploaded_sent_fetched_and_deleted() {
    let world = World::start().await;
    let bytes = b"\x89PNG\r\n\x1a\nnot really".to_vec();
    let form = |mime: &str| {
        let part = reqwest::multipart::Part::bytes(bytes.clone()).file_name("foto.png");
        reqwest::multipart::Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", mime.to_owned())
            .part("file", part.mime_str(mime).unwrap())
    };
    let upload = |mime: &str| {
        let url = world.url(&format!("/v23.0/{PHONE}/media"));
        world
            .http
            .post(url)
            .bearer_auth(TOKEN)
            .multipart(form(mime))
            .send()
    };
    assert_eq!(
        error_of(upload("text/html").await.unwrap()).await,
        (400, 100)
    );
    let uploaded: Value = upload("image/png").await.unwrap().json().await.unwrap();
    let id = uploaded["id"].as_str().unwrap();

    let about = world.get(&format!("/v23.0/{id}")).await;
    assert_eq!(
        (&about["mime_type"], &about["file_size"]),
        (&json!("image/png"), &json!(bytes.len()))
    );
    let link = about["url"].as_str().unwrap();
    let without_token = world.http.get(link).send().await.unwrap();
    assert_eq!(without_token.status(), 401);
    let altered = world
        .http
        .get(format!("{link}0"))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(altered.status(), 404);
    let fetched = world
        .http
        .get(link)
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(fetched.bytes().await.unwrap(), bytes);

    let image = json!({"messaging_product": "whatsapp", "to": "34612345678", "type": "image",
        "image": {"id": id, "caption": "Foto"}});
    assert_eq!(world.post(&image).send().await.unwrap().status(), 200);
    let delete = world
        .http
        .delete(world.url(&format!("/v23.0/{id}")))
        .bearer_auth(TOKEN);
    assert_eq!(
        delete.send().await.unwrap().json::<Value>().await.unwrap(),
        json!({"success": true})
    );
    assert_eq!(
        error_of(world.post(&image).send().await.unwrap()).await,
        (400, 131_053)
    );
}

#[tokio::test]
async fn numbers_and_subscriptions_are_described() {
    let world = World::start().await;
    let number = world
        .get(&format!(
            "/v23.0/{PHONE}?fields=verified_name,quality_rating"
        ))
        .await;
    assert_eq!(
        number,
        json!({"verified_name": "Tienda Luna", "quality_rating": "GREEN", "id": PHONE})
    );
    let numbers = world.get(&format!("/v23.0/{BUSINESS}/phone_numbers")).await;
    assert_eq!(numbers["data"][0]["messaging_limit_tier"], "TIER_1K");
    let apps = format!("/v23.0/{BUSINESS}/subscribed_apps");
    let subscribed = world
        .http
        .post(world.url(&apps))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(
        subscribed.json::<Value>().await.unwrap(),
        json!({"success": true})
    );
    assert!(world.get(&apps).await["data"][0]["whatsapp_business_api_data"]["id"].is_string());

    let verify = world.url(&format!("/sandbox/accounts/{PHONE}/verify"));
    let verified: Value = world
        .http
        .post(verify)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(verified, json!({"verified": true, "http_status": 200}));
}

#[tokio::test]
async fn too_many_messages_a_second_are_throttled() {
    let world = World::start().await;
    world
        .behave(json!({"throughput": 5, "scripted_numbers": false}))
        .await;
    let mut refused = 0;
    for i in 0..40 {
        let answer = world.send(&format!("3461234{i:04}")).await.unwrap();
        if answer.status() != 200 {
            assert_eq!(error_of(answer).await.1, 130_429);
            refused += 1;
        }
    }
    assert!(refused > 0, "40 messages at 5 a second all went through");
    assert_eq!(world.sandbox.accepted().len(), 40 - refused);
}

#[tokio::test]
async fn random_faults_come_in_the_proportions_asked_for() {
    let world = World::start().await;
    world
        .behave(
            json!({"scripted_numbers": false, "throttle_percent": 30, "server_error_percent": 30,
            "reset_percent": 10, "retry_after_seconds": 7, "seed": 3}),
        )
        .await;
    let (mut throttled, mut errors, mut resets, mut fine) = (0, 0, 0, 0);
    for i in 0..300 {
        match world.send(&format!("3461234{i:04}")).await {
            Ok(answer) if answer.status() == 429 => {
                assert_eq!(answer.headers()["retry-after"], "7");
                throttled += 1;
            }
            Ok(answer) if answer.status() == 503 => errors += 1,
            Ok(answer) if answer.status() == 200 => fine += 1,
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => resets += 1,
        }
    }
    assert!((60..120).contains(&throttled), "{throttled}");
    assert!((60..120).contains(&errors), "{errors}");
    assert!((10..55).contains(&resets), "{resets}");
    // Half of the errors and resets were accepted all the same.
    let accepted = world.sandbox.accepted().len();
    assert!(
        accepted > fine && accepted < fine + errors + resets,
        "{accepted} of {fine} + {errors} + {resets}"
    );
}

#[tokio::test]
async fn the_window_is_enforced_when_asked_for() {
    let world = World::start().await;
    world.behave(json!({"enforce_window": true})).await;
    assert_eq!(
        error_of(world.send("34612345678").await.unwrap()).await,
        (400, 131_047)
    );
    world
        .sandbox
        .receive("+34 612 345 678", PHONE, "Hola")
        .unwrap();
    assert_eq!(world.send("34612345678").await.unwrap().status(), 200);
}

#[tokio::test]
async fn webhooks_are_sent_again_until_they_are_answered_200() {
    let world = World::start().await;
    world.webhook.answer_with(500);
    world.send("34612349201").await.unwrap();
    eventually("several tries", || {
        (world.webhook.refused() >= 4).then_some(())
    })
    .await;
    assert_eq!(world.webhook.posts(), 0);
    world.webhook.answer_with(200);
    eventually("both statuses", || {
        (world.webhook.words("att-34612349201").len() == 2).then_some(())
    })
    .await;
    let tries = world.sandbox.journal();
    let tries = tries.iter().filter_map(|entry| match &entry.event {
        Event::Webhook(attempt) => Some(attempt.answer),
        _ => None,
    });
    assert!(tries.filter(|answer| *answer == Some(500)).count() >= 4);
}

#[tokio::test]
async fn a_load_of_messages_is_told_completely_and_in_batches() {
    let world = World::start_with(SandboxConfig {
        behaviour: Behaviour::plain(),
        ..quick()
    })
    .await;
    let sends = (0..20).map(|lane| {
        let (http, url) = (
            world.http.clone(),
            world.url(&format!("/v23.0/{PHONE}/messages")),
        );
        tokio::spawn(async move {
            for i in 0..100 {
                let body = text(&format!("3461{lane:02}{i:05}"));
                let answer = http
                    .post(&url)
                    .bearer_auth(TOKEN)
                    .json(&body)
                    .send()
                    .await
                    .unwrap();
                assert_eq!(answer.status(), 200);
            }
        })
    });
    for send in sends.collect::<Vec<_>>() {
        send.await.unwrap();
    }
    assert_eq!(world.sandbox.accepted().len(), 2_000);
    eventually("every status", || {
        let statuses = world.webhook.statuses();
        let delivered = statuses
            .iter()
            .filter(|s| s["status"] == "delivered")
            .count();
        (delivered == 2_000).then_some(())
    })
    .await;
    assert!(
        world.webhook.posts() < 2_000,
        "{} posts",
        world.webhook.posts()
    );
    let summary = world.get("/sandbox/summary").await;
    assert_eq!(
        (&summary["accepted"], &summary["recipients"]),
        (&json!(2_000), &json!(2_000))
    );
    assert_eq!(summary["duplicate_recipients"]["count"], 0);
}

#[tokio::test]
async fn a_restarted_sandbox_remembers_and_takes_up_what_was_cut_short() {
    let folder = Folder::new("restart");
    let config = SandboxConfig {
        journal: Some(folder.journal()),
        ..quick()
    };
    let mut world = World::start_with(config.clone()).await;
    world.webhook.answer_with(503);
    world.send("34612349201").await.unwrap();
    world.send("34612349429").await.unwrap();
    world
        .sandbox
        .receive("34612345678", PHONE, "¿Hola?")
        .unwrap();
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .part(
            "file",
            reqwest::multipart::Part::bytes(b"x".to_vec())
                .mime_str("text/plain")
                .unwrap(),
        );
    let upload = world
        .http
        .post(world.url(&format!("/v23.0/{PHONE}/media")))
        .bearer_auth(TOKEN);
    let uploaded: Value = upload
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let media = uploaded["id"].as_str().unwrap();
    eventually("a refused webhook", || {
        (world.webhook.refused() > 0).then_some(())
    })
    .await;

    // A second sandbox may not write into the same journal.
    assert!(Sandbox::start(config.clone()).await.is_err());
    let before = serde_json::to_value(world.sandbox.accepted()).unwrap();
    world.sandbox.shutdown().await;
    let kept = std::fs::read_to_string(folder.journal()).unwrap();
    assert!(kept.contains("\"kind\":\"accepted\"") && kept.contains(SECRET));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.journal())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // As after a kill in the middle of a write.
    std::fs::write(
        folder.journal(),
        format!("{kept}{{\"sequence\":99,\"at\":\"20"),
    )
    .unwrap();

    // The account is not registered again: the journal knows it.
    world.sandbox = Sandbox::start(config).await.unwrap();
    world.webhook.answer_with(200);
    assert_eq!(
        serde_json::to_value(world.sandbox.accepted()).unwrap(),
        before
    );
    eventually("the statuses of before", || {
        (world.webhook.words("att-34612349201").len() >= 2).then_some(())
    })
    .await;
    let inbound = eventually("the message of before", || world.webhook.messages().pop()).await;
    assert_eq!(inbound["text"]["body"], "¿Hola?");
    assert_eq!(
        world.send("34612349429").await.unwrap().status(),
        200,
        "refused once before"
    );
    let about = world.get(&format!("/v23.0/{media}")).await;
    let fetched = world
        .http
        .get(about["url"].as_str().unwrap())
        .bearer_auth(TOKEN)
        .send();
    assert_eq!(
        fetched.await.unwrap().bytes().await.unwrap(),
        b"x".as_slice()
    );
    assert!(folder.path().join("journal.media").is_dir());
    world.sandbox.shutdown().await;
}
