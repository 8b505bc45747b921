use reqwest::Method;
use serde_json::json;

use crate::support::{App, ORIGIN, PASSWORD, journeys};

journeys! {
    whatever_is_wrong_comes_in_the_one_shape_of_errors,
    head_answers_as_get_without_a_body,
    writes_of_foreign_pages_change_nothing,
    a_listed_page_may_call_with_cookies,
    without_a_session_nothing_is_told,
    the_process_says_how_it_is,
    while_the_database_is_away_nobody_is_signed_out,
    nothing_fails_that_races_with_the_end_of_its_account,
}

async fn whatever_is_wrong_comes_in_the_one_shape_of_errors(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser
        .get("/api/nada")
        .await
        .assert_problem(404, "unknown_path");
    browser
        .get("/otra")
        .await
        .assert_problem(404, "unknown_path");
    for (method, path, allowed) in [
        (Method::POST, "/api/auth/me", "GET, HEAD"),
        (Method::PATCH, "/api/contacts", "GET, HEAD, POST"),
        (Method::POST, "/api/contacts/7/", "GET, HEAD, PUT, DELETE"),
        (Method::GET, "/api/contacts/import/file", "POST"),
        (Method::DELETE, "/api/openapi.json", "GET, HEAD"),
        (Method::POST, "/health", "GET, HEAD"),
    ] {
        let answer = browser.send(browser.request(method, path)).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.headers["allow"], allowed, "{path}");
    }

    let send = |body: &'static str, kind: &'static str| {
        browser
            .request(Method::POST, "/api/contacts")
            .header("content-type", kind)
            .body(body)
    };
    let requests = [
        (
            send("{\"name\": ", "application/json"),
            400,
            "malformed_json",
        ),
        (send("{} x", "application/json"), 400, "malformed_json"),
        (send("[1]", "application/json"), 422, "invalid_input"),
        (
            send("[\"Ana\", \"+525512345678\"]", "application/json"),
            422,
            "invalid_input",
        ),
        (
            send("{\"tags\": \"vip\"}", "application/json"),
            422,
            "invalid_input",
        ),
        (
            send("name=A", "application/x-www-form-urlencoded"),
            415,
            "unsupported_media_type",
        ),
    ];
    for (request, status, code) in requests {
        browser
            .clone()
            .send(request)
            .await
            .assert_problem(status, code);
    }
    let long = "a".repeat(3_000_000);
    let answer = browser.post("/api/contacts", json!({"name": long})).await;
    answer.assert_problem(413, "too_large");
    for query in [
        "page=0",
        "page=x",
        "per_page=101",
        "per_page=-1",
        "cursor=!!",
        "sort=color",
        "status=feliz",
        "created_after=ayer",
        "has=fax",
    ] {
        let answer = browser.get(&format!("/api/contacts?{query}")).await;
        answer.assert_problem(422, "invalid_input");
        let field = query.split('=').next().unwrap();
        assert!(
            answer.body["fields"][field][0].is_string(),
            "{query}: {:?}",
            answer.body
        );
    }
}

async fn head_answers_as_get_without_a_body(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for (path, status) in [
        ("/health", 200),
        ("/api/auth/me", 200),
        ("/api/contacts?per_page=5", 200),
        ("/api/contacts/export.csv", 200),
        ("/api/openapi.json", 200),
        ("/api/docs/index.html", 200),
        ("/api/contacts/7", 404),
        ("/api/nada", 404),
        ("/api/contacts/import/file", 405),
    ] {
        let get = browser
            .request(Method::GET, path)
            .send()
            .await
            .expect("it answers");
        let head = browser
            .request(Method::HEAD, path)
            .send()
            .await
            .expect("it answers");
        assert_eq!(head.status(), status, "{path}");
        assert_eq!(get.status(), status, "{path}");
        for name in [
            "content-type",
            "content-length",
            "transfer-encoding",
            "content-disposition",
        ] {
            assert_eq!(
                head.headers().get(name),
                get.headers().get(name),
                "{path}: {name}"
            );
        }
        assert_eq!(head.bytes().await.expect("it ends").len(), 0, "{path}");
    }
    assert_eq!(browser.get("/health").await.status, 200);
}

