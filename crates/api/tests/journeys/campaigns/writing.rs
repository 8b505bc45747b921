use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::{NOBODY, id_of, names, path_of};
use crate::support::{App, journeys};

journeys! {
    a_campaign_is_written_changed_found_and_deleted,
    an_empty_field_of_a_form_clears_and_an_absent_one_does_not,
    recipients_are_chosen_by_name_and_by_rule,
    a_rule_never_means_everyone_by_mistake,
    a_large_campaign_does_not_name_its_contacts,
    what_cannot_be_sent_is_refused_field_by_field,
}

async fn a_campaign_is_written_changed_found_and_deleted(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let campaign = browser
        .campaign(json!({
            "name": " Promoción de primavera ",
            "channel": "whatsapp",
            "message": "Hola {{ name }}, tenemos 20 % de descuento.",
        }))
        .await;
    assert_eq!(campaign["name"], "Promoción de primavera");
    assert_eq!(campaign["status"], "draft");
    assert_eq!(campaign["total_recipients"], 0);
    assert_eq!(campaign["media_files"], json!([]));
    for absent in [
        "subject",
        "template",
        "audience",
        "pause_reason",
        "scheduled_at",
        "started_at",
        "completed_at",
    ] {
        assert_eq!(campaign[absent], Value::Null, "{absent}");
    }
    let path = path_of(&campaign);

    let read = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(read["contact_ids"], json!([]));
    assert_eq!(read["message"], campaign["message"]);

    let answer = browser
        .put(
            &path,
            json!({"name": "Promoción de verano", "subject": "Verano"}),
        )
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let changed = &answer.body["campaign"];
    assert_eq!(changed["name"], "Promoción de verano");
    assert_eq!(changed["subject"], "Verano");
    assert_eq!(changed["message"], campaign["message"]);
    assert_eq!(changed["created_at"], campaign["created_at"]);

    let list = browser.get("/api/campaigns/").await;
    assert_eq!(names(&list.body["campaigns"]), ["Promoción de verano"]);
    assert_eq!(list.body["campaigns"][0], *changed);
    assert_eq!(list.body["pagination"]["total"], 1);

    let answer = browser.delete(&path).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, json!({"message": "La campaña se eliminó."}));
    browser.get(&path).await.assert_problem(404, "not_found");
    browser.delete(&path).await.assert_problem(404, "not_found");
    let list = browser.get("/api/campaigns").await;
    assert_eq!(list.body["pagination"]["total"], 0);
}

