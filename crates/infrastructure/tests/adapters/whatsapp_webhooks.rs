//! What Meta tells of by itself.

use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use nexus_domain::ports::WebhookReader;
use nexus_domain::{
    ChannelEvent, Failure, FailureCode, InboundMessage, MessageBody, StatusReport, StatusUpdate,
};
use nexus_infrastructure::whatsapp::WhatsAppWebhooks;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::provider::attempt;

fn webhook(changes: &[Value]) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "419561257915477", "changes": changes }]
    })
}

fn change(value: Value) -> Value {
    let mut value = value;
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] =
        json!({ "display_phone_number": "15550783881", "phone_number_id": "106540352242922" });
    json!({ "field": "messages", "value": value })
}

fn read(body: &Value) -> Vec<ChannelEvent> {
    WhatsAppWebhooks.read(body.to_string().as_bytes()).unwrap()
}

fn statuses(statuses: &[Value]) -> Vec<ChannelEvent> {
    read(&webhook(&[change(json!({ "statuses": statuses }))]))
}

fn inbound(message: &Value, contacts: &Value) -> InboundMessage {
    let body = webhook(&[change(
        json!({ "contacts": contacts, "messages": [message] }),
    )]);
    match read(&body).as_slice() {
        [ChannelEvent::Inbound(message)] => message.clone(),
        other => panic!("{other:?}"),
    }
}

fn other(name: &str) -> ChannelEvent {
    ChannelEvent::Other(name.to_owned())
}

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[test]
fn only_the_app_secret_signs_and_only_these_bytes() {
    let (secret, body) = (SecretString::from("app secret"), b"{\"a\":1}");
    let digest = sign("app secret", body);
    let authentic =
        |signature: &str, body: &[u8]| WhatsAppWebhooks.is_authentic(&secret, signature, body);
    assert!(authentic(&format!("sha256={digest}"), body));
    assert!(authentic(
        &format!("SHA256={}", digest.to_uppercase()),
        body
    ));
    assert!(!authentic(&format!("sha256={digest}"), b"{\"a\":2}"));
    assert!(!authentic(
        &format!("sha256={}", sign("another", body)),
        body
    ));
    for malformed in [
        "",
        "sha256=",
        digest.as_str(),
        "sha256=zz",
        &format!("sha1={digest}"),
        &format!("sha256={}", &digest[..62]),
        &format!("sha256={digest}00"),
    ] {
        assert!(!authentic(malformed, body), "{malformed}");
    }
    let empty = SecretString::from("");
    let forged = format!("sha256={}", sign("", body));
    assert!(!WhatsAppWebhooks.is_authentic(&empty, &forged, body));
}

/// RFC 4231, test case 2: that both sides of the test above agree proves little.
#[test]
fn the_signature_is_hmac_sha256() {
    assert!(WhatsAppWebhooks.is_authentic(
        &SecretString::from("Jefe"),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        b"what do ya want for nothing?"
    ));
}

#[test]
fn statuses_carry_the_attempt_the_id_and_the_time() {
    let opaque = attempt().to_string();
    let status = |word: &str, timestamp: Value| {
        json!({ "id": "wamid.A", "status": word, "timestamp": timestamp,
                "recipient_id": "5215512345678", "biz_opaque_callback_data": opaque,
                "pricing": { "billable": true } })
    };
    let report = |update, seconds| {
        ChannelEvent::Status(StatusReport {
            attempt: Some(attempt()),
            message_id: "wamid.A".to_owned(),
            update,
            at: DateTime::from_timestamp(seconds, 0).unwrap(),
        })
    };
    assert_eq!(
        statuses(&[
            status("sent", json!("1749416383")),
            status("delivered", json!(1_749_416_384)),
            status("read", json!("1749416385")),
            status("played", json!("1749416386")),
            status("warning", json!("1749416387")),
        ]),
        [
            report(StatusUpdate::Sent, 1_749_416_383),
            report(StatusUpdate::Delivered, 1_749_416_384),
            report(StatusUpdate::Read, 1_749_416_385),
            report(StatusUpdate::Read, 1_749_416_386),
            other("status warning"),
        ]
    );
}

