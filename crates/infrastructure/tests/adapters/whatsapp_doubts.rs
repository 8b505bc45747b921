//! What is certain when there is no proper answer: the promise that nothing is sent twice rests on
//! this.

use nexus_domain::FailureCode;
use nexus_domain::ports::{ChannelError, MessageChannel};
use secrecy::SecretString;
use serde_json::json;

use crate::provider::{Provider, Reply, TOKEN, channel_at, closed_port, sender, text};

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let channel = channel_at(closed_port().await);
    assert_eq!(
        channel.send(&sender(), &text("Hola")).await,
        Err(ChannelError::NotConnected)
    );
}

#[tokio::test]
async fn whatever_breaks_after_the_request_was_written_is_in_doubt_and_not_tried_again() {
    for reply in [
        Reply::Close,
        Reply::Silence,
        Reply::CutOff,
        Reply::Stall,
        Reply::Endless,
        Reply::html(500),
        Reply::html(502),
        Reply::html(400),
        Reply::html(200),
        Reply::json(500, &json!({})),
        Reply::json(503, &json!({ "error": "text" })),
        Reply::json(500, &json!({ "error": { "message": "no code" } })),
        Reply::json(200, &json!({})),
        Reply::json(200, &json!({ "messages": [] })),
        Reply::json(200, &json!({ "messages": [{ "id": "" }] })),
        Reply::json(
            200,
            &json!({ "messages": [{ "message_status": "accepted" }] }),
        ),
        Reply::json(400, &json!({ "error": { "code": 1 } })),
        Reply::json(503, &json!({ "error": { "code": 2 } })),
        Reply::json(500, &json!({ "error": { "code": 131_000 } })),
        Reply::json(500, &json!({ "error": { "code": 777_777 } })),
    ] {
        let provider = Provider::always(reply.clone()).await;
        let outcome = provider.channel().send(&sender(), &text("Hola")).await;
        assert!(
            matches!(outcome, Err(ChannelError::InDoubt { .. })),
            "{reply:?} gave {outcome:?}"
        );
        assert_eq!(provider.requests().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_left_before_the_time_is_over() {
    let provider = Provider::always(Reply::Endless).await;
    assert_eq!(
        provider.channel().send(&sender(), &text("Hola")).await,
        Err(ChannelError::InDoubt {
            reason: "HTTP 200 with an endless body".to_owned()
        })
    );
}

#[tokio::test]
async fn a_connection_that_breaks_on_its_second_request_puts_that_one_in_doubt() {
    let taken = Reply::json(200, &json!({ "messages": [{ "id": "wamid.1" }] }));
    let provider = Provider::with(vec![taken.clone(), Reply::Close, taken]).await;
    let channel = provider.channel();
    assert!(channel.send(&sender(), &text("uno")).await.is_ok());
    assert!(matches!(
        channel.send(&sender(), &text("dos")).await,
        Err(ChannelError::InDoubt { .. })
    ));
    assert!(channel.send(&sender(), &text("tres")).await.is_ok());
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere =
        Provider::always(Reply::json(200, &json!({ "messages": [{ "id": "x" }] }))).await;
    let location: &'static str = Box::leak(
        format!("location: http://{}/elsewhere\r\n", elsewhere.address()).into_boxed_str(),
    );
    for status in [301, 302, 307, 308] {
        let provider = Provider::always(Reply::Answer {
            status,
            headers: location,
            body: String::new(),
        })
        .await;
        let outcome = provider.channel().send(&sender(), &text("Hola")).await;
        assert!(
            matches!(outcome, Err(ChannelError::InDoubt { .. })),
            "{outcome:?}"
        );
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn the_token_is_in_no_error() {
    let refusal = json!({ "error": { "code": 190, "message": "Invalid OAuth access token" } });
    for reply in [
        Reply::Close,
        Reply::Silence,
        Reply::CutOff,
        Reply::html(500),
        Reply::json(401, &refusal),
    ] {
        let provider = Provider::always(reply).await;
        let error = provider
            .channel()
            .send(&sender(), &text("Hola"))
            .await
            .unwrap_err();
        assert!(!format!("{error:?} {error}").contains(TOKEN));
    }
    assert!(!format!("{:?}", sender()).contains(TOKEN));
}

#[tokio::test]
async fn credentials_that_no_request_can_carry_are_refused_without_a_call() {
    let provider = Provider::always(Reply::html(500)).await;
    let mut with_break = sender();
    with_break.token = SecretString::from("EAAG\r\nX-Injected: yes");
    let mut with_path = sender();
    with_path.external_id = "../419561257915477/subscribed_apps?x=".to_owned();
    let mut without_id = sender();
    without_id.external_id = String::new();
    for credentials in [with_break, with_path, without_id] {
        match provider.channel().send(&credentials, &text("Hola")).await {
            Err(ChannelError::AccountRefused(failure)) => {
                assert_eq!(failure.code, FailureCode::CredentialInvalid);
                assert_eq!(failure.provider_code, None);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(provider.requests().is_empty());
}
