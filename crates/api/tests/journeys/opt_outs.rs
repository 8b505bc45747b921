//! What customers say about being written to: from their phone to the database, and the answer back.

use std::time::Duration;

use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::shop::{Shop, in_shops};

in_shops! {
    a_word_unsubscribes_whoever_writes_it_and_is_confirmed_once,
    a_sentence_that_only_has_the_word_changes_nothing,
    the_wish_of_a_stranger_holds_however_they_become_a_contact,
    what_the_shop_set_no_word_of_the_person_takes_back,
    what_people_tell_whatsapp_counts_and_is_answered_only_while_the_window_is_open,
    a_button_that_says_the_word_counts,
    a_shop_has_words_and_answers_of_its_own,
}

const PHONE: &str = "5512340001";
/// As the provider writes a Mexican number, and as we do.
const WA_ID: &str = "5215512340001";
const DIGITS: &str = "525512340001";

async fn phone_number_id(shop: &mut Shop) -> String {
    let answer = shop.browser.get("/api/profile").await;
    let id = answer.body["user"]["whatsapp_phone_number_id"].as_str();
    id.expect("the sandbox gave one").to_owned()
}

async fn write(shop: &mut Shop, wa_id: &str, text: &str) {
    let id = phone_number_id(shop).await;
    shop.provider
        .receive(wa_id, &id, text)
        .expect("it is written");
}

/// What the person does on their phone besides writing.
async fn tap(shop: &mut Shop, wa_id: &str, what: Value) {
    let id = phone_number_id(shop).await;
    let mut what = what;
    what["phone_number_id"] = id.into();
    let url = format!("{}/sandbox/phones/{wa_id}/reply", shop.provider.base_url());
    let answer = reqwest::Client::new().post(url).json(&what).send().await;
    let answer = answer.expect("the sandbox answers");
    assert!(answer.status().is_success(), "{answer:?}");
}

async fn until_status(shop: &mut Shop, contact: &str, status: &str) -> Value {
    let path = format!("/api/contacts/{contact}");
    let answer = shop
        .until(&path, |answer| answer["contact"]["status"] == status)
        .await;
    answer["contact"].clone()
}

/// What the product wrote to this person by itself or in campaigns, oldest first.
fn texts(shop: &Shop, digits: &str) -> Vec<String> {
    shop.provider
        .accepted()
        .into_iter()
        .filter(|message| message.to == digits)
        .filter_map(|message| message.text)
        .collect()
}

