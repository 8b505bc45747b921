//! The text of a campaign's message, with placeholders for what differs by recipient.

use super::custom_field::{as_seen, is_placeholder_name, looks_like_a_name};
use super::text::is_blank;
use super::{CustomFields, FieldName, FieldValue, Problem, fold};

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// `{nombre}`, `{name}`
    Name,
    /// `{telefono}`, `{phone}`
    Phone,
    /// `{email}`, `{correo}`
    Email,
    /// `{Ciudad}`: a custom field.
    Custom(FieldName),
}

impl Placeholder {
    fn of(name: &str) -> Self {
        match fold(name).as_str() {
            "nombre" | "name" => Self::Name,
            "telefono" | "phone" => Self::Phone,
            "email" | "correo" => Self::Email,
            _ => Self::Custom(FieldName::from_stored(name)),
        }
    }
}

/// What a recipient puts in the place of each placeholder; a missing value becomes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlaceholderValues<'a> {
    /// The contact's name.
    pub name: &'a str,
    /// The contact's phone number in E.164.
    pub phone: Option<&'a str>,
    /// The contact's e-mail address.
    pub email: Option<&'a str>,
    /// The contact's custom fields.
    pub custom_fields: Option<&'a CustomFields>,
}

impl<'a> PlaceholderValues<'a> {
    /// What stands in the place of `placeholder`; nothing where the recipient has nothing.
    pub fn of(self, placeholder: &Placeholder) -> &'a str {
        let value = match placeholder {
            Placeholder::Name => Some(self.name),
            Placeholder::Phone => self.phone,
            Placeholder::Email => self.email,
            Placeholder::Custom(name) => self
                .custom_fields
                .and_then(|fields| fields.get(name))
                .map(FieldValue::as_str),
        };
        value.unwrap_or_default()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Placeholder(Placeholder),
}

/// A text of 1 to 4,096 characters whose placeholders were all known when it was written.
///
/// A placeholder is a name in single or double braces, spaces allowed: `{nombre}`, `{{ name }}`.
/// Braces around anything that is no name (`{50 %}`, `{`) are text, but not around what somebody
/// takes for a name (`{e-mail}`): nobody wants that in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText {
    source: String,
    segments: Vec<Segment>,
}

impl MessageText {
    /// WhatsApp's limit for a text body (Cloud API, text object), and ours for every channel.
    pub const MAX: usize = 4_096;

    /// Reads a text of a user who has these custom fields; an unknown placeholder is refused by its
    /// name.
    pub fn parse(raw: &str, fields: &[FieldName]) -> Result<Self, Problem> {
        let text = Self::from_stored(raw)?;
        let unknown = text.custom_fields().find(|name| !fields.contains(name));
        let unknown = unknown.map(|name| name.label().to_owned());
        match unknown.or_else(|| text.mistaken()) {
            Some(name) => Err(Problem::UnknownPlaceholder { name }),
            None => Ok(text),
        }
    }

    /// Reads a text that was accepted before. The user may have other custom fields now: one that is
    /// gone becomes nothing in the message.
    pub fn from_stored(raw: &str) -> Result<Self, Problem> {
        let source = raw.trim();
        if source.is_empty() {
            return Err(Problem::Required);
        }
        if source.chars().count() > Self::MAX {
            return Err(Problem::TooLong { max: 4_096 });
        }
        if source
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err(Problem::ControlCharacter);
        }
        Ok(Self {
            segments: Self::segments(source),
            source: source.to_owned(),
        })
    }

    fn segments(source: &str) -> Vec<Segment> {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(open) = rest.find('{') {
            literal.push_str(&rest[..open]);
            rest = &rest[open..];
            let braces = if rest.starts_with("{{") { 2 } else { 1 };
            if let Some((name, length)) = Self::placeholder_name(rest, braces) {
                if !literal.is_empty() {
                    segments.push(Segment::Literal(std::mem::take(&mut literal)));
                }
                segments.push(Segment::Placeholder(Placeholder::of(&name)));
                rest = &rest[length..];
            } else {
                literal.push('{');
                rest = &rest[1..];
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal));
        }
        segments
    }

    /// The name at the start of `text` between `braces` braces, and the length of the whole.
    fn placeholder_name(text: &str, braces: usize) -> Option<(String, usize)> {
        let closing = &"}}"[..braces];
        let inner = &text[braces..];
        let end = inner.find(closing)?;
        let name = as_seen(&inner[..end]);
        is_placeholder_name(&name).then_some((name, braces + end + braces))
    }

    /// What stands between braces, looks like a name and is none.
    fn mistaken(&self) -> Option<String> {
        self.segments.iter().find_map(|segment| match segment {
            Segment::Literal(text) => text
                .split('{')
                .skip(1)
                .filter_map(|part| part.split_once('}'))
                .map(|(name, _)| as_seen(name))
                .find(|name| looks_like_a_name(name)),
            Segment::Placeholder(_) => None,
        })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether the text differs by recipient.
    pub fn has_placeholders(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| matches!(segment, Segment::Placeholder(_)))
    }

    /// The custom fields that the text uses, in its order.
    pub fn custom_fields(&self) -> impl Iterator<Item = &FieldName> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Placeholder(Placeholder::Custom(name)) => Some(name),
            Segment::Placeholder(_) | Segment::Literal(_) => None,
        })
    }

    /// What a recipient must lack, all of it, so that nothing is left of the text; `None` when
    /// something is left for everybody: words of its own, or what everybody has who is written to.
    pub fn empty_without(&self) -> Option<Vec<Placeholder>> {
        let lacked = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) if is_blank(text) => Some(None),
            Segment::Placeholder(placeholder @ (Placeholder::Email | Placeholder::Custom(_))) => {
                Some(Some(placeholder.clone()))
            }
            // A contact has a name, and is reached at its number.
            Segment::Placeholder(Placeholder::Name | Placeholder::Phone) | Segment::Literal(_) => {
                None
            }
        });
        let lacked: Vec<Option<Placeholder>> = lacked.collect::<Option<_>>()?;
        Some(lacked.into_iter().flatten().collect())
    }

    /// The text for one recipient. Values are inserted as they are: a name that looks like a
    /// placeholder stays a name.
    pub fn render(&self, values: PlaceholderValues<'_>) -> String {
        let mut rendered = String::with_capacity(self.source.len() + 32);
        for segment in &self.segments {
            rendered.push_str(match segment {
                Segment::Literal(text) => text,
                Segment::Placeholder(placeholder) => values.of(placeholder),
            });
        }
        rendered
    }
}
