//! Throttles, faults, lost webhooks and restarts.

use nexus_sandbox::{Behaviour, Event, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::support::{Folder, PHONE, SECRET, TOKEN, World, error_of, eventually, quick, text};

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
