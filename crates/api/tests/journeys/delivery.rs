//! Campaigns on their way: over the provider's wire, and back by its webhooks.

use std::time::Duration;

use serde_json::{Value, json};

use crate::shop::{Shop, in_shops};

in_shops! {
    what_became_of_every_recipient_comes_back,
    what_nobody_can_know_is_listed_as_unconfirmed,
    a_template_goes_out_with_each_persons_values,
    a_pause_holds_and_a_cancellation_ends,
    a_dead_key_pauses_the_campaign_and_nobody_is_lost,
    an_answer_is_counted_once,
    a_message_says_what_a_file_knew_of_each_person,
}

const TEXT: &str = "Hola {nombre}, tu número es {telefono}.";

fn over(campaign: &Value) -> bool {
    campaign["campaign"]["status"] == "completed"
}

fn listed(answer: &Value) -> &[Value] {
    answer["recipients"].as_array().map_or(&[], Vec::as_slice)
}

async fn what_became_of_every_recipient_comes_back(mut shop: Shop) {
    // The sandbox's test numbers: the last four digits say what happens.
    let people = [
        // Nothing special.
        ("5512340001", "delivered or read", 1),
        // Accepted, then failed: not reachable.
        ("5512349026", "failed", 1),
        // Refused at once.
        ("5512349126", "failed", 0),
        // Does not want marketing.
        ("5512349050", "failed", 1),
        // Too fast at first: for the account, for the pair.
        ("5512349429", "read", 1),
        ("5512349056", "read", 1),
        // Statuses left out, in reverse order, twice, before the answer.
        ("5512349202", "read", 1),
        ("5512349203", "read", 1),
        ("5512349204", "read", 1),
        ("5512349205", "read", 1),
        // Accepted, though the answer says otherwise or never comes: a status settles the doubt.
        ("5512349091", "read", 1),
        ("5512349504", "read", 1),
        ("5512349093", "read", 1),
        ("5512349100", "read", 1),
    ];
    for (number, ..) in people {
        shop.contact("Ana", number).await;
    }
    shop.contact_with(json!({"name": "Sin teléfono", "email": "sin@example.mx"}))
        .await;
    shop.contact_with(json!({"name": "De baja", "phone": "5512340077", "status": "unsubscribed"}))
        .await;

    let path = shop.send(json!({"message": TEXT})).await;
    let campaign = shop.until(&path, over).await;
    shop.until(&format!("{path}/recipients?per_page=100"), |answer| {
        people.iter().all(|(number, expected, _)| {
            let address = format!("+52{number}");
            listed(answer)
                .iter()
                .find(|recipient| recipient["address"] == address.as_str())
                .and_then(|recipient| recipient["status"].as_str())
                .is_some_and(|status| expected.contains(status))
        })
    })
    .await;
    for (number, _, sent) in people {
        assert_eq!(shop.accepted(&format!("52{number}")), sent, "{number}");
    }
    let refused = shop.recipient(&path, "+525512349126").await;
    assert_eq!(refused["reason"], "unreachable", "{refused}");
    assert_eq!(refused["provider_code"], 131_026);
    assert_eq!(
        refused["reason_text"],
        "Este número no recibe mensajes de WhatsApp."
    );
    let campaign = &campaign["campaign"];
    assert_eq!(campaign["total_recipients"], 16, "{campaign}");
    assert_eq!(campaign["failed_count"], 3, "{campaign}");
    assert_eq!(campaign["skipped_count"], 2, "{campaign}");
    assert_eq!(campaign["sent_count"], 11, "{campaign}");
    assert_eq!(campaign["unconfirmed_count"], 0, "{campaign}");
    let skipped = shop
        .browser
        .get(&format!("{path}/recipients?status=skipped"))
        .await;
    let mut reasons: Vec<_> = skipped.body["recipients"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|recipient| recipient["reason"].as_str().unwrap_or_default())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["no_address", "opted_out"]);

    let texts: Vec<_> = shop
        .provider
        .accepted()
        .into_iter()
        .filter_map(|message| message.text)
        .collect();
    assert!(
        texts.contains(&"Hola Ana, tu número es +525512340001.".to_owned()),
        "{texts:?}"
    );
    // Who refuses marketing is not written to again.
    let contacts = shop
        .browser
        .get("/api/contacts?search=5512349050")
        .await
        .body;
    assert_eq!(contacts["contacts"][0]["status"], "unsubscribed");
    let dashboard = shop.browser.get("/api/stats/dashboard").await.body;
    assert_eq!(dashboard["messages"]["sent"], campaign["sent_count"]);
    assert_eq!(dashboard["messages"]["failed"], 3);
    assert_eq!(dashboard["campaigns"]["by_status"]["completed"], 1);
}

