//! What leaves, and what Meta's answers mean.

use std::time::Duration;

use nexus_domain::ports::{
    Accepted, CarriedFile, ChannelError, MessageChannel, OutgoingButton, OutgoingContent,
    OutgoingHeader, OutgoingParts,
};
use nexus_domain::{
    ButtonKind, ChannelKind, Failure, FailureCode, HeaderMedia, MediaKind, MediaReference,
};
use serde_json::{Value, json};

use crate::provider::{Provider, Reply, TOKEN, attempt, message, sender, text};

fn accepted(id: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": "525512345678", "wa_id": "5215512345678" }],
        "messages": [{ "id": id, "message_status": "accepted" }]
    })
}

fn error(code: i64) -> Value {
    json!({ "error": {
        "message": format!("(#{code}) words"),
        "type": "OAuthException",
        "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": "more words" },
        "fbtrace_id": "A1b2"
    }})
}

async fn sent(content: OutgoingContent) -> Value {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.1"))).await;
    provider
        .channel()
        .send(&sender(), &message(content))
        .await
        .unwrap();
    provider.requests()[0].json()
}

fn template(variables: &[(&str, &str)]) -> OutgoingContent {
    OutgoingContent::Template {
        name: "promo".to_owned(),
        language: "es_MX".to_owned(),
        variables: variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        parts: OutgoingParts::default(),
    }
}

#[tokio::test]
async fn a_text_goes_to_the_senders_number_with_the_attempt() {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.HBgN"))).await;
    let channel = provider.channel();
    assert_eq!(channel.kind(), ChannelKind::Whatsapp);
    assert_eq!(
        channel.send(&sender(), &text("Hola, José")).await,
        Ok(Accepted {
            message_id: "wamid.HBgN".to_owned()
        })
    );

    let requests = provider.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].line,
        "POST /v23.0/106540352242922/messages HTTP/1.1"
    );
    assert!(
        requests[0]
            .headers
            .contains(&format!("authorization: Bearer {TOKEN}"))
    );
    assert_eq!(
        requests[0].json(),
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "525512345678",
            "type": "text",
            "text": { "body": "Hola, José", "preview_url": false },
            "biz_opaque_callback_data": attempt().to_string()
        })
    );
}

#[tokio::test]
async fn numbered_variables_go_by_their_number() {
    let body = sent(template(&[("10", "j"), ("2", "b"), ("1", "a")])).await;
    assert_eq!(
        body,
        json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "525512345678",
            "type": "template",
            "template": {
                "name": "promo",
                "language": { "code": "es_MX" },
                "components": [{ "type": "body", "parameters": [
                    { "type": "text", "text": "a" },
                    { "type": "text", "text": "b" },
                    { "type": "text", "text": "j" }
                ]}]
            },
            "biz_opaque_callback_data": attempt().to_string()
        })
    );
}

#[tokio::test]
async fn named_variables_go_by_their_name() {
    let body = sent(template(&[("nombre", "Ana"), ("1", "uno")])).await;
    assert_eq!(
        body["template"]["components"],
        json!([{ "type": "body", "parameters": [
            { "type": "text", "parameter_name": "nombre", "text": "Ana" },
            { "type": "text", "parameter_name": "1", "text": "uno" }
        ]}])
    );
}

#[tokio::test]
async fn a_template_without_variables_has_no_components() {
    let body = sent(template(&[])).await;
    assert_eq!(
        body["template"],
        json!({ "name": "promo", "language": { "code": "es_MX" } })
    );
}

#[tokio::test]
async fn a_user_without_a_number_is_written_to_by_id() {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.1"))).await;
    let mut message = text("Hola");
    message.to = "MX.13491208655302741918".to_owned();
    provider.channel().send(&sender(), &message).await.unwrap();
    let body = provider.requests()[0].json();
    assert_eq!(body["recipient"], "MX.13491208655302741918");
    assert_eq!(body.get("to"), None);
}

