//! Templates, media and numbers over real HTTP.

use serde_json::{Value, json};

use crate::support::{BUSINESS, PHONE, TOKEN, World, error_of, eventually};

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
    let video = json!({"messaging_product": "whatsapp", "to": "34612345678", "type": "video",
        "video": {"id": id}});
    assert_eq!(
        error_of(world.post(&video).send().await.unwrap()).await,
        (400, 131_053),
        "a picture is no video"
    );
    let delete = world
        .http
        .delete(world.url(&format!("/v23.0/{id}")))
        .bearer_auth(TOKEN);
    assert_eq!(
        delete.send().await.unwrap().json::<Value>().await.unwrap(),
        json!({"success": true})
    );
    let unknown: Value = world
        .post(&image)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(unknown["error"]["code"], 100);
    assert_eq!(
        unknown["error"]["message"],
        "(#100) Param image['id'] is not a valid whatsapp business account media attachment ID"
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
async fn a_template_is_judged_and_meta_says_so() {
    let world = World::start().await;
    let control = |path: &str| world.url(&format!("/sandbox/accounts/{PHONE}/{path}"));
    let judge = |change: Value| world.http.put(control("templates")).json(&change).send();
    let change = json!({"name": "promocion_mensual", "language": "es_MX",
        "status": "PAUSED", "quality": "RED"});
    assert_eq!(judge(change).await.unwrap().status(), 202);
    let told = eventually("both notices", || {
        let told = world.webhook.changes();
        (told.len() == 2).then_some(told)
    })
    .await;
    let value = |field: &str| {
        let mut found = told.iter().filter(|change| change["field"] == field);
        found.next().map(|change| change["value"].clone()).unwrap()
    };
    let status = value("message_template_status_update");
    assert_eq!(status["event"], "PAUSED");
    assert_eq!(status["message_template_name"], "promocion_mensual");
    assert_eq!(status["message_template_language"], "es_MX");
    assert!(status["message_template_id"].is_u64());
    let quality = value("message_template_quality_update");
    assert_eq!(
        (
            &quality["previous_quality_score"],
            &quality["new_quality_score"]
        ),
        (&json!("GREEN"), &json!("RED"))
    );
    let two = json!([{"type": "text", "text": "Ana"}, {"type": "text", "text": "20 %"}]);
    let sent = world
        .post(
            &json!({"messaging_product": "whatsapp", "to": "525512340001", "type": "template",
            "template": {"name": "promocion_mensual", "language": {"code": "es_MX"},
                "components": [{"type": "body", "parameters": two}]}}),
        )
        .send();
    assert_eq!(error_of(sent.await.unwrap()).await, (400, 132_015));

    for (change, status) in [
        (
            json!({"name": "nada", "language": "es_MX", "status": "PAUSED"}),
            404,
        ),
        (
            json!({"name": "promocion_mensual", "language": "es_MX"}),
            422,
        ),
    ] {
        assert_eq!(
            judge(change.clone()).await.unwrap().status(),
            status,
            "{change}"
        );
    }
    let silent = json!({"name": "promocion_mensual", "language": "es_MX",
        "status": "APPROVED", "silent": true});
    assert_eq!(judge(silent).await.unwrap().status(), 202);
    let list = world
        .get(&format!(
            "/v23.0/{BUSINESS}/message_templates?name=promocion_mensual"
        ))
        .await;
    assert_eq!(list["data"][0]["status"], "APPROVED");
    assert_eq!(list["data"][0]["quality_score"]["score"], "RED");
    assert_eq!(world.webhook.changes().len(), 2);
}

#[tokio::test]
async fn templates_are_made_and_deleted_as_at_meta() {
    let world = World::start().await;
    let path = format!("/v23.0/{BUSINESS}/message_templates");
    let create = |template: Value| {
        let request = world.http.post(world.url(&path)).bearer_auth(TOKEN);
        request.json(&template).send()
    };
    let template = json!({"name": "nueva", "language": "es", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hola {{1}}"}]});
    let created: Value = create(template.clone())
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(created["status"], "PENDING");
    assert_eq!(error_of(create(template).await.unwrap()).await, (400, 100));
    let nameless = json!({"language": "es", "category": "UTILITY", "components": []});
    assert_eq!(error_of(create(nameless).await.unwrap()).await, (400, 100));
    let delete = || {
        let request = world.http.delete(world.url(&format!("{path}?name=nueva")));
        request.bearer_auth(TOKEN).send()
    };
    assert_eq!(delete().await.unwrap().status(), 200);
    assert_eq!(error_of(delete().await.unwrap()).await, (400, 100));
}

#[tokio::test]
async fn meta_says_what_it_is_told_to_say_of_the_time_it_is_told() {
    let world = World::start().await;
    let told = json!({"field": "account_update", "value": {"event": "ACCOUNT_DELETED"},
        "seconds_ago": 60});
    let url = world.url(&format!("/sandbox/accounts/{PHONE}/news"));
    let answer = world.http.post(url).json(&told).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let change = eventually("the notice", || world.webhook.changes().pop()).await;
    assert_eq!(change["value"]["event"], "ACCOUNT_DELETED");
    let rating = world.url(&format!("/sandbox/accounts/{PHONE}/rating"));
    let rated = world
        .http
        .post(rating)
        .json(&json!({"quality": "RED"}))
        .send();
    assert_eq!(rated.await.unwrap().status(), 202);
    let number = world
        .get(&format!("/v23.0/{PHONE}?fields=quality_rating"))
        .await;
    assert_eq!(number["quality_rating"], "RED");
}

#[tokio::test]
async fn uploaded_files_expire() {
    let world = World::start().await;
    let part = reqwest::multipart::Part::bytes(b"Hola".to_vec()).file_name("a.txt");
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", "text/plain")
        .part("file", part.mime_str("text/plain").unwrap());
    let upload = world
        .http
        .post(world.url(&format!("/v23.0/{PHONE}/media")))
        .bearer_auth(TOKEN)
        .multipart(form);
    let uploaded: Value = upload.send().await.unwrap().json().await.unwrap();
    let document = json!({"messaging_product": "whatsapp", "to": "34612345678",
        "type": "document", "document": {"id": uploaded["id"], "filename": "a.txt"}});
    assert_eq!(world.post(&document).send().await.unwrap().status(), 200);
    assert_eq!(world.sandbox.expire_media(), 1);
    assert_eq!(
        error_of(world.post(&document).send().await.unwrap()).await,
        (400, 100)
    );
    assert_eq!(world.sandbox.expire_media(), 0);
}
