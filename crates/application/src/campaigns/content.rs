//! What a campaign says and to whom, as the user typed it.

use std::collections::{BTreeMap, BTreeSet};

use nexus_domain::values::{FieldName, MessageText, Problem, ShortText, Tag, Violations};
use nexus_domain::{
    Audience, ButtonKind, ButtonValue, CampaignContent, ChannelKind, ContactFilter, ContactId,
    ContactStatus, HeaderValue, TemplateMessage, TemplateParts, TemplateValue, TemplateVariable,
};

use crate::field::optional;

/// The most contacts that can be chosen one by one: what fits into a request.
pub(super) const MOST_CHOSEN: u32 = 50_000;
/// The most variables of a template.
const MOST_VARIABLES: u32 = 100;
/// The most buttons of a template.
const MOST_BUTTONS: u32 = 10;
/// How many characters of a variable's name are repeated where its problems are named.
const SHOWN_OF_KEY: usize = 60;

/// An approved template with values, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct TemplateInput {
    /// Its name.
    pub name: String,
    /// Its language, as WhatsApp writes it: `es_MX`.
    pub language: String,
    /// Values of its variables, by name or by number from 1.
    pub variables: BTreeMap<String, String>,
    /// What is put in the place of those that come out empty for a recipient.
    pub fallbacks: BTreeMap<String, String>,
    /// The value of its header's variable.
    pub header: Option<HeaderInput>,
    /// What goes into its buttons.
    pub buttons: Vec<ButtonInput>,
}

/// The value of a header's variable, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct HeaderInput {
    /// The variable's name, or its number; without one it is the first.
    pub key: Option<String>,
    /// The value.
    pub text: String,
    /// What is put there when that comes out empty.
    pub fallback: Option<String>,
}

/// What goes into a button, as the user typed it.
#[derive(Debug, Clone, Default)]
pub struct ButtonInput {
    /// Which one, counted from 0.
    pub index: u32,
    /// `url` or `quick_reply`; without it `url`.
    pub kind: Option<String>,
    /// The value.
    pub text: String,
    /// What is put there when that comes out empty.
    pub fallback: Option<String>,
}

impl TemplateInput {
    /// Everything in it that may have placeholders.
    pub(super) fn texts(&self) -> impl Iterator<Item = &String> {
        let header = self.header.iter().map(|header| &header.text);
        let buttons = self.buttons.iter().map(|button| &button.text);
        self.variables.values().chain(header).chain(buttons)
    }
}

/// Whether one of the texts has a placeholder that only the user's custom fields can explain.
pub(super) fn asks_for_fields<'a>(mut texts: impl Iterator<Item = &'a String>) -> bool {
    texts.any(|text| {
        MessageText::from_stored(text).is_ok_and(|text| text.custom_fields().next().is_some())
    })
}

/// Why the content can't be saved, now that these are the custom fields.
pub(super) fn check_fields(
    content: &CampaignContent,
    fields: &[FieldName],
) -> Result<(), Violations> {
    match content.custom_fields().find(|name| !fields.contains(name)) {
        None => Ok(()),
        Some(unknown) => Err(Violations::of(
            "message",
            Problem::UnknownPlaceholder {
                name: unknown.label().to_owned(),
            },
        )),
    }
}

/// A rule that chooses recipients, as the user typed it. Without any condition it is everyone.
#[derive(Debug, Clone, Default)]
pub struct AudienceInput {
    /// Contacts in this segment.
    pub segment_id: Option<String>,
    /// Contacts with all of these tags.
    pub tags: Vec<String>,
    /// Contacts with this status.
    pub status: Option<String>,
    /// Contacts that this search finds.
    pub search: Option<String>,
}

