use serde_json::{Value, json};

use crate::support::{App, journeys};

journeys! {
    a_contact_is_added_changed_and_deleted,
    two_contacts_that_are_one_person_are_merged,
    an_opt_out_is_shown_with_its_time_and_source_until_it_is_taken_back,
    a_duplicate_names_the_contact_that_is_there,
    contacts_are_found_by_any_part_of_them,
    pages_and_cursors_show_each_contact_once,
    somebody_elses_contact_is_as_missing_as_none,
    a_repeated_request_with_its_key_adds_one_contact,
}

async fn a_contact_is_added_changed_and_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser
        .post(
            "/api/contacts",
            json!({"name": "José Pérez", "phone": "(55) 1234-5678", "tags": ["VIP", "vip", "clientes"],
                   "id": "1", "user_id": "2", "created_at": "x"}),
        )
        .await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let contact = answer.body["contact"].clone();
    assert_eq!(contact["phone"], "+525512345678");
    assert_eq!(contact["tags"], json!(["VIP", "clientes"]));
    assert_eq!(contact["status"], "active");
    let path = format!("/api/contacts/{}", contact["id"].as_str().unwrap());

    let answer = browser
        .put(
            &path,
            json!({"notes": "Pide factura", "email": "jose@example.mx", "tags": ["vip"]}),
        )
        .await;
    assert_eq!(answer.body["contact"]["notes"], "Pide factura");
    assert_eq!(answer.body["contact"]["phone"], "+525512345678");
    assert_eq!(answer.body["contact"]["tags"], json!(["vip"]));

    let answer = browser
        .put(&path, json!({"phone": "", "email": null}))
        .await;
    answer.assert_problem(422, "invalid_input");
    let answer = browser.put(&path, json!({"phone": ""})).await;
    assert_eq!(answer.body["contact"]["phone"], Value::Null);

    let tags = browser.get("/api/contacts/tags").await;
    assert_eq!(tags.body["tags"], json!([{"tag": "vip", "contacts": 1}]));

    let answer = browser.delete(&path).await;
    assert_eq!(answer.body["message"], "El contacto se eliminó.");
    browser.get(&path).await.assert_problem(404, "not_found");
    browser.delete(&path).await.assert_problem(404, "not_found");
    assert_eq!(
        browser.get("/api/contacts").await.body["pagination"]["total"],
        0
    );
}