#[test]
fn opaque_data_of_others_is_no_attempt() {
    for data in [
        json!(null),
        json!(""),
        json!("order-17"),
        json!(17),
        json!({ "a": 1 }),
    ] {
        let events = statuses(&[json!({ "id": "wamid.A", "status": "sent",
            "timestamp": "1749416383", "biz_opaque_callback_data": data })]);
        match events.as_slice() {
            [ChannelEvent::Status(report)] => assert_eq!(report.attempt, None, "{data}"),
            other => panic!("{data}: {other:?}"),
        }
    }
}

#[test]
fn a_failure_says_what_it_means() {
    let failed = |errors: Value| {
        let events = statuses(&[json!({ "id": "wamid.A", "status": "failed",
            "timestamp": "1749416383", "errors": errors })]);
        match events.as_slice() {
            [
                ChannelEvent::Status(StatusReport {
                    update: StatusUpdate::Failed(failure),
                    ..
                }),
            ] => failure.clone(),
            other => panic!("{other:?}"),
        }
    };
    for (code, meaning) in [
        (131_026, FailureCode::Unreachable),
        (131_047, FailureCode::TemplateRequired),
        (131_050, FailureCode::OptedOut),
        (131_049, FailureCode::RecipientLimited),
        (130_472, FailureCode::RecipientLimited),
        (131_053, FailureCode::MediaUnusable),
        (132_015, FailureCode::TemplateUnusable),
        (131_042, FailureCode::AccountBlocked),
        (131_000, FailureCode::Other),
        (999_999, FailureCode::Other),
    ] {
        let errors = json!([{ "code": code, "title": "a title", "message": "a message",
            "error_data": { "details": "the details" }, "href": "https://…" }]);
        assert_eq!(
            failed(errors),
            Failure {
                code: meaning,
                provider_code: Some(code),
                detail: Some("the details".to_owned())
            }
        );
    }
    let unexplained = Failure {
        code: FailureCode::Other,
        provider_code: None,
        detail: None,
    };
    for errors in [
        json!(null),
        json!([]),
        json!("text"),
        json!([{ "title": "no code" }]),
    ] {
        assert_eq!(failed(errors), unexplained);
    }
}

#[test]
fn a_text_comes_with_who_wrote_it_and_what_it_answers() {
    let message = inbound(
        &json!({ "from": "5215512345678", "id": "wamid.IN", "timestamp": "1749416383",
            "type": "text", "text": { "body": "¿Todavía hay?" },
            "context": { "from": "15550783881", "id": "wamid.OUT" } }),
        &json!([
            { "wa_id": "5215500000000", "profile": { "name": "Luis" } },
            { "wa_id": "5215512345678", "user_id": "MX.1349", "profile": { "name": "Ana" } }
        ]),
    );
    assert_eq!(
        message,
        InboundMessage {
            provider_id: "wamid.IN".to_owned(),
            sender_external_id: "106540352242922".to_owned(),
            from_number: Some("5215512345678".to_owned()),
            from_user_id: Some("MX.1349".to_owned()),
            profile_name: Some("Ana".to_owned()),
            body: MessageBody::Text("¿Todavía hay?".to_owned()),
            answers: Some("wamid.OUT".to_owned()),
            payload: None,
            sent_at: DateTime::from_timestamp(1_749_416_383, 0).unwrap(),
        }
    );
}

#[test]
fn buttons_and_lists_are_text_and_everything_else_keeps_its_name() {
    let body = |kind: &str, content: Value| {
        let mut message = json!({ "from": "5215512345678", "id": "wamid.IN", "timestamp": "1749416383", "type": kind });
        message[kind] = content;
        inbound(&message, &json!([])).body
    };
    let text = |text: &str| MessageBody::Text(text.to_owned());
    assert_eq!(
        body("button", json!({ "payload": "P", "text": "BAJA" })),
        text("BAJA")
    );
    assert_eq!(
        body(
            "interactive",
            json!({ "type": "button_reply", "button_reply": { "id": "x", "title": "Sí" } })
        ),
        text("Sí")
    );
    assert_eq!(
        body(
            "interactive",
            json!({ "type": "list_reply", "list_reply": { "id": "x", "title": "Martes" } })
        ),
        text("Martes")
    );
    for (kind, content) in [
        ("image", json!({ "id": "1", "caption": "foto" })),
        ("location", json!({ "latitude": 1.5 })),
        ("unsupported", json!(null)),
        ("interactive", json!({ "type": "nfm_reply" })),
        ("text", json!({})),
        ("something_new", json!([])),
    ] {
        assert_eq!(body(kind, content), MessageBody::Other(kind.to_owned()));
    }
}