impl TemplateInput {
    /// The template of a user who has these custom fields, or `None` with its problems noted.
    pub(super) fn parse(
        &self,
        fields: &[FieldName],
        violations: &mut Violations,
    ) -> Option<TemplateMessage> {
        let name = violations.check("template.name", ShortText::parse(&self.name));
        let language = violations.check("template.language", ShortText::parse(&self.language));
        for (field, listed) in [
            ("template.variables", &self.variables),
            ("template.fallbacks", &self.fallbacks),
        ] {
            if listed.len() > MOST_VARIABLES as usize {
                let max = MOST_VARIABLES;
                violations.add(field, Problem::TooMany { max });
                return None;
            }
        }
        let variables: Vec<_> = self
            .variables
            .iter()
            .map(|(key, text)| {
                let fallback = self.fallbacks.get(key).map(String::as_str);
                let field = format!("template.variables.{}", shown(key));
                variable(key, text, fallback, &field, fields, violations)
            })
            .collect();
        self.check_fallbacks(violations);
        let header = match &self.header {
            None => Some(None),
            Some(header) => header.parse(fields, violations).map(Some),
        };
        let buttons = self.parse_buttons(fields, violations);
        Some(TemplateMessage {
            name: name?,
            language: language?,
            variables: variables.into_iter().collect::<Option<_>>()?,
            parts: TemplateParts {
                header: header?,
                buttons: buttons?,
            },
        })
    }

    /// Fallbacks of variables that are not there.
    fn check_fallbacks(&self, violations: &mut Violations) {
        for key in self.fallbacks.keys() {
            if !self.variables.contains_key(key) {
                let field = format!("template.variables.{}", shown(key));
                violations.add(field, Problem::Required);
            }
        }
    }

    fn parse_buttons(
        &self,
        fields: &[FieldName],
        violations: &mut Violations,
    ) -> Option<Vec<ButtonValue>> {
        if self.buttons.len() > MOST_BUTTONS as usize {
            violations.add("template.buttons", Problem::TooMany { max: MOST_BUTTONS });
            return None;
        }
        let mut taken = BTreeSet::new();
        let buttons: Vec<_> = self
            .buttons
            .iter()
            .map(|button| {
                let field = format!("template.buttons.{}", button.index);
                if button.index >= MOST_BUTTONS || !taken.insert(button.index) {
                    let expected = format!("0–{}", MOST_BUTTONS - 1);
                    violations.add(&field, Problem::Malformed { expected });
                    return None;
                }
                let kind = violations.check(&field, parse_kind(button.kind.as_deref()));
                let value = value(
                    &button.text,
                    button.fallback.as_deref(),
                    &field,
                    fields,
                    violations,
                );
                let (text, fallback) = value?;
                Some(ButtonValue {
                    index: button.index,
                    kind: kind?,
                    value: TemplateValue { text, fallback },
                })
            })
            .collect();
        buttons.into_iter().collect()
    }
}

impl HeaderInput {
    fn parse(&self, fields: &[FieldName], violations: &mut Violations) -> Option<HeaderValue> {
        let key = self.key.as_deref().unwrap_or("1");
        let fallback = self.fallback.as_deref();
        let field = "template.header";
        variable(key, &self.text, fallback, field, fields, violations).map(HeaderValue::Text)
    }
}

/// How a variable is called where its problems are named.
fn shown(key: &str) -> String {
    key.chars().take(SHOWN_OF_KEY).collect()
}

fn variable(
    key: &str,
    text: &str,
    fallback: Option<&str>,
    field: &str,
    fields: &[FieldName],
    violations: &mut Violations,
) -> Option<TemplateVariable> {
    let key = violations.check(field, variable_key(key));
    let value = value(text, fallback, field, fields, violations);
    let (text, fallback) = value?;
    Some(TemplateVariable {
        key: key?.as_str().to_owned(),
        text,
        fallback,
    })
}

/// A value and its fallback; an empty fallback is none.
fn value(
    text: &str,
    fallback: Option<&str>,
    field: &str,
    fields: &[FieldName],
    violations: &mut Violations,
) -> Option<(MessageText, Option<ShortText>)> {
    let text = violations.check(field, MessageText::parse(text, fields));
    let fallback = violations.check(field, optional(fallback, parse_fallback));
    Some((text?, fallback?))
}

/// A fallback is the same for everybody: what looks like a placeholder would be sent as it is.
fn parse_fallback(raw: &str) -> Result<ShortText, Problem> {
    let fallback = ShortText::parse(raw)?;
    if MessageText::from_stored(fallback.as_str())?.has_placeholders() {
        return Err(Problem::Malformed {
            expected: fallback.as_str().replace(['{', '}'], ""),
        });
    }
    Ok(fallback)
}

