//! Webhooks of the Cloud API.
//!
//! One body has several entries, changes and items, in any order, and comes again when Meta thinks
//! that it was not taken. Whatever is not understood is passed on by its name: one odd item must
//! not lose the others, nor come back for a week because the body was refused.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use nexus_domain::ports::{UnreadableWebhook, WebhookReader};
use nexus_domain::{
    ChannelEvent, Failure, FailureCode, InboundMessage, MessageBody, PreferenceChange,
    StatusReport, StatusUpdate, Wish,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::errors::GraphError;
use super::notices;

/// Reads the webhooks of Meta's apps.
#[derive(Debug, Clone, Copy, Default)]
pub struct WhatsAppWebhooks;

/// The product whose webhooks these are.
const OBJECT: &str = "whatsapp_business_account";

/// Names that Meta gave are kept for people to read, and no longer than that.
const NAME_CHARACTERS: usize = 100;

impl WebhookReader for WhatsAppWebhooks {
    /// `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(app secret, body)>`
    fn is_authentic(&self, secret: &SecretString, signature: &str, body: &[u8]) -> bool {
        let secret = secret.expose_secret().as_bytes();
        // Anyone can sign with the empty secret.
        if secret.is_empty() {
            return false;
        }
        let Some((scheme, digits)) = signature.trim().split_once('=') else {
            return false;
        };
        let (true, Ok(signed), Ok(mut mac)) = (
            scheme.eq_ignore_ascii_case("sha256"),
            hex::decode(digits),
            Hmac::<Sha256>::new_from_slice(secret),
        ) else {
            return false;
        };
        mac.update(body);
        mac.verify_slice(&signed).is_ok()
    }

    fn is_verify_token(&self, known: &SecretString, token: &str) -> bool {
        // How far two digests agree tells nothing of the texts.
        let known = known.expose_secret();
        !known.is_empty() && Sha256::digest(known) == Sha256::digest(token)
    }

    fn read(&self, body: &[u8]) -> Result<Vec<ChannelEvent>, UnreadableWebhook> {
        let read = serde_json::from_slice(body);
        let read = read.or_else(|error| match mend_surrogates(body) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        });
        let webhook: Webhook = read.map_err(|error| {
            // Its position only: the parser's words can repeat the body.
            UnreadableWebhook(format!(
                "no webhook of Meta's (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if webhook.object != OBJECT {
            return Ok(vec![other(&webhook.object)]);
        }
        Ok(webhook.entry.iter().flat_map(read_entry).collect())
    }
}

#[derive(Deserialize)]
struct Webhook {
    object: String,
    entry: Vec<Value>,
}

pub(super) fn other(name: &str) -> ChannelEvent {
    ChannelEvent::Other(name.chars().take(NAME_CHARACTERS).collect())
}

fn read_entry(entry: &Value) -> Vec<ChannelEvent> {
    match entry.get("changes").and_then(Value::as_array) {
        Some(changes) => changes
            .iter()
            .flat_map(|change| match notices::read(entry, change) {
                Some(news) => vec![news],
                None => read_change(change),
            })
            .collect(),
        None => vec![other("malformed entry")],
    }
}

fn read_change(change: &Value) -> Vec<ChannelEvent> {
    let Some(field) = change.get("field").and_then(Value::as_str) else {
        return vec![other("malformed change")];
    };
    let value = change.get("value").unwrap_or(&Value::Null);
    match field {
        "messages" => {}
        "user_preferences" => return read_preferences(value),
        _ => return vec![other(field)],
    }
    let items = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let statuses = items("statuses")
        .map(|item| read_status(item).unwrap_or_else(|| other("malformed status")));
    let messages = items("messages").map(|item| {
        read_message(item, value).map_or_else(|| other("malformed message"), ChannelEvent::Inbound)
    });
    let errors = items("errors").map(|_| other("errors"));
    let events: Vec<_> = statuses.chain(messages).chain(errors).collect();
    if events.is_empty() {
        return vec![other(field)];
    }
    events
}

/// `user_preferences`: who stopped or resumed a kind of messages of this business. The only kind that
/// there is are `marketing_messages` (developers.facebook.com, webhooks reference, 2026).
fn read_preferences(value: &Value) -> Vec<ChannelEvent> {
    const FIELD: &str = "user_preferences";
    let items = value.get(FIELD).and_then(Value::as_array);
    let events: Vec<_> = items
        .into_iter()
        .flatten()
        .map(|item| {
            read_preference(item, value).map_or_else(|| other(FIELD), ChannelEvent::Preference)
        })
        .collect();
    if events.is_empty() {
        return vec![other(FIELD)];
    }
    events
}

#[derive(Deserialize)]
struct Preference {
    wa_id: Option<String>,
    user_id: Option<String>,
    category: String,
    value: String,
    #[serde(deserialize_with = "unix_seconds")]
    timestamp: DateTime<Utc>,
}

fn read_preference(item: &Value, value: &Value) -> Option<PreferenceChange> {
    let preference = Preference::deserialize(item).ok()?;
    let wish = match (preference.category.as_str(), preference.value.as_str()) {
        ("marketing_messages", "stop") => Wish::Stop,
        ("marketing_messages", "resume") => Wish::Resume,
        _ => return None,
    };
    let from_number = preference.wa_id.filter(|number| !number.is_empty());
    let from_user_id = preference.user_id.filter(|id| !id.is_empty());
    if from_number.is_none() && from_user_id.is_none() {
        return None;
    }
    Some(PreferenceChange {
        sender_external_id: text_at(value, "/metadata/phone_number_id"),
        from_number,
        from_user_id,
        wish,
        at: preference.timestamp,
    })
}

#[derive(Deserialize)]
struct Status {
    id: String,
    #[serde(rename = "status")]
    word: String,
    #[serde(deserialize_with = "unix_seconds")]
    timestamp: DateTime<Utc>,
    biz_opaque_callback_data: Option<Value>,
    #[serde(default)]
    errors: Value,
}

fn read_status(item: &Value) -> Option<ChannelEvent> {
    let status = Status::deserialize(item).ok()?;
    let update = match status.word.as_str() {
        "sent" => StatusUpdate::Sent,
        "delivered" => StatusUpdate::Delivered,
        // A voice message that was played was heard, which is to it what reading is to a text.
        "read" | "played" => StatusUpdate::Read,
        "failed" => StatusUpdate::Failed(failure_of(&status.errors)),
        unknown => return Some(other(&format!("status {unknown}"))),
    };
    Some(ChannelEvent::Status(StatusReport {
        attempt: status
            .biz_opaque_callback_data
            .as_ref()
            .and_then(Value::as_str)
            .and_then(|data| data.parse().ok()),
        message_id: status.id,
        update,
        at: status.timestamp,
    }))
}

/// What the first error that has a code says; a failure without one is still a failure.
fn failure_of(errors: &Value) -> Failure {
    errors
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|error| GraphError::deserialize(error).ok())
        .map_or(
            Failure {
                code: FailureCode::Other,
                provider_code: None,
                detail: None,
            },
            |error| error.failure(),
        )
}

#[derive(Deserialize)]
struct Inbound {
    id: String,
    /// Absent for users known only by a business-scoped id.
    from: Option<String>,
    from_user_id: Option<String>,
    #[serde(deserialize_with = "unix_seconds")]
    timestamp: DateTime<Utc>,
    r#type: String,
}

fn read_message(item: &Value, value: &Value) -> Option<InboundMessage> {
    let message = Inbound::deserialize(item).ok()?;
    let from_number = message.from.filter(|number| !number.is_empty());
    let contact = contact_of(
        value,
        from_number.as_deref(),
        message.from_user_id.as_deref(),
    );
    let from_user_id = message
        .from_user_id
        .or_else(|| text_at(contact?, "/user_id"))
        .filter(|id| !id.is_empty());
    if from_number.is_none() && from_user_id.is_none() {
        return None;
    }
    Some(InboundMessage {
        provider_id: message.id,
        sender_external_id: text_at(value, "/metadata/phone_number_id")?,
        from_number,
        from_user_id,
        profile_name: contact.and_then(|contact| text_at(contact, "/profile/name")),
        payload: payload_of(item),
        body: body_of(item, message.r#type),
        answers: text_at(item, "/context/id"),
        sent_at: message.timestamp,
    })
}

/// The contact that a message is from: by its number, else by its business-scoped id; and where a
/// change has one message of one contact, there is nothing to choose.
fn contact_of<'a>(
    value: &'a Value,
    number: Option<&str>,
    user_id: Option<&str>,
) -> Option<&'a Value> {
    let contacts = value.get("contacts")?.as_array()?;
    let with = |key: &str, wanted: Option<&str>| {
        let wanted = wanted?;
        contacts
            .iter()
            .find(|contact| contact.get(key).and_then(Value::as_str) == Some(wanted))
    };
    with("wa_id", number)
        .or_else(|| with("user_id", user_id))
        .or(match contacts.as_slice() {
            [only] if number.is_none() && user_id.is_none() => Some(only),
            _ => None,
        })
}

fn body_of(message: &Value, kind: String) -> MessageBody {
    let paths: &[&str] = match kind.as_str() {
        "text" => &["/text/body"],
        // The quick reply of a template, and those of interactive messages.
        "button" => &["/button/text"],
        "interactive" => &[
            "/interactive/button_reply/title",
            "/interactive/list_reply/title",
        ],
        _ => &[],
    };
    paths
        .iter()
        .find_map(|path| text_at(message, path))
        .map_or(MessageBody::Other(kind), MessageBody::Text)
}

/// What the business put behind a button: the payload of a template's quick reply, the id of an
/// interactive message's.
fn payload_of(message: &Value) -> Option<String> {
    [
        "/button/payload",
        "/interactive/button_reply/id",
        "/interactive/list_reply/id",
    ]
    .iter()
    .find_map(|path| text_at(message, path))
}

pub(super) fn text_at(value: &Value, path: &str) -> Option<String> {
    value.pointer(path)?.as_str().map(str::to_owned)
}

/// The text with U+FFFD in place of every half of a surrogate pair that stands alone, which is no
/// character: a name that somebody cut within an emoji must not lose what came with it. `None` when
/// there is none.
fn mend_surrogates(body: &[u8]) -> Option<Vec<u8>> {
    const ESCAPE: usize = 6;
    let unit = |at: usize| {
        let escape = body.get(at..at + ESCAPE)?.strip_prefix(br"\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut mended = Vec::with_capacity(body.len());
    let mut found = false;
    let mut at = 0;
    while at < body.len() {
        let length = match (body[at], unit(at)) {
            (b'\\', Some(0xD800..=0xDBFF))
                if matches!(unit(at + ESCAPE), Some(0xDC00..=0xDFFF)) =>
            {
                2 * ESCAPE
            }
            (b'\\', Some(0xD800..=0xDFFF)) => {
                found = true;
                mended.extend_from_slice(br"\ufffd");
                at += ESCAPE;
                continue;
            }
            // An escaped backslash begins no other escape.
            (b'\\', _) => 2.min(body.len() - at),
            _ => 1,
        };
        mended.extend_from_slice(&body[at..at + length]);
        at += length;
    }
    found.then_some(mended)
}

/// No message is older than WhatsApp, nor from a time that calculations run over from.
const TIMES: std::ops::RangeInclusive<i64> = 1_230_768_000..=4_102_444_800;

/// Seconds since 1970, which Meta writes as a text and its own description as a number.
fn unix_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    time_of(&Value::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom("no time"))
}

pub(super) fn time_of(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    seconds
        .filter(|seconds| TIMES.contains(seconds))
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

#[cfg(test)]
mod tests {
    use nexus_domain::ports::WebhookReader;

    use super::*;

    fn read(status: &str) -> Vec<ChannelEvent> {
        let body = format!(
            r#"{{"object":"{OBJECT}","entry":[{{"changes":[{{"field":"messages","value":{{"statuses":[{status}]}}}}]}}]}}"#
        );
        WhatsAppWebhooks.read(body.as_bytes()).expect("a webhook")
    }

    #[test]
    fn half_an_emoji_loses_nothing_of_what_came_with_it() {
        let status = |name: &str| {
            format!(
                r#"{{"id":"wamid.1","status":"sent","timestamp":"1749416383","name":"{name}"}}"#
            )
        };
        for name in [
            r"\ud83d",
            r"\ude00 \ud83d\ude00",
            r"Ana \uD83D",
            r"\\ud83d \ud83dx",
        ] {
            let events = read(&status(name));
            assert!(matches!(events[..], [ChannelEvent::Status(_)]), "{name}");
        }
        assert_eq!(mend_surrogates(br"\ud83d\ude00 \\ud83d \"), None);
        assert_eq!(
            mend_surrogates(br"a\ud83d\u0041").as_deref(),
            Some(&br"a\ufffd\u0041"[..])
        );
    }

    #[test]
    fn times_that_no_message_has_are_not_believed() {
        for time in ["8210266876799", "-8334601228800", "0", "1749416383000", ""] {
            let status = format!(r#"{{"id":"wamid.1","status":"read","timestamp":"{time}"}}"#);
            assert_eq!(read(&status), [other("malformed status")], "{time}");
        }
    }
}