#[test]
fn a_user_without_a_number_is_known_by_id() {
    let contacts =
        json!([{ "user_id": "MX.1349", "profile": { "name": "Ana", "username": "ana" } }]);
    for message in [
        json!({ "from_user_id": "MX.1349", "id": "wamid.IN", "timestamp": "1749416383",
            "type": "text", "text": { "body": "Hola" } }),
        json!({ "id": "wamid.IN", "timestamp": "1749416383",
            "type": "text", "text": { "body": "Hola" } }),
    ] {
        let message = inbound(&message, &contacts);
        assert_eq!(message.from_number, None);
        assert_eq!(message.from_user_id.as_deref(), Some("MX.1349"));
        assert_eq!(message.profile_name.as_deref(), Some("Ana"));
    }
}

#[test]
fn one_body_says_many_things_in_its_order() {
    let status = |id: &str| json!({ "id": id, "status": "sent", "timestamp": "1749416383" });
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [
            { "id": "1", "changes": [
                change(json!({ "statuses": [status("a"), status("b")] })),
                { "field": "user_preferences", "value": { "user_preferences": [] } }
            ]},
            // Of an entry without a time nothing could be put in order.
            { "id": "news", "time": 1_749_416_383, "changes": [
                { "field": "account_update", "value": { "event": "ACCOUNT_DELETED" } }
            ]},
            { "id": "lost", "changes": [
                { "field": "account_update", "value": { "event": "ACCOUNT_DELETED" } }
            ]},
            { "id": "2", "changes": [change(json!({ "statuses": [status("c")] }))] }
        ]
    });
    let seen: Vec<String> = read(&body)
        .into_iter()
        .map(|event| match event {
            ChannelEvent::Status(report) => report.message_id,
            ChannelEvent::Other(name) => name,
            ChannelEvent::Inbound(message) => message.provider_id,
            ChannelEvent::News(news) => news.account_id,
            ChannelEvent::Preference(change) => format!("{:?}", change.wish),
        })
        .collect();
    assert_eq!(
        seen,
        ["a", "b", "user_preferences", "news", "account_update", "c"]
    );
}

#[test]
fn one_malformed_item_loses_none_of_the_others() {
    let good = json!({ "id": "good", "status": "sent", "timestamp": "1749416383" });
    let events = statuses(&[
        json!({ "id": "no time", "status": "sent" }),
        json!({ "id": "bad time", "status": "sent", "timestamp": "yesterday" }),
        json!({ "id": "bad time", "status": "sent", "timestamp": 1e300 }),
        json!({ "status": "sent", "timestamp": "1749416383" }),
        json!("text"),
        json!(null),
        good.clone(),
    ]);
    assert_eq!(events.len(), 7);
    assert_eq!(events[..6], vec![other("malformed status"); 6]);
    assert!(matches!(events[6], ChannelEvent::Status(_)));

    let nobody = json!({ "id": "wamid.IN", "timestamp": "1749416383", "type": "text" });
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [
            7,
            { "id": "1" },
            { "id": "2", "changes": [
                null,
                { "value": {} },
                { "field": "messages" },
                change(json!({ "messages": [nobody], "errors": [{ "code": 131_052 }] })),
                change(json!({ "statuses": [good] }))
            ]}
        ]
    });
    let events = read(&body);
    assert_eq!(
        events[..7],
        [
            other("malformed entry"),
            other("malformed entry"),
            other("malformed change"),
            other("malformed change"),
            other("messages"),
            other("malformed message"),
            other("errors"),
        ]
    );
    assert!(matches!(events[7], ChannelEvent::Status(_)));
}

#[test]
fn what_is_no_webhook_is_refused_without_repeating_it() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "planted",
        "[]",
        "{}",
        r#"{"object":"whatsapp_business_account"}"#,
        r#"{"object":"whatsapp_business_account","entry":{"planted":1}}"#,
        r#"{"object":"planted","entry":"planted"}"#,
        deep.as_str(),
    ] {
        let error = WhatsAppWebhooks.read(body.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("planted"), "{error}");
    }
    assert!(WhatsAppWebhooks.read(b"\xff\xfe").is_err());
    assert_eq!(
        read(&json!({ "object": "page", "entry": [] })),
        [other("page")]
    );
}
