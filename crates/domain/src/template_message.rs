//! What a campaign puts into an approved template, and whom it can't be filled in for.

use crate::values::{FieldName, MessageText, Placeholder, PlaceholderValues, ShortText};
use crate::{CampaignContent, MediaKind};

/// A text that differs by recipient, with what stands in where a recipient has nothing to put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateValue {
    /// What is put there, rendered for each recipient.
    pub text: MessageText,
    /// What is put there when the text comes out empty.
    pub fallback: Option<ShortText>,
}

/// A value for one variable of a template's body or header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateVariable {
    /// Its name, or its number counted from 1.
    pub key: String,
    /// What is put there, rendered for each recipient.
    pub text: MessageText,
    /// What is put there when the text comes out empty for a recipient; without it, that recipient
    /// is passed over.
    pub fallback: Option<ShortText>,
}

/// Where a file is that a header shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaReference {
    /// The provider has it under this id.
    Id(String),
    /// The provider fetches it from this address.
    Link(String),
}

/// A file in the header of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMedia {
    /// What it is; templates take pictures, videos and documents.
    pub kind: MediaKind,
    /// Where it is.
    pub reference: MediaReference,
    /// The name that people see of a document.
    pub file_name: Option<String>,
}

/// What is put into the header of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// The value of its one variable.
    Text(TemplateVariable),
    /// The file that it shows.
    Media(HeaderMedia),
}

/// What a button takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ButtonKind {
    /// The end of the address that it leads to.
    UrlSuffix,
    /// The word that comes back when somebody taps it, which nobody sees.
    ReplyPayload,
}

impl ButtonKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::UrlSuffix, Self::ReplyPayload];

    /// The word in the API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UrlSuffix => "url",
            Self::ReplyPayload => "quick_reply",
        }
    }
}

/// What is put into one button of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonValue {
    /// Which button, counted from 0.
    pub index: u32,
    /// What it takes.
    pub kind: ButtonKind,
    /// The value.
    pub value: TemplateValue,
}

/// What is put into a template besides the variables of its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateParts {
    /// Its header.
    pub header: Option<HeaderValue>,
    /// Its buttons, each once.
    pub buttons: Vec<ButtonValue>,
}

/// A text that WhatsApp approved beforehand, with values for its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateMessage {
    /// The template's name.
    pub name: ShortText,
    /// Its language, as WhatsApp writes it: `es_MX`.
    pub language: ShortText,
    /// Values of its body's variables, each once.
    pub variables: Vec<TemplateVariable>,
    /// What goes into its header and buttons.
    pub parts: TemplateParts,
}

impl TemplateVariable {
    /// The value for one recipient; empty where there is neither a value nor a fallback.
    pub fn render(&self, values: PlaceholderValues<'_>) -> String {
        rendered(&self.text, self.fallback.as_ref(), values)
    }
}

impl TemplateValue {
    /// The value for one recipient; empty where there is neither a value nor a fallback.
    pub fn render(&self, values: PlaceholderValues<'_>) -> String {
        rendered(&self.text, self.fallback.as_ref(), values)
    }
}

fn rendered(
    text: &MessageText,
    fallback: Option<&ShortText>,
    values: PlaceholderValues<'_>,
) -> String {
    let text = one_line(text.render(values));
    match fallback {
        Some(fallback) if text.trim().is_empty() => fallback.as_str().to_owned(),
        _ => text,
    }
}

/// WhatsApp takes neither line breaks and tabs nor more than four spaces in a row in a value.
fn one_line(text: String) -> String {
    if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text
    }
}

impl TemplateMessage {
    /// Each variable of the body with its text for one recipient.
    pub fn render(&self, values: PlaceholderValues<'_>) -> Vec<(String, String)> {
        self.variables
            .iter()
            .map(|variable| (variable.key.clone(), variable.render(values)))
            .collect()
    }

    /// Every text in it with its fallback.
    fn texts(&self) -> impl Iterator<Item = (&MessageText, Option<&ShortText>)> {
        let body = self
            .variables
            .iter()
            .map(|variable| (&variable.text, variable.fallback.as_ref()));
        let header = match &self.parts.header {
            Some(HeaderValue::Text(value)) => Some((&value.text, value.fallback.as_ref())),
            Some(HeaderValue::Media(_)) | None => None,
        };
        let buttons = self.parts.buttons.iter().map(|button| &button.value);
        let buttons = buttons.map(|value| (&value.text, value.fallback.as_ref()));
        body.chain(header).chain(buttons)
    }

    /// The custom fields that its values use.
    pub fn custom_fields(&self) -> impl Iterator<Item = &FieldName> {
        self.texts().flat_map(|(text, _)| text.custom_fields())
    }
}

/// For whom a message comes out empty, or a part of it that must not be: those who lack everything
/// in one of the groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmptyRule {
    /// Groups of what a person may lack; who lacks nothing of an empty one lacks all of it.
    pub lacking: Vec<Vec<Placeholder>>,
}

impl EmptyRule {
    fn of<'a>(texts: impl Iterator<Item = (&'a MessageText, Option<&'a ShortText>)>) -> Self {
        let without_fallback = texts.filter(|(_, fallback)| fallback.is_none());
        Self {
            lacking: without_fallback
                .filter_map(|(text, _)| text.empty_without())
                .collect(),
        }
    }

    /// Whether the message can come out empty for somebody.
    pub fn is_possible(&self) -> bool {
        !self.lacking.is_empty()
    }

    /// The same, with custom fields spelled as in `names`.
    #[must_use]
    pub fn spelled_as(mut self, names: &[FieldName]) -> Self {
        for lacked in self.lacking.iter_mut().flatten() {
            if let Placeholder::Custom(name) = lacked
                && let Some(known) = names.iter().find(|known| *known == name)
            {
                *name = known.clone();
            }
        }
        self
    }

    /// Whether it comes out empty for this person.
    pub fn holds_for(&self, values: PlaceholderValues<'_>) -> bool {
        self.lacking.iter().any(|group| {
            group
                .iter()
                .all(|lacked| values.of(lacked).trim().is_empty())
        })
    }
}

impl CampaignContent {
    /// For whom it can't be sent because nothing is left of it, or of a value that a template needs.
    pub fn empty_rule(&self) -> EmptyRule {
        match self {
            Self::Text(text) => EmptyRule::of(std::iter::once((text, None))),
            Self::Template { template, .. } => EmptyRule::of(template.texts()),
            Self::FileOnly => EmptyRule::default(),
        }
    }
}
