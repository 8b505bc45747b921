use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Browser, PASSWORD, journeys};

journeys! {
    one_registers_signs_out_and_signs_in_again,
    wrong_password_and_unknown_address_look_the_same,
    a_taken_address_is_refused,
    signing_out_means_it_each_time,
    every_bad_field_of_a_registration_is_named,
    a_profile_saved_back_as_it_was_loaded_keeps_its_keys,
    ids_that_are_none_of_metas_are_refused,
    names_that_nobody_sees_are_refused,
    a_new_password_ends_the_other_sessions,
    a_deleted_account_is_gone_with_its_sessions,
    a_session_that_ends_elsewhere_ends_here_soon,
    who_one_is_follows_what_one_changes,
    guessing_passwords_is_slowed_down,
    guessing_the_password_of_a_session_found_open_is_slowed_down,
    a_planted_session_is_worth_nothing_after_sign_in,
}

async fn one_registers_signs_out_and_signs_in_again(app: App) {
    let mut browser = app.browser();
    let answer = browser
        .post(
            "/api/auth/register/",
            json!({"name": " Lucía ", "email": "Lucia@Example.mx", "password": PASSWORD,
                   "phone": "55 1234 5678", "company": "Flores", "id": "x", "is_admin": true}),
        )
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let user = &answer.body["user"];
    assert_eq!(user["name"], "Lucía");
    assert_eq!(user["email"], "Lucia@Example.mx");
    assert_eq!(user["phone"], "+525512345678");
    assert_eq!(user["whatsapp_api_key"], Value::Null);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );

    let me = browser.get("/api/auth/me").await;
    assert_eq!(me.body["user"]["id"], user["id"]);

    let old = browser.cookie.clone();
    let answer = browser.post("/api/auth/logout", json!({})).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["message"].is_string());
    browser.cookie = old;
    browser
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");

    browser.cookie = None;
    let answer = browser
        .post(
            "/api/auth/login",
            json!({"email": "lucia@example.MX", "password": PASSWORD}),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["user"]["last_login"].is_string());
    assert_eq!(browser.get("/api/auth/me/").await.status, 200);
}

async fn wrong_password_and_unknown_address_look_the_same(app: App) {
    app.signed_in("ana@example.mx").await;
    let mut browser = app.browser();
    let wrong = browser
        .post(
            "/api/auth/login",
            json!({"email": "ana@example.mx", "password": "no es esta"}),
        )
        .await;
    let unknown = browser
        .post(
            "/api/auth/login",
            json!({"email": "nadie@example.mx", "password": "no es esta"}),
        )
        .await;
    wrong.assert_problem(401, "wrong_credentials");
    unknown.assert_problem(401, "wrong_credentials");
    assert_eq!(wrong.body["error"], unknown.body["error"]);
}