async fn two_contacts_that_are_one_person_are_merged(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut add = async |contact: Value| {
        let answer = browser.post("/api/contacts", contact).await;
        let id = answer.body["contact"]["id"].as_str().unwrap().to_owned();
        (format!("/api/contacts/{id}"), id)
    };
    let (path, id) = add(json!({"name": "José", "phone": "5512345678", "tags": ["vip"]})).await;
    let (gone, other_id) = add(
        json!({"name": "José Pérez", "phone": "5587654321", "email": "jose@b.mx",
               "tags": ["VIP", "norte"], "notes": "Factura", "status": "unsubscribed"}),
    )
    .await;
    let merge = format!("{path}/merge");

    let mut stranger = app.signed_in("otra@example.mx").await;
    let answer = stranger.post(&merge, json!({"other_id": other_id})).await;
    answer.assert_problem(404, "not_found");
    let theirs = {
        let contact = json!({"name": "A", "email": "a@b.mx"});
        let answer = stranger.post("/api/contacts", contact).await;
        answer.body["contact"]["id"].clone()
    };
    for (other, status, code) in [
        (json!(theirs), 404, "not_found"),
        (
            json!("01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11"),
            404,
            "not_found",
        ),
        (json!(id), 422, "invalid_input"),
        (json!("no-es-un-id"), 422, "invalid_input"),
        (Value::Null, 422, "invalid_input"),
    ] {
        let answer = browser.post(&merge, json!({"other_id": other})).await;
        answer.assert_problem(status, code);
    }

    let answer = browser.post(&merge, json!({"other_id": other_id})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let merged = &answer.body["contact"];
    assert_eq!(merged["id"], json!(id));
    assert_eq!(merged["name"], "José");
    assert_eq!(merged["phone"], "+525512345678");
    assert_eq!(merged["email"], "jose@b.mx");
    assert_eq!(merged["tags"], json!(["vip", "norte"]));
    assert_eq!(merged["status"], "unsubscribed");
    assert_eq!(merged["unsubscribed_source"], "user");
    browser.get(&gone).await.assert_problem(404, "not_found");
    let list = browser
        .get("/api/contacts?status=unsubscribed&tag=norte")
        .await;
    assert_eq!(list.body["pagination"]["total"], 1);
    assert_eq!(
        browser.get("/api/contacts").await.body["pagination"]["total"],
        1
    );
}

async fn an_opt_out_is_shown_with_its_time_and_source_until_it_is_taken_back(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser
        .post(
            "/api/contacts",
            json!({"name": "José", "phone": "5512345678"}),
        )
        .await;
    let contact = &answer.body["contact"];
    assert_eq!(contact["unsubscribed_at"], Value::Null);
    assert_eq!(contact["unsubscribed_source"], Value::Null);
    let path = format!("/api/contacts/{}", contact["id"].as_str().unwrap());
    let answer = browser
        .put(
            &path,
            json!({"status": "unsubscribed", "unsubscribed_source": "import"}),
        )
        .await;
    let since = answer.body["contact"]["unsubscribed_at"].clone();
    assert!(since.is_string(), "{:?}", answer.body);
    assert_eq!(answer.body["contact"]["unsubscribed_source"], "user");

    // The page saves its whole form: the wish stays as it was.
    let answer = browser
        .put(
            &path,
            json!({"status": "unsubscribed", "notes": "Pidió la baja"}),
        )
        .await;
    let saved = &answer.body["contact"]["unsubscribed_at"];
    assert_eq!(
        saved.as_str().map(|at| &at[..23]),
        since.as_str().map(|at| &at[..23])
    );
    let answer = browser.put(&path, json!({"status": "active"})).await;
    assert_eq!(answer.body["contact"]["unsubscribed_at"], Value::Null);
    assert_eq!(answer.body["contact"]["unsubscribed_source"], Value::Null);

    let file = "nombre,telefono,estado\nLuz,5512345679,baja\n";
    browser.upload("bajas.csv", file.as_bytes()).await;
    for _ in 0..600 {
        let answer = browser.get("/api/contacts?status=unsubscribed").await;
        if let Some(contact) = answer.body["contacts"].get(0) {
            assert_eq!(contact["unsubscribed_source"], "import");
            assert!(contact["unsubscribed_at"].is_string());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the import did not end");
}

async fn a_duplicate_names_the_contact_that_is_there(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let first = browser
        .post(
            "/api/contacts",
            json!({"name": "A", "phone": "5512345678", "email": "a@b.mx"}),
        )
        .await;
    let id = &first.body["contact"]["id"];
    let answer = browser
        .post(
            "/api/contacts",
            json!({"name": "B", "phone": "+52 55 1234 5678"}),
        )
        .await;
    answer.assert_problem(409, "duplicate_phone");
    assert_eq!(&answer.body["contact_id"], id);
    let answer = browser
        .post("/api/contacts", json!({"name": "B", "email": "A@B.mx"}))
        .await;
    answer.assert_problem(409, "duplicate_email");
    assert_eq!(&answer.body["contact_id"], id);

    let mut other = app.signed_in("otra@example.mx").await;
    let answer = other
        .post(
            "/api/contacts",
            json!({"name": "B", "phone": "+52 55 1234 5678"}),
        )
        .await;
    assert_eq!(answer.status, 201);
}

async fn contacts_are_found_by_any_part_of_them(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for contact in [
        json!({"name": "José Núñez", "phone": "5512345678", "tags": ["vip"], "notes": "100% puntual"}),
        json!({"name": "Beatriz", "email": "bea@example.mx", "tags": ["vip", "norte"]}),
        json!({"name": "Carlos", "phone": "3312345678", "status": "inactive"}),
    ] {
        assert_eq!(browser.post("/api/contacts", contact).await.status, 201);
    }
    for (query, names) in [
        ("search=nunez", vec!["José Núñez"]),
        ("search=55+1234", vec!["José Núñez"]),
        ("search=1234", vec!["Carlos", "José Núñez"]),
        ("search=%25", vec!["José Núñez"]),
        ("search=_", vec![]),
        ("search=bea%40example", vec!["Beatriz"]),
        ("tag=vip", vec!["Beatriz", "José Núñez"]),
        ("tag=vip&tag=norte", vec!["Beatriz"]),
        ("status=inactive", vec!["Carlos"]),
        ("has=email", vec!["Beatriz"]),
        ("has=phone&status=active", vec!["José Núñez"]),
        ("created_after=2099-01-01T00:00:00Z", vec![]),
    ] {
        let answer = browser
            .get(&format!("/api/contacts?sort=name&{query}"))
            .await;
        let found: Vec<&str> = answer.body["contacts"]
            .as_array()
            .unwrap_or_else(|| panic!("{query}: {:?}", answer.body))
            .iter()
            .map(|contact| contact["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
        assert_eq!(answer.body["pagination"]["total"], names.len(), "{query}");
    }
}

async fn pages_and_cursors_show_each_contact_once(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for number in 0..23 {
        let contact =
            json!({"name": format!("N{}", number % 5), "email": format!("c{number}@b.mx")});
        assert_eq!(browser.post("/api/contacts", contact).await.status, 201);
    }
    for sort in ["name", "-name", "created_at", "-created_at"] {
        let mut by_page = Vec::new();
        for page in 1..=3 {
            let answer = browser
                .get(&format!(
                    "/api/contacts?per_page=10&page={page}&sort={sort}"
                ))
                .await;
            assert_eq!(answer.body["pagination"]["pages"], 3);
            assert_eq!(answer.body["pagination"]["has_next"], page < 3);
            by_page.extend(answer.body["contacts"].as_array().unwrap().clone());
        }
        let mut by_cursor = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = browser
                .get(&format!(
                    "/api/contacts?per_page=7&cursor={cursor}&sort={sort}"
                ))
                .await;
            by_cursor.extend(answer.body["contacts"].as_array().unwrap().clone());
            match answer.body["pagination"]["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(by_page.len(), 23);
        assert_eq!(by_page, by_cursor, "{sort}");
    }
}

async fn somebody_elses_contact_is_as_missing_as_none(app: App) {
    let mut owner = app.signed_in("ana@example.mx").await;
    let contact = owner
        .post("/api/contacts", json!({"name": "A", "email": "a@b.mx"}))
        .await;
    let theirs = format!(
        "/api/contacts/{}",
        contact.body["contact"]["id"].as_str().unwrap()
    );
    let missing = "/api/contacts/01980c5e-7d2b-7c3a-9a55-1f0e6f3f2b11";
    let mut other = app.signed_in("otra@example.mx").await;
    for path in [theirs.as_str(), missing, "/api/contacts/no-es-un-id"] {
        for answer in [
            other.get(path).await,
            other.put(path, json!({"name": "Robado"})).await,
            other.delete(path).await,
        ] {
            answer.assert_problem(404, "not_found");
            assert_eq!(answer.body["error"], "No lo encontramos.");
        }
    }
    assert_eq!(owner.get(&theirs).await.body["contact"]["name"], "A");
}

async fn a_repeated_request_with_its_key_adds_one_contact(app: App) {
    let browser = app.signed_in("ana@example.mx").await;
    let ask = |key: &'static str, body: Value| {
        let mut browser = browser.clone();
        async move {
            let request = browser
                .request(reqwest::Method::POST, "/api/contacts")
                .header("idempotency-key", key)
                .json(&body);
            browser.send(request).await
        }
    };
    let twins = (0..12).map(|_| ask("k-1", json!({"name": "A", "email": "a@b.mx"})));
    let answers = futures_util::future::join_all(twins).await;
    for answer in &answers {
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        assert_eq!(answer.body, answers[0].body);
    }
    let answer = ask("k-1", json!({"name": "B", "email": "b@b.mx"})).await;
    answer.assert_problem(422, "idempotency_key_reused");
    let answer = ask("k-2", json!({"name": ""})).await;
    answer.assert_problem(422, "invalid_input");
    let answer = ask("k-2", json!({"name": "C", "email": "c@b.mx"})).await;
    assert_eq!(answer.status, 201, "a refused request leaves its key free");
}