fn parse_kind(raw: Option<&str>) -> Result<ButtonKind, Problem> {
    let wanted = raw.map(str::trim).filter(|kind| !kind.is_empty());
    let wanted = wanted.unwrap_or(ButtonKind::UrlSuffix.as_str());
    ButtonKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == wanted)
        .ok_or_else(|| Problem::NotOneOf {
            accepted: ButtonKind::ALL
                .map(|kind| kind.as_str().to_owned())
                .to_vec(),
        })
}

/// A variable's name, as it is: with spaces around them two could be the same.
fn variable_key(raw: &str) -> Result<ShortText, Problem> {
    let key = ShortText::parse(raw)?;
    if key.as_str() != raw {
        return Err(Problem::Malformed {
            expected: key.as_str().to_owned(),
        });
    }
    Ok(key)
}

impl AudienceInput {
    /// The rule, or `None` with its problems noted.
    pub(super) fn parse(&self, violations: &mut Violations) -> Option<Audience> {
        // What is no id is the id of nobody's segment; whose it is, the store knows.
        let segment = optional(self.segment_id.as_deref(), |id| {
            id.trim().parse().map_err(|_| Problem::UnknownSegment)
        });
        let segment = violations.check("audience.segment_id", segment);
        let tags = Tag::parse_list(self.tags.iter().map(String::as_str));
        let tags = violations.check("audience.tags", tags);
        let status = optional(self.status.as_deref(), ContactStatus::parse);
        let status = violations.check("audience.status", status);
        let search = optional(self.search.as_deref(), ContactFilter::parse_search);
        let search = violations.check("audience.search", search);
        Some(Audience {
            segment: segment?,
            tags: tags?,
            status: status?,
            search: search?,
        })
    }
}

/// Contacts chosen one by one, as far as they are ids at all.
pub(super) struct Chosen {
    /// Each once, in order.
    pub(super) ids: Vec<ContactId>,
    /// How many texts were no ids: as unknown as ids of nobody.
    pub(super) unreadable: usize,
}

impl Chosen {
    /// Reads ids; too many are a violation.
    pub(super) fn parse(raw: &[String], violations: &mut Violations) -> Option<Self> {
        if raw.len() > MOST_CHOSEN as usize {
            violations.add("contact_ids", Problem::TooMany { max: MOST_CHOSEN });
            return None;
        }
        let ids: BTreeSet<ContactId> = raw.iter().filter_map(|id| id.trim().parse().ok()).collect();
        let unreadable = raw
            .iter()
            .filter(|id| id.trim().parse::<ContactId>().is_err())
            .count();
        Some(Self {
            ids: ids.into_iter().collect(),
            unreadable,
        })
    }
}

/// A template with problems of its own, which are noted.
pub(super) struct Refused;

/// What a campaign says, put together from its parts. With a file to send it need say nothing. What
/// they lack or forbid each other is
/// noted under fields that have no other problem. Nothing is made of a refused template, but what
/// goes for any template goes for it, and with it no message is missing.
pub(super) fn compose(
    channel: Option<ChannelKind>,
    subject: Option<&ShortText>,
    message: Option<MessageText>,
    template: Result<Option<TemplateMessage>, Refused>,
    has_file: bool,
    violations: &mut Violations,
) -> Option<CampaignContent> {
    let mut complain = |field: &str, problem: Problem| {
        if !violations.iter().any(|(known, _)| known == field) {
            violations.add(field, problem);
        }
    };
    if channel == Some(ChannelKind::Gmail) {
        if subject.is_none() {
            complain("subject", Problem::Required);
        }
        if !matches!(template, Ok(None)) {
            complain(
                "channel",
                Problem::NotOneOf {
                    accepted: vec![ChannelKind::Whatsapp.as_str().to_owned()],
                },
            );
        }
    }
    match (template.ok()?, message) {
        (Some(template), note) => Some(CampaignContent::Template { template, note }),
        (None, Some(text)) => Some(CampaignContent::Text(text)),
        (None, None) if has_file => Some(CampaignContent::FileOnly),
        (None, None) => {
            complain("message", Problem::Required);
            None
        }
    }
}