async fn an_empty_field_of_a_form_clears_and_an_absent_one_does_not(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let ana = browser
        .contact(json!({"name": "Ana", "phone": "5512345678"}))
        .await;
    // A form with nothing in it but what is needed, as a browser sends it.
    let campaign = browser
        .campaign(json!({
            "name": "A", "channel": "whatsapp", "message": "Hola",
            "subject": "", "template": "", "contact_ids": "", "audience": "", "scheduled_at": "",
        }))
        .await;
    let path = path_of(&campaign);
    let template = json!({"name": "hola", "language": "es_MX", "variables": {"1": "{nombre}"}});
    let answer = browser
        .put(
            &path,
            json!({
                "subject": "Asunto",
                "template": template,
                "contact_ids": [ana],
                "audience": {"tags": ["vip"], "status": "active", "search": "ana"},
            }),
        )
        .await;
    let changed = answer.body["campaign"].clone();
    assert_eq!(changed["template"], template, "{:?}", answer.body);
    assert_eq!(
        changed["audience"],
        json!({"everyone": false, "segment_id": null, "tags": ["vip"], "status": "active", "search": "ana"})
    );

    // What was read and is sent back as it came changes nothing.
    let read = browser.get(&path).await.body["campaign"].clone();
    assert_eq!(read["contact_ids"], json!([ana]));
    let answer = browser.put(&path, read.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let mut again = browser.get(&path).await.body["campaign"].clone();
    again["updated_at"] = read["updated_at"].clone();
    assert_eq!(again, read);

    let answer = browser
        .put(
            &path,
            json!({"subject": null, "template": "", "audience": null, "contact_ids": null}),
        )
        .await;
    let cleared = &answer.body["campaign"];
    assert_eq!(cleared["total_recipients"], 0, "{:?}", answer.body);
    assert_eq!(cleared["message"], "Hola");
    for gone in ["subject", "template", "audience"] {
        assert_eq!(cleared[gone], Value::Null, "{gone}");
    }

    let answer = browser.put(&path, json!({"message": "", "name": ""})).await;
    answer.assert_problem(422, "invalid_input");
    for needed in ["message", "name"] {
        assert!(answer.body["fields"][needed][0].is_string(), "{needed}");
    }
}

async fn a_rule_never_means_everyone_by_mistake(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    for (name, phone) in [("Ana", "5512345678"), ("Beto", "5512345679")] {
        browser.contact(json!({"name": name, "phone": phone})).await;
    }
    let written = |audience: Value| json!({"name": "A", "channel": "whatsapp", "message": "Hola", "audience": audience});
    // A form sends its empty fields too.
    let blank = json!({"segment_id": "", "tags": [], "status": "", "search": ""});
    for (audience, expected) in [
        (json!({}), 2),
        (json!({"everyone": true}), 2),
        (json!({"everyone": true, "tags": [], "search": ""}), 2),
        (json!({"everyone": false}), 0),
        (json!({"tags": []}), 0),
        (blank.clone(), 0),
    ] {
        let campaign = browser.campaign(written(audience.clone())).await;
        assert_eq!(campaign["total_recipients"], expected, "{audience}");
        let path = path_of(&campaign);
        let rule = browser.get(&path).await.body["campaign"]["audience"].clone();
        assert_eq!(rule.is_null(), expected == 0, "{audience}");
        let again = browser.put(&path, json!({"audience": rule})).await;
        assert_eq!(
            again.body["campaign"]["total_recipients"], expected,
            "sent back: {rule}"
        );
    }
    let campaign = browser.campaign(written(json!({"status": "active"}))).await;
    let answer = browser
        .put(&path_of(&campaign), json!({"audience": blank}))
        .await;
    assert_eq!(answer.body["campaign"]["audience"], Value::Null);
    assert_eq!(answer.body["campaign"]["total_recipients"], 0);
    for misspelled in [
        json!({"segment": NOBODY}),
        json!({"tag": ["vip"]}),
        json!({"tags": ["vip"], "has": ["phone"]}),
        json!([]),
        json!({"search": "´"}),
    ] {
        let answer = browser
            .post("/api/campaigns", written(misspelled.clone()))
            .await;
        assert_eq!(answer.status, 422, "{misspelled}: {:?}", answer.body);
    }
}

async fn recipients_are_chosen_by_name_and_by_rule(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let vip = browser
        .contact(json!({"name": "Ana", "phone": "5512345678", "tags": ["vip"]}))
        .await;
    let plain = browser
        .contact(json!({"name": "Beto", "phone": "5512345679"}))
        .await;
    let mut total = async |chosen: Value| {
        let mut campaign = json!({"name": "A", "channel": "whatsapp", "message": "Hola"});
        for (field, value) in chosen.as_object().expect("fields") {
            campaign[field] = value.clone();
        }
        browser.campaign(campaign).await["total_recipients"].clone()
    };
    assert_eq!(total(json!({"contact_ids": [vip, plain, plain]})).await, 2);
    assert_eq!(total(json!({"audience": {"tags": ["VIP"]}})).await, 1);
    assert_eq!(total(json!({"audience": {}})).await, 2);
    assert_eq!(
        total(json!({"audience": {"tags": ["vip"]}, "contact_ids": [vip, plain]})).await,
        2,
        "each once"
    );

    let mut other = app.signed_in("otra@example.mx").await;
    let foreign = other
        .contact(json!({"name": "C", "phone": "5512345670"}))
        .await;
    let mut refused = Vec::new();
    for unknown in [foreign.as_str(), NOBODY, "no es un id"] {
        let answer = browser
            .post(
                "/api/campaigns",
                json!({"name": "A", "channel": "whatsapp", "message": "Hola",
                       "contact_ids": [vip, unknown]}),
            )
            .await;
        answer.assert_problem(422, "invalid_input");
        refused.push(answer.body["fields"].clone());
    }
    let expected = json!({"contact_ids": ["Uno de los contactos elegidos ya no existe."]});
    assert!(refused.iter().all(|fields| *fields == expected));

    let path = browser.draft("B").await;
    let answer = browser.put(&path, json!({"contact_ids": [foreign]})).await;
    answer.assert_problem(422, "invalid_input");
    let read = browser.get(&path).await;
    assert_eq!(read.body["campaign"]["contact_ids"], json!([]));
}

async fn a_large_campaign_does_not_name_its_contacts(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let mut file = String::from("nombre,correo\n");
    for number in 0..1_001 {
        writeln!(file, "Cliente {number},c{number}@example.mx").expect("a string takes it");
    }
    let answer = browser.upload("clientes.csv", file.as_bytes()).await;
    let import = format!("/api/contacts/imports/{}", id_of(&answer.body["import"]));
    for _ in 0..600 {
        if browser.get(&import).await.body["import"]["status"] == "completed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let one = browser.get("/api/contacts?per_page=1").await;
    let one = id_of(&one.body["contacts"][0]);
    let campaign = browser
        .campaign(
            json!({"name": "A", "channel": "whatsapp", "message": "Hola",
                         "audience": {}, "contact_ids": [one]}),
        )
        .await;
    assert_eq!(campaign["total_recipients"], 1_001);
    let path = path_of(&campaign);
    let read = browser.get(&path).await.body["campaign"].clone();
    assert!(read.get("contact_ids").is_none(), "{read}");

    // Sent back as it was read, it keeps the choice.
    browser.put(&path, read).await;
    let answer = browser.put(&path, json!({"audience": null})).await;
    assert_eq!(answer.body["campaign"]["total_recipients"], 1);
    let read = browser.get(&path).await;
    assert_eq!(read.body["campaign"]["contact_ids"], json!([one]));
}

async fn what_cannot_be_sent_is_refused_field_by_field(app: App) {
    let mut browser = app.signed_in("ana@example.mx").await;
    let answer = browser
        .post(
            "/api/campaigns",
            json!({"name": "A", "channel": "whatsapp", "message": "Hola {apellido}"}),
        )
        .await;
    answer.assert_problem(422, "invalid_input");
    assert_eq!(
        answer.body["fields"],
        json!({"message": [
            "No existe el dato «apellido»; puedes usar {nombre}, {telefono}, {email} y tus campos personalizados."
        ]})
    );
    for (campaign, fields) in [
        (json!({}), vec!["channel", "message", "name"]),
        (
            json!({"name": "A", "channel": "fax", "message": "Hola"}),
            vec!["channel"],
        ),
        (
            json!({"name": "A", "channel": "gmail", "message": "Hola"}),
            vec!["subject"],
        ),
        (
            json!({"name": "a".repeat(256), "channel": "whatsapp", "message": "a".repeat(4_097)}),
            vec!["message", "name"],
        ),
        (
            json!({"name": "A", "channel": "whatsapp", "template": {"variables": {"1": "{x}"}}}),
            vec!["template.language", "template.name", "template.variables.1"],
        ),
        (
            json!({"name": "A", "channel": "whatsapp", "message": "Hola",
                   "audience": {"status": "feliz", "tags": ["a,b"]}}),
            vec!["audience.status", "audience.tags"],
        ),
    ] {
        let answer = browser.post("/api/campaigns", campaign.clone()).await;
        answer.assert_problem(422, "invalid_input");
        let refused: Vec<_> = answer.body["fields"]
            .as_object()
            .expect("fields")
            .keys()
            .collect();
        assert_eq!(refused, fields, "{campaign}");
    }
    let list = browser.get("/api/campaigns").await;
    assert_eq!(list.body["pagination"]["total"], 0);
}