async fn until_texts(shop: &Shop, digits: &str, count: usize) -> Vec<String> {
    for _ in 0..400 {
        let texts = texts(shop, digits);
        if texts.len() >= count {
            return texts;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{digits} got {:?}", texts(shop, digits));
}

/// Long enough for whatever is still to come to come.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(2_500)).await;
}

async fn a_word_unsubscribes_whoever_writes_it_and_is_confirmed_once(mut shop: Shop) {
    let contact = shop.contact("Ana", PHONE).await;
    shop.contact("Luz", "5512340002").await;

    write(&mut shop, WA_ID, " ¡Bája! ").await;

    let shown = until_status(&mut shop, &contact, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_source"], "customer", "{shown}");
    assert_eq!(shown["unsubscribed_word"], "BAJA");
    assert!(shown["unsubscribed_at"].is_string());
    let told = until_texts(&shop, DIGITS, 1).await;
    assert_eq!(
        told,
        ["Listo: ya no te enviaremos mensajes. Si cambias de opinión, responde ALTA."]
    );

    // Said again it is not answered again, and no campaign reaches them.
    write(&mut shop, WA_ID, "stop").await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    shop.until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    let answer = shop.browser.get(&format!("{path}/recipients")).await;
    let skipped: Vec<_> = answer.body["recipients"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|recipient| recipient["reason"] == "opted_out")
        .collect();
    assert_eq!(skipped.len(), 1, "{:?}", answer.body);
    settle().await;
    assert_eq!(texts(&shop, DIGITS).len(), 1);

    // An import does not bring them back, nor a form that was opened before.
    let file = format!("nombre,telefono,estado\nAna,{PHONE},activo\n");
    let answer = shop.browser.upload("a.csv", file.as_bytes()).await;
    let import = answer.body["import"]["id"].as_str().expect("an id");
    shop.until(&format!("/api/contacts/imports/{import}"), |answer| {
        answer["import"]["status"] == "completed"
    })
    .await;
    until_status(&mut shop, &contact, "unsubscribed").await;
    let answer = shop
        .browser
        .put(
            &format!("/api/contacts/{contact}"),
            json!({"status": "active", "updated_at": "2026-01-01T00:00:00Z"}),
        )
        .await;
    assert_eq!(answer.status, 409, "{:?}", answer.body);

    // Their own word does.
    write(&mut shop, WA_ID, "Alta").await;
    let shown = until_status(&mut shop, &contact, "active").await;
    assert_eq!(shown["unsubscribed_word"], Value::Null);
    let told = until_texts(&shop, DIGITS, 2).await;
    assert!(told[1].contains("volverás a recibir"), "{told:?}");
}

async fn a_sentence_that_only_has_the_word_changes_nothing(mut shop: Shop) {
    let contact = shop.contact("Ana", PHONE).await;
    for text in [
        "no quiero dar de baja mi pedido",
        "¿La calidad es alta o baja?",
        "bajar",
        "cancelar mi cita del lunes",
    ] {
        write(&mut shop, WA_ID, text).await;
    }
    let path = format!("/api/contacts/{contact}");
    shop.until(&path, |answer| {
        answer["contact"]["last_message_at"].is_string()
    })
    .await;
    settle().await;
    until_status(&mut shop, &contact, "active").await;
    assert_eq!(texts(&shop, DIGITS), [""; 0]);
}

async fn the_wish_of_a_stranger_holds_however_they_become_a_contact(mut shop: Shop) {
    for last in 1..=3 {
        write(&mut shop, &format!("521551234000{last}"), "BAJA").await;
    }
    for last in 1..=3 {
        until_texts(&shop, &format!("52551234000{last}"), 1).await;
    }

    // Typed, as active.
    let typed = shop
        .contact_with(json!({"name": "Ana", "phone": PHONE, "status": "active"}))
        .await;
    let shown = until_status(&mut shop, &typed, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_source"], "customer", "{shown}");
    // From a file.
    let file = "nombre,telefono\nLuz,5512340002\nSol,5512349999\n";
    let answer = shop.browser.upload("a.csv", file.as_bytes()).await;
    let import = answer.body["import"]["id"].as_str().expect("an id");
    shop.until(&format!("/api/contacts/imports/{import}"), |answer| {
        answer["import"]["status"] == "completed"
    })
    .await;
    let answer = shop
        .browser
        .get("/api/contacts?status=unsubscribed&search=luz")
        .await;
    assert_eq!(answer.body["pagination"]["total"], 1, "{:?}", answer.body);
    let answer = shop
        .browser
        .get("/api/contacts?status=active&search=sol")
        .await;
    assert_eq!(answer.body["pagination"]["total"], 1, "{:?}", answer.body);
    // Somebody who gets the number.
    let given = shop.contact("Paz", "5512340099").await;
    let answer = shop
        .browser
        .put(
            &format!("/api/contacts/{given}"),
            json!({"phone": "5512340003", "status": "active"}),
        )
        .await;
    assert_eq!(answer.body["contact"]["status"], "unsubscribed");

    // Deleted and added again, it holds still; taken back by hand, it does not.
    let answer = shop.browser.delete(&format!("/api/contacts/{typed}")).await;
    assert_eq!(answer.status, 200);
    let again = shop.contact("Ana", PHONE).await;
    until_status(&mut shop, &again, "unsubscribed").await;
    let path = format!("/api/contacts/{again}");
    let answer = shop.browser.put(&path, json!({"status": "active"})).await;
    assert_eq!(answer.body["contact"]["status"], "active");
    shop.browser.delete(&path).await;
    let again = shop.contact("Ana", PHONE).await;
    until_status(&mut shop, &again, "active").await;
}

async fn what_the_shop_set_no_word_of_the_person_takes_back(mut shop: Shop) {
    let by_hand = shop
        .contact_with(json!({"name": "Ana", "phone": PHONE, "status": "unsubscribed"}))
        .await;
    let set_aside = shop
        .contact_with(json!({"name": "Luz", "phone": "5512340002", "status": "inactive"}))
        .await;

    write(&mut shop, WA_ID, "ALTA").await;
    write(&mut shop, "5215512340002", "BAJA").await;
    until_status(&mut shop, &set_aside, "unsubscribed").await;
    until_texts(&shop, "525512340002", 1).await;
    // Times are whole seconds, and of two wishes of the same the one for silence holds.
    settle().await;
    write(&mut shop, "5215512340002", "ALTA").await;

    // Back to where the shop had put it, not further.
    until_status(&mut shop, &set_aside, "inactive").await;
    settle().await;
    let shown = until_status(&mut shop, &by_hand, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_source"], "user");
    assert_eq!(
        texts(&shop, DIGITS),
        [""; 0],
        "there was nothing to confirm"
    );
}

async fn what_people_tell_whatsapp_counts_and_is_answered_only_while_the_window_is_open(
    mut shop: Shop,
) {
    let silent = shop.contact("Ana", PHONE).await;
    let talking = shop.contact("Luz", "5512340002").await;
    write(&mut shop, "5215512340002", "Hola").await;
    let path = format!("/api/contacts/{talking}");
    shop.until(&path, |answer| {
        answer["contact"]["last_message_at"].is_string()
    })
    .await;

    tap(&mut shop, WA_ID, json!({"marketing": "stop"})).await;
    tap(&mut shop, "5215512340002", json!({"marketing": "stop"})).await;

    let shown = until_status(&mut shop, &silent, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_source"], "provider", "{shown}");
    assert_eq!(shown["unsubscribed_word"], Value::Null);
    until_status(&mut shop, &talking, "unsubscribed").await;
    until_texts(&shop, "525512340002", 1).await;

    settle().await;
    tap(&mut shop, WA_ID, json!({"marketing": "resume"})).await;
    until_status(&mut shop, &silent, "active").await;
    settle().await;
    assert_eq!(texts(&shop, DIGITS), [""; 0], "outside the window");
}

async fn a_button_that_says_the_word_counts(mut shop: Shop) {
    let by_label = shop.contact("Ana", PHONE).await;
    let by_payload = shop.contact("Luz", "5512340002").await;
    let button = json!({"text": "No más mensajes", "payload": "x"});
    tap(&mut shop, WA_ID, json!({"button": button})).await;
    let button = json!({"text": "Ya no", "payload": "STOP"});
    tap(&mut shop, "5215512340002", json!({"button": button})).await;

    let shown = until_status(&mut shop, &by_label, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_word"], "NO MÁS MENSAJES", "{shown}");
    let shown = until_status(&mut shop, &by_payload, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_word"], "STOP", "{shown}");
}

async fn a_shop_has_words_and_answers_of_its_own(mut shop: Shop) {
    let profile = shop.browser.get("/api/profile").await.body["user"].clone();
    assert_eq!(profile["opt_out_words"][0], "BAJA");
    assert_eq!(profile["opt_in_words"][0], "ALTA");

    // A form that is sent back as it came keeps the product's words and texts.
    let answer = shop.browser.put("/api/profile", profile.clone()).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let answer = shop
        .browser
        .put("/api/profile", json!({"language": "en"}))
        .await;
    let reply = answer.body["user"]["opt_out_reply"].as_str();
    assert!(
        reply.is_some_and(|text| text.starts_with("Done")),
        "{reply:?}"
    );

    let long = "a".repeat(41);
    let many: Vec<String> = (0..21).map(|n| format!("palabra {n}")).collect();
    for (body, field) in [
        (json!({"opt_out_words": ["!!"]}), "opt_out_words"),
        (json!({"opt_out_words": [long]}), "opt_out_words"),
        (json!({"opt_in_words": many}), "opt_in_words"),
        (json!({"opt_out_words": ["alta."]}), "opt_out_words"),
        (
            json!({"opt_out_words": ["FIN"], "opt_in_words": ["fin"]}),
            "opt_in_words",
        ),
        (json!({"opt_in_reply": "x".repeat(1_001)}), "opt_in_reply"),
    ] {
        let answer = shop.browser.put("/api/profile", body.clone()).await;
        answer.assert_problem(422, "invalid_input");
        assert!(
            answer.body["fields"][field].is_array(),
            "{body}: {:?}",
            answer.body
        );
    }

    let answer = shop
        .browser
        .put(
            "/api/profile",
            json!({"opt_out_words": ["Basta ya", "basta  ya!"], "opt_out_reply": "Entendido."}),
        )
        .await;
    assert_eq!(answer.body["user"]["opt_out_words"], json!(["Basta ya"]));
    let contact = shop.contact("Ana", PHONE).await;
    write(&mut shop, WA_ID, "BAJA").await;
    write(&mut shop, WA_ID, "¡basta... YA!").await;
    let shown = until_status(&mut shop, &contact, "unsubscribed").await;
    assert_eq!(shown["unsubscribed_word"], "Basta ya", "{shown}");
    assert_eq!(until_texts(&shop, DIGITS, 1).await, ["Entendido."]);

    // Without any, there are the product's again.
    let answer = shop
        .browser
        .put(
            "/api/profile",
            json!({"opt_out_words": [], "opt_out_reply": ""}),
        )
        .await;
    let user = &answer.body["user"];
    assert_eq!(user["opt_out_words"][0], "BAJA");
    assert!(
        user["opt_out_reply"]
            .as_str()
            .is_some_and(|text| text.starts_with("Done"))
    );
}

/// As [`in_shops`], in one that sends slowly.
macro_rules! in_slow_shops {
    ($($name:ident),+ $(,)?) => {
        mod slow_on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::sqlite().await).await;
            })+
        }
        mod slow_on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(nexus_testing::TestDatabase::postgres().await).await;
            })+
        }
    };
}

