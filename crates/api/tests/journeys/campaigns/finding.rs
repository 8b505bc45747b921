use serde_json::{Value, json};

use super::{NOBODY, names, path_of};
use crate::support::{App, journeys};

journeys! {
    campaigns_are_found_by_page_cursor_and_condition,
    a_preview_reads_as_the_person_would_get_it,
}

async fn campaigns_are_found_by_page_cursor_and_condition(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    browser.configure_sender().await;
    browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    for campaign in [
        json!({"name": "Águilas", "channel": "whatsapp", "message": "Hola", "audience": {}}),
        json!({"name": "Boletín de mayo", "channel": "gmail", "subject": "Mayo", "message": "Hola"}),
        json!({"name": "boletín de junio", "channel": "gmail", "subject": "Junio", "message": "Hola"}),
        json!({"name": "100 % lana", "channel": "whatsapp", "message": "Hola"}),
    ] {
        let campaign = browser.campaign(campaign).await;
        if campaign["name"] == "Águilas" {
            let answer = browser.steer(&path_of(&campaign), "send").await;
            assert_eq!(answer.status, 202, "{:?}", answer.body);
        }
    }
    for (query, expected) in [
        (
            "",
            vec![
                "100 % lana",
                "boletín de junio",
                "Boletín de mayo",
                "Águilas",
            ],
        ),
        (
            "sort=created_at&channel=gmail",
            vec!["Boletín de mayo", "boletín de junio"],
        ),
        (
            "sort=name",
            vec![
                "100 % lana",
                "Águilas",
                "boletín de junio",
                "Boletín de mayo",
            ],
        ),
        ("sort=-name&status=active", vec!["Águilas"]),
        ("status=draft&channel=whatsapp", vec!["100 % lana"]),
        (
            "search=BOLETIN&sort=name&per_page=1",
            vec!["boletín de junio"],
        ),
        ("search=%25", vec!["100 % lana"]),
        (
            "search=&status=&channel=&sort=&per_page=1",
            vec!["100 % lana"],
        ),
    ] {
        let answer = browser.get(&format!("/api/campaigns?{query}")).await;
        assert_eq!(names(&answer.body["campaigns"]), expected, "{query}");
    }
    let mut by_cursor = Vec::new();
    let mut cursor = String::new();
    loop {
        let part = browser
            .get(&format!(
                "/api/campaigns?per_page=3&sort=name&cursor={cursor}"
            ))
            .await;
        by_cursor.extend(names(&part.body["campaigns"]).into_iter().map(String::from));
        match part.body["pagination"]["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(
        by_cursor,
        [
            "100 % lana",
            "Águilas",
            "boletín de junio",
            "Boletín de mayo"
        ]
    );
    for query in [
        "page=0",
        "per_page=101",
        "cursor=!!",
        "sort=sent_count",
        "status=feliz",
        "channel=fax",
    ] {
        let answer = browser.get(&format!("/api/campaigns?{query}")).await;
        answer.assert_problem(422, "invalid_input");
        let field = query.split('=').next().expect("a name");
        assert!(answer.body["fields"][field][0].is_string(), "{query}");
    }
}

async fn a_preview_reads_as_the_person_would_get_it(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let path = browser.draft("A").await;
    let preview = browser.get(&format!("{path}/preview")).await;
    assert_eq!(
        preview.body["preview"],
        json!({"contact_id": null, "name": null, "address": null, "subject": null,
               "message": "Hola María García", "variables": {}})
    );

    let beto = browser
        .contact(json!({"name": "Beto {nombre}", "phone": "5512345678"}))
        .await;
    let carla = browser
        .contact(json!({"name": "Carla", "email": "carla@example.mx"}))
        .await;
    let for_beto = browser
        .get(&format!("{path}/preview?contact_id={beto}"))
        .await;
    let expected = json!({
        "contact_id": beto, "name": "Beto {nombre}", "address": "+525512345678",
        "subject": null, "message": "Hola Beto {nombre}", "variables": {},
    });
    assert_eq!(for_beto.body["preview"], expected);
    let for_carla = browser
        .get(&format!("{path}/preview?contact_id={carla}"))
        .await;
    assert_eq!(for_carla.body["preview"]["address"], Value::Null);

    browser.put(&path, json!({"contact_ids": [beto]})).await;
    let first = browser.get(&format!("{path}/preview?contact_id=")).await;
    assert_eq!(first.body["preview"], expected, "the first recipient");

    // The provider can't be asked what the template says; the user's note is shown.
    browser
        .configure(json!({"whatsapp_business_account_id": "102290129340398"}))
        .await;
    browser.configure_sender().await;
    browser
        .put(
            &path,
            json!({"template": {"name": "hola", "language": "es", "variables": {"1": "{nombre}"}}}),
        )
        .await;
    let preview = browser
        .get(&format!("{path}/preview?contact_id={carla}"))
        .await;
    assert_eq!(preview.body["preview"]["message"], "Hola Carla");
    assert_eq!(preview.body["preview"]["variables"], json!({"1": "Carla"}));

    let mut other = app.signed_in("otra@example.mx").await;
    let foreign = other
        .contact(json!({"name": "C", "phone": "5512345670"}))
        .await;
    for unknown in [foreign.as_str(), NOBODY, "7"] {
        browser
            .get(&format!("{path}/preview?contact_id={unknown}"))
            .await
            .assert_problem(404, "not_found");
    }
}
