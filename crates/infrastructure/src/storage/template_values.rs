//! The values of a campaign's template as they are stored: a JSON list of lists, each with the
//! variable, its text, its fallback or null, and where it goes when that is not the body. Lists that
//! end sooner are those of the body without a fallback. No braces but those of placeholders: who
//! looks for campaigns with placeholders looks for a brace.

use nexus_domain::ports::StorageError;
use nexus_domain::values::{MessageText, ShortText};
use nexus_domain::{
    ButtonKind, ButtonValue, HeaderMedia, HeaderValue, MediaKind, MediaReference, TemplateMessage,
    TemplateParts, TemplateValue, TemplateVariable,
};

use super::rows::{Row, to_json};

type Stored = Vec<Option<String>>;

const HEADER: &str = "header";
const MEDIA_ID: &str = "id";
const MEDIA_LINK: &str = "link";
const MEDIA_KINDS: [MediaKind; 4] = [
    MediaKind::Image,
    MediaKind::Video,
    MediaKind::Audio,
    MediaKind::Document,
];

/// The values as JSON.
pub(super) fn write(template: &TemplateMessage) -> Result<String, StorageError> {
    let mut stored: Vec<Stored> = template.variables.iter().map(body).collect();
    match &template.parts.header {
        Some(HeaderValue::Text(value)) => stored.push(vec![
            Some(value.key.clone()),
            Some(value.text.as_str().to_owned()),
            value.fallback.as_ref().map(ToString::to_string),
            Some(HEADER.to_owned()),
        ]),
        Some(HeaderValue::Media(media)) => stored.push(file(media)),
        None => {}
    }
    let buttons = template.parts.buttons.iter();
    stored.extend(buttons.map(|button| {
        vec![
            Some(button.index.to_string()),
            Some(button.value.text.as_str().to_owned()),
            button.value.fallback.as_ref().map(ToString::to_string),
            Some(button.kind.as_str().to_owned()),
        ]
    }));
    to_json(&stored)
}

fn body(variable: &TemplateVariable) -> Stored {
    let mut stored = vec![
        Some(variable.key.clone()),
        Some(variable.text.as_str().to_owned()),
    ];
    if let Some(fallback) = &variable.fallback {
        stored.push(Some(fallback.as_str().to_owned()));
    }
    stored
}

/// The name of the file, where it is, what it is, and how that is meant.
fn file(media: &HeaderMedia) -> Stored {
    let (place, how) = match &media.reference {
        MediaReference::Id(id) => (id, MEDIA_ID),
        MediaReference::Link(link) => (link, MEDIA_LINK),
    };
    vec![
        media.file_name.clone(),
        Some(place.clone()),
        Some(media.kind.as_str().to_owned()),
        Some(how.to_owned()),
    ]
}

/// The values that JSON has.
pub(super) fn read(
    row: Row,
    column: &str,
    stored: &str,
) -> Result<(Vec<TemplateVariable>, TemplateParts), StorageError> {
    let stored: Vec<Stored> = row.json(column, stored)?;
    let mut variables = Vec::new();
    let mut parts = TemplateParts::default();
    for value in stored {
        let mut value = value.into_iter();
        let mut next = || value.next().flatten();
        let (key, text, third, place) = (next(), next(), next(), next());
        let text = row.need(column, text)?;
        let read = || row.parse(column, &text, MessageText::from_stored);
        let fallback = || row.parse_some(column, third.as_deref(), ShortText::parse);
        match place.as_deref() {
            None | Some(HEADER) => {
                let variable = TemplateVariable {
                    key: row.need(column, key)?,
                    text: read()?,
                    fallback: fallback()?,
                };
                if place.is_none() {
                    variables.push(variable);
                } else {
                    parts.header = Some(HeaderValue::Text(variable));
                }
            }
            Some(how @ (MEDIA_ID | MEDIA_LINK)) => {
                let kind = row.need(column, third.as_deref())?;
                parts.header = Some(HeaderValue::Media(HeaderMedia {
                    kind: row.word(column, kind, &MEDIA_KINDS, MediaKind::as_str)?,
                    reference: if how == MEDIA_ID {
                        MediaReference::Id(text.clone())
                    } else {
                        MediaReference::Link(text.clone())
                    },
                    file_name: key,
                }));
            }
            Some(kind) => {
                let index = key.as_deref().unwrap_or_default();
                parts.buttons.push(ButtonValue {
                    index: row.parse(column, index, str::parse)?,
                    kind: row.word(column, kind, &ButtonKind::ALL, ButtonKind::as_str)?,
                    value: TemplateValue {
                        text: read()?,
                        fallback: fallback()?,
                    },
                });
            }
        }
    }
    Ok((variables, parts))
}