in_slow_shops! {
    a_campaign_on_its_way_honours_a_wish_from_its_next_claim_on,
    a_wish_holds_for_the_number_it_came_from_whatever_the_contact_has_now,
    who_asked_for_silence_since_is_named_and_not_sent_to_again,
}

async fn a_campaign_on_its_way_honours_a_wish_from_its_next_claim_on(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("DISPATCH_PER_SECOND", "3")]).await;
    // The last of the campaign.
    shop.contacts(20).await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    write(&mut shop, "5215512340019", "baja").await;
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    assert_eq!(answer["campaign"]["skipped_count"], 1, "{answer}");
    let recipient = shop.recipient(&path, "+525512340019").await;
    assert_eq!(recipient["reason"], "opted_out", "{recipient}");
    let told = until_texts(&shop, "525512340019", 1).await;
    assert!(told[0].starts_with("Listo"), "{told:?}");
    assert_eq!(shop.accepted("525512340019"), 1);
}

async fn a_wish_holds_for_the_number_it_came_from_whatever_the_contact_has_now(
    database: TestDatabase,
) {
    let mut shop = Shop::on(database, &[("DISPATCH_PER_SECOND", "3")]).await;
    shop.contacts(20).await;
    let answer = shop.browser.get("/api/contacts?search=5512340019").await;
    let contact = answer.body["contacts"][0]["id"].as_str().expect("an id");
    let contact = format!("/api/contacts/{contact}");
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let answer = shop
        .browser
        .put(&contact, json!({"phone": "5512340500"}))
        .await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    write(&mut shop, "5215512340019", "baja").await;
    let answer = shop
        .until(&path, |answer| answer["campaign"]["status"] == "completed")
        .await;
    assert_eq!(answer["campaign"]["skipped_count"], 1, "{answer}");
    let recipient = shop.recipient(&path, "+525512340019").await;
    assert_eq!(recipient["reason"], "opted_out", "{recipient}");
    let told = until_texts(&shop, "525512340019", 1).await;
    assert!(told[0].starts_with("Listo"), "{told:?}");
    assert_eq!(shop.accepted("525512340500"), 0);
    // Who has the other number has said nothing.
    let answer = shop.browser.get(&contact).await;
    assert_eq!(answer.body["contact"]["status"], "active");
}

