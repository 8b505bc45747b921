//! Reads the body of `POST /{phone_number_id}/messages` and refuses what Meta refuses.
//!
//! Meta Graph API v23.0, "Messages".

use serde_json::Value;

use super::errors::GraphError;
use super::media::MediaShelf;
use super::numbers;
use super::templates::TemplateCatalogue;
use crate::journal::QuickReply;

const TEXT_LIMIT: usize = 4096;
const CAPTION_LIMIT: usize = 1024;
const OPAQUE_LIMIT: usize = 512;

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Request {
    Send(Box<Send>),
    /// `"status":"read"`: marks an inbound message as read.
    ReadReceipt {
        message_id: String,
    },
}

/// A message to accept.
#[derive(Debug)]
pub(crate) struct Send {
    /// Digits.
    pub(crate) to: String,
    pub(crate) opaque: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) content: Content,
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) kind: String,
    pub(crate) text: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) buttons: Vec<QuickReply>,
    pub(crate) media: Option<String>,
    pub(crate) category: String,
}

/// Checks a request's body.
pub(crate) fn read(
    body: &Value,
    templates: &TemplateCatalogue,
    media: &MediaShelf,
) -> Result<Request, GraphError> {
    if !body.is_object() {
        return Err(GraphError::invalid(
            "Invalid parameter: the body must be a JSON object.",
        ));
    }
    match body.get("messaging_product").and_then(Value::as_str) {
        Some("whatsapp") => {}
        Some(_) => {
            return Err(GraphError::invalid(
                "Param messaging_product must be one of {WHATSAPP}",
            ));
        }
        None => {
            return Err(GraphError::invalid(
                "The parameter messaging_product is required.",
            ));
        }
    }
    if body.get("status").is_some() {
        return read_receipt(body);
    }
    let to = body
        .get("to")
        .and_then(Value::as_str)
        .ok_or_else(|| GraphError::invalid("The parameter to is required."))?;
    let to = numbers::digits(to).ok_or_else(|| {
        GraphError::with_details(131_009, "Parameter to is not a valid phone number")
    })?;
    if let Some(kind) = body.get("recipient_type")
        && kind != "individual"
    {
        return Err(GraphError::invalid(
            "Param recipient_type must be one of {INDIVIDUAL}",
        ));
    }
    let opaque = opaque(body)?;
    let content = content(body, templates, media)?;
    let quoted = body
        .pointer("/context/message_id")
        .or_else(|| body.pointer("/reaction/message_id"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(Request::Send(Box::new(Send {
        to,
        opaque,
        context: quoted,
        content,
    })))
}

fn read_receipt(body: &Value) -> Result<Request, GraphError> {
    if body["status"] != "read" {
        return Err(GraphError::invalid("Param status must be one of {READ}"));
    }
    let message_id = text_at(body, "/message_id", "message_id")?;
    Ok(Request::ReadReceipt {
        message_id: message_id.to_owned(),
    })
}

fn opaque(body: &Value) -> Result<Option<String>, GraphError> {
    match body.get("biz_opaque_callback_data") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(data)) if data.chars().count() <= OPAQUE_LIMIT => Ok(Some(data.clone())),
        Some(_) => Err(GraphError::invalid(format!(
            "Param biz_opaque_callback_data must be a string of at most {OPAQUE_LIMIT} characters."
        ))),
    }
}

fn content(
    body: &Value,
    templates: &TemplateCatalogue,
    media: &MediaShelf,
) -> Result<Content, GraphError> {
    // Meta takes a missing type for text.
    let kind = match body.get("type") {
        None => "text",
        Some(kind) => kind.as_str().unwrap_or_default(),
    };
    let mut content = Content {
        kind: kind.to_owned(),
        category: "service".to_owned(),
        ..Content::default()
    };
    match kind {
        "text" => {
            let text = text_at(body, "/text/body", "text['body']")?;
            within(text, TEXT_LIMIT, "text['body']")?;
            content.text = Some(text.to_owned());
        }
        "template" => {
            let sent = object_at(body, kind)?;
            let rendered = templates.render(sent)?;
            if let Some(header) = &rendered.header_media {
                content.media = Some(media_reference(header, "header", media)?);
            }
            content.text = Some(rendered.text);
            content.buttons = rendered.buttons;
            content.category = rendered.category;
            content.template = sent["name"].as_str().map(str::to_owned);
            content.language = sent["language"]["code"].as_str().map(str::to_owned);
        }
        "image" | "video" | "audio" | "document" | "sticker" => {
            let sent = object_at(body, kind)?;
            content.media = Some(media_reference(sent, kind, media)?);
            let caption = sent.get("caption").and_then(Value::as_str);
            if caption.is_some() && matches!(kind, "audio" | "sticker") {
                return Err(GraphError::invalid(format!(
                    "Unexpected key \"caption\" on param \"{kind}\"."
                )));
            }
            if let Some(caption) = caption {
                within(caption, CAPTION_LIMIT, &format!("{kind}['caption']"))?;
            }
            content.text = caption
                .or_else(|| sent.get("filename").and_then(Value::as_str))
                .map(str::to_owned);
        }
        "reaction" => {
            text_at(body, "/reaction/message_id", "reaction['message_id']")?;
            // An empty emoji takes the reaction back.
            let emoji = body
                .pointer("/reaction/emoji")
                .and_then(Value::as_str)
                .ok_or_else(|| GraphError::missing("reaction['emoji']"))?;
            content.text = Some(emoji.to_owned());
        }
        "interactive" => {
            let sent = object_at(body, kind)?;
            text_at(body, "/interactive/type", "interactive['type']")?;
            object_at(sent, "action")?;
            content.text = sent["body"]["text"].as_str().map(str::to_owned);
            content.buttons = sent["action"]["buttons"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|button| {
                    Some(QuickReply {
                        text: button["reply"]["title"].as_str()?.to_owned(),
                        payload: button["reply"]["id"].as_str()?.to_owned(),
                    })
                })
                .collect();
        }
        "location" => {
            let sent = object_at(body, kind)?;
            if sent.get("latitude").is_none() || sent.get("longitude").is_none() {
                return Err(GraphError::missing(
                    "location['latitude'], location['longitude']",
                ));
            }
            content.text = sent["name"].as_str().map(str::to_owned);
        }
        "contacts" => {
            if !body.get("contacts").is_some_and(Value::is_array) {
                return Err(GraphError::missing("contacts"));
            }
        }
        _ => {
            return Err(GraphError::invalid(
                "Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, \
                 LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO}",
            ));
        }
    }
    Ok(content)
}