#[tokio::test]
async fn whatever_meta_does_with_it_first_a_message_with_an_id_is_accepted() {
    for status in [
        "accepted",
        "held_for_quality_assessment",
        "paused",
        "new_word",
    ] {
        let mut answer = accepted("wamid.2");
        answer["messages"][0]["message_status"] = json!(status);
        let provider = Provider::always(Reply::json(200, &answer)).await;
        let outcome = provider.channel().send(&sender(), &text("Hola")).await;
        assert!(outcome.is_ok(), "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_text_of_4097_characters_is_refused_without_a_call() {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.3"))).await;
    let channel = provider.channel();
    assert_eq!(
        channel.send(&sender(), &text(&"é".repeat(4_097))).await,
        Err(ChannelError::Refused(Failure {
            code: FailureCode::MessageTooLong,
            provider_code: None,
            detail: None
        }))
    );
    assert!(provider.requests().is_empty());
    assert!(
        channel
            .send(&sender(), &text(&"é".repeat(4_096)))
            .await
            .is_ok()
    );
}

/// Each code with the HTTP status that Meta sends it with.
#[tokio::test]
async fn every_code_says_what_to_do_next() {
    type Expected = fn(Failure) -> ChannelError;
    let account: Expected = ChannelError::AccountRefused;
    let campaign: Expected = ChannelError::CampaignRefused;
    let recipient: Expected = ChannelError::Refused;
    for (http_status, code, expected, meaning) in [
        (401, 0, account, FailureCode::CredentialInvalid),
        (401, 190, account, FailureCode::CredentialInvalid),
        (500, 3, account, FailureCode::CredentialInvalid),
        (403, 10, account, FailureCode::CredentialInvalid),
        (403, 200, account, FailureCode::CredentialInvalid),
        (403, 299, account, FailureCode::CredentialInvalid),
        (403, 131_005, account, FailureCode::CredentialInvalid),
        (400, 131_048, account, FailureCode::AccountBlocked),
        (400, 131_064, account, FailureCode::AccountBlocked),
        (403, 368, account, FailureCode::AccountBlocked),
        (403, 131_031, account, FailureCode::AccountBlocked),
        (403, 130_497, account, FailureCode::AccountBlocked),
        (400, 131_042, account, FailureCode::AccountBlocked),
        (500, 131_045, account, FailureCode::AccountBlocked),
        (400, 133_010, account, FailureCode::AccountBlocked),
        (400, 131_026, recipient, FailureCode::Unreachable),
        (400, 131_047, recipient, FailureCode::TemplateRequired),
        (400, 131_049, recipient, FailureCode::RecipientLimited),
        (400, 130_472, recipient, FailureCode::RecipientLimited),
        (400, 131_050, recipient, FailureCode::OptedOut),
        (400, 131_008, recipient, FailureCode::InvalidMessage),
        (400, 131_009, recipient, FailureCode::InvalidMessage),
        (400, 100, recipient, FailureCode::InvalidMessage),
        (400, 33, account, FailureCode::CredentialInvalid),
        (400, 135_000, recipient, FailureCode::InvalidMessage),
        (400, 131_021, recipient, FailureCode::InvalidMessage),
        (400, 131_051, recipient, FailureCode::InvalidMessage),
        (400, 131_062, recipient, FailureCode::InvalidMessage),
        (400, 131_053, recipient, FailureCode::MediaUnusable),
        (400, 132_000, campaign, FailureCode::TemplateParameters),
        (400, 132_005, campaign, FailureCode::TemplateParameters),
        (400, 132_008, campaign, FailureCode::TemplateParameters),
        (400, 132_012, campaign, FailureCode::TemplateParameters),
        (404, 132_001, campaign, FailureCode::TemplateUnusable),
        (400, 132_007, campaign, FailureCode::TemplateUnusable),
        (400, 132_015, campaign, FailureCode::TemplateUnusable),
        (400, 132_016, campaign, FailureCode::TemplateUnusable),
        (400, 131_063, campaign, FailureCode::TemplateUnusable),
        (418, 777_777, recipient, FailureCode::Other),
    ] {
        let provider = Provider::always(Reply::json(http_status, &error(code))).await;
        assert_eq!(
            provider.channel().send(&sender(), &text("Hola")).await,
            Err(expected(Failure {
                code: meaning,
                provider_code: Some(code),
                detail: Some("more words".to_owned())
            })),
            "{code}"
        );
        assert_eq!(provider.requests().len(), 1, "{code}");
    }
}

