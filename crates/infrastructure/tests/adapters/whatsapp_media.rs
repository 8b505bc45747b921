//! Handing files over, and what Meta's answers mean for them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nexus_domain::ports::{HandOverError, MessageChannel, OutgoingFile};
use nexus_domain::{Failure, FailureCode, MediaType};
use nexus_testing::TempFolder;
use serde_json::{Value, json};

use crate::provider::{Provider, Reply, TOKEN, channel_at, closed_port, sender};

fn taken(id: &str) -> Reply {
    Reply::json(200, &json!({ "id": id }))
}

fn error(code: i64) -> Value {
    json!({ "error": {
        "message": format!("(#{code}) words"),
        "code": code,
        "error_data": { "details": "more words" },
    }})
}

fn written(folder: &TempFolder, content: &str) -> PathBuf {
    let path = folder.path().join("0193-a-name-of-ours");
    std::fs::write(&path, content).unwrap();
    path
}

fn file(path: &Path, media_type: MediaType, name: &str) -> OutgoingFile {
    OutgoingFile {
        path: path.to_owned(),
        media_type,
        name: name.to_owned(),
    }
}

async fn handed_over(provider: &Provider) -> Result<String, HandOverError> {
    let folder = TempFolder::new();
    let path = written(&folder, "content");
    let file = file(&path, MediaType::Pdf, "Lista.pdf");
    provider.channel().hand_over(&sender(), &file).await
}

