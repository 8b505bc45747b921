//! Handing files over (`POST /{phone_number_id}/media`, Cloud API reference, "Media").

use std::io;
use std::path::Path;

use nexus_domain::ports::{ChannelError, HandOverError, OutgoingFile, SenderCredentials};
use nexus_domain::{Failure, FailureCode, MediaType};
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use tokio::fs::File;

use super::graph::{Graph, phone_number};

/// The longest ending of a name that is told.
const LONGEST_ENDING: usize = 8;

/// The answer: `{"id": "…"}`.
#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Hands the file over, read from the disk as the connection takes it.
pub(super) async fn hand_over(
    graph: &Graph,
    sender: &SenderCredentials,
    file: &OutgoingFile,
) -> Result<String, HandOverError> {
    let path = format!("{}/media", phone_number(sender).map_err(refusal)?);
    let content = File::open(&file.path)
        .await
        .map_err(|error| unreadable(&error))?;
    let size = content
        .metadata()
        .await
        .map_err(|error| unreadable(&error))?
        .len();
    let media_type = told_type(file.media_type);
    let part = Part::stream_with_length(Body::from(content), size)
        .file_name(told_name(&file.name))
        .mime_str(media_type)
        .map_err(|_| HandOverError::FileRefused(unusable("its media type can't be read")))?;
    let form = Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", media_type)
        .part("file", part);
    let answer = graph
        .post_form(&sender.token, &path, form, size)
        .await
        .map_err(refusal)?;
    if answer.is_too_large() {
        return Err(HandOverError::FileRefused(unusable("it is too large")));
    }
    let taken: Taken = answer.into().map_err(refusal)?;
    if taken.id.is_empty() {
        return Err(HandOverError::Later { retry_after: None });
    }
    Ok(taken.id)
}

/// "audio/ogg (OPUS codecs only; base audio/ogg not supported)" (Cloud API reference, "Supported media
/// types").
fn told_type(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::OggOpus => "audio/ogg; codecs=opus",
        other => other.as_str(),
    }
}

/// A name of our own with the ending of the user's: a form's header is no place for what people type,
/// and documents are sent with their name anyway.
fn told_name(name: &str) -> String {
    let ending = Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str())
        .filter(|ending| ending.len() <= LONGEST_ENDING)
        .filter(|ending| ending.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    ending.map_or_else(|| "file".to_owned(), |ending| format!("file.{ending}"))
}

/// Only a file that is not there is gone for good: too many open files, a disk that fails or a right
/// that was taken away are mended, and the file with them.
fn unreadable(error: &io::Error) -> HandOverError {
    match error.kind() {
        io::ErrorKind::NotFound => HandOverError::Missing,
        kind => HandOverError::Unreadable {
            reason: kind.to_string(),
        },
    }
}

fn unusable(detail: &str) -> Failure {
    Failure {
        code: FailureCode::MediaUnusable,
        provider_code: None,
        detail: Some(detail.to_owned()),
    }
}

/// What an answer to a message would mean for a file: what is refused of a message is refused of the
/// file, and doubts don't matter.
fn refusal(error: ChannelError) -> HandOverError {
    match error {
        ChannelError::Throttled { retry_after, .. } => HandOverError::Later { retry_after },
        ChannelError::NotConnected | ChannelError::InDoubt { .. } => {
            HandOverError::Later { retry_after: None }
        }
        ChannelError::Refused(failure) | ChannelError::CampaignRefused(failure) => {
            HandOverError::FileRefused(Failure {
                code: FailureCode::MediaUnusable,
                ..failure
            })
        }
        ChannelError::AccountRefused(failure) => HandOverError::AccountRefused(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_only_a_plain_ending_is_told() {
        for (name, told) in [
            ("Lista de precios.PDF", "file.PDF"),
            ("año.jpg", "file.jpg"),
            ("sin nada", "file"),
            ("raro.p\r\ndf", "file"),
            ("raro.\"x\"", "file"),
            ("a.verylongending", "file"),
            (".pdf", "file"),
        ] {
            assert_eq!(told_name(name), told, "{name}");
        }
    }
}
