//! The body of a send and its answer (`POST /{phone_number_id}/messages`).

use nexus_domain::ports::{
    Accepted, CarriedFile, ChannelError, OutgoingContent, OutgoingHeader, OutgoingMessage,
    OutgoingParts,
};
use nexus_domain::{ButtonKind, Failure, FailureCode, HeaderMedia, MediaKind, MediaReference};
use serde::{Deserialize, Deserializer, Serialize};

/// The most characters of a text body (Cloud API reference, text object).
const MAX_TEXT_CHARACTERS: usize = 4_096;
/// The most characters of the text beside a file (Cloud API reference, media object).
const MAX_CAPTION_CHARACTERS: usize = 1_024;

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
    Image { image: Media<'a> },
    Video { video: Media<'a> },
    Audio { audio: Media<'a> },
    Document { document: Media<'a> },
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
    /// Of a button: what it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'static str>,
    /// Of a button: which one, counted from 0, as a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<String>,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Parameter<'a> {
    Text {
        /// Only in templates whose variables have names.
        #[serde(rename = "parameter_name", skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        text: &'a str,
    },
    Payload {
        payload: &'a str,
    },
    Image {
        image: Media<'a>,
    },
    Video {
        video: Media<'a>,
    },
    Document {
        document: Media<'a>,
    },
}

#[derive(Serialize)]
struct Media<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    /// Not in a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
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
                Err(refused(FailureCode::MessageTooLong))
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
                parts,
            } => Ok(Self::Template {
                template: Template {
                    name,
                    language: TemplateLanguage { code: language },
                    components: components(variables, parts)?,
                },
            }),
            OutgoingContent::Media { file, caption } => Self::of_file(file, caption.as_deref()),
        }
    }

    fn of_file(file: &'a CarriedFile, caption: Option<&'a str>) -> Result<Self, ChannelError> {
        let caption = caption.filter(|caption| !caption.is_empty());
        let length = caption.map_or(0, |caption| caption.chars().count());
        if length > MAX_CAPTION_CHARACTERS {
            return Err(refused(FailureCode::MessageTooLong));
        }
        let media = Media {
            id: Some(&file.id),
            link: None,
            filename: None,
            caption,
        };
        Ok(match file.kind {
            MediaKind::Image => Self::Image { image: media },
            MediaKind::Video => Self::Video { video: media },
            MediaKind::Document => Self::Document {
                document: Media {
                    filename: Some(&file.name),
                    ..media
                },
            },
            // What was meant to be read beside it would not arrive.
            MediaKind::Audio if caption.is_some() => {
                return Err(refused(FailureCode::InvalidMessage));
            }
            MediaKind::Audio => Self::Audio { audio: media },
        })
    }
}

/// Refused here, without a request.
fn refused(code: FailureCode) -> ChannelError {
    ChannelError::Refused(Failure {
        code,
        provider_code: None,
        detail: None,
    })
}

fn components<'a>(
    variables: &'a [(String, String)],
    parts: &'a OutgoingParts,
) -> Result<Vec<Component<'a>>, ChannelError> {
    let plain = |r#type, parameters| Component {
        r#type,
        sub_type: None,
        index: None,
        parameters,
    };
    let mut components = Vec::new();
    if let Some(header) = &parts.header {
        let parameter = match header {
            OutgoingHeader::Text(key, text) => Parameter::Text {
                name: key.parse::<u32>().is_err().then_some(key),
                text,
            },
            OutgoingHeader::Media(media) => media_parameter(media)?,
        };
        components.push(plain("header", vec![parameter]));
    }
    if !variables.is_empty() {
        components.push(plain("body", parameters(variables)));
    }
    let buttons = parts.buttons.iter();
    components.extend(buttons.map(|button| Component {
        r#type: "button",
        sub_type: Some(button.kind.as_str()),
        index: Some(button.index.to_string()),
        parameters: vec![match button.kind {
            ButtonKind::UrlSuffix => Parameter::Text {
                name: None,
                text: &button.value,
            },
            ButtonKind::ReplyPayload => Parameter::Payload {
                payload: &button.value,
            },
        }],
    }));
    Ok(components)
}

fn media_parameter(media: &HeaderMedia) -> Result<Parameter<'_>, ChannelError> {
    let (id, link) = match &media.reference {
        MediaReference::Id(id) => (Some(id.as_str()), None),
        MediaReference::Link(link) => (None, Some(link.as_str())),
    };
    let reference = Media {
        id,
        link,
        filename: None,
        caption: None,
    };
    match media.kind {
        MediaKind::Image => Ok(Parameter::Image { image: reference }),
        MediaKind::Video => Ok(Parameter::Video { video: reference }),
        MediaKind::Document => Ok(Parameter::Document {
            document: Media {
                filename: media.file_name.as_deref(),
                ..reference
            },
        }),
        // No header shows a sound.
        MediaKind::Audio => Err(refused(FailureCode::MediaUnusable)),
    }
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
            .map(|(_, text)| Parameter::Text { name: None, text })
            .collect();
    }
    variables
        .iter()
        .map(|(key, text)| Parameter::Text {
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