/// The parts of a form: their headers and their contents.
fn parts(headers: &str, body: &str) -> Vec<(String, String)> {
    let boundary = headers
        .split("boundary=")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .unwrap();
    body.split(&format!("--{boundary}"))
        .filter_map(|part| part.strip_prefix("\r\n")?.split_once("\r\n\r\n"))
        .map(|(headers, content)| {
            let content = content.strip_suffix("\r\n").unwrap();
            (headers.to_lowercase(), content.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn a_file_goes_to_the_senders_number_as_a_form() {
    let provider = Provider::always(taken("77")).await;
    let folder = TempFolder::new();
    let content = "0123456789abcdef".repeat(20_000);
    let path = written(&folder, &content);
    for (media_type, name, told_type, told_name) in [
        (
            MediaType::Pdf,
            "Lista \"a\".pdf",
            "application/pdf",
            "file.pdf",
        ),
        (MediaType::OggOpus, "voz", "audio/ogg; codecs=opus", "file"),
    ] {
        let file = file(&path, media_type, name);
        let id = provider.channel().hand_over(&sender(), &file).await;
        assert_eq!(id.as_deref(), Ok("77"));

        let request = provider.requests().pop().unwrap();
        assert_eq!(request.line, "POST /v23.0/106540352242922/media HTTP/1.1");
        let authorization = format!("authorization: Bearer {TOKEN}");
        assert!(request.headers.contains(&authorization));
        assert!(request.headers.to_lowercase().contains("content-length: "));
        let parts = parts(&request.headers, &request.body);
        assert_eq!(parts.len(), 3);
        for (name, value) in [("messaging_product", "whatsapp"), ("type", told_type)] {
            let header = format!("name=\"{name}\"");
            assert!(
                parts
                    .iter()
                    .any(|(headers, content)| headers.ends_with(&header) && content == value),
                "{name}"
            );
        }
        let (headers, sent) = parts
            .iter()
            .find(|(headers, _)| headers.contains("name=\"file\""))
            .unwrap();
        assert!(
            headers.contains(&format!("filename=\"{told_name}\"")),
            "{headers}"
        );
        assert!(
            headers.contains(&format!("content-type: {told_type}")),
            "{headers}"
        );
        assert!(*sent == content, "the content is another");
    }
}

#[tokio::test]
async fn every_code_says_what_to_do_with_the_file() {
    let failure = |code, meaning| Failure {
        code: meaning,
        provider_code: Some(code),
        detail: Some("more words".to_owned()),
    };
    for (http_status, code, meaning) in [
        (401, 0, FailureCode::CredentialInvalid),
        (401, 190, FailureCode::CredentialInvalid),
        (403, 10, FailureCode::CredentialInvalid),
        (403, 131_005, FailureCode::CredentialInvalid),
        (400, 33, FailureCode::CredentialInvalid),
        (403, 368, FailureCode::AccountBlocked),
        (403, 131_031, FailureCode::AccountBlocked),
        (400, 133_010, FailureCode::AccountBlocked),
    ] {
        let provider = Provider::always(Reply::json(http_status, &error(code))).await;
        let expected = HandOverError::AccountRefused(failure(code, meaning));
        assert_eq!(handed_over(&provider).await, Err(expected), "{code}");
    }
    for (http_status, code) in [
        (400, 100),
        (400, 131_009),
        (400, 131_051),
        (400, 131_053),
        (418, 777_777),
    ] {
        let provider = Provider::always(Reply::json(http_status, &error(code))).await;
        let failure = failure(code, FailureCode::MediaUnusable);
        let expected = HandOverError::FileRefused(failure);
        assert_eq!(handed_over(&provider).await, Err(expected), "{code}");
    }
    for (http_status, code, retry_after) in [
        (400, 4, None),
        (400, 80_007, None),
        (400, 130_429, None),
        (500, 131_016, None),
        (500, 131_057, Some(Duration::from_mins(2))),
        (500, 131_000, None),
        (503, 2, None),
        (500, 777_777, None),
    ] {
        let provider = Provider::always(Reply::json(http_status, &error(code))).await;
        let expected = HandOverError::Later { retry_after };
        assert_eq!(handed_over(&provider).await, Err(expected), "{code}");
        assert_eq!(provider.requests().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn whatever_happens_to_the_connection_it_is_tried_again() {
    let later = Err(HandOverError::Later { retry_after: None });
    for reply in [
        Reply::Close,
        Reply::Silence,
        Reply::CutOff,
        Reply::html(502),
        Reply::json(200, &json!({ "id": "" })),
        Reply::json(200, &json!({})),
    ] {
        let provider = Provider::always(reply.clone()).await;
        assert_eq!(handed_over(&provider).await, later, "{reply:?}");
    }
    let folder = TempFolder::new();
    let path = written(&folder, "content");
    let channel = channel_at(closed_port().await);
    let file = file(&path, MediaType::Pdf, "a.pdf");
    assert_eq!(channel.hand_over(&sender(), &file).await, later);
}

#[tokio::test]
async fn a_file_that_is_too_large_for_what_stands_before_meta_is_refused() {
    let provider = Provider::always(Reply::html(413)).await;
    let refused = handed_over(&provider).await;
    assert!(
        matches!(&refused, Err(HandOverError::FileRefused(failure))
            if failure.code == FailureCode::MediaUnusable && failure.provider_code.is_none()),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_file_that_cant_be_read_is_told_apart_and_asks_nobody() {
    let provider = Provider::always(taken("77")).await;
    let folder = TempFolder::new();
    let gone = file(&folder.path().join("gone"), MediaType::Pdf, "a.pdf");
    assert_eq!(
        provider.channel().hand_over(&sender(), &gone).await,
        Err(HandOverError::Missing)
    );
    // What stands where a folder should is no folder: the file can't even be looked for.
    let within = written(&folder, "content").join("file");
    let unreadable = file(&within, MediaType::Pdf, "a.pdf");
    let refused = provider.channel().hand_over(&sender(), &unreadable).await;
    assert!(
        matches!(&refused, Err(HandOverError::Unreadable { reason })
            if !reason.contains(&*folder.path().to_string_lossy())),
        "{refused:?}"
    );
    assert!(provider.requests().is_empty());
}

/// The client gives an answer half a second in these tests.
#[tokio::test]
async fn a_larger_file_has_longer() {
    let late = Reply::Late {
        after: Duration::from_millis(900),
        body: json!({ "id": "77" }).to_string(),
    };
    let provider = Provider::always(late).await;
    assert!(handed_over(&provider).await.is_err(), "a small one has not");
    let folder = TempFolder::new();
    let path = written(&folder, &"x".repeat(2 * 1_024 * 1_024));
    let file = file(&path, MediaType::Pdf, "a.pdf");
    let id = provider.channel().hand_over(&sender(), &file).await;
    assert_eq!(id.as_deref(), Ok("77"));
}