/// The id of an uploaded file, or a link. Links are never fetched.
fn media_reference(sent: &Value, kind: &str, media: &MediaShelf) -> Result<String, GraphError> {
    match (sent["id"].as_str(), sent["link"].as_str()) {
        (Some(_), Some(_)) | (None, None) => Err(GraphError::invalid(format!(
            "Exactly one of {kind}['id'] and {kind}['link'] is required."
        ))),
        (Some(id), None) => match media.record(id) {
            // As Meta says of an id that it never gave, and of one that has expired.
            None => Err(GraphError::invalid(format!(
                "Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
            ))),
            Some(record) if !fits(kind, &record.mime_type) => Err(GraphError::with_details(
                131_053,
                format!("Media with id {id} is of type {}", record.mime_type),
            )),
            Some(_) => Ok(id.to_owned()),
        },
        (None, Some(link)) if link.starts_with("https://") || link.starts_with("http://") => {
            Ok(link.to_owned())
        }
        (None, Some(_)) => Err(GraphError::with_details(
            131_009,
            format!("Parameter {kind}['link'] is not a valid URI"),
        )),
    }
}

/// Whether a file of this type can be a message of this kind; what a header shows, its template says.
fn fits(kind: &str, mime_type: &str) -> bool {
    match kind {
        "image" | "video" | "audio" => mime_type
            .split_once('/')
            .is_some_and(|(family, _)| family == kind),
        "sticker" => mime_type == "image/webp",
        _ => true,
    }
}

fn object_at<'a>(body: &'a Value, key: &str) -> Result<&'a Value, GraphError> {
    body.get(key)
        .filter(|value| value.is_object())
        .ok_or_else(|| GraphError::missing(key))
}

fn text_at<'a>(body: &'a Value, pointer: &str, shown: &str) -> Result<&'a str, GraphError> {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| GraphError::missing(shown))
}

fn within(text: &str, limit: usize, shown: &str) -> Result<(), GraphError> {
    if text.chars().count() > limit {
        return Err(GraphError::invalid(format!(
            "Param {shown} must be at most {limit} characters long."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(body: &Value) -> u32 {
        read(body, &TemplateCatalogue::seeded(), &MediaShelf::in_memory())
            .unwrap_err()
            .code
    }

    #[test]
    fn what_meta_refuses_is_refused_with_its_code() {
        let text = |extra: Value| {
            let mut body = json!({"messaging_product": "whatsapp", "to": "34612345678",
                "type": "text", "text": {"body": "Hola"}});
            for (key, value) in extra.as_object().unwrap() {
                body[key] = value.clone();
            }
            body
        };
        assert!(
            read(
                &text(json!({})),
                &TemplateCatalogue::seeded(),
                &MediaShelf::in_memory()
            )
            .is_ok()
        );
        for (change, expected) in [
            (json!({"messaging_product": null}), 100),
            (json!({"messaging_product": "sms"}), 100),
            (json!({"to": null}), 100),
            (json!({"to": "nadie"}), 131_009),
            (json!({"type": "fax"}), 100),
            (json!({"recipient_type": "group"}), 100),
            (json!({"text": {}}), 131_008),
            (json!({"text": {"body": ""}}), 131_008),
            (json!({"text": {"body": "ñ".repeat(4097)}}), 100),
            (json!({"biz_opaque_callback_data": "x".repeat(513)}), 100),
            (json!({"type": "image", "image": {"id": "77"}}), 100),
            (json!({"type": "image", "image": {}}), 100),
            (
                json!({"type": "audio", "audio": {"link": "https://a.example/a.mp3", "caption": "Hola"}}),
                100,
            ),
            (
                json!({"type": "image", "image": {"link": "file:///etc/passwd"}}),
                131_009,
            ),
            (
                json!({"type": "reaction", "reaction": {"emoji": "👍"}}),
                131_008,
            ),
            (json!({"type": "template"}), 131_008),
            (json!({"status": "delivered"}), 100),
        ] {
            assert_eq!(code(&text(change.clone())), expected, "{change}");
        }
        let longest = text(
            json!({"text": {"body": "ñ".repeat(4096)}, "biz_opaque_callback_data": "x".repeat(512)}),
        );
        assert!(
            read(
                &longest,
                &TemplateCatalogue::seeded(),
                &MediaShelf::in_memory()
            )
            .is_ok()
        );
    }
}
