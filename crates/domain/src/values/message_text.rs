//! The text of a campaign's message, with placeholders for what differs by recipient.

use unicode_normalization::char::is_combining_mark;

use super::{Problem, fold};

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `{nombre}`, `{name}`
    Name,
    /// `{telefono}`, `{phone}`
    Phone,
    /// `{email}`, `{correo}`
    Email,
}

impl Placeholder {
    fn parse(name: &str) -> Option<Self> {
        match fold(name).as_str() {
            "nombre" | "name" => Some(Self::Name),
            "telefono" | "phone" => Some(Self::Phone),
            "email" | "correo" => Some(Self::Email),
            _ => None,
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Placeholder(Placeholder),
}

/// A text of 1 to 4,096 characters whose placeholders are all known.
///
/// A placeholder is a name in single or double braces, spaces allowed: `{nombre}`, `{{ name }}`.
/// Braces around anything that is no name (`{50 %}`, `{`) are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText {
    source: String,
    segments: Vec<Segment>,
}

impl MessageText {
    /// WhatsApp's limit for a text body (Cloud API, text object), and ours for every channel.
    pub const MAX: usize = 4_096;

    /// Reads a text; an unknown placeholder is refused by its name.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
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
            segments: Self::segments(source)?,
            source: source.to_owned(),
        })
    }

    fn segments(source: &str) -> Result<Vec<Segment>, Problem> {
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = source;
        while let Some(open) = rest.find('{') {
            literal.push_str(&rest[..open]);
            rest = &rest[open..];
            let braces = if rest.starts_with("{{") { 2 } else { 1 };
            if let Some((name, length)) = Self::placeholder_name(rest, braces) {
                let placeholder =
                    Placeholder::parse(name).ok_or_else(|| Problem::UnknownPlaceholder {
                        name: name.to_owned(),
                    })?;
                if !literal.is_empty() {
                    segments.push(Segment::Literal(std::mem::take(&mut literal)));
                }
                segments.push(Segment::Placeholder(placeholder));
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
        Ok(segments)
    }

    /// The name at the start of `text` between `braces` braces, and the length of the whole.
    fn placeholder_name(text: &str, braces: usize) -> Option<(&str, usize)> {
        let closing = &"}}"[..braces];
        let inner = &text[braces..];
        let end = inner.find(closing)?;
        let name = inner[..end].trim();
        let named = name.chars().next().is_some_and(char::is_alphanumeric)
            && name.chars().count() <= 40
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || is_combining_mark(c) || c == '_' || c == ' ');
        named.then_some((name, braces + end + braces))
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

    /// The text for one recipient. Values are inserted as they are: a name that looks like a
    /// placeholder stays a name.
    pub fn render(&self, values: PlaceholderValues<'_>) -> String {
        let mut rendered = String::with_capacity(self.source.len() + 32);
        for segment in &self.segments {
            rendered.push_str(match segment {
                Segment::Literal(text) => text,
                Segment::Placeholder(Placeholder::Name) => values.name,
                Segment::Placeholder(Placeholder::Phone) => values.phone.unwrap_or_default(),
                Segment::Placeholder(Placeholder::Email) => values.email.unwrap_or_default(),
            });
        }
        rendered
    }
}