async fn who_asked_for_silence_since_is_named_and_not_sent_to_again(database: TestDatabase) {
    let mut shop = Shop::on(database, &[("DISPATCH_MAX_ATTEMPTS", "1")]).await;
    // Too fast for the pair; reset before it was taken, and no status ever comes.
    let failed = shop.contact("Rápida", "5512349056").await;
    let unconfirmed = shop.contact("Nunca llegó", "5512349090").await;
    let path = shop.send(json!({"message": "Hola {nombre}"})).await;
    let over = |answer: &Value| {
        let campaign = &answer["campaign"];
        campaign["failed_count"] == 1 && campaign["unconfirmed_count"] == 1
    };
    shop.until(&path, over).await;
    let mut behaviour = shop.provider.behaviour();
    behaviour.scripted_numbers = false;
    shop.provider.set_behaviour(behaviour).expect("it can be");
    for (contact, phone, wa_id) in [
        (failed, "5512340500", "5215512349056"),
        (unconfirmed, "5512340501", "5215512349090"),
    ] {
        let contact = format!("/api/contacts/{contact}");
        let answer = shop.browser.put(&contact, json!({"phone": phone})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        write(&mut shop, wa_id, "baja").await;
        until_texts(&shop, &wa_id.replacen("521", "52", 1), 1).await;
    }

    let again = json!({"decision": "send_again"});
    for (action, none, left_out) in [
        ("retry-failed", "requeued", "not_requeued_by_reason"),
        ("unconfirmed", "decided", "not_sent_again_by_reason"),
    ] {
        let answer = shop
            .browser
            .post(&format!("{path}/{action}"), again.clone())
            .await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        assert_eq!(answer.body[none], 0, "{:?}", answer.body);
        let reason = &answer.body[left_out][0];
        assert_eq!(reason["reason"], "opted_out", "{:?}", answer.body);
        assert_eq!(reason["count"], 1);
        assert_eq!(answer.body["campaign"]["status"], "completed");
    }
}