/// Code 100 says this of a message that is wrong and of an id that is not known any more: only the
/// words tell.
#[tokio::test]
async fn an_id_that_meta_does_not_know_is_the_files_fault_and_not_the_messages() {
    let words = "Param image['id'] is not a valid whatsapp business account media attachment ID";
    let of_a_message = json!({ "error": {
        "message": format!("(#100) {words}"),
        "type": "OAuthException",
        "code": 100,
        "fbtrace_id": "A1b2"
    }});
    let mut of_a_value = error(131_009);
    of_a_value["error"]["error_data"]["details"] = json!(words);
    for (answer, code) in [(of_a_message, 100), (of_a_value, 131_009)] {
        let provider = Provider::always(Reply::json(400, &answer)).await;
        let refused = provider.channel().send(&sender(), &text("Hola")).await;
        assert!(
            matches!(&refused, Err(ChannelError::Refused(failure))
                if failure.code == FailureCode::MediaUnusable
                    && failure.provider_code == Some(code)
                    && failure.detail.as_deref().is_some_and(|told| told.ends_with(words))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn no_key_is_among_the_words_that_are_kept() {
    for key in [TOKEN, "a key of another kind"] {
        let mut sender = sender();
        sender.token = key.into();
        for words in [
            format!("Malformed access token {key}"),
            format!("{key} is not a key"),
            format!("{}{key}", "é".repeat(290)),
        ] {
            let mut said = error(190);
            said["error"]["error_data"]["details"] = json!(words);
            let provider = Provider::always(Reply::json(401, &said)).await;
            let channel = provider.channel();
            let refused = channel.send(&sender, &text("Hola")).await;
            let Err(ChannelError::AccountRefused(failure)) = refused else {
                panic!("{refused:?}");
            };
            let detail = failure.detail.expect("the words");
            assert!(detail.contains("***"), "{detail}");
            assert!(detail.chars().count() <= 300, "{detail}");
            let begins: String = key.chars().take(6).collect();
            assert!(!detail.contains(&begins), "{detail}");
            let checked = channel.check(&sender).await;
            assert!(!format!("{checked:?}").contains(&begins), "{checked:?}");
        }
    }
}

#[tokio::test]
async fn throttles_say_who_waits_and_how_long() {
    let minutes = Some(Duration::from_mins(2));
    for (http_status, code, unless_told, recipient_only) in [
        (400, 4, None, false),
        (400, 80_007, None, false),
        (400, 130_429, None, false),
        (400, 131_056, None, true),
        (500, 131_057, minutes, false),
        (500, 131_016, None, false),
        (503, 133_004, None, false),
        (429, 777_777, None, false),
    ] {
        let throttled = |retry_after| {
            Err(ChannelError::Throttled {
                retry_after,
                code: Some(code),
                recipient_only,
            })
        };
        let told = Reply::Answer {
            status: http_status,
            headers: "Retry-After: 17\r\n",
            body: error(code).to_string(),
        };
        let provider = Provider::with(vec![Reply::json(http_status, &error(code)), told]).await;
        let channel = provider.channel();
        assert_eq!(
            channel.send(&sender(), &text("Hola")).await,
            throttled(unless_told)
        );
        assert_eq!(
            channel.send(&sender(), &text("Hola")).await,
            throttled(Some(Duration::from_secs(17)))
        );
    }
}

#[tokio::test]
async fn too_many_requests_is_a_throttle_whatever_the_body() {
    let provider = Provider::always(Reply::Answer {
        status: 429,
        headers: "Retry-After: 3\r\n",
        body: "slow down".to_owned(),
    })
    .await;
    assert_eq!(
        provider.channel().send(&sender(), &text("Hola")).await,
        Err(ChannelError::Throttled {
            retry_after: Some(Duration::from_secs(3)),
            code: None,
            recipient_only: false
        })
    );
}

#[tokio::test]
async fn hundreds_are_in_flight_at_once_over_one_client() {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.4"))).await;
    let channel = provider.channel();
    let sends: Vec<_> = (0..300)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move { channel.send(&sender(), &text("Hola")).await })
        })
        .collect();
    for send in sends {
        assert!(send.await.unwrap().is_ok());
    }
    assert_eq!(provider.requests().len(), 300);
}

async fn components(parts: OutgoingParts) -> Value {
    let OutgoingContent::Template {
        name,
        language,
        variables,
        ..
    } = template(&[("1", "Ana")])
    else {
        unreachable!("it is a template");
    };
    let content = OutgoingContent::Template {
        name,
        language,
        variables,
        parts,
    };
    sent(content).await["template"]["components"].take()
}

#[tokio::test]
async fn header_body_and_buttons_travel_as_components_of_their_own() {
    let button = |index, kind, value: &str| OutgoingButton {
        index,
        kind,
        value: value.to_owned(),
    };
    let parts = OutgoingParts {
        header: Some(OutgoingHeader::Text("1".to_owned(), "mayo".to_owned())),
        buttons: vec![
            button(0, ButtonKind::UrlSuffix, "p/7"),
            button(2, ButtonKind::ReplyPayload, "more"),
        ],
    };
    assert_eq!(
        components(parts).await,
        json!([
            { "type": "header", "parameters": [{ "type": "text", "text": "mayo" }] },
            { "type": "body", "parameters": [{ "type": "text", "text": "Ana" }] },
            { "type": "button", "sub_type": "url", "index": "0",
              "parameters": [{ "type": "text", "text": "p/7" }] },
            { "type": "button", "sub_type": "quick_reply", "index": "2",
              "parameters": [{ "type": "payload", "payload": "more" }] }
        ])
    );
}

#[tokio::test]
async fn a_header_shows_a_file_or_a_variable_with_a_name() {
    let media = |kind, reference, file_name: Option<&str>| OutgoingParts {
        header: Some(OutgoingHeader::Media(HeaderMedia {
            kind,
            reference,
            file_name: file_name.map(str::to_owned),
        })),
        buttons: Vec::new(),
    };
    let named = OutgoingParts {
        header: Some(OutgoingHeader::Text("mes".to_owned(), "mayo".to_owned())),
        buttons: Vec::new(),
    };
    let id = || MediaReference::Id("77".to_owned());
    let link = MediaReference::Link("https://a.example/f.pdf".to_owned());
    for (parts, expected) in [
        (
            named,
            json!({ "type": "text", "parameter_name": "mes", "text": "mayo" }),
        ),
        (
            media(MediaKind::Image, id(), Some("no.png")),
            json!({ "type": "image", "image": { "id": "77" } }),
        ),
        (
            media(MediaKind::Document, link, Some("Lista.pdf")),
            json!({ "type": "document", "document": {
                "link": "https://a.example/f.pdf", "filename": "Lista.pdf" } }),
        ),
        (
            media(MediaKind::Video, id(), None),
            json!({ "type": "video", "video": { "id": "77" } }),
        ),
    ] {
        let components = components(parts).await;
        assert_eq!(
            components[0],
            json!({ "type": "header", "parameters": [expected] })
        );
    }
}

fn file(kind: MediaKind, caption: Option<&str>) -> OutgoingContent {
    OutgoingContent::Media {
        file: CarriedFile {
            id: "77".to_owned(),
            kind,
            name: "Lista de otoño.pdf".to_owned(),
        },
        caption: caption.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_message_carries_a_file_by_its_id_with_a_caption_beside_it() {
    for (content, kind, expected) in [
        (
            file(MediaKind::Image, Some("Hola, José")),
            "image",
            json!({ "id": "77", "caption": "Hola, José" }),
        ),
        (
            file(MediaKind::Video, Some("")),
            "video",
            json!({ "id": "77" }),
        ),
        (
            file(MediaKind::Document, Some("Hola")),
            "document",
            json!({ "id": "77", "caption": "Hola", "filename": "Lista de otoño.pdf" }),
        ),
        (file(MediaKind::Audio, None), "audio", json!({ "id": "77" })),
    ] {
        let body = sent(content).await;
        assert_eq!(body["type"], kind);
        assert_eq!(body[kind], expected);
        assert_eq!(body["to"], "525512345678");
        assert_eq!(body["biz_opaque_callback_data"], attempt().to_string());
    }
}

#[tokio::test]
async fn what_does_not_fit_beside_a_file_is_refused_without_a_call() {
    let provider = Provider::always(Reply::json(200, &accepted("wamid.5"))).await;
    let channel = provider.channel();
    for (content, code) in [
        (
            file(MediaKind::Image, Some(&"é".repeat(1_025))),
            FailureCode::MessageTooLong,
        ),
        (
            file(MediaKind::Audio, Some("Hola")),
            FailureCode::InvalidMessage,
        ),
    ] {
        let refused = channel.send(&sender(), &message(content)).await;
        let expected = Failure {
            code,
            provider_code: None,
            detail: None,
        };
        assert_eq!(refused, Err(ChannelError::Refused(expected)));
    }
    assert!(provider.requests().is_empty());
    let longest = file(MediaKind::Image, Some(&"é".repeat(1_024)));
    assert!(channel.send(&sender(), &message(longest)).await.is_ok());
}
