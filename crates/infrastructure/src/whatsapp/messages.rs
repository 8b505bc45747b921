//! The body of a send and its answer (`POST /{phone_number_id}/messages`).

use nexus_domain::ports::{Accepted, ChannelError, OutgoingContent, OutgoingMessage};
use nexus_domain::{Failure, FailureCode};
use serde::{Deserialize, Deserializer, Serialize};

/// The most characters of a text body (Cloud API reference, text object).
const MAX_TEXT_CHARACTERS: usize = 4_096;

#[derive(Serialize)]
pub(super) struct SendRequest<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    #[serde(flatten)]
    recipient: Recipient<'a>,
    /// Comes back in the statuses of the message.
    biz_opaque_callback_data: String,
    #[serde(flatten)]
    content: Content<'a>,
}

#[derive(Serialize)]
enum Recipient<'a> {
    /// A phone number: digits with the country code.
    #[serde(rename = "to")]
    Number(String),
    /// A user known only by a business-scoped id (`MX.…`).
    #[serde(rename = "recipient")]
    User(&'a str),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Content<'a> {
    Text { text: Text<'a> },
    Template { template: Template<'a> },
}

#[derive(Serialize)]
struct Text<'a> {
    body: &'a str,
    preview_url: bool,
}

#[derive(Serialize)]
struct Template<'a> {
    name: &'a str,
    language: TemplateLanguage<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct TemplateLanguage<'a> {
    code: &'a str,
}

#[derive(Serialize)]
struct Component<'a> {
    r#type: &'static str,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    r#type: &'static str,
    /// Only in templates whose variables have names.
    #[serde(rename = "parameter_name", skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    text: &'a str,
}

impl<'a> SendRequest<'a> {
    /// The body for `message`, unless it is one that WhatsApp can't take.
    pub(super) fn of(message: &'a OutgoingMessage) -> Result<Self, ChannelError> {
        Ok(Self {
            messaging_product: "whatsapp",
            recipient_type: "individual",
            recipient: Recipient::of(&message.to),
            biz_opaque_callback_data: message.attempt.to_string(),
            content: Content::of(&message.content)?,
        })
    }
}

impl<'a> Recipient<'a> {
    fn of(address: &'a str) -> Self {
        let user_id = address.split_once('.').is_some_and(|(country, _)| {
            country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase())
        });
        if user_id {
            Self::User(address)
        } else {
            Self::Number(address.chars().filter(char::is_ascii_digit).collect())
        }
    }
}

impl<'a> Content<'a> {
    fn of(content: &'a OutgoingContent) -> Result<Self, ChannelError> {
        match content {
            OutgoingContent::Text { body } if body.chars().count() > MAX_TEXT_CHARACTERS => {
                Err(ChannelError::Refused(Failure {
                    code: FailureCode::MessageTooLong,
                    provider_code: None,
                    detail: None,
                }))
            }
            OutgoingContent::Text { body } => Ok(Self::Text {
                text: Text {
                    body,
                    preview_url: false,
                },
            }),
            OutgoingContent::Template {
                name,
                language,
                variables,
            } => Ok(Self::Template {
                template: Template {
                    name,
                    language: TemplateLanguage { code: language },
                    components: body_component(variables),
                },
            }),
        }
    }
}

fn body_component(variables: &[(String, String)]) -> Vec<Component<'_>> {
    if variables.is_empty() {
        return Vec::new();
    }
    vec![Component {
        r#type: "body",
        parameters: parameters(variables),
    }]
}

/// Variables that all are numbers go by their order, without names; others by their names.
fn parameters(variables: &[(String, String)]) -> Vec<Parameter<'_>> {
    let mut numbered: Vec<(u32, &str)> = variables
        .iter()
        .map_while(|(key, text)| Some((key.parse().ok()?, text.as_str())))
        .collect();
    if numbered.len() == variables.len() {
        numbered.sort_by_key(|(number, _)| *number);
        return numbered
            .into_iter()
            .map(|(_, text)| Parameter {
                r#type: "text",
                name: None,
                text,
            })
            .collect();
    }
    variables
        .iter()
        .map(|(key, text)| Parameter {
            r#type: "text",
            name: Some(key),
            text,
        })
        .collect()
}

/// The answer to a send. `message_status` is not looked at: `accepted`,
/// `held_for_quality_assessment` and `paused` all mean that Meta has the message and reports on it.
#[derive(Deserialize)]
pub(super) struct SendAnswer {
    #[serde(rename = "messages", deserialize_with = "first_id")]
    message_id: String,
}

#[derive(Deserialize)]
struct SentMessage {
    id: String,
}

/// A message without an id could never be found again: such an answer says nothing.
fn first_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Vec::<SentMessage>::deserialize(deserializer)?
        .into_iter()
        .map(|message| message.id)
        .find(|id| !id.is_empty())
        .ok_or_else(|| serde::de::Error::custom("no message"))
}

impl From<SendAnswer> for Accepted {
    fn from(answer: SendAnswer) -> Self {
        Self {
            message_id: answer.message_id,
        }
    }
}