async fn what_nobody_can_know_is_listed_as_unconfirmed(mut shop: Shop) {
    // No answer and not accepted; no answer, accepted, and no status ever comes.
    shop.contact("Nunca llegó", "5512349090").await;
    shop.contact("Nadie sabe", "5512349092").await;
    let path = shop.send(json!({"message": TEXT})).await;
    // Nothing that left later is ever heard of, so nothing is known of these.
    let campaign = shop.until(&path, over).await;
    assert_eq!(campaign["campaign"]["unconfirmed_count"], 2, "{campaign}");
    assert_eq!(shop.accepted("525512349092"), 1);
    let listed = shop
        .browser
        .get(&format!("{path}/recipients?status=unconfirmed"))
        .await;
    assert_eq!(listed.body["pagination"]["total"], 2);
    for recipient in listed.body["recipients"].as_array().expect("a list") {
        assert_eq!(recipient["attempts"], 1, "{recipient}");
    }
}

async fn a_template_goes_out_with_each_persons_values(mut shop: Shop) {
    shop.contact("Ana", "5512340001").await;
    shop.contact("Luis", "5512340002").await;
    let template = |name: &str, variables: Value| json!({"template": {"name": name, "language": "es_MX", "variables": variables}});
    let path = shop
        .send(template(
            "promocion_mensual",
            json!({"1": "{nombre}", "2": "20 %"}),
        ))
        .await;
    shop.until(&path, over).await;
    let accepted = shop.provider.accepted();
    let mut texts: Vec<_> = accepted
        .iter()
        .map(|message| message.text.clone().unwrap_or_default())
        .collect();
    texts.sort();
    assert!(
        texts[0].contains("Hola Ana, este mes tienes 20 %"),
        "{texts:?}"
    );
    assert!(texts[1].contains("Hola Luis, este mes"), "{texts:?}");
    assert!(
        accepted
            .iter()
            .all(|message| message.message_type == "template")
    );

    for (content, reason) in [
        (template("no_existe", json!({})), "ese nombre"),
        (template("promocion_mensual", json!({"1": "{nombre}"})), "2"),
        (
            template("oferta_con_imagen", json!({"1": "{nombre}"})),
            "una imagen",
        ),
    ] {
        let mut fields = content;
        fields["name"] = json!("Otra");
        fields["channel"] = json!("whatsapp");
        fields["audience"] = json!({});
        let answer = shop.browser.post("/api/campaigns", fields).await;
        let id = answer.body["campaign"]["id"].as_str().expect("an id");
        let answer = shop
            .browser
            .post(&format!("/api/campaigns/{id}/send"), json!({}))
            .await;
        answer.assert_problem(422, "template_unusable");
        assert!(
            answer.body["error"]
                .as_str()
                .is_some_and(|error| error.contains(reason)),
            "{:?}",
            answer.body
        );
    }
}

async fn a_pause_holds_and_a_cancellation_ends(mut shop: Shop) {
    shop.contacts(100).await;
    let path = shop.send(json!({"message": TEXT})).await;
    shop.until(&path, |answer| {
        answer["campaign"]["sent_count"].as_u64() >= Some(5)
    })
    .await;
    let answer = shop.browser.post(&format!("{path}/pause"), json!({})).await;
    assert_eq!(answer.body["campaign"]["status"], "paused");
    // What was claimed ahead has left by then, and nothing after it.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = shop.provider.accepted().len();
    assert!(held < 100, "nothing was left to hold");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.provider.accepted().len(), held);

    let answer = shop
        .browser
        .post(&format!("{path}/resume"), json!({}))
        .await;
    assert_eq!(answer.body["campaign"]["status"], "active");
    shop.until(&path, |answer| {
        answer["campaign"]["sent_count"].as_u64() > Some(held as u64)
    })
    .await;
    let answer = shop
        .browser
        .post(&format!("{path}/cancel"), json!({}))
        .await;
    assert_eq!(answer.body["campaign"]["status"], "cancelled");
    let campaign = shop
        .until(&path, |answer| answer["campaign"]["pending_count"] == 0)
        .await;
    let cancelled = shop
        .browser
        .get(&format!("{path}/recipients?status=cancelled&per_page=1"))
        .await;
    let cancelled = cancelled.body["pagination"]["total"].as_u64();
    let sent = campaign["campaign"]["sent_count"].as_u64();
    assert_eq!(cancelled.zip(sent).map(|(a, b)| a + b), Some(100));
    assert_eq!(sent, Some(shop.provider.accepted().len() as u64));
    assert_eq!(campaign["campaign"]["status"], "cancelled");
}

