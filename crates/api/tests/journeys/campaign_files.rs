//! A campaign with a file, from the upload to the provider's phones.

use nexus_sandbox::Event;
use nexus_testing::TestDatabase;
use serde_json::{Value, json};

use crate::shop::{Shop, on_both_databases};
use crate::support::Answer;

on_both_databases! {
    a_file_is_handed_over_once_and_reaches_everybody_with_its_text,
    an_id_that_whatsapp_forgot_is_replaced_and_everybody_is_reached_once,
    what_does_not_go_together_is_told_before_and_refused,
    a_template_shows_the_file_of_the_campaign,
    a_sound_goes_without_a_word,
}

/// A PNG of one white pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
    0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0x0f, 0x00, 0x01,
    0x01, 0x01, 0x00, 0xb1, 0x38, 0xf6, 0x14, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
    0x42, 0x60, 0x82,
];

/// Some silence, as MP3: frames of MPEG-1 layer III at 128 kbit/s and 44,100 Hz, which are 417 bytes.
fn mp3() -> Vec<u8> {
    let mut frame = vec![0_u8; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
    frame.repeat(20)
}

fn over(answer: &Value) -> bool {
    answer["campaign"]["status"] == "completed"
}

/// Writes a campaign to everybody. Its path.
async fn written(shop: &mut Shop, content: Value) -> String {
    let mut fields = json!({"name": "Rebajas", "channel": "whatsapp", "audience": {}});
    let more = content.as_object().expect("an object").clone();
    fields.as_object_mut().expect("an object").extend(more);
    let answer = shop.browser.post("/api/campaigns", fields).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let id = answer.body["campaign"]["id"].as_str().expect("an id");
    format!("/api/campaigns/{id}")
}

/// Adds a file to the campaign.
async fn attach(shop: &mut Shop, path: &str, name: &str, content: &[u8]) {
    let part = reqwest::multipart::Part::bytes(content.to_vec()).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = shop
        .browser
        .request(reqwest::Method::POST, &format!("{path}/media"))
        .multipart(form);
    let answer = shop.browser.send(request).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
}

async fn send(shop: &mut Shop, path: &str) -> Answer {
    shop.browser.post(&format!("{path}/send"), json!({})).await
}

async fn sent(shop: &mut Shop, path: &str) {
    let answer = send(shop, path).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let answer = shop.until(path, over).await;
    assert_eq!(answer["campaign"]["failed_count"], 0, "{answer}");
}

/// The ids of the files that the provider was given.
fn uploads(shop: &Shop) -> Vec<String> {
    let journal = shop.provider.journal();
    let files = journal.iter().filter_map(|entry| match &entry.event {
        Event::Media(record) => Some(record.media_id.clone()),
        _ => None,
    });
    files.collect()
}

async fn preflight(shop: &mut Shop, path: &str) -> Value {
    let path = format!("{path}/preflight");
    shop.browser.get(&path).await.body["preflight"].take()
}

async fn a_file_is_handed_over_once_and_reaches_everybody_with_its_text(database: TestDatabase) {
    let mut shop = Shop::on(database, &[]).await;
    shop.contacts(12).await;
    let first = written(&mut shop, json!({"message": "Hola {nombre}"})).await;
    attach(&mut shop, &first, "oferta de otoño.png", PNG).await;
    let answer = preflight(&mut shop, &first).await;
    assert_eq!(answer["ready"], true, "{answer}");
    assert_eq!(answer["media_files"][0]["kind"], "image");
    assert_eq!(answer["media_files"][0]["max_size"], 5 * 1_024 * 1_024);
    sent(&mut shop, &first).await;

    let files = uploads(&shop);
    assert_eq!(files.len(), 1);
    let accepted = shop.provider.accepted();
    assert_eq!(accepted.len(), 12);
    for message in &accepted {
        assert_eq!(message.message_type, "image");
        assert_eq!(message.media.as_ref(), Some(&files[0]));
        let text = message.text.as_deref().expect("a caption");
        assert!(text.starts_with("Hola Persona"), "{text}");
    }

    let second = written(&mut shop, json!({"message": "Adiós"})).await;
    attach(&mut shop, &second, "la misma.png", PNG).await;
    sent(&mut shop, &second).await;
    assert_eq!(uploads(&shop), files);
    assert_eq!(shop.provider.accepted().len(), 24);
}

async fn an_id_that_whatsapp_forgot_is_replaced_and_everybody_is_reached_once(
    database: TestDatabase,
) {
    let mut shop = Shop::on(database, &[]).await;
    shop.contacts(30).await;
    for round in 1..=2 {
        let path = written(&mut shop, json!({"message": "Hola {nombre}"})).await;
        attach(&mut shop, &path, "oferta.png", PNG).await;
        sent(&mut shop, &path).await;
        assert_eq!(uploads(&shop).len(), round);
        for number in 0..30 {
            let digits = format!("5255{:08}", 12_340_000 + number);
            assert_eq!(shop.accepted(&digits), round, "{digits}");
        }
        assert_eq!(shop.provider.expire_media(), 1);
    }
}

async fn what_does_not_go_together_is_told_before_and_refused(database: TestDatabase) {
    let mut shop = Shop::on(database, &[]).await;
    shop.contacts(1).await;

    let long = written(&mut shop, json!({"message": "ñ".repeat(1_025)})).await;
    attach(&mut shop, &long, "oferta.png", PNG).await;
    let sound = written(&mut shop, json!({"message": "Hola"})).await;
    attach(&mut shop, &sound, "voz.mp3", &mp3()).await;
    let template = json!({"name": "aviso_general", "language": "es_MX"});
    let unseen = written(&mut shop, json!({"template": template})).await;
    attach(&mut shop, &unseen, "oferta.png", PNG).await;
    let shown = json!({"name": "oferta_con_imagen", "language": "es_MX",
                       "variables": {"1": "{nombre}"}, "buttons": [{"index": 0, "text": "abc"}]});
    let bare = written(&mut shop, json!({"template": shown.clone()})).await;
    let other = written(&mut shop, json!({"template": shown})).await;
    attach(&mut shop, &other, "voz.mp3", &mp3()).await;

    for (path, code, words) in [
        (&long, "files_unusable", "1,024"),
        (&sound, "files_unusable", "audio"),
        (&unseen, "template_unusable", "no muestra el archivo"),
        (&bare, "template_unusable", "una imagen"),
        (&other, "template_unusable", "un audio"),
    ] {
        let found = preflight(&mut shop, path).await;
        assert_eq!(found["ready"], false, "{found}");
        assert_eq!(found["errors"][0]["code"], code, "{found}");
        let told = found["errors"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned();
        assert!(told.replace('.', ",").contains(words), "{told}");
        let answer = send(&mut shop, path).await;
        answer.assert_problem(422, code);
        assert_eq!(answer.body["error"], told);
    }
    assert!(uploads(&shop).is_empty());
    assert!(shop.provider.accepted().is_empty());
}

async fn a_template_shows_the_file_of_the_campaign(database: TestDatabase) {
    let mut shop = Shop::on(database, &[]).await;
    shop.contacts(3).await;
    let template = json!({"name": "oferta_con_imagen", "language": "es_MX",
                          "variables": {"1": "{nombre}"}, "buttons": [{"index": 0, "text": "abc"}]});
    let path = written(&mut shop, json!({"template": template.clone()})).await;
    attach(&mut shop, &path, "oferta.png", PNG).await;
    sent(&mut shop, &path).await;
    let files = uploads(&shop);
    assert_eq!(files.len(), 1);
    let accepted = shop.provider.accepted();
    assert_eq!(accepted.len(), 3);
    for message in accepted {
        assert_eq!(message.template.as_deref(), Some("oferta_con_imagen"));
        assert_eq!(message.media.as_ref(), Some(&files[0]));
    }

    assert_eq!(shop.provider.expire_media(), 1);
    let later = written(&mut shop, json!({"template": template})).await;
    attach(&mut shop, &later, "oferta.png", PNG).await;
    sent(&mut shop, &later).await;
    assert_eq!(uploads(&shop).len(), 2);
    assert_eq!(shop.provider.accepted().len(), 6);
}

async fn a_sound_goes_without_a_word(database: TestDatabase) {
    let mut shop = Shop::on(database, &[]).await;
    shop.contacts(2).await;
    let path = written(&mut shop, json!({"message": "Hola"})).await;
    let answer = shop.browser.put(&path, json!({"message": ""})).await;
    answer.assert_problem(422, "invalid_input");
    attach(&mut shop, &path, "voz.mp3", &mp3()).await;
    let answer = shop.browser.put(&path, json!({"message": ""})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["campaign"]["message"], Value::Null);
    sent(&mut shop, &path).await;
    for message in shop.provider.accepted() {
        assert_eq!(message.message_type, "audio");
        assert_eq!(message.text, None);
        assert!(uploads(&shop).contains(message.media.as_ref().expect("a file")));
    }
    assert_eq!(shop.provider.accepted().len(), 2);
}