async fn signing_out_means_it_each_time(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let keyed = |browser: &Browser, path: &str, body: Value| {
        browser
            .request(Method::POST, path)
            .header("idempotency-key", "one key")
            .json(&body)
    };
    for _ in 0..2 {
        let request = keyed(&browser, "/api/auth/logout", json!({}));
        let signed_in = browser.cookie.clone();
        assert_eq!(browser.send(request).await.status, 200);
        browser.cookie = signed_in;
        browser
            .get("/api/auth/me")
            .await
            .assert_problem(401, "not_signed_in");
        browser.cookie = None;
        let credentials = json!({"email": "ana@example.mx", "password": PASSWORD});
        let answer = browser.post("/api/auth/login", credentials).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
}

async fn a_taken_address_is_refused(app: App) {
    app.signed_in("ana@example.mx").await;
    let mut browser = app.browser();
    let answer = browser
        .post(
            "/api/auth/register",
            json!({"name": "Otra", "email": "ANA@example.mx", "password": PASSWORD}),
        )
        .await;
    answer.assert_problem(409, "email_taken");
    browser
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
}

async fn every_bad_field_of_a_registration_is_named(app: App) {
    let mut browser = app.browser();
    let answer = browser
        .post(
            "/api/auth/register",
            json!({"name": " ", "email": "ana@", "password": "corta", "phone": "12"}),
        )
        .await;
    answer.assert_problem(422, "invalid_input");
    for field in ["name", "email", "password", "phone"] {
        assert!(
            answer.body["fields"][field][0].is_string(),
            "{field}: {:?}",
            answer.body
        );
    }
    assert_eq!(
        answer.body["error"],
        "Nombre: Este dato es obligatorio. Y 3 datos más por corregir."
    );
    assert_eq!(answer.body["detail"], answer.body["error"]);
    "fr;q=0.9, en-GB;q=0.8".clone_into(&mut browser.language);
    let answer = browser.post("/api/auth/register", json!({})).await;
    assert_eq!(
        answer.body["error"],
        "Name: This is required. And 2 more to correct."
    );
    let body =
        json!({"name": "Ana", "email": "ana@example.mx", "password": PASSWORD, "phone": "12"});
    let answer = browser.post("/api/auth/register", body).await;
    let said = answer.body["error"].as_str().expect("a sentence");
    assert!(
        said.starts_with("Phone: This is not a valid phone number"),
        "{said}"
    );
    assert!(!said.contains("more to correct"), "{said}");
    let answer = browser.post("/api/auth/register", json!({"name": 5})).await;
    answer.assert_problem(422, "invalid_input");
    assert!(answer.body["fields"]["name"][0].is_string());
}

async fn a_profile_saved_back_as_it_was_loaded_keeps_its_keys(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser
        .put(
            "/api/profile",
            json!({"whatsapp_api_key": "EAAG-very-secret-wxyz", "language": "en"}),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["user"]["whatsapp_api_key"], "••••••••wxyz");
    assert_eq!(answer.body["message"], "Your profile was saved.");

    let loaded = browser.get("/api/profile").await.body["user"].clone();
    let answer = browser.put("/api/profile", loaded.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let mut expected = loaded;
    expected["updated_at"] = answer.body["user"]["updated_at"].clone();
    assert_eq!(answer.body["user"], expected);

    let answer = browser
        .put(
            "/api/profile",
            json!({"whatsapp_api_key": "", "company": null, "email": "x@y.zz"}),
        )
        .await;
    assert_eq!(answer.body["user"]["whatsapp_api_key"], Value::Null);
    assert_eq!(answer.body["user"]["email"], "ana@example.mx");

    let answer = browser
        .put(
            "/api/profile",
            json!({"name": "", "timezone": "Luna/Base", "theme": "pink"}),
        )
        .await;
    answer.assert_problem(422, "invalid_input");
    assert_eq!(
        answer.body["fields"].as_object().unwrap().len(),
        3,
        "{:?}",
        answer.body
    );
}

async fn ids_that_are_none_of_metas_are_refused(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for field in ["whatsapp_phone_number_id", "whatsapp_business_account_id"] {
        for id in [
            "../../me",
            "😀",
            "1234",
            "123456789012345678901",
            "10 2030",
            "no/es",
            "１２３４５６",
        ] {
            let answer = browser.put("/api/profile", json!({field: id})).await;
            answer.assert_problem(422, "invalid_input");
            assert_eq!(
                answer.body["fields"][field],
                json!(["No tiene la forma esperada: de 5 a 20 dígitos."]),
                "{id}"
            );
        }
        for (id, kept) in [
            (json!(" 106540352242922 "), json!("106540352242922")),
            (json!(""), Value::Null),
        ] {
            let answer = browser.put("/api/profile", json!({field: id})).await;
            assert_eq!(answer.body["user"][field], kept, "{:?}", answer.body);
        }
    }
}

async fn names_that_nobody_sees_are_refused(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for name in [
        "\u{200b}",
        " \u{200d}\u{feff} ",
        "\u{2060}\u{3164}",
        "\u{ad}",
    ] {
        for (path, body) in [
            ("/api/profile", json!({"name": name})),
            (
                "/api/contacts",
                json!({"name": name, "phone": "5512345678"}),
            ),
        ] {
            let method = if path == "/api/profile" {
                Method::PUT
            } else {
                Method::POST
            };
            let answer = browser
                .send(browser.request(method, path).json(&body))
                .await;
            answer.assert_problem(422, "invalid_input");
            let said = &answer.body["fields"]["name"][0];
            assert_eq!(said, "Este dato es obligatorio.", "{name:?}");
        }
    }
    // Within a name they are as they should be: the parts of an emoji hang together by one.
    let family = "Ana 👩\u{200d}👧";
    let answer = browser.put("/api/profile", json!({"name": family})).await;
    assert_eq!(answer.body["user"]["name"], family);
}

async fn a_new_password_ends_the_other_sessions(app: App) {
    let mut first = app.signed_in("ana@example.mx").await;
    let mut second = app.browser();
    second
        .post(
            "/api/auth/login",
            json!({"email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    let planted = first.cookie.clone();
    // It has just been looked up.
    assert_eq!(second.get("/api/auth/me").await.status, 200);

    let answer = first
        .post(
            "/api/profile/change-password",
            json!({"current_password": "no es esta", "new_password": "otra frase muy larga"}),
        )
        .await;
    answer.assert_problem(403, "wrong_password");
    let answer = first
        .post(
            "/api/profile/change-password",
            json!({"current_password": PASSWORD, "new_password": "otra frase muy larga"}),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);

    assert_eq!(first.get("/api/auth/me").await.status, 200);
    second
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
    let mut thief = app.browser();
    thief.cookie = planted;
    thief
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
}

async fn a_deleted_account_is_gone_with_its_sessions(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let cookie = browser.cookie.clone();
    let request = browser
        .request(Method::DELETE, "/api/profile")
        .json(&json!({"password": "no es esta"}));
    browser
        .send(request)
        .await
        .assert_problem(403, "wrong_password");
    let request = browser
        .request(Method::DELETE, "/api/profile")
        .json(&json!({"password": PASSWORD}));
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    browser.cookie = cookie;
    browser
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
    app.signed_in("ana@example.mx").await;
}

async fn a_session_that_ends_elsewhere_ends_here_soon(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let other = app.another_instance().await;
    let mut elsewhere = other.browser();
    elsewhere.cookie.clone_from(&browser.cookie);
    assert_eq!(elsewhere.get("/api/auth/me").await.status, 200);
    browser.post("/api/auth/logout", json!({})).await;
    let mut answer = elsewhere.get("/api/auth/me").await;
    // A second is what it may take; the rest is for a machine that is busy.
    for _ in 0..50 {
        if answer.status == 401 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = elsewhere.get("/api/auth/me").await;
    }
    answer.assert_problem(401, "not_signed_in");
}

async fn who_one_is_follows_what_one_changes(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for name in ["Ana", "Ana Luz"] {
        let answer = browser.put("/api/profile", json!({"name": name})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let answer = browser.get("/api/auth/me").await;
        assert_eq!(answer.body["user"]["name"], name);
    }
}

async fn guessing_passwords_is_slowed_down(app: App) {
    app.signed_in("ana@example.mx").await;
    let mut browser = app.browser();
    let mut refused = None;
    for _ in 0..40 {
        let answer = browser
            .post(
                "/api/auth/login",
                json!({"email": "ana@example.mx", "password": "adivina"}),
            )
            .await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("forty guesses are too many");
    refused.assert_problem(429, "rate_limited");
    assert!(
        refused.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
}

async fn guessing_the_password_of_a_session_found_open_is_slowed_down(app: App) {
    let change =
        json!({"current_password": "adivina", "new_password": "cuatro bugambilias en mayo"});
    let tries = [
        (Method::POST, "/api/profile/change-password", change),
        (
            Method::DELETE,
            "/api/profile",
            json!({"password": "adivina"}),
        ),
    ];
    for (number, (method, path, body)) in tries.into_iter().enumerate() {
        let mut browser = app.signed_in(&format!("ana{number}@example.mx")).await;
        let mut answers = Vec::new();
        for _ in 0..25 {
            let request = browser.request(method.clone(), path).json(&body);
            answers.push(browser.send(request).await);
        }
        answers[0].assert_problem(403, "wrong_password");
        let last = answers.last().expect("an answer");
        last.assert_problem(429, "rate_limited");
        let wait = last.headers["retry-after"].to_str().expect("a number");
        assert!(
            wait.parse::<u64>().is_ok_and(|seconds| seconds > 0),
            "{wait}"
        );
        // Another account is not held up by it.
        app.signed_in(&format!("eva{number}@example.mx")).await;
    }
}

async fn a_planted_session_is_worth_nothing_after_sign_in(app: App) {
    let mut victim = app.signed_in("ana@example.mx").await;
    let planted = victim.cookie.clone();
    victim
        .post(
            "/api/auth/login",
            json!({"email": "ana@example.mx", "password": PASSWORD}),
        )
        .await;
    assert_ne!(victim.cookie, planted);
    let mut attacker = app.browser();
    attacker.cookie = planted;
    attacker
        .get("/api/auth/me")
        .await
        .assert_problem(401, "not_signed_in");
    assert_eq!(victim.get("/api/auth/me").await.status, 200);
}