async fn writes_of_foreign_pages_change_nothing(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.test.evil.example",
        "http://app.example.test",
        "https://app.example.test:8443",
    ] {
        browser.origin = Some(origin.to_owned());
        let answer = browser
            .post("/api/contacts", json!({"name": "A", "email": "a@b.mx"}))
            .await;
        answer.assert_problem(403, "foreign_origin");
        let answer = browser.post("/api/auth/logout", json!({})).await;
        answer.assert_problem(403, "foreign_origin");
    }
    browser.origin = None;
    let request = browser
        .request(Method::POST, "/api/contacts")
        .header("sec-fetch-site", "cross-site")
        .json(&json!({"name": "A", "email": "a@b.mx"}));
    browser
        .send(request)
        .await
        .assert_problem(403, "foreign_origin");
    assert_eq!(
        browser.get("/api/contacts").await.body["pagination"]["total"],
        0
    );

    browser.origin = Some(format!("http://{}", app.address));
    let answer = browser
        .post("/api/contacts", json!({"name": "A", "email": "a@b.mx"}))
        .await;
    assert_eq!(
        answer.status, 201,
        "the server's own pages may: {:?}",
        answer.body
    );
}

async fn a_listed_page_may_call_with_cookies(app: App) {
    let mut browser = app.browser();
    let answer = browser.get("/api/auth/me").await;
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://app.example.test"
    );
    assert_eq!(answer.headers["access-control-allow-credentials"], "true");
    browser.origin = Some("https://evil.example".to_owned());
    let answer = browser.get("/api/auth/me").await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

async fn without_a_session_nothing_is_told(app: App) {
    let mut browser = app.browser();
    for path in [
        "/api/auth/me",
        "/api/profile",
        "/api/contacts",
        "/api/contacts/tags",
        "/api/contacts/imports",
        "/api/contacts/01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11",
    ] {
        browser.get(path).await.assert_problem(401, "not_signed_in");
    }
    browser.cookie = Some("nexus_session=forged".to_owned());
    browser
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
}

async fn the_process_says_how_it_is(app: App) {
    let mut browser = app.browser();
    for path in ["/health", "/ready"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["status"], "ok");
    }
    let document = browser.get("/api/openapi.json").await;
    assert_eq!(document.body["openapi"], "3.1.0");
}

async fn while_the_database_is_away_nobody_is_signed_out(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let cookie = browser.cookie.clone();
    app.lose_database().await;
    let credentials = json!({"email": "ana@example.mx", "password": PASSWORD});
    let answers = [
        browser.get("/api/auth/me").await,
        browser.get("/api/contacts").await,
        browser.post("/api/contacts", json!({"name": "Eva"})).await,
        browser.post("/api/auth/login", credentials).await,
        browser.post("/api/auth/logout", json!({})).await,
    ];
    for answer in answers {
        answer.assert_problem(503, "unavailable");
    }
    assert_eq!(browser.cookie, cookie);
    let answer = browser.get("/api/auth/me").await;
    assert!(answer.headers.contains_key("retry-after"));
    // Without it, the page of another origin would not get to see the answer.
    assert_eq!(answer.headers["access-control-allow-origin"], ORIGIN);
    assert_eq!(browser.get("/health").await.status, 200);
}

async fn nothing_fails_that_races_with_the_end_of_its_account(app: App) {
    let browser = app.signed_in("ana@example.mx").await;
    let mut tasks = Vec::new();
    for task in 0..6 {
        let mut browser = browser.clone();
        tasks.push(tokio::spawn(async move {
            let mut ends = Vec::new();
            for number in 0..200 {
                let answer = match task {
                    0 | 1 => {
                        let phone = format!("55{:08}", 10_000_000 + task * 1_000 + number);
                        let body = json!({"name": "Eva", "phone": phone});
                        browser.post("/api/contacts", body).await
                    }
                    2 => {
                        let request = browser
                            .request(Method::POST, "/api/contacts/bulk")
                            .header("idempotency-key", format!("key {number}"))
                            .json(&json!({"action": "delete", "all": true}));
                        browser.send(request).await
                    }
                    3 => {
                        browser
                            .upload("a.csv", b"nombre,telefono\nAna,5512345678\n")
                            .await
                    }
                    4 => {
                        let (path, file) =
                            ("/api/contacts/import/preview", b"nombre,telefono\nA,1\n");
                        browser.upload_with(path, file, &[]).await
                    }
                    _ => {
                        let body =
                            json!({"name": "Otra", "channel": "whatsapp", "message": "Hola"});
                        browser.post("/api/campaigns", body).await
                    }
                };
                ends.push((answer.status.as_u16(), answer.body));
                if answer.status == 401 {
                    break;
                }
            }
            ends
        }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let mut owner = browser.clone();
    let request = owner
        .request(Method::DELETE, "/api/profile")
        .json(&json!({"password": PASSWORD}));
    assert_eq!(owner.send(request).await.status, 200);
    for task in tasks {
        let ends = task.await.expect("it ends");
        let (last, body) = ends.last().expect("an answer");
        assert_eq!(*last, 401, "{body}");
        let failed = ends.iter().find(|(status, _)| *status == 500);
        assert_eq!(failed, None);
    }
}