async fn a_dead_key_pauses_the_campaign_and_nobody_is_lost(mut shop: Shop) {
    // The provider says to this number alone that the key has expired.
    let dead = shop.contact("Clave", "5512349190").await;
    shop.contacts(20).await;
    let path = shop.send(json!({"message": TEXT})).await;
    let campaign = shop
        .until(&path, |answer| {
            answer["campaign"]["status"] == "paused"
                && answer["campaign"]["sent_count"].as_u64()
                    == answer["campaign"]["pending_count"]
                        .as_u64()
                        .map(|pending| 21 - pending)
        })
        .await;
    assert_eq!(campaign["campaign"]["pause_reason"], "credential_invalid");
    assert_eq!(campaign["campaign"]["failed_count"], 0, "{campaign}");

    let answer = shop.browser.delete(&format!("/api/contacts/{dead}")).await;
    assert_eq!(answer.status, 200);
    let answer = shop
        .browser
        .post(&format!("{path}/resume"), json!({}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let campaign = shop.until(&path, over).await;
    assert_eq!(campaign["campaign"]["sent_count"], 20, "{campaign}");
    assert_eq!(campaign["campaign"]["skipped_count"], 1, "{campaign}");
    assert_eq!(shop.provider.accepted().len(), 20);
}

async fn an_answer_is_counted_once(mut shop: Shop) {
    // Asks a question in answer.
    shop.contact("Pregunta", "5512349211").await;
    let path = shop.send(json!({"message": TEXT})).await;
    let campaign = shop
        .until(&path, |answer| answer["campaign"]["replied_count"] == 1)
        .await;
    assert_eq!(campaign["campaign"]["sent_count"], 1);
    let business = shop.provider.accepted()[0].phone_number_id.clone();
    shop.provider
        .receive("5215512349211", &business, "¿Y los domingos?")
        .expect("it is received");
    let dashboard = shop
        .until("/api/stats/dashboard", |answer| {
            answer["recent_activity"].as_array().is_some_and(|items| {
                let received = |item: &&Value| item["kind"] == "message_received";
                items.iter().filter(received).count() == 2
            })
        })
        .await;
    assert_eq!(dashboard["messages"]["replied"], 1, "{dashboard}");
    let recipient = shop.recipient(&path, "+525512349211").await;
    assert!(recipient["replied_at"].is_string(), "{recipient}");
    let contacts = shop.browser.get("/api/contacts").await.body;
    assert!(contacts["contacts"][0]["last_message_at"].is_string());
}

async fn a_message_says_what_a_file_knew_of_each_person(mut shop: Shop) {
    let file = "Nombre,Teléfono,Ciudad,Fecha de compra\nAna,5512340001,Lima,mayo\n\
                Luz,5512340002,\"{nombre} {Ciudad}\",\nSol,5512340003,,junio\n";
    let keep = [("keep_unmapped", "true")];
    let upload = "/api/contacts/import/file";
    let answer = shop
        .browser
        .upload_with(upload, file.as_bytes(), &keep)
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let import = answer.body["import"]["id"].as_str().expect("an id");
    let import = format!("/api/contacts/imports/{import}");
    shop.until(&import, |answer| answer["import"]["status"] == "completed")
        .await;
    let message = "Hola {nombre} de {ciudad}: {{ Fecha de Compra }}.";
    let path = shop.send(json!({"message": message})).await;
    shop.until(&path, over).await;
    let mut received: Vec<_> = shop
        .provider
        .accepted()
        .into_iter()
        .map(|message| (message.to, message.text.unwrap_or_default()))
        .collect();
    received.sort();
    let expected = [
        ("525512340001", "Hola Ana de Lima: mayo."),
        ("525512340002", "Hola Luz de {nombre} {Ciudad}: ."),
        ("525512340003", "Hola Sol de : junio."),
    ];
    assert_eq!(
        received,
        expected.map(|(to, text)| (to.to_owned(), text.to_owned()))
    );
    let answer = shop.browser.delete("/api/contacts/fields/ciudad").await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
}
